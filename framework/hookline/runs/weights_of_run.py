"""The weights of a run: those that it saved at its end, or those of a checkpoint."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen

from hookline.errors.exceptions import MismatchError, RunError
from hookline.files.weights import plain_name
from hookline.runs import directory as directories, manifest, study
from hookline.runs.checkpoints import store
from hookline.runs.checkpoints.store import SavedCheckpoint
from hookline.runs.run_paths import refuse_other_paths, shortest
from hookline.runs.trials import chosen_trial
from hookline.spec.sections.initialize_from import InitializeFrom

if TYPE_CHECKING:
    from torch import Tensor

MOST_STEPS = 10
"""The largest number of checkpoints to list in a message."""


@frozen(kw_only=True)
class WeightsOfRun:
    """The weights of a run, which have been found but not read."""

    directory: Path
    """The directory of the run, or of its best trial."""
    source: str
    """The callback that put them into the model, such as "EarlyStopping", "last step" or "checkpoint"."""
    epoch: int
    """The epoch that they are from."""
    step: int
    """The number of completed steps at that time."""
    fingerprint: str
    """The SHA-256 of their file."""
    tensors: "Callable[[], dict[str, Tensor]]"
    """Reads them: the tensors by name, those of the loss with the prefix `criterion.`. Raises a `MismatchError` if a
    file is damaged."""
    files: Mapping[str, tuple[Path, str]]
    """The safetensors files of "model" and "criterion", and the prefix of the names of their tensors in each file."""


def weights_of_run(wanted: InitializeFrom) -> WeightsOfRun:
    """Find the weights that `[initialize_from]` names, without torch.

    Raises:
        MismatchError: If there are none, with the place in the spec.

    """
    path = shortest(wanted.run)
    with _located("run"):
        _refuse_unknown_checkpoint(path)
        if not study.is_study(path):
            refuse_other_paths(path)
        home = chosen_trial(path).directory
        if wanted.checkpoint is None and (home / manifest.NAME).is_file():
            return _saved(home)
        checkpoints = {checkpoint.step: checkpoint for checkpoint in store.all_of(home)}
        if wanted.checkpoint is None:
            if not checkpoints:
                raise RunError(f"{home}: The run has no weights: it has not ended, and it saved no checkpoints.")
            return _of_checkpoint(home, checkpoints[max(checkpoints)], "run")
    with _located("checkpoint"):
        step = _best(home, checkpoints) if wanted.checkpoint == "best" else wanted.checkpoint
        if step not in checkpoints:
            listed = ", ".join(str(one) for one in sorted(checkpoints)[-MOST_STEPS:])
            known = f"The run has those of the steps {listed}." if checkpoints else "The run has none."
            raise RunError(f"{home}: There is no checkpoint of step {step}. {known}")
        return _of_checkpoint(home, checkpoints[step], "checkpoint")


@contextmanager
def _located(option: str) -> Iterator[None]:
    """Turn an error of a run into one of an option of `[initialize_from]`."""
    try:
        yield
    except RunError as error:
        raise MismatchError(str(error), ("initialize_from", option), id="unusable-run") from error


def _refuse_unknown_checkpoint(path: Path) -> None:
    before, colon, after = str(path).rpartition(":")
    if colon and not path.exists() and Path(before).is_dir():
        raise RunError(f'{path}: After the colon, there must be "best" or a number of steps, not "{after}".')


def _saved(home: Path) -> WeightsOfRun:
    files = manifest.read(home)
    names = [name for name in (directories.MODEL, directories.CRITERION) if name in files]
    if directories.MODEL not in names:
        raise RunError(f"{home}: The run has no saved weights.")
    result = json.loads(files.checked(directories.RESULT).read_text(encoding="utf-8"))
    prefixes = {directories.MODEL: "", directories.CRITERION: "criterion."}

    def read() -> "dict[str, Tensor]":
        from safetensors.torch import load

        with _located("run"):
            contents = {name: files.checked(name).read_bytes() for name in names}
        return {
            f"{prefixes[name]}{tensor}": value
            for name, content in contents.items()
            for tensor, value in load(content).items()
        }

    return WeightsOfRun(
        directory=home,
        source=str(result["weights"]["source"]),
        epoch=int(result["weights"]["epoch"]),
        step=int(result["weights"]["step"]),
        fingerprint=" ".join(str(files.files[name]["sha256"]) for name in names),
        tensors=read,
        files={name.partition(".")[0]: (home / name, "") for name in names},
    )


def _of_checkpoint(home: Path, checkpoint: SavedCheckpoint, option: str) -> WeightsOfRun:
    def read() -> "dict[str, Tensor]":
        with _located(option):
            state = checkpoint.load()
        parts = (("", state["model"]), ("criterion.", state["criterion"]))
        return {f"{prefix}{plain_name(name)}": tensor for prefix, part in parts for name, tensor in part.items()}

    return WeightsOfRun(
        directory=home,
        source="checkpoint",
        epoch=int(checkpoint.values()["run"]["epoch"]),
        step=checkpoint.step,
        fingerprint=checkpoint.fingerprint,
        tensors=read,
        files={part: (checkpoint.directory / store.TENSORS, f"state.{part}.") for part in ("model", "criterion")},
    )


def _best(home: Path, checkpoints: dict[int, SavedCheckpoint]) -> int:
    """The step of the checkpoint whose record in the log is the best, by the number that the newest one names."""
    by: Any = checkpoints[max(checkpoints)].values().get("best_by") if checkpoints else None
    if by is not None:
        numbers = {record["step"]: record.get(by["number"]) for record in _records(home)}
        known = {step: float(number) for step, number in numbers.items() if step in checkpoints and number is not None}
        sign = -1 if by["higher_is_better"] else 1
        if known:
            return min(known, key=lambda step: (sign * known[step], step))
    raise RunError(
        f"{home}: The run kept no best checkpoints, which the option `keep_best` is for. Without "
        '"best", the weights that it saved at its end are used.'
    )


def _records(home: Path) -> Iterator[dict[str, Any]]:
    try:
        lines = (home / directories.LOG).read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        with suppress(ValueError, TypeError):  # A process that was killed may have written half a line.
            record = dict(json.loads(line))
            if isinstance(record.get("step"), int):
                yield record
