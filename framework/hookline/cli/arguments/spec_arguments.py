"""Arguments that several commands share: those that make up a spec."""

import argparse
import json
from collections.abc import Iterator
from contextlib import contextmanager

from hookline.check.load import Loader
from hookline.check.toml.document import Document, read
from hookline.check.toml.override import ChangeByOption
from hookline.errors.exceptions import DataError, MismatchError, StageError
from hookline.plugins.sources.local import from_file
from hookline.spec.sections.initialize_from import InitializeFrom
from hookline.spec.training import SEVERAL, TrainingSpec


def add_plugin_argument(parser: argparse.ArgumentParser, what: str = "components or hooks") -> None:
    """Declare `-p FILE`."""
    parser.add_argument(
        "-p", "--plugin", action="append", default=[], metavar="FILE", help=f"a Python file with {what}"
    )


def add_set_argument(parser: argparse.ArgumentParser, what: str) -> None:
    """Declare `--set PATH=VALUE`."""
    parser.add_argument(
        "--set", action="append", default=[], dest="overrides", metavar="PATH=VALUE", help=f"{what}; repeatable"
    )


def add_spec_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments that change a spec before it is read."""
    parser.add_argument(
        "--with",
        action="append",
        default=[],
        dest="overlays",
        metavar="FILE",
        help="merge another TOML file into the spec; repeatable, later files win",
    )
    add_set_argument(parser, "change a value of the spec, such as optimizer.lr=0.01")
    add_plugin_argument(parser)


def add_from_argument(parser: argparse.ArgumentParser) -> None:
    """Declare `--from RUN`."""
    parser.add_argument(
        "--from",
        dest="from_run",
        metavar="RUN",
        help="begin with the weights of another run: runs/digits/1, or runs/digits/1:best or :1200 for a checkpoint",
    )


def add_allow_argument(parser: argparse.ArgumentParser) -> None:
    """Declare `--allow NAME`."""
    parser.add_argument(
        "--allow",
        action="append",
        default=[],
        metavar="NAME",
        help='resume although this has changed: an option such as optimizer.lr, "data", "plugins" or "environment"; '
        "repeatable",
    )


def document_of(arguments: argparse.Namespace, path: str) -> Document:
    """Read the document in a file, with the changes from `--with`, `--set` and `--from`."""
    return read(path, arguments.overlays, [*arguments.overrides, *_from_run(arguments)], lists=SEVERAL)


def _from_run(arguments: argparse.Namespace) -> Iterator[str]:
    if getattr(arguments, "from_run", None) is not None:
        named = InitializeFrom.parsed(arguments.from_run)
        option = f"--from {arguments.from_run}"
        yield ChangeByOption(f"initialize_from.run={json.dumps(str(named.run))}", option)
        if named.checkpoint is not None:
            yield ChangeByOption(f"initialize_from.checkpoint={json.dumps(named.checkpoint)}", option)


@contextmanager
def located(document: Document, spec: TrainingSpec) -> Iterator[None]:
    """Turn an error about a part of the spec, or about its data, into a `SpecError` that points at its place."""
    try:
        yield
    except (MismatchError, StageError) as error:
        if isinstance(error, StageError) and not error.path:
            raise  # It has no place in the spec.
        raise document.spec_error(error) from error
    except DataError as error:
        from hookline.training.preflight.mismatches import in_spec

        raise document.spec_error(error, in_spec(error, spec.data)) from error


def loader_of(arguments: argparse.Namespace) -> Loader:
    """A loader with the plugins that the arguments name."""
    return Loader([from_file(path) for path in arguments.plugin])
