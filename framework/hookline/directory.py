"""The run directory: what a run leaves behind, and that it never writes over another."""

import json
import platform
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hookline.errors import HooklineError
from hookline.parameters import plainly_named
from hookline.writing import dumps, to_json

if TYPE_CHECKING:
    from hookline.run import Run
    from hookline.trial import Trial


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
    (directory / "spec.toml").write_text(spec_text(run, directory), encoding="utf-8")
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
            shutil.copyfile(file, home / name)
            written[home / name] = file


def append_record(directory: Path, record: Mapping[str, Any]) -> None:
    """Add a line to `metrics.jsonl`."""
    with (directory / "metrics.jsonl").open("a", encoding="utf-8") as file:
        file.write(to_json(record) + "\n")


def write_results(run: "Run", trial: "Trial") -> None:
    """Write `result.json`, `loss.png` and `model.safetensors`, and all lines of `metrics.jsonl` once more."""
    from safetensors.torch import save_model

    from hookline.curves import LOSSES, draw_curves

    splits: dict[str, dict[str, float]] = {}
    for name, value in trial.metrics.items():
        split, _, metric = name.partition("/")
        splits.setdefault(split, {})[metric] = value
    result = {
        "name": trial.spec.run.name,
        "seed": trial.spec.run.seed,
        "epochs": trial.epochs,
        "steps": trial.steps,
        "seconds": round(trial.seconds, 3),
        "stopped": trial.stopped,
        "told": list(trial.told),
        "device": str(run.device),
        "metrics": splits,
        "versions": versions(),
    }
    # An interruption may have come between an epoch's end and its line.
    lines = "".join(f"{to_json(record)}\n" for record in trial.history)
    (trial.directory / "metrics.jsonl").write_text(lines, encoding="utf-8")
    (trial.directory / "result.json").write_text(to_json(result, indent=2) + "\n", encoding="utf-8")
    save_model(plainly_named(trial.model), str(trial.directory / "model.safetensors"))
    if any(True for _ in trial.criterion.parameters()):
        save_model(plainly_named(trial.criterion), str(trial.directory / "criterion.safetensors"))
    if trial.history:
        draw_curves(trial.history, LOSSES, trial.spec.run.name, trial.directory / "loss.png")


def write_told(directory: Path, told: Sequence[str]) -> None:
    """Write what has been told of a run into its `result.json`, after the results have been written."""
    path = directory / "result.json"
    if path.is_file():
        result = json.loads(path.read_text(encoding="utf-8"))
        part = path.with_name(f"{path.name}.part")
        part.write_text(to_json({**result, "told": list(told)}, indent=2) + "\n", encoding="utf-8")
        part.replace(path)


def versions() -> dict[str, str]:
    """The versions of what the numbers depend on."""
    from importlib.metadata import version

    return {"python": platform.python_version(), **{name: version(name) for name in ("hookline", "torch", "numpy")}}
