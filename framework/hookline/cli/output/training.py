"""Train with a display, and print the result: what `hookline train` and `hookline resume` share."""

import gc
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, redirect_stdout
from pathlib import Path

from hookline.check.load import Loader
from hookline.check.toml.document import Document
from hookline.cli.arguments.spec_arguments import located
from hookline.cli.output.screen import table
from hookline.cli.output.warnings import printed_warnings
from hookline.errors.exceptions import notes_of
from hookline.errors.printing import echo
from hookline.errors.text import counted
from hookline.plugins.signals import EXIT_CODE, sentence
from hookline.plugins.trial import SAVED, Trial
from hookline.plugins.weights import LAST_STEP, Weights
from hookline.runs.checkpoints import store
from hookline.spec.families.callback import CallbackSpec
from hookline.spec.training import TrainingSpec


def trained(
    spec: TrainingSpec,
    document: Document,
    loader: Loader,
    train: Callable[[Sequence[object]], Trial],
    *,
    is_quiet: bool,
) -> Trial | int:
    """Train and print the result. Return it, or the exit code after an interruption.

    Args:
        spec: the spec to train.
        document: its document.
        loader: the loader that has read it.
        train: trains it with additional plugins, the first of which are outermost.
        is_quiet: whether to print only errors and warnings.

    """
    from hookline.cli.training import _deferred_compiler as deferred_compiler
    from hookline.training.interrupted import Interrupted

    gc.enable()
    display = loader.plugins(document).catalog.display()
    is_listed = any(type(callback) is display for callback in spec.callbacks)
    added: list[object] = []
    if display is not None and not is_listed and not is_quiet:
        callback = display()
        assert isinstance(callback, CallbackSpec)
        added.append(callback.build())  # Outermost, so that it shows what all other callbacks log.
    deferred_compiler.defer()
    # A display that the spec lists remains in the spec of the run; `--quiet` only hides its output.
    silence = _silence() if is_listed and is_quiet else nullcontext()
    try:
        with printed_warnings(document), silence, located(document, spec):
            trial = train(added)
    except Interrupted as interruption:
        with _ignoring_closed_terminal():
            if not is_quiet:
                _print_result(interruption.trial)
                if store.all_of(interruption.trial.directory):
                    echo(f"Resume it with `hookline resume {interruption.trial.directory}`.")
            echo(sentence(interruption.number), *notes_of(interruption), file=sys.stderr)
        return EXIT_CODE + interruption.number
    if not is_quiet:
        _print_result(trial)
    return trial


@contextmanager
def _silence() -> Iterator[None]:
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):
        yield


@contextmanager
def _ignoring_closed_terminal() -> Iterator[None]:
    """Ignore errors of printing if the terminal has been closed, so that the exit code stays."""
    try:
        yield
        sys.stdout.flush()
    except OSError:
        # Otherwise Python tries to flush the rest again at exit.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (sys.stdout, sys.stderr):
            os.dup2(nowhere, stream.fileno())


def _print_result(trial: Trial) -> None:
    """Print the final table and the path of the results."""
    if trial.metrics:
        echo("", *_final(trial.metrics), *_of_other_weights(trial))
    echo("")
    if trial.stopped:
        echo(trial.stopped)
    elif trial.weights.source != LAST_STEP:
        echo(_kept(trial.weights))
    if trial.not_finite:
        echo(trial.notes[-1])
    epochs, steps = counted(trial.epochs, "epoch"), counted(trial.steps, "step")
    echo(f"{epochs}, {steps}, {trial.seconds:.1f} s. Results are in {trial.directory}")
    for path in trial.deployed:
        echo(f"  deployed {path}")


def _kept(weights: Weights) -> str:
    """Say which weights were saved, if they are not those of the last step."""
    which = "a mean until" if weights.is_mean else "those of"
    return f"The saved weights are {which} epoch {weights.epoch}, from {weights.source}."


def _of_other_weights(trial: Trial) -> Iterator[str]:
    """A line for each split whose numbers in the table are not those of the saved weights."""
    for split, when in trial.measured.items():
        if when.startswith("during"):
            yield f"{split}: the mean {when}, while the weights changed"
        elif when != SAVED:
            yield f"{split}: {when}, with other weights than those saved"


def _final(metrics: Mapping[str, float]) -> Iterator[str]:
    """The final metrics as lines: a row for each metric, a column for each split."""
    splits = list(dict.fromkeys(name.partition("/")[0] for name in metrics))
    names = list(dict.fromkeys(name.partition("/")[2] for name in metrics))
    rows = [["", *splits]]
    for name in names:
        values = (metrics.get(f"{split}/{name}") for split in splits)
        rows.append([name, *("" if value is None else f"{value:#.5g}".removesuffix(".") for value in values)])
    return table(rows, None, right=range(1, 1 + len(splits)), indent="")
