"""`hookline verify runs/iris/1`."""

import argparse
import gc
import os
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

from hookline.cli.arguments.numbers import positive_integer
from hookline.cli.arguments.spec_arguments import add_plugin_argument, add_set_argument, located
from hookline.cli.commands import DIFFERENT, GOOD
from hookline.cli.output.screen import paragraph, screen_width, table
from hookline.errors.printing import echo
from hookline.errors.text import counted
from hookline.plugins.sources.local import from_file
from hookline.spec.training import SEVERAL

if TYPE_CHECKING:
    from hookline.training.exactness.verification import Verification

PARTS = {
    "model": "model",
    "criterion": "loss",
    "optimizer": "optimizer",
    "plugins": "callbacks",
    "generators": "random number generators",
    "position": "position in the epoch",
    "run": "progress",
    "log": "numbers in the log",
    "returned": "returned model",
}
"""How the screen names the parts of a state."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("path", metavar="RUN", help="the directory of a run, or a spec")
    parser.add_argument(
        "--steps",
        type=positive_integer,
        metavar="N",
        help="the number of steps to train (default: three epochs, or 100 steps if an epoch has more than 100)",
    )
    parser.add_argument(
        "--cut",
        type=positive_integer,
        action="append",
        default=[],
        dest="cuts",
        metavar="N",
        help="interrupt after this step; repeatable (default: in the middle of the first two epochs, and between them)",
    )
    add_set_argument(parser, "change a value of the spec, such as data.batch_size=8")
    add_plugin_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Verify and print the result; return 0 if nothing differs, and 1 otherwise."""
    from hookline.check.load import Loader
    from hookline.check.toml import document as documents
    from hookline.trained.run_plugins import load_spec
    from hookline.training.exactness.verify_spec import verify_spec

    gc.enable()
    path = Path(arguments.path)
    document = documents.read(
        path / "spec.toml" if path.is_dir() else path, overrides=arguments.overrides, lists=SEVERAL
    )
    loader = Loader([from_file(file) for file in arguments.plugin])
    spec = load_spec(loader, document, path if path.is_dir() else path.parent)
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stdout(nowhere), located(document, spec):
        verified = verify_spec(
            spec, loader.plugins(document), steps=arguments.steps, cuts=arguments.cuts, report=_report
        )
    width = screen_width()
    for line in _lines(verified, arguments.path, width):
        echo(line)
    return GOOD if verified.is_exact else DIFFERENT


def _report(sentence: str) -> None:
    if sys.stderr.isatty():
        echo(sentence, file=sys.stderr)


def _lines(verified: "Verification", path: str, width: int | None) -> Iterator[str]:
    if verified.cuts:
        *others, last = map(str, verified.cuts)
        step, cuts = ("steps", f"{', '.join(others)} and {last}") if others else ("step", last)
        yield from paragraph(
            f"{path}: {counted(verified.steps, 'step')}, once without an interruption, and once interrupted and "
            f"resumed after {step} {cuts}.",
            width,
        )
        yield ""
    if verified.error is None:
        rows = [
            (PARTS.get(part, part), str(count), _judged(verified.unequal.get(part, 0)))
            for part, count in sorted(verified.compared.items(), key=lambda pair: [*PARTS, pair[0]].index(pair[0]))
        ]
        yield from table(rows, width, right=(1,))
        yield ""
    for sentence in _sentences(verified):
        yield from paragraph(sentence, width)


def _judged(unequal: int) -> str:
    return f"{unequal} differ" if unequal > 1 else "1 differs" if unequal else "equal"


def _sentences(verified: "Verification") -> Iterator[str]:
    yield verified.summary
    if verified.changing:
        yield f"Not compared, since it differs between any two trainings: {', '.join(verified.changing)}."
    if verified.left_out:
        yield f"Left out, because of effects outside the directory of the run: {', '.join(verified.left_out)}."
