"""`hookline train spec.toml`."""

import argparse
import gc
import os
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, redirect_stdout
from pathlib import Path
from typing import Any

from hookline.command_line import GOOD, INTERRUPTED
from hookline.commands.arguments import add_spec_arguments, document_of
from hookline.errors import HooklineWarning, MisfitError, Problem, SpecError
from hookline.loading import Loader
from hookline.plugin_files import from_file
from hookline.plugins import Plugins
from hookline.specs import CallbackSpec
from hookline.training_spec import TrainingSpec
from hookline.trial import Trial
from hookline.wording import counted

DISPLAY = "Progress"
"""The callback that a person sees, which is used without being listed unless it is to be quiet."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("spec", help="the TOML file that says what to train")
    add_spec_arguments(parser)
    parser.add_argument("--out", metavar="DIR", help="a new directory for the results (default: runs/<name>/<number>)")
    parser.add_argument("-q", "--quiet", action="store_true", help="print nothing but errors")


def run(arguments: argparse.Namespace) -> int:
    """Train, and tell what came of it."""
    extra: list[object] = [from_file(path) for path in arguments.plugin]
    document = document_of(arguments, arguments.spec)
    loader = Loader(extra)
    if problems := loader.check(document):
        raise SpecError(problems, arguments.spec)
    spec = loader.load(document)
    # A wrong spec has been told by now, without waiting for what follows to be imported.
    from hookline import deferred_compiler
    from hookline.pipeline import Interrupted, train

    gc.enable()
    is_listed = any(type(callback).__name__ == DISPLAY for callback in spec.callbacks)
    if not is_listed and not arguments.quiet:
        # Outermost, so that it shows what all others have logged.
        extra.insert(0, _display(spec, extra))
    deferred_compiler.defer()
    try:
        # A display that the spec lists stays in the spec that is kept: it is only not seen.
        with told_warnings(arguments.spec), _silence() if is_listed and arguments.quiet else nullcontext():
            trial = train(spec, plugins=extra, out=arguments.out)
    except MisfitError as error:
        raise SpecError([document.located(Problem(error.message, error.path))], arguments.spec) from error
    except Interrupted as interruption:
        if not arguments.quiet:
            _tell(interruption.trial)
        print("Interrupted.", file=sys.stderr)
        return INTERRUPTED
    if not arguments.quiet:
        _tell(trial)
    return GOOD


@contextmanager
def told_warnings(source: str) -> Iterator[None]:
    """Hookline's own warnings become a line that names the spec; those of others stay as they are."""
    usual = warnings.showwarning

    def show(message: Warning | str, category: type[Warning], *where: Any, **others: Any) -> None:
        if issubclass(category, HooklineWarning):
            print(f"{source}: {message} (a warning)", file=sys.stderr)
        else:
            usual(message, category, *where, **others)

    with warnings.catch_warnings():
        warnings.simplefilter("always", HooklineWarning)
        warnings.showwarning = show
        yield


@contextmanager
def _silence() -> Iterator[None]:
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):
        yield


def _display(spec: TrainingSpec, extra: list[object]) -> object:
    kind = Plugins(spec.plugins, extra).catalog.find(CallbackSpec, DISPLAY)
    callback = kind()
    assert isinstance(callback, CallbackSpec)
    return callback.build()


def _tell(trial: Trial) -> None:
    """Print the final table, and where the results are."""
    if trial.metrics:
        print("", *table(trial.metrics), sep="\n")
    print()
    if trial.stopped:
        print(trial.stopped)
    epochs, steps = counted(trial.epochs, "epoch"), counted(trial.steps, "step")
    print(f"{epochs}, {steps}, {trial.seconds:.1f} s. Results are in {trial.directory}")
    for path in trial.deployed:
        print(f"  deployed {path}")


def table(metrics: Mapping[str, float]) -> list[str]:
    """The final metrics as lines, with a row for each and a column for each split."""
    splits = list(dict.fromkeys(name.partition("/")[0] for name in metrics))
    names = list(dict.fromkeys(name.partition("/")[2] for name in metrics))
    rows = [["", *splits]]
    for name in names:
        values = (metrics.get(f"{split}/{name}") for split in splits)
        rows.append([name, *("" if value is None else f"{value:#.5g}" for value in values)])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        f"{row[0]:<{widths[0]}}"
        + "".join(f"  {cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True))
        for row in rows
    ]
