"""Chronological splits and folds, in which equal times are never in two parts."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from attrs import frozen

from hookline.errors import DataError, counted
from hookline_data.splitting.fractions import wanted_of
from hookline_data.splitting.names import SPLITS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Rows = dict[str, NDArray[Any]]


@frozen
class Parted:
    """Rows in parts, and the number of rows that are in none."""

    rows: "Rows"
    """The row numbers of each split, in the order of the file."""
    left_out: dict[str, int]
    """The number of rows that no split contains, by the reason."""


def by_time(times: "NDArray[Any]", validation: float, test: float, gap: int) -> Parted:
    """Split rows in the order of their times: the earliest are the training, the latest the test split.

    A boundary within equal times moves to the nearest row at which the time changes. The last `gap` rows before each
    boundary are in no split.

    Raises:
        DataError: If a split has no rows.

    """
    import numpy

    rows, wanted = len(times), wanted_of(validation, test)
    order = numpy.argsort(times, kind="stable")
    at = []
    if test:
        at.append(rows - round(test * rows))
    if validation:
        at.insert(0, rows - round(test * rows) - round(validation * rows))
    starts = [0, *boundaries(times[order], at), rows]
    found = {}
    for part, split in enumerate(wanted):
        stop = starts[part + 1] - (gap if part + 1 < len(wanted) else 0)
        found[split] = numpy.sort(order[starts[part] : max(stop, starts[part])])
        _require_rows(found[split], split, gap)
    left = rows - sum(map(len, found.values()))
    return Parted(found, {"gap": left} if left else {})


def fold_of_times(times: "NDArray[Any]", folds: int, fold: int, test: float, gap: int) -> Parted:
    """Return a fold as by TimeSeriesSplit of scikit-learn: train on all rows before the fold, without the gap.

    The rows without those of the test split, N in number, are divided at N - k * (N // (folds + 1)) for k from `folds`
    to 1; fold 0 is the earliest. Boundaries within equal times move as in `by_time`.

    Raises:
        DataError: If a split has no rows.

    """
    import numpy

    order = numpy.argsort(times, kind="stable")
    ordered, rows = times[order], len(times)
    end = rows
    found: Rows = {}
    if test:
        [end] = boundaries(ordered, [rows - round(test * rows)])
        found["test"] = numpy.sort(order[end:])
    known = max(0, end - gap) if test else rows
    size = known // (folds + 1)
    if not size:
        raise DataError(
            f"There are only {counted(known, 'row')} for {folds} folds and the rows before them.", option=("folds",)
        )
    starts = [*boundaries(ordered[:known], [known - back * size for back in range(folds, 0, -1)]), known]
    found["validation"] = numpy.sort(order[starts[fold] : starts[fold + 1]])
    found["training"] = numpy.sort(order[: max(0, starts[fold] - gap)])
    for split in ("training", "validation"):
        _require_rows(found[split], split, gap)
    left_out = {"gap": min(gap, starts[fold]) + end - known, "later folds": known - starts[fold + 1]}
    splits = {split: found[split] for split in SPLITS if split in found}
    return Parted(splits, {reason: count for reason, count in left_out.items() if count})


def _require_rows(chosen: "NDArray[Any]", split: str, gap: int) -> None:
    if not len(chosen):
        why = f": the `gap` of {counted(gap, 'row')} takes all of them" if gap else ""
        raise DataError(f"The {split} split has no rows{why}.", option=("gap",) if gap else ("time_column",))


def boundaries(times: "NDArray[Any]", wanted: Sequence[int]) -> list[int]:
    """Return for each wanted boundary the nearest place at which the sorted times change, in ascending order.

    >>> import numpy
    >>> boundaries(numpy.array([2020, 2020, 2020, 2021, 2022, 2022]), [2, 4])
    [3, 4]

    Raises:
        DataError: If there are too few different times.

    """
    import numpy

    changes = numpy.flatnonzero(times[1:] != times[:-1]) + 1
    if len(changes) < len(wanted):
        raise DataError(
            f"There are {counted(len(wanted) + 1, 'part')}, but only {counted(len(changes) + 1, 'different time')}: "
            "rows with equal times cannot be in two parts.",
            option=("time_column",),
        )
    found: list[int] = []
    most = len(changes)  # From the last boundary to the first, each leaves enough changes for those before it.
    for index in reversed(range(len(wanted))):
        above = int(numpy.searchsorted(changes, wanted[index]))
        is_nearer = above and (
            above == len(changes) or wanted[index] - changes[above - 1] <= changes[above] - wanted[index]
        )
        nearest = above - 1 if is_nearer else above
        most = min(max(nearest, index), most - 1)
        found.insert(0, int(changes[most]))
    return found
