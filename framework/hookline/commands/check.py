"""`hookline check spec.toml …`."""

import argparse
import os
import sys
from collections.abc import Iterable

from hookline.command_line import BAD_INPUT, GOOD, WRONG_SPEC
from hookline.commands.arguments import add_spec_arguments, document_of, loader_of
from hookline.errors import HooklineError, Problem, SpecError
from hookline.loading import Loader
from hookline.wording import counted, shortened


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
    loader = loader_of(arguments)
    found: list[tuple[str, Problem]] = []
    unread = 0
    for path in arguments.specs:
        try:
            found += [(path, problem) for problem in _problems(path, arguments, loader)]
        except HooklineError as error:
            unread += 1
            print(error, file=sys.stderr)
        except OSError as error:
            unread += 1
            print(f"{shortened(path)}: {error.strerror or error}.", file=sys.stderr)
    if found or arguments.format == "json":
        _tell(found, arguments.format)
    wrong = len({path for path, _ in found})
    if arguments.format == "text":
        print(_summary(len(arguments.specs), len(found), wrong, unread, arguments.specs[0]))
    return BAD_INPUT if unread else WRONG_SPEC if found else GOOD


def _problems(path: str, arguments: argparse.Namespace, loader: Loader) -> list[Problem]:
    try:
        document = document_of(arguments, path)
    except SpecError as error:
        return list(error.problems)
    problems = loader.check(document)
    if problems or not arguments.deep:
        return problems
    from hookline.deep_check import deep_check

    return deep_check(document, loader)


def _tell(found: Iterable[tuple[str, Problem]], how: str) -> None:
    from hookline.diagnostics import Paint, as_json, for_github, rendered

    if how == "json":
        print(as_json(found))
        return
    paint = Paint.of(sys.stdout, os.environ)
    for path, problem in found:
        if how == "github":
            print(for_github(problem, path))
        else:
            print(rendered(problem, path, paint), end="\n\n")


def _summary(specs: int, problems: int, wrong: int, unread: int, first: str) -> str:
    name = first if specs == 1 else counted(specs, "spec")
    if not problems and not unread:
        return f"{name} {'is' if specs == 1 else 'are'} good."
    parts = []
    if problems:
        where = name if specs == 1 else f"{wrong} of {name}"
        parts.append(f"{counted(problems, 'error')} in {where}.")
    if unread:
        parts.append(f"{counted(unread, 'spec')} could not be checked.")
    return " ".join(parts)
