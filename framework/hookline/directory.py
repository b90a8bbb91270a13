"""The run directory: what a run leaves behind, and that it never writes over another."""

import json
import platform
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import asdict, evolve

from hookline.curves import LOSSES, draw_curves
from hookline.errors import FileError, HooklineError
from hookline.files import flush_to_disk, write_file, write_weights
from hookline.parameters import plainly_named
from hookline.writing import dumps, to_json

if TYPE_CHECKING:
    from hookline.run import Run
    from hookline.trial import Trial

LOG = "metrics.jsonl"
"""The file with a line for each epoch."""


def plan(out: str | Path | None, name: str) -> Path:
    """The directory for a new run: `out`, which must not exist, or the next number in `runs/<name>`.

    Nothing is made yet.

    Raises:
        HooklineError: if there is something already.

    """
    if out is not None:
        if Path(out).exists():
            raise HooklineError(f"{out} exists already, and a run never writes over another: give a new directory.")
        return Path(out)
    home = Path("runs") / name
    numbers = [int(entry.name) for entry in home.glob("*") if entry.name.isdecimal()] if home.is_dir() else []
    return home / str(max(numbers, default=0) + 1)


def create(planned: Path, *, numbered: bool) -> Path:
    """Make the directory; one that is `numbered` takes the next number if another run was faster.

    Raises:
        HooklineError: if it cannot be made.

    """
    while True:
        try:
            planned.parent.mkdir(parents=True, exist_ok=True)
            planned.mkdir()
        except FileExistsError as error:
            if not numbered or not planned.is_dir():
                raise HooklineError(f"{planned} cannot be made: {error.strerror}.") from None
            planned = planned.with_name(str(int(planned.name) + 1))
        except OSError as error:
            raise HooklineError(f"{planned} cannot be made: {error.strerror}.") from None
        else:
            return planned


def spec_text(run: "Run", directory: Path) -> str:
    """The complete spec as it stands in `spec.toml` of a directory, and trains again as it is."""
    return dumps(run.spec, directory, name=run.plugins.catalog.name)


def write_beginning(run: "Run", directory: Path) -> None:
    """Write `spec.toml`, and copies of the person's own files that are plugins, with what they import."""
    write_file(directory / "spec.toml", spec_text(run, directory))
    written: dict[Path, Path] = {}
    own = [origin for origin, _ in run.plugins.added if origin.file is not None]
    for number, origin in enumerate(own, 1):
        files = [file.absolute() for file in (origin.file, *origin.neighbours) if file is not None]
        names = {file: file.relative_to(files[0].parent) for file in files}
        home = directory / "plugins"
        is_taken = any(written.get(home / name, file) != file for file, name in names.items())
        if is_taken or home / files[0].name in written:
            home /= str(number)
        for file, name in names.items():
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            write_file(home / name, file.read_bytes())
            written[home / name] = file


def write_results(run: "Run", trial: "Trial") -> None:
    """Write the weights, the complete `metrics.jsonl`, `loss.png`, and at last `result.json`.

    What one file prevents, such as a full disk, keeps none of the others from being written.

    Raises:
        FileError: the first, if some could not be written.

    """
    failures: list[FileError] = []

    def attempt(write: Callable[..., None], *arguments: Any) -> None:
        try:
            write(*arguments)
        except FileError as error:
            failures.append(error)

    home = trial.directory
    attempt(write_weights, home / "model.safetensors", plainly_named(trial.model))
    if any(True for _ in trial.criterion.parameters()):
        attempt(write_weights, home / "criterion.safetensors", plainly_named(trial.criterion))
    # An interruption may have come between an epoch's end and its line.
    attempt(write_file, home / LOG, "".join(f"{to_json(record)}\n" for record in trial.history))
    if trial.history:
        draw = partial(draw_curves, kept_epoch=trial.weights.epoch)
        attempt(draw, trial.history, LOSSES, trial.spec.run.name, home / "loss.png")
    if failures and trial.state != "failed":
        trial = evolve(trial, state="failed", error=str(failures[0]))
    attempt(write_file, home / "result.json", to_json(_result(run, trial), indent=2) + "\n")
    attempt(flush_to_disk, home)
    if failures:
        raise failures[0]


def _result(run: "Run", trial: "Trial") -> dict[str, Any]:
    """What `result.json` contains."""
    splits: dict[str, dict[str, float]] = {}
    for name, value in trial.metrics.items():
        split, _, metric = name.partition("/")
        splits.setdefault(split, {})[metric] = value
    return {
        "name": trial.spec.run.name,
        "seed": trial.spec.run.seed,
        "state": trial.state,
        "error": trial.error,
        "stopped": trial.stopped,
        "epochs": trial.epochs,
        "steps": trial.steps,
        "seconds": round(trial.seconds, 3),
        "told": list(trial.told),
        "device": str(run.device),
        "weights": {**asdict(trial.weights), "finite": not trial.not_finite},
        "metrics": splits,
        "measured": dict(trial.measured),
        "versions": versions(),
    }


def write_told(directory: Path, told: Sequence[str]) -> None:
    """Write what has been told of a run into its `result.json`, after the results have been written."""
    path = directory / "result.json"
    if path.is_file():
        result = json.loads(path.read_text(encoding="utf-8"))
        write_file(path, to_json({**result, "told": list(told)}, indent=2) + "\n")


def versions() -> dict[str, str]:
    """The versions of what the numbers depend on."""
    from importlib.metadata import version

    return {"python": platform.python_version(), **{name: version(name) for name in ("hookline", "torch", "numpy")}}
