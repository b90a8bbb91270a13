"""`hookline check spec.toml …`."""

import argparse
import os
import sys
from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter

from hookline.check.load import Loader
from hookline.cli._arguments import add_spec_arguments, document_of, loader_of
from hookline.cli._warnings import told_warnings
from hookline.cli.main import BAD_INPUT, GOOD, WRONG_SPEC
from hookline.errors.exceptions import FileError, HooklineError, Problem, SpecError, published
from hookline.errors.printing import tell
from hookline.errors.text import counted, shortened


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("specs", nargs="+", metavar="spec", help="a TOML file")
    add_spec_arguments(parser)
    parser.add_argument(
        "--deep",
        action="store_true",
        help="also read the data, and pass the shapes of a batch through model, loss and optimizer",
    )
    parser.add_argument("--format", choices=["text", "json", "github"], default="text", help="how problems are told")


def run(arguments: argparse.Namespace) -> int:
    """Tell all problems of all specs: 0 if there are none, 1 if there are some, 2 if one could not be checked."""
    found: list[tuple[str, Problem]] = []
    unread: list[tuple[str, Problem]] = []
    try:
        loader = loader_of(arguments)
    except HooklineError as error:
        if arguments.format == "text":
            raise
        file = next((path for path in arguments.plugin if str(error).startswith(path)), arguments.specs[0])
        _tell_tools([(file, Problem(str(error).removeprefix(f"{file}: ")))], arguments.format)
        return BAD_INPUT
    for path in arguments.specs:
        try:
            found += [(path, problem) for problem in published(_problems(path, arguments, loader))]
        except FileError as error:
            unread.append((error.file, Problem(error.message)))
        except HooklineError as error:
            unread.append((path, Problem(str(error))))
        except OSError as error:
            unread.append((str(error.filename or path), Problem(f"{error.strerror or error}.")))
    if arguments.format == "text":
        for file, problem in unread:
            tell(f"{shortened(file)}: {problem.message}", file=sys.stderr)
        _tell(found)
        tell(_summary(arguments.specs, found, len(unread)))
    else:
        _tell_tools([*found, *unread], arguments.format)
    return BAD_INPUT if unread else WRONG_SPEC if found else GOOD


def _problems(path: str, arguments: argparse.Namespace, loader: Loader) -> list[Problem]:
    try:
        document = document_of(arguments, path)
    except SpecError as error:
        return list(error.problems)
    problems = loader.check(document)
    if problems or not arguments.deep:
        return problems
    from hookline.training.preflight.shapes import deep_check

    with told_warnings(path):
        return deep_check(document, loader)


def _tell(found: Sequence[tuple[str, Problem]]) -> None:
    """The problems with the lines where they are; of a file with very many, some."""
    if not found:
        return
    from hookline.cli._report import Paint, shown

    paint = Paint.of(sys.stdout, os.environ)
    for path, group in groupby(found, key=itemgetter(0)):
        for text in shown([problem for _, problem in group], path, paint):
            sys.stdout.write(f"{text}\n\n")  # It is escaped, and may have colors.


def _tell_tools(found: Sequence[tuple[str, Problem]], how: str) -> None:
    """All problems, as tools read them."""
    from hookline.cli._report import as_json, for_github

    if how == "json":
        sys.stdout.write(f"{as_json(found)}\n")
    else:
        sys.stdout.writelines(f"{for_github(problem, path)}\n" for path, problem in found)


def _summary(specs: Sequence[str], found: Sequence[tuple[str, Problem]], unread: int) -> str:
    name = specs[0] if len(specs) == 1 else counted(len(specs), "spec")
    if not found and not unread:
        return f"{name} {'is' if len(specs) == 1 else 'are'} good."
    parts = []
    if found:
        files = {_file(path, problem) for path, problem in found}
        where = name if len(specs) == 1 else f"{len({path for path, _ in found})} of {name}"
        parts.append(f"{counted(len(found), 'error')} in {files.pop() if len(specs) == len(files) == 1 else where}.")
    if unread:
        parts.append(f"{counted(unread, 'spec')} could not be checked.")
    return " ".join(parts)


def _file(spec: str, problem: Problem) -> str:
    """The file in which a problem of a spec is: it may be one that the spec extends, or that is laid over it."""
    source = problem.place.source if problem.place is not None else None
    return source.name if source is not None and source.directory is not None else spec
