"""The run directory: the files of a run, which never overwrite another run."""

import json
import os
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import evolve

from hookline.data.description import DataDescription
from hookline.data.examples import prepared_examples
from hookline.errors.exceptions import FileError, HooklineError, HooklineWarning
from hookline.errors.unwritable import obstacle
from hookline.files.atomic import flush_to_disk, write_file
from hookline.files.weights import write_weights
from hookline.plots.curves import LOSSES, draw_curves
from hookline.runs import examples, manifest
from hookline.runs.result import result
from hookline.spec.dump import dumps, to_json

if TYPE_CHECKING:
    from torch import nn

    from hookline.data.data import Data
    from hookline.plugins.stages import Run
    from hookline.plugins.trial import Trial

SPEC = "spec.toml"
"""The complete spec."""

LOCK = "run.lock.toml"
"""Everything on which the bits of the run depend."""

LOG = "metrics.jsonl"
"""The file with one line per epoch."""

DATA = "data.json"
"""The description of the data."""

PLOT = "loss.png"
"""The plot of the losses."""

RESULT = "result.json"
"""The result, written after everything that it describes."""

MODEL, CRITERION = "model.safetensors", "criterion.safetensors"
"""The weights of the model, and those of the loss if it has any."""


def plan(out: str | Path | None, name: str) -> Path:
    """The directory for a new run: `out`, which must not exist, or the next number in `runs/<name>`.

    Nothing is created yet.

    Raises:
        HooklineError: if `out` exists, or is empty.

    """
    if out is not None:
        if not str(out):
            raise HooklineError("The path of the new run directory is empty.")
        if Path(out).exists():
            raise HooklineError(_taken(out))
        return Path(out)
    home = Path("runs") / name
    numbers = [int(entry.name) for entry in home.glob("*") if entry.name.isdecimal()] if home.is_dir() else []
    return home / str(max(numbers, default=0) + 1)


def _taken(directory: str | Path) -> str:
    return f"{directory} already exists, and a run never overwrites another one: choose a new directory."


def create(planned: Path, *, numbered: bool) -> Path:
    """Create the directory. If `numbered` and another run has taken the number, use the next one.

    Raises:
        HooklineError: if it cannot be created.

    """
    while True:
        try:
            planned.parent.mkdir(parents=True, exist_ok=True)
            planned.mkdir()
        except OSError as error:
            if isinstance(error, FileExistsError) and planned.is_dir():
                if not numbered:
                    raise HooklineError(_taken(planned)) from None
                planned = planned.with_name(str(int(planned.name) + 1))
                continue
            raise HooklineError(f"{planned} cannot be created: {obstacle(planned, error)}.") from None
        else:
            return planned


def spec_text(run: "Run", directory: Path) -> str:
    """The complete spec as written to `spec.toml` in a directory, ready to be trained again from there."""
    return dumps(run.spec, directory, name=run.catalog.name)


def write_beginning(run: "Run", data: "Data", directory: Path) -> None:
    """Write `spec.toml`, the description and examples of the data, and copies of plugin files with their imports."""
    write_file(directory / SPEC, spec_text(run, directory))
    if run.spec.run.keep_examples:
        examples.write(directory, prepared_examples(data) if data.examples is None else data.examples)
    description = evolve(DataDescription.of(data), is_given=run.given is not None)
    write_file(directory / DATA, to_json(description.to_json(), indent=2) + "\n")
    written: dict[Path, Path] = {}
    own = [origin for origin, _ in run.plugins if origin.file is not None]
    for number, origin in enumerate(own, 1):
        files = [file.absolute() for file in (origin.file, *origin.sibling_files) if file is not None]
        names = {file: file.relative_to(files[0].parent) for file in files}
        home = directory / "plugins"
        is_taken = any(written.get(home / name, file) != file for file, name in names.items())
        if is_taken or home / files[0].name in written:
            home /= str(number)
        for file, name in names.items():
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            write_file(home / name, file.read_bytes())
            written[home / name] = file


def write_results(run: "Run", trial: "Trial", *, with_plot: bool = True) -> None:
    """Write the weights, the complete `metrics.jsonl`, `loss.png`, `result.json` and finally `manifest.json`.

    Without `with_plot`, `loss.png` is left out: drawing it takes longer than a small training. If a file cannot be
    written, for whatever reason, the others are still written. If the plot cannot be drawn, a warning is issued.

    Raises:
        FileError: for the first file that could not be written.

    """
    home, failures = trial.directory, list[FileError]()
    undrawn: str | None = None

    def attempt(path: Path, write: Callable[[Path], None]) -> None:
        try:
            write(path)
        except FileError as error:
            failures.append(error)
        except Exception as error:  # noqa: BLE001 - The other files are written in any case.
            failure = FileError(str(path), f"The file cannot be written: {_said(error)}.")
            failure.__cause__ = error
            failures.append(failure)

    def draw(path: Path) -> None:
        nonlocal undrawn
        try:
            kept = trial.weights
            draw_curves(trial.history, LOSSES, trial.spec.run.name, path, kept_epoch=kept.epoch, kept_step=kept.step)
        except FileError:
            raise
        except Exception as error:  # noqa: BLE001 - A plot must not cost the trained model.
            undrawn = f"{path}: The plot cannot be drawn: {_said(error)}."

    attempt(home / MODEL, lambda path: write_weights(path, trial.model))
    if any(True for _ in trial.criterion.parameters()):
        attempt(home / CRITERION, lambda path: write_weights(path, trial.criterion))
    # An interruption may have occurred between the end of an epoch and its line.
    attempt(home / LOG, lambda path: write_file(path, "".join(f"{to_json(record)}\n" for record in trial.history)))
    if trial.history and with_plot:
        attempt(home / PLOT, draw)
    final = trial
    if failures and trial.state != "failed":
        final = evolve(trial, state="failed", error=str(failures[0]))
    attempt(home / RESULT, lambda _: write_result(run, final))
    attempt(home / manifest.NAME, lambda _: manifest.write(home))
    attempt(home, flush_to_disk)
    if undrawn is not None:
        warnings.warn(HooklineWarning(undrawn, id="unwritten-file"), stacklevel=2)
    if failures:
        raise failures[0]


def write_result(run: "Run", trial: "Trial") -> None:
    """Write `result.json`. Raises a `FileError` if it cannot be written."""
    write_file(trial.directory / RESULT, to_json(result(run, trial), indent=2) + "\n")


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".rstrip(":. ")


def renew_result(run: "Run", trial: "Trial") -> None:
    """Write `result.json` again, with numbers that were computed after the other results had been written.

    Raises:
        FileError: If it cannot be written; the old one stays.

    """
    manifest.replace(trial.directory / RESULT, to_json(result(run, trial), indent=2) + "\n")


def copy_run(source: Path, directory: Path, model: "nn.Module", criterion: "nn.Module") -> None:
    """Write a copy of a finished run with these weights, without example rows, pictures and copies of plugin files.

    Raises:
        FileError: If a file cannot be written.

    """
    for name in (SPEC, LOCK, DATA, LOG, RESULT):
        write_file(directory / name, (source / name).read_bytes())
    write_weights(directory / MODEL, model)
    if any(True for _ in criterion.parameters()):
        write_weights(directory / CRITERION, criterion)
    manifest.write(directory)


def write_notes(directory: Path, notes: Sequence[str], deployed: Sequence[Path] = ()) -> None:
    """Add what callbacks reported, and what was deployed, to `result.json` after the results have been written."""
    paths = [os.path.relpath(one, directory) for one in deployed]
    _change_result(directory, lambda old: {"notes": list(notes), "deployed": paths or old.get("deployed", [])})


def add_deployed(directory: Path, files: Sequence[Path]) -> None:
    """Add files that were deployed in a run directory to its `result.json`."""
    paths = [os.path.relpath(file, directory) for file in files]
    _change_result(directory, lambda old: {"deployed": list(dict.fromkeys([*old.get("deployed", []), *paths]))})


def deployed_files(directory: Path) -> list[Path]:
    """The files that were deployed in a run directory, as its `result.json` lists them."""
    written = json.loads((directory / RESULT).read_text(encoding="utf-8"))
    return [Path(os.path.normpath(directory / file)) for file in written["deployed"]]


def _change_result(directory: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    path = directory / RESULT
    if path.is_file():
        written = json.loads(path.read_text(encoding="utf-8"))
        new = {**written, **change(written)}
        if new != written:
            manifest.replace(path, to_json(new, indent=2) + "\n")
