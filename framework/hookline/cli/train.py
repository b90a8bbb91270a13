"""`hookline train spec.toml`, and `hookline train --locked runs/iris/1`."""

import argparse
import gc
import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, redirect_stdout
from pathlib import Path

from hookline.check.load import Loader
from hookline.cli._arguments import add_spec_arguments, document_of, located
from hookline.cli._screen import table
from hookline.cli._warnings import told_warnings
from hookline.cli.main import DIFFERENT, GOOD
from hookline.errors.exceptions import HooklineError, SpecError, notes_of
from hookline.errors.printing import tell
from hookline.errors.text import counted, enumerate_names
from hookline.plugins.manager import Plugins
from hookline.plugins.signals import EXIT_CODE, sentence
from hookline.plugins.sources.local import from_file
from hookline.plugins.trial import Trial
from hookline.runs.lock import NAME as LOCK
from hookline.spec.families.components import CallbackSpec
from hookline.spec.training import TrainingSpec

DISPLAY = "Progress"
"""The callback that a person sees, which is used without being listed unless it is to be quiet."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("spec", nargs="?", help="the TOML file that says what to train")
    add_spec_arguments(parser)
    parser.add_argument("--out", metavar="DIR", help="a new directory for the results (default: runs/<name>/<number>)")
    parser.add_argument(
        "--locked",
        metavar="DIR",
        help="train the run in this directory again, to the same bits, or tell what has changed since",
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="print nothing but errors")


def run(arguments: argparse.Namespace) -> int:
    """Train, and tell what came of it."""
    path = _spec_path(arguments)
    extra: list[object] = [from_file(file) for file in arguments.plugin]
    document = document_of(arguments, path)
    loader = Loader(extra)
    if problems := loader.check(document):
        raise SpecError(problems, path)
    spec = loader.load(document)
    # A wrong spec has been told by now, without waiting for what follows to be imported.
    from hookline.cli import _deferred_compiler as deferred_compiler
    from hookline.training.pipeline import Interrupted, train

    gc.enable()
    is_listed = any(type(callback).__name__ == DISPLAY for callback in spec.callbacks)
    if not is_listed and not arguments.quiet:
        # Outermost, so that it shows what all others have logged.
        extra.insert(0, _display(spec, extra))
    deferred_compiler.defer()
    # A display that the spec lists stays in the spec that is kept: it is only not seen.
    silence = _silence() if is_listed and arguments.quiet else nullcontext()
    try:
        with told_warnings(document), silence, located(document):
            trial = train(spec, plugins=extra, out=arguments.out, locked=arguments.locked)
    except Interrupted as interruption:
        with _if_somebody_reads():
            if not arguments.quiet:
                _tell(interruption.trial)
            tell(sentence(interruption.number), *notes_of(interruption), file=sys.stderr)
        return EXIT_CODE + interruption.number
    if not arguments.quiet:
        _tell(trial)
    return GOOD if arguments.locked is None else _compare(trial, Path(arguments.locked), is_quiet=arguments.quiet)


def _spec_path(arguments: argparse.Namespace) -> str:
    """The spec to train, which is that of the run that is trained again."""
    if (arguments.spec is None) == (arguments.locked is None):
        raise HooklineError("Give either a spec, or a run that is to be trained again: `--locked runs/iris/1`.")
    if arguments.locked is None:
        return str(arguments.spec)
    if Path(arguments.locked).exists() and not Path(arguments.locked).is_dir():
        raise HooklineError(f"{arguments.locked} is not the directory of a run, such as runs/iris/1.")
    if arguments.overlays or arguments.overrides:
        raise HooklineError("A run is trained again as it was, without `--set` and `--with`.")
    return str(Path(arguments.locked) / "spec.toml")


def _compare(trial: Trial, first: Path, *, is_quiet: bool) -> int:
    """Tell whether a run that was trained again has the bits of the first one, in each of its trials."""
    is_a_later_one = re.fullmatch(r"trial-\d+", trial.directory.name) and (trial.directory.parent / LOCK).is_file()
    again = trial.directory.parent if is_a_later_one else trial.directory
    trials = ["", *sorted(f"{path.name}/" for path in first.glob("trial-*") if path.is_dir())]
    names = [
        f"{trial}{name}" for trial in trials for name in ("model.safetensors", "criterion.safetensors", "metrics.jsonl")
    ]
    kept = [name for name in names if (first / name).is_file()]
    different = [name for name in kept if (first / name).read_bytes() != _bytes(again / name)]
    if different:
        what = f"{enumerate_names(different)} {'differs' if len(different) == 1 else 'differ'} from {first}"
        tell(f"{what}, though nothing that the lock knows of has changed.", file=sys.stderr)
        return DIFFERENT
    if kept and not is_quiet:
        tell(f"Every bit is that of {first}.")
    return GOOD


def _bytes(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


@contextmanager
def _silence() -> Iterator[None]:
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):
        yield


@contextmanager
def _if_somebody_reads() -> Iterator[None]:
    """What is printed inside is lost if the terminal has been closed: the exit code is not."""
    try:
        yield
        sys.stdout.flush()
    except OSError:
        # Python would try once more to write the rest when it exits.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (sys.stdout, sys.stderr):
            os.dup2(nowhere, stream.fileno())


def _display(spec: TrainingSpec, extra: list[object]) -> object:
    kind = Plugins(spec.plugins, extra).catalog.find(CallbackSpec, DISPLAY)
    callback = kind()
    assert isinstance(callback, CallbackSpec)
    return callback.build()


def _tell(trial: Trial) -> None:
    """Print the final table, and where the results are."""
    if trial.metrics:
        tell("", *_final(trial.metrics))
    tell("")
    if trial.stopped:
        tell(trial.stopped)
    if trial.not_finite:
        tell(trial.told[-1])
    epochs, steps = counted(trial.epochs, "epoch"), counted(trial.steps, "step")
    tell(f"{epochs}, {steps}, {trial.seconds:.1f} s. Results are in {trial.directory}")
    for path in trial.deployed:
        tell(f"  deployed {path}")


def _final(metrics: Mapping[str, float]) -> Iterator[str]:
    """The final metrics as lines, with a row for each and a column for each split."""
    splits = list(dict.fromkeys(name.partition("/")[0] for name in metrics))
    names = list(dict.fromkeys(name.partition("/")[2] for name in metrics))
    rows = [["", *splits]]
    for name in names:
        values = (metrics.get(f"{split}/{name}") for split in splits)
        rows.append([name, *("" if value is None else f"{value:#.5g}" for value in values)])
    return table(rows, None, right=range(1, 1 + len(splits)), indent="")
