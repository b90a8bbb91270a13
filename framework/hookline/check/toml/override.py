"""Changes of single values, such as `optimizer.lr=0.01`: where they lead, and what they set there."""

import re

import tomli

from hookline.check.toml.spans import Span, scan
from hookline.check.toml.tree import Node, Setting, grown, with_value
from hookline.errors.diagnostic import Diagnostic
from hookline.errors.source import Place, Source
from hookline.errors.text import shortened
from hookline.spec.training import SEVERAL

EXTENDS = "extends"
"""The key of a file that names those which it extends."""

_ALMOST = re.compile(r"True|False|[+-]?(\.\d+|\d+\.)([eE][+-]?\d+)?|[+-]?\d+(\.\d+)?[eE][+-]?", re.ASCII)
"""What is no value of TOML, and that nobody means as a string."""


def changed(root: Node, change: str, problems: list[Diagnostic]) -> Node:
    """The tree with one change, as `optimizer.lr=0.01` or `model.layers.0.out_features=8` says it.

    If it is no path and value, or if the path leads nowhere, that is a problem.
    """
    source = Source(f"--set {shortened(change)}", change)
    change = _without_brackets(change)
    try:
        keys, equals = keys_of(change)
        text = change[equals + 1 :]
        try:
            table = tomli.loads(f"value={text}")
        except tomli.TOMLDecodeError as error:
            place = Place(source, equals + 1 + len(text) - len(text.lstrip()), len(change.rstrip()))
            if text.lstrip().startswith(("[", "{", '"', "'")):
                from hookline.check.toml.syntax import explained

                problems.append(Diagnostic("invalid-change", explained(f"value={text}", error).message, place=place))
                return root
            if _ALMOST.fullmatch(text.strip()):
                from hookline.check.toml.syntax_values import meant

                problems.append(Diagnostic("invalid-change", meant(text.strip()), place=place))
                return root
            # A bare word is a string: nobody wants to quote quotes for a shell.
            value = Node(text.strip(), (Setting(place, place),))
        else:
            if list(table) != ["value"]:
                raise ValueError("These are several lines.")
            value = grown(table["value"], scan(change), source, tuple(key for key, _ in keys))
    except (ValueError, RecursionError):
        message = "This is not a path and a value, such as optimizer.lr=0.01."
        problems.append(Diagnostic("invalid-change", message, place=Place(source, 0, len(change))))
        return root
    if keys[0][0] == EXTENDS:
        message = "A file says what it extends. Another one is laid over the spec by `--with FILE`."
        problems.append(Diagnostic("invalid-change", message, place=Place(source, *keys[0][1])))
        return root
    if len(keys) > 1 and (section := keys[0][0]) in SEVERAL and section not in root.value:
        root = Node({**root.value, section: Node([])}, root.settings)  # What adds one by name adds it to none.
    return with_value(root, [(key, Place(source, *span)) for key, span in keys], value, problems)


def keys_of(change: str) -> tuple[list[tuple[str, Span]], int]:
    """The keys of the path with their places, and where the equals sign is. TOML itself takes them apart.

    Raises:
        ValueError: if there are none.

    """
    change = _without_brackets(change)
    for equals in (index for index, letter in enumerate(change) if letter == "="):
        text = f"{change[:equals]}=0"
        try:
            tomli.loads(text)
        except tomli.TOMLDecodeError:
            continue  # This equals sign is part of a quoted key.
        in_order = scan(text).in_order
        last = in_order[-1][0] if in_order else ()
        if in_order and len(in_order) == len(last):  # Otherwise it is a comment, or several lines.
            return [(str(path[-1]), span) for path, span in in_order], equals
        break
    raise ValueError("There is no path.")


def _without_brackets(change: str) -> str:
    """The change with dots for brackets, in which an index may stand as messages write it; all places stay the same."""
    path, sign, rest = change.partition("=")
    if '"' in path or "'" in path:
        return change
    return re.sub(r"\[(\d+)\]", r".\1 ", path) + sign + rest
