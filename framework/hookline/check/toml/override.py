"""Apply changes of single values, such as `optimizer.lr=0.01`."""

import re
from collections.abc import Collection, Sequence
from typing import Any

import tomli

from hookline.check.toml.merge import with_value
from hookline.check.toml.spans import NotASpecError, Span, Spans, scan
from hookline.check.toml.text import Text
from hookline.check.toml.tree import Node, Setting, grown
from hookline.errors.diagnostic import Diagnostic
from hookline.errors.source import Place, Source
from hookline.errors.text import shortened

EXTENDS = "extends"
"""The key of a file that names the files that it extends."""

_ALMOST = re.compile(r"True|False|[+-]?(\.\d+|\d+\.)([eE][+-]?\d+)?|[+-]?\d+(\.\d+)?[eE][+-]?", re.ASCII)
"""Text that is not a value of TOML, but is not meant as a string either."""


class ChangeByOption(str):
    """A change that another option than `--set` makes: messages name that option."""

    option: str
    """What the user has written."""

    def __new__(cls, change: str, option: str) -> "ChangeByOption":
        """Keep the change, and what the user has written."""
        made = super().__new__(cls, change)
        made.option = option
        return made


def changed(root: Node, change: str, lists: Collection[str], problems: list[Diagnostic]) -> Node:
    """The tree with one change, such as `optimizer.lr=0.01` or `model.layers.0.out_features=8`.

    If it is not a path and a value, or the path does not exist, this adds a problem. A component that is added by name
    to one of the `lists` (the sections that are arrays) starts the array if it does not exist.
    """
    option = change.option if isinstance(change, ChangeByOption) else f"--set {change}"
    source = Source(shortened(option), change)
    change = _without_brackets(change)
    try:
        keys, equals = keys_of(change)
        path = tuple(key for key, _ in keys)
        given, spans = _value(change, keys, equals)
        text = Text(source, spans)
        value = grown(given, text, path)
    except NotASpecError as error:
        problems.append(Diagnostic(error.id, str(error), place=Place(source, *error.span)))
        return root
    except (ValueError, RecursionError):
        message = "This is not a path and a value, such as optimizer.lr=0.01."
        problems.append(Diagnostic("invalid-change", message, place=Place(source, 0, len(change))))
        return root
    if keys[0][0] == EXTENDS:
        message = "Only a file can extend another. To merge a file into the spec, use `--with FILE`."
        problems.append(Diagnostic("invalid-change", message, place=Place(source, *keys[0][1])))
        return root
    if len(path) > 1 and path[0] in lists and path[0] not in root.value:
        root = Node({**root.value, path[0]: Node([])}, root.settings)
    steps = [(key, Setting(text, path[: number + 1])) for number, key in enumerate(path)]
    return with_value(root, steps, value, problems)


def _value(change: str, keys: Sequence[tuple[str, Span]], equals: int) -> tuple[Any, Spans]:
    """The value after the equals sign, and the spans of keys and value.

    Raises:
        NotASpecError: if it looks like a value of TOML, but is none.
        ValueError: if there are several values.

    """
    written = change[equals + 1 :]
    given = written.strip()
    try:
        table = tomli.loads(f"value={written}")
    except tomli.TOMLDecodeError as error:
        span = equals + 1 + len(written) - len(written.lstrip()), len(change.rstrip())
        if given.startswith(("[", "{", '"', "'")) or _ALMOST.fullmatch(given):
            from hookline.check.toml.syntax import explained

            message = explained(f"value={written}", error).message
            raise NotASpecError(message, *span, id="invalid-change") from None
        # A bare word is a string, so that users need not quote the quotes for a shell.
        path = tuple(key for key, _ in keys)
        return given, Spans({path[: number + 1]: span for number, (_, span) in enumerate(keys)}, {path: span})
    spans = scan(change)
    if list(table) != ["value"]:
        raise ValueError("These are several lines.")
    return table["value"], spans


def keys_of(change: str) -> tuple[list[tuple[str, Span]], int]:
    """The keys of the path with their spans, and the index of the equals sign. tomli splits the path.

    Raises:
        ValueError: if there is no path.

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
    """The change with an index in brackets, as messages write it, turned into a key; all spans stay the same."""
    path, sign, rest = change.partition("=")
    if '"' in path or "'" in path:
        return change
    return re.sub(r"\[(\d+)\]", r".\1 ", path) + sign + rest
