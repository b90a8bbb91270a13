"""Arguments that several commands have in common: what a spec is made of."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager

from hookline.check.load import Loader
from hookline.check.toml.document import Document, read
from hookline.errors.exceptions import MisfitError, SpecError, notes_of
from hookline.plugins.sources.local import from_file


def add_plugin_argument(parser: argparse.ArgumentParser, what: str = "components or hooks") -> None:
    """Declare `-p FILE`."""
    parser.add_argument(
        "-p", "--plugin", action="append", default=[], metavar="FILE", help=f"a Python file with {what}"
    )


def add_spec_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments that change a spec before it is read."""
    parser.add_argument(
        "--with",
        action="append",
        default=[],
        dest="overlays",
        metavar="FILE",
        help="lay another TOML file over the spec; several are laid over it in their order",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        dest="overrides",
        metavar="PATH=VALUE",
        help="change a value of the spec, such as optimizer.lr=0.01",
    )
    add_plugin_argument(parser)


def document_of(arguments: argparse.Namespace, path: str) -> Document:
    """The document in a file, with what the arguments lay over it."""
    return read(path, arguments.overlays, arguments.overrides)


@contextmanager
def located(document: Document) -> Iterator[None]:
    """What does not fit becomes an error with its place in the document."""
    try:
        yield
    except MisfitError as error:
        told = SpecError([document.locate(error.diagnostic)], document.source.name)
        for note in notes_of(error):
            told.add_note(note)
        raise told from error


def loader_of(arguments: argparse.Namespace) -> Loader:
    """What makes specs of documents, with the plugins that the arguments name."""
    return Loader([from_file(path) for path in arguments.plugin])
