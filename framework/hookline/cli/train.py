"""`hookline train spec.toml`, and `hookline train --locked runs/iris/1`."""

import argparse
import gc
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, redirect_stdout
from pathlib import Path

from hookline.check.load import Loader
from hookline.cli.arguments.spec_arguments import add_spec_arguments, document_of, located
from hookline.cli.main import DIFFERENT, GOOD
from hookline.cli.output.screen import table
from hookline.cli.output.warnings import printed_warnings
from hookline.errors.exceptions import HooklineError, notes_of
from hookline.errors.printing import echo
from hookline.errors.text import counted, enumerate_names
from hookline.plugins.signals import EXIT_CODE, sentence
from hookline.plugins.sources.local import from_file
from hookline.plugins.trial import SAVED, Trial
from hookline.runs.directory import CRITERION, LOG, MODEL
from hookline.runs.lock import NAME as LOCK
from hookline.runs.trials import is_later_trial, trials_of
from hookline.spec.families.callback import CallbackSpec

COMPARED = (MODEL, CRITERION, LOG)
"""The files of a repeated run whose bits are compared with those of the first one."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("spec", nargs="?", help="a TOML file")
    add_spec_arguments(parser)
    parser.add_argument("--out", metavar="DIR", help="the new run directory (default: runs/<name>/<number>)")
    parser.add_argument(
        "--locked",
        metavar="DIR",
        help="repeat the run in this directory to the same bits, or report what has changed since",
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="print only errors and warnings")


def run(arguments: argparse.Namespace) -> int:
    """Train, and print the results."""
    path = _spec_path(arguments)
    extra: list[object] = [from_file(file) for file in arguments.plugin]
    document = document_of(arguments, path)
    loader = Loader(extra)
    spec = loader.load(document, with_data=True)
    # Imported here, so that problems in the spec are reported without waiting for these imports.
    from hookline.cli import _deferred_compiler as deferred_compiler
    from hookline.training.interrupted import Interrupted
    from hookline.training.pipeline import train

    gc.enable()
    display = loader.plugins(document).catalog.display()
    is_listed = any(type(callback) is display for callback in spec.callbacks)
    if display is not None and not is_listed and not arguments.quiet:
        callback = display()
        assert isinstance(callback, CallbackSpec)
        extra.insert(0, callback.build())  # Outermost, so that it shows what all other callbacks log.
    deferred_compiler.defer()
    # A display that the spec lists remains in the spec of the run; `--quiet` only hides its output.
    silence = _silence() if is_listed and arguments.quiet else nullcontext()
    try:
        with printed_warnings(document), silence, located(document):
            trial = train(spec, plugins=extra, out=arguments.out, locked=arguments.locked)
    except Interrupted as interruption:
        with _ignoring_closed_terminal():
            if not arguments.quiet:
                _print_result(interruption.trial)
            echo(sentence(interruption.number), *notes_of(interruption), file=sys.stderr)
        return EXIT_CODE + interruption.number
    if not arguments.quiet:
        _print_result(trial)
    return GOOD if arguments.locked is None else _compare(trial, Path(arguments.locked), is_quiet=arguments.quiet)


def _spec_path(arguments: argparse.Namespace) -> str:
    """The path of the spec to train; with `--locked`, that of the run to repeat."""
    if (arguments.spec is None) == (arguments.locked is None):
        raise HooklineError("Pass either a spec, or a run to repeat: `--locked runs/iris/1`.")
    if arguments.locked is None:
        return str(arguments.spec)
    if Path(arguments.locked).exists() and not Path(arguments.locked).is_dir():
        raise HooklineError(f"{arguments.locked} is not a run directory, such as runs/iris/1.")
    if arguments.overlays or arguments.overrides:
        raise HooklineError("`--locked` repeats a run unchanged: remove `--set` and `--with`.")
    return str(Path(arguments.locked) / "spec.toml")


def _compare(trial: Trial, first: Path, *, is_quiet: bool) -> int:
    """Report whether a repeated run has the same bits as the first one, in each of its trials."""
    is_a_later_one = is_later_trial(trial.directory.name) and (trial.directory.parent / LOCK).is_file()
    again = trial.directory.parent if is_a_later_one else trial.directory
    paths = [path / name for path in trials_of(first).values() for name in COMPARED]
    kept = [path.relative_to(first).as_posix() for path in paths if path.is_file()]
    different = [name for name in kept if (first / name).read_bytes() != _bytes(again / name)]
    if different:
        what = f"{enumerate_names(different)} {'differs' if len(different) == 1 else 'differ'} from {first}"
        echo(f"{what}, although nothing in the lock has changed.", file=sys.stderr)
        return DIFFERENT
    if kept and not is_quiet:
        echo(f"All bits equal those of {first}.")
    return GOOD


def _bytes(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


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
    if trial.not_finite:
        echo(trial.notes[-1])
    epochs, steps = counted(trial.epochs, "epoch"), counted(trial.steps, "step")
    echo(f"{epochs}, {steps}, {trial.seconds:.1f} s. Results are in {trial.directory}")
    for path in trial.deployed:
        echo(f"  deployed {path}")


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
