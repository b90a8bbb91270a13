"""`hookline check spec.toml …`."""

import argparse
import os
import sys
from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter

from hookline.check.load import Loader
from hookline.cli.arguments.spec_arguments import add_spec_arguments, document_of, loader_of
from hookline.cli.commands import BAD_INPUT, GOOD, WRONG_SPEC
from hookline.errors.diagnostic import Diagnostic, published
from hookline.errors.exceptions import FileError, HooklineError, PluginError, SpecError
from hookline.errors.printing import echo
from hookline.errors.text import counted, shortened

Found = tuple[str, Diagnostic]
"""The path of a spec, and a diagnostic of it."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("specs", nargs="+", metavar="spec", help="a TOML file")
    add_spec_arguments(parser)
    parser.add_argument(
        "--deep",
        action="store_true",
        help="also read the data, and run a batch of shapes through model, loss and optimizer",
    )
    parser.add_argument(
        "--format", choices=["text", "json", "github"], default="text", help="the output format (default: text)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Report the problems of all specs; return 0 without errors, 1 with errors, 2 if a spec cannot be read."""
    found: list[Found] = []
    unread: list[Found] = []
    try:
        loader = loader_of(arguments)
    except HooklineError as error:
        if arguments.format == "text":
            raise
        file = error.file if isinstance(error, PluginError) and error.file else arguments.specs[0]
        _print_for_tools([(file, error.diagnostics[0])], arguments.format)
        return BAD_INPUT
    for path in arguments.specs:
        try:
            found += [(path, one) for one in published(_diagnostics(path, arguments, loader))]
        except FileError as error:
            unread.append((error.file, error.diagnostics[0]))
        except HooklineError as error:
            unread.append((path, error.diagnostics[0]))
        except OSError as error:
            unread.append((str(error.filename or path), Diagnostic(FileError.id, f"{error.strerror or error}.")))
    if arguments.format == "text":
        for file, diagnostic in unread:
            echo(f"{shortened(file)}: {diagnostic.text}  [{diagnostic.id}]", file=sys.stderr)
        _print(found)
        echo(_summary(arguments.specs, found, len(unread)))
    else:
        _print_for_tools([*found, *unread], arguments.format)
    return BAD_INPUT if unread else WRONG_SPEC if any(map(_is_error, found)) else GOOD


def _diagnostics(path: str, arguments: argparse.Namespace, loader: Loader) -> list[Diagnostic]:
    try:
        document = document_of(arguments, path)
    except SpecError as error:
        return list(error.diagnostics)
    found = loader.check(document)
    if found or not arguments.deep:
        return found
    from hookline.check.reader import in_order
    from hookline.cli.output.warnings import collected_warnings
    from hookline.training.preflight.shapes import deep_check

    with collected_warnings() as warned:
        found = deep_check(document, loader)
    return in_order([*found, *map(document.locate, warned)], document)


def _is_error(found: Found) -> bool:
    return found[1].severity == "error"


def _print(found: Sequence[Found]) -> None:
    """Print the diagnostics with their lines. If a file has very many, only the first ones are printed."""
    if not found:
        return
    from hookline.cli.output.report import Paint, shown

    paint = Paint.of(sys.stdout, os.environ)
    for path, group in groupby(found, key=itemgetter(0)):
        for text in shown([diagnostic for _, diagnostic in group], path, paint):
            sys.stdout.write(f"{text}\n\n")  # It is already escaped, and may contain colors.


def _print_for_tools(found: Sequence[Found], how: str) -> None:
    """Print all diagnostics in a format for tools."""
    from hookline.cli.output.report import as_json, for_github

    if how == "json":
        sys.stdout.write(f"{as_json(found)}\n")
    else:
        sys.stdout.writelines(f"{for_github(diagnostic, path)}\n" for path, diagnostic in found)


def _summary(specs: Sequence[str], found: Sequence[Found], unread: int) -> str:
    name = specs[0] if len(specs) == 1 else counted(len(specs), "spec")
    errors = [one for one in found if _is_error(one)]
    warned = len(found) - len(errors)
    and_warnings = f", with {counted(warned, 'warning')}" if warned else ""
    if not errors and not unread:
        return f"{name}: no errors found{and_warnings}." if warned else f"{name}: no problems found."
    parts = []
    if errors:
        files = {_file(path, diagnostic) for path, diagnostic in errors}
        where = name if len(specs) == 1 else f"{len({path for path, _ in errors})} of {name}"
        where = files.pop() if len(specs) == len(files) == 1 else where
        parts.append(f"{counted(len(errors), 'error')} in {where}{and_warnings}.")
    if unread:
        parts.append(f"{counted(unread, 'spec')} could not be checked.")
    return " ".join(parts)


def _file(spec: str, diagnostic: Diagnostic) -> str:
    """The file that contains a problem of a spec: the spec itself, a file that it extends, or one merged into it."""
    source = diagnostic.place.source if diagnostic.place is not None else None
    return source.name if source is not None and source.directory is not None else spec
