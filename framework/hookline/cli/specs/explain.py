"""`hookline explain spec.toml optimizer.lr`, and `hookline explain unknown-key`."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hookline.check.toml.override import keys_of
from hookline.check.toml.tree import Setting
from hookline.check.value_origin import Explanation, explained
from hookline.cli.arguments.spec_arguments import add_spec_arguments, document_of, loader_of
from hookline.cli.commands import GOOD
from hookline.cli.output.screen import paragraph, screen_width, table
from hookline.errors.exceptions import HooklineError
from hookline.errors.ids import IDS
from hookline.errors.printing import echo
from hookline.errors.suggestions import did_you_mean
from hookline.errors.text import dotted, shortened
from hookline.spec.dump import as_toml, plain
from hookline.spec.options import Spec
from hookline.spec.training import TrainingSpec
from hookline.spec.words import article

WIDEST = 96
"""The maximum number of characters in a line of text."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "spec", help="a TOML file; or, without a path, the id of an error or warning, such as unknown-key"
    )
    parser.add_argument(
        "path",
        nargs="?",
        help="a value in it, such as optimizer.lr, model.layers.0.out_features or callbacks.EarlyStopping",
    )
    add_spec_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the explanation of a value with the places that set it, or the explanation of an id."""
    width = screen_width() or WIDEST
    if arguments.path is None:
        echo(*lines_of_id(arguments.spec, width))
        return GOOD
    if arguments.path.endswith(".toml") and not arguments.spec.endswith(".toml"):
        raise HooklineError("Put the spec first: `hookline explain spec.toml optimizer.lr`.")
    document = document_of(arguments, arguments.spec)
    spec = loader_of(arguments).load(document)
    echo(*lines(explained(document, spec, words_of(arguments.path)), width))
    return GOOD


def lines_of_id(name: str, width: int = WIDEST) -> Iterator[str]:
    """The explanation of an id of a diagnostic, in lines of at most this width.

    Raises:
        HooklineError: if there is no such id.

    """
    kind = IDS.get(name)
    if kind is None:
        if name.endswith(".toml"):
            raise HooklineError(f"Add the path of a value: `hookline explain {shortened(name)} optimizer.lr`.")
        raise HooklineError(f'There is no id "{shortened(name)}".{did_you_mean(name, IDS)}')
    width = min(width, WIDEST)
    yield name
    yield ""
    yield from paragraph(kind.meaning, width, "  ")
    if kind.example.strip():
        yield ""
        yield from (f"    {line}" for line in kind.example.splitlines())
    yield ""
    yield from paragraph(kind.remedy, width, "  ")


def words_of(path: str) -> list[str]:
    """The parts of a path, which is split as a dotted key of TOML; an index may be in brackets.

    Raises:
        HooklineError: if it is not a path.

    """
    try:
        if "=" in path:
            raise ValueError("It has a value, too.")
        keys, _ = keys_of(f"{path}=")
    except (ValueError, RecursionError):
        raise HooklineError(f'"{shortened(path)}" is not a path, such as optimizer.lr.') from None
    return [key for key, _ in keys]


def lines(known: Explanation, width: int = WIDEST) -> Iterator[str]:
    """The explanation of a value, in lines of at most this width."""
    option, owner = known.option, known.owner
    family = f", {article(owner.family)} {owner.family}" if owner.family else ""
    of = "a section of a spec" if owner is TrainingSpec else f"{option.name} of {owner.__name__}{family}"
    yield f"{dotted(known.path)} {_shown(known.value)}"
    yield ""
    kind = ", ".join(part for part in (option.kind, option.bounds) if part)
    width = min(width, WIDEST)
    yield from paragraph(f"{kind}; {of}", width, "  ", "    ")
    yield from paragraph(known.sentence, width, "  ")
    yield ""
    if not known.settings:
        yield "No file sets it; this is the default."
        return
    yield "Set by"
    yield from table(((str(setting.value), _said(setting)) for setting in known.settings), None)


def _shown(value: Any) -> str:
    if value is None:
        return "is not set"
    if isinstance(value, Spec) and value.family:
        return f"is {type(value).__name__}"
    return f"= {as_toml(plain(value, Path()))}"


def _said(setting: Setting) -> str:
    """The line that contains a setting; empty for the command line, whose option is printed anyway."""
    source = setting.source
    return "" if source.directory is None or not source.is_quotable else setting.value.line_text.strip().expandtabs(4)
