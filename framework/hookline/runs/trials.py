"""The trials of a tuned run: where their directories are, and which of them is best.

A study has each trial in a directory of its own, `trial-1` and so on, and its records say which is best. Where a plugin
answers the stage `tune`, the first trial is in the directory of the run itself, and the others in `trial-2`, `trial-3`
and so on in it. Each is a run of its own. A run that is not tuned has one trial.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from attrs import frozen

from hookline.errors.exceptions import RunError
from hookline.plugins.trial import compared_by
from hookline.runs import directory as directories, manifest, study

_NAME = re.compile(r"trial-([2-9]|[1-9][0-9]+)")


@frozen(kw_only=True)
class ChosenTrial:
    """A trial of a run."""

    directory: Path
    """Its directory."""
    number: int
    """Its number, from 1."""
    trials: int
    """The number of trials of the run; 1 if it is not tuned."""
    is_best: bool = False
    """Whether it was chosen as the best of several."""
    metric: str | None = None
    """The number by which the best one is chosen, such as "validation/loss"; `None` if it has none."""
    value: float = math.inf
    """Its value."""
    is_highest: bool = False
    """Whether the best one is that with the highest value, instead of the smallest."""
    unknown: Sequence[int] = ()
    """The trials without a readable result, which were not compared."""

    def __str__(self) -> str:
        """Name the trial, such as "trial 2 of 3"."""
        return f"trial {self.number} of {self.trials}"


def directory_of_trial(run: Path, number: int) -> Path:
    """Return the directory of a trial, given that of the run."""
    return run if number == 1 else run / f"trial-{number}"


def is_later_trial(name: str) -> bool:
    """Whether a directory of this name contains a trial after the first one."""
    return _NAME.fullmatch(name) is not None


def trials_of(run: Path) -> dict[int, Path]:
    """Return the directories of the trials of a run by their numbers, in ascending order."""
    if study.is_study(run):
        return {number: study.trial_directory(run, number) for number in study.numbers_of_trials(run)}
    later = [int(found[1]) for path in run.glob("trial-*") if path.is_dir() and (found := _NAME.fullmatch(path.name))]
    return {number: directory_of_trial(run, number) for number in (1, *sorted(later))}


def chosen_trial(run: Path, number: int | None = None) -> ChosenTrial:
    """Return a trial by its number, or the best one: that with the smallest `Trial.objective`.

    Of equal ones, the first is chosen, as in the training. A trial without saved weights is worse than any other. If no
    trial has a result, the first one is chosen.

    Raises:
        RunError: If there is no trial with this number.

    """
    known = trials_of(run)
    if number is not None:
        if number not in known:
            raise RunError(f"{run}: {_no_such_trial(number, list(known))}")
        if study.is_study(run) and not (known[number] / directories.MODEL).is_file():
            _refuse_other_place(run, number)
            raise RunError(
                f"{known[number]}: The weights of this trial were not kept. Train it again with "
                f'`hookline train {known[number] / directories.SPEC}`, or set `keep = "all"` in [tune].'
            )
        return ChosenTrial(directory=known[number], number=number, trials=len(known))
    if study.is_study(run):
        return _best_of_study(run, known)
    if len(known) == 1:
        return ChosenTrial(directory=run, number=1, trials=1)
    compared = {one: found for one, path in known.items() if (found := _compared(path)) is not None}
    best = min(compared, key=lambda one: compared[one][:2], default=1)
    _, value, name = compared.get(best, (False, math.inf, None))
    return ChosenTrial(
        directory=known[best],
        number=best,
        trials=len(known),
        is_best=True,
        metric=name,
        value=value,
        unknown=[one for one in known if one not in compared],
    )


def _best_of_study(run: Path, known: Mapping[int, Path]) -> ChosenTrial:
    """Return the best trial of a study; of several, the first.

    Raises:
        RunError: If no trial has a result, or a record is damaged.

    """
    plan = study.read_plan(run)
    best = plan.best(study.records_of(run))
    if not best:
        raise RunError(f"{run}: No trial of the study has a result yet. Resume it with `hookline tune --resume {run}`.")
    assert best[0].results is not None, "The best trial has a result."
    _refuse_other_place(run, best[0].number)
    return ChosenTrial(
        directory=known[best[0].number],
        number=best[0].number,
        trials=len(known),
        is_best=True,
        metric=plan.monitors[0],
        value=best[0].results[0],
        is_highest=plan.maximized[0],
    )


def _refuse_other_place(run: Path, number: int) -> None:
    """Raise a `RunError` if a trial of a study was trained in another place, so that only its record is here."""
    record = study.read_record(run, number)
    is_here = (study.trial_directory(run, number) / directories.RESULT).is_file()
    if record is not None and record.place is not None and not is_here:
        raise RunError(f"{run}: The weights of trial {number} are in {record.place}.")


def _no_such_trial(number: int, known: Sequence[int]) -> str:
    if len(known) == 1:
        return f"The run is not tuned, so it has no trial {number}."
    are_all = list(known) == list(range(1, len(known) + 1))
    listed = f"1 to {len(known)}" if are_all else ", ".join(map(str, known))
    return f"There is no trial {number}: the run has the trials {listed}."


def _compared(directory: Path) -> tuple[bool, float, str | None] | None:
    """Return whether weights are missing, and the number that is compared; `None` without a readable result."""
    try:
        files = manifest.read(directory)
        result = json.loads(files.checked(directories.RESULT).read_text(encoding="utf-8"))
        logged = {split: one["metrics"] for split, one in result["logged"].items()}
        numbers = {
            f"{split}/{name}": math.nan if value is None else float(value)  # JSON has no NaN.
            for split, several in (logged | result["metrics"]).items()
            for name, value in several.items()
        }
    except (RunError, OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    name, value = compared_by(numbers)
    return directories.MODEL not in files, value, name
