"""`hookline eject spec.toml`."""

import argparse
import os
import sys
from pathlib import Path

from hookline.cli.arguments.spec_arguments import add_spec_arguments, document_of, loader_of, located
from hookline.cli.commands import GOOD, WRONG_SPEC
from hookline.cli.output.warnings import printed_warnings
from hookline.errors.diagnostic import published
from hookline.errors.printing import echo


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.description = (
        "Write a spec as a Python script of plain torch, which trains to the same bits without Hookline. "
        "If a part of the spec cannot be written, it is named, and the exit code is 1."
    )
    parser.add_argument("spec", help="a TOML file")
    add_spec_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Read the data, build the model, and print the script, without training."""
    document = document_of(arguments, arguments.spec)
    loader = loader_of(arguments)
    spec = loader.load(document, with_data=True)
    from hookline.cli.output.report import Paint, shown
    from hookline.cli.training import _deferred_compiler as deferred_compiler
    from hookline.ejection.eject import EjectionError, ejected
    from hookline.training.run_setup import new_run

    deferred_compiler.defer()
    with printed_warnings(document), located(document, spec), new_run(spec, loader.plugins(document)) as opened:
        try:
            script = ejected(opened, title_of(arguments.spec))
        except EjectionError as error:
            pointing = document.spec_error(error)
            paint = Paint.of(sys.stderr, os.environ)
            sys.stderr.write("\n\n".join(shown(published(pointing.problems), pointing.source, paint)) + "\n")
            return WRONG_SPEC
    echo(script.rstrip("\n"), file=sys.stdout)
    return GOOD


def title_of(path: str) -> str:
    """Return the first comment of a spec, which usually says what it trains; otherwise its name.

    >>> title_of("specs/iris.toml")
    'Classify three species of iris by the sizes of their flowers.'
    """
    file = Path(path)
    title: list[str] = []
    for line in file.read_text(encoding="utf-8").splitlines() if file.is_file() else ():
        if not line.startswith("#") or (not title and line.startswith("#:")):
            if title or not line.startswith("#"):
                break
            continue
        if not line.strip("# "):
            break
        title.append(line.strip("# "))
    return " ".join(title) or f"Train {file.name}."
