"""`hookline diff a.toml b.toml`."""

import argparse
from pathlib import Path
from typing import Any

from attrs import fields

from hookline.check.toml.document import Document
from hookline.cli.arguments.spec_arguments import add_spec_arguments, document_of, loader_of
from hookline.cli.commands import DIFFERENT, GOOD
from hookline.errors.printing import echo
from hookline.errors.text import dotted
from hookline.spec.compare import ABSENT, Difference, differences
from hookline.spec.dump import as_toml, plain
from hookline.spec.options import Spec


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("first", help="a TOML file or run directory")
    parser.add_argument("second", help="a second TOML file or run directory")
    add_spec_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the differences; return 0 if there are none, and 1 otherwise."""
    loader = loader_of(arguments)
    documents = [document_of(arguments, _file(path)) for path in (arguments.first, arguments.second)]
    first, second = (loader.load(document) for document in documents)
    found = [
        difference
        for difference in differences(first, second)
        if difference.path != ("run", "name") or all(map(_is_named, documents))
    ]
    for difference in found:
        echo(*lines(difference, arguments.first, arguments.second))
    if not found:
        echo(f"{arguments.first} and {arguments.second} have the same meaning.")
    return DIFFERENT if found else GOOD


def _file(path: str) -> str:
    return str(Path(path) / "spec.toml") if Path(path).is_dir() else path


def _is_named(document: Document) -> bool:
    """Whether the document sets the name of the run. Otherwise it is the name of the file."""
    *_, name = document.root.along(("run", "name"))
    return bool(name.settings)


def lines(difference: Difference, first: str, second: str) -> list[str]:
    """The lines of a difference."""
    name = dotted(difference.path)
    if difference.second is ABSENT:
        return [f"{name}: only in {first}: {_shown(difference.first)}"]
    if difference.first is ABSENT:
        return [f"{name}: only in {second}: {_shown(difference.second)}"]
    return [f"{name}: {_shown(difference.first)} → {_shown(difference.second)}"]


def _shown(value: Any) -> str:
    return "not set" if value is None else as_toml(plain(_without_defaults(value), Path()))


def _without_defaults(value: Any) -> Any:
    """A component as a table with its type and the options that differ from their defaults."""
    if isinstance(value, Spec):
        options = {
            attribute.name: _without_defaults(getattr(value, attribute.name))
            for attribute in fields(type(value))
            if getattr(value, attribute.name) != attribute.default
        }
        return {"type": type(value).__name__, **options} if value.family else options
    if isinstance(value, tuple):
        return tuple(map(_without_defaults, value))
    return value
