"""The original data of a finished run, read again."""

import glob
import math
import os
import warnings
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hookline.data.description import DataDescription
from hookline.errors.exceptions import HooklineError, HooklineWarning, RunError
from hookline.errors.text import as_list, dotted
from hookline.plugins.stages import Run
from hookline.runs.fingerprint import of_data
from hookline.spec.walk import walk
from hookline.training.run_setup import refuse_unused_rows

if TYPE_CHECKING:
    from hookline.data.data import Data
    from hookline.spec.families.data import DataSpec

_CHANGED = "The data has changed since training"

_GIVEN = (
    "The rows of the run were passed to `hookline.train` in Python, and are not kept. Pass them again, as "
    "`hookline.open_run(..., data=...)`, or evaluate other rows with their targets: `--data FILE`."
)
"""What to do if the rows of the run are needed but lost."""

TOLERANCE = 1e-6
"""The largest relative difference of statistics that is attributed to rounding on another machine."""


def original_data(run: Run, directory: Path, description: DataDescription, fingerprint: str) -> "Data":
    """Return the data as `checked_data` does, with a warning if its fingerprint is not that of the data in training."""
    data = checked_data(run, directory, description)
    if of_data(data) != fingerprint:
        rows = {split: batches.rows for split, batches in data.splits().items()}
        what = "" if rows == description.rows else f" Rows then: {_shown(description.rows)}; now: {_shown(rows)}."
        is_other = description.is_given and run.given is None
        change = "These are other rows than those that were passed to `train`" if is_other else _CHANGED
        message = f"{directory}: {change}, so numbers may differ from those of the run.{what}"
        warnings.warn(HooklineWarning(message, id="changed-data"), stacklevel=3)
    return data


def checked_data(run: Run, directory: Path, description: DataDescription) -> "Data":
    """Call the stage `prepare_data` as in training, and compare its answer with the description of the data then.

    Args:
        run: an opened run, from `FinishedRun.opened`.
        directory: the directory of the finished run.
        description: the description of the data in training.

    Raises:
        RunError: If the data is no longer there, or would be prepared differently than in training.

    """
    import torch

    torch.manual_seed(run.spec.run.seed)
    try:
        data = run.stages.prepare_data(run=run)
    except HooklineError as error:
        if description.is_given and run.given is None:
            raise RunError(f"{directory}: {_GIVEN}") from error
        if run.given is None:
            refuse_missing_files(run.spec.data, directory, "hookline.open_run", error)
        raise
    refuse_unused_rows(run)
    if different := list(_differences(DataDescription.of(data), description)):
        if description.is_given and run.given is None:
            raise RunError(f"{directory}: {_GIVEN}")
        raise RunError(
            f"{directory}: The data differs from that in training: the data source now finds other "
            f"{' and '.join(different)}. To evaluate the model on other data, pass it as new rows, which are "
            f"prepared as in training."
        )
    return data


def changes_of_data(overrides: Iterable[str]) -> Iterator[str]:
    """The overrides; raise a `RunError` if one changes another section than `[data]`."""
    for change in as_list(overrides):
        if not change.lstrip().startswith("data."):
            raise RunError(
                f"Only the data of a finished run can be changed, such as `data.path=new.csv`, not `{change}`."
            )
        yield change


def refuse_missing_files(data: "DataSpec", directory: Path, function: str, error: Exception) -> None:
    """Raise a `RunError` from an error of reading data if a file is missing, since the run or the data was moved.

    `function` is the function of Python that takes another path in `overrides`.
    """
    if missing := dict(_missing_files(data)):
        raise RunError(f"{directory}: {_sentence(missing, function)}") from error


def _missing_files(data: "DataSpec") -> Iterator[tuple[str, Path]]:
    """The paths in the data source that do not exist, by option."""
    for path, value in walk(data, ("data",)):
        if isinstance(value, Path) and not value.exists() and not glob.glob(str(value), recursive=True):  # noqa: PTH207
            yield dotted(path), value  # Not a pattern that matches files either.


def _sentence(missing: Mapping[str, Path], function: str) -> str:
    files = " and ".join(f'"{os.path.normpath(file)}"' for file in missing.values())  # In full, to find them.
    option, path = next(iter(missing.items()))
    change = f"{option}={Path('/new/place', path.name)}"
    return (
        f"The data of the run is needed, but {files} {'does' if len(missing) == 1 else 'do'} not exist. If the run or "
        f"the data has been moved, pass the new path with `--set {change}`, or in Python with "
        f'`{function}(..., overrides=["{change}"])`. Paths in spec.toml are relative to the directory of the '
        "run, and those that you pass to the current one."
    )


def _differences(now: DataDescription, then: DataDescription) -> Iterator[str]:
    """What differs between two descriptions, apart from the number of rows."""

    def inputs(description: DataDescription) -> dict[str, Any]:
        # The length of padded sequences is that of the longest one in the example.
        return {
            name: (group.dtype, group.padded, group.shape[1:] if group.padded else group.shape)
            for name, group in description.inputs.items()
        }

    if inputs(now) != inputs(then):
        yield "inputs"
    if not _is_close(_uncounted(now), _uncounted(then)):
        yield "targets or classes"
    if not _is_close(now.preparation, then.preparation):
        yield "columns, categories or statistics"


def _uncounted(description: DataDescription) -> dict[str, Any]:
    """What is known about the targets, without the number of rows, which may differ."""
    targets = description.to_json()["targets"]
    return {name: {**target, "counts": None, "rows": None} for name, target in targets.items()}


def _is_close(now: Any, then: Any) -> bool:
    """Whether JSON-compatible values are equal, up to the rounding of numbers that are not integers."""
    if isinstance(now, Mapping) and isinstance(then, Mapping):
        return list(now) == list(then) and all(_is_close(now[key], then[key]) for key in now)
    if isinstance(now, (list, tuple)) and isinstance(then, (list, tuple)):
        return len(now) == len(then) and all(map(_is_close, now, then))
    if isinstance(now, float) and isinstance(then, (float, int)):
        return now == then or math.isclose(now, then, rel_tol=TOLERANCE)
    return bool(now == then)


def _shown(rows: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {split}" for split, count in rows.items())
