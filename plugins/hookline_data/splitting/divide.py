"""Divide the rows of a file as the options of its source say."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from hookline.errors import DataError
from hookline_data.splitting.folds import fold_of_rows
from hookline_data.splitting.fractions import by_fraction
from hookline_data.splitting.groups import by_group, fold_of_groups
from hookline_data.splitting.parse_times import parsed_times
from hookline_data.splitting.strata import by_quantiles, codes_of
from hookline_data.splitting.times import Parted, by_time, fold_of_times
from hookline_data.splitting.values import by_values

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hookline_data.rows.split_rows import SplitRows

    Cells = Callable[[str], NDArray[Any]]


def divided(source: "SplitRows", rows: int, cells: "Cells", first_target: str | None) -> Parted:
    """Return the row numbers of each split of `path`, in the order of the file.

    `cells` returns the cells of a column; `first_target` is the column by which `stratify = true` stratifies.

    Raises:
        DataError: If a split has no rows, or if a row belongs to none.

    """
    import numpy

    parted = _parted(source, rows, cells, first_target)
    if not source.train_on_validation or "validation" not in parted.rows:
        return parted
    known = numpy.sort(numpy.concatenate([parted.rows["training"], parted.rows["validation"]]))
    others = {split: numbers for split, numbers in parted.rows.items() if split not in ("training", "validation")}
    return Parted({"training": known, **others}, parted.left_out)


def _parted(source: "SplitRows", rows: int, cells: "Cells", first_target: str | None) -> Parted:
    if source.split_column is not None:
        return by_values(cells(source.split_column), source.split_column, source.values_of_splits)
    validation, test = source.fractions.get("validation", 0.0), source.fractions.get("test", 0.0)
    if source.time_column is not None:
        times = parsed_times(cells(source.time_column), source.time_column)
        if source.folds is None:
            return by_time(times, validation, test, source.gap)
        return fold_of_times(times, source.folds, source.fold, test, source.gap)
    strata = _strata(source, cells, first_target)
    groups = None if source.group_column is None else codes_of(cells(source.group_column))[1]
    if source.folds is None:
        return Parted(_fractions(rows, validation, test, source.split_seed, groups, strata), {})
    return Parted(_fold(source, rows, test, groups, strata), {})


def _fractions(
    rows: int,
    validation: float,
    test: float,
    seed: int,
    groups: "NDArray[Any] | None",
    strata: "NDArray[Any] | None",
) -> "dict[str, NDArray[Any]]":
    if groups is None or not (validation or test):
        return by_fraction(rows, validation, test, seed, strata)
    return by_group(groups, validation, test, seed, strata)


def _fold(
    source: "SplitRows", rows: int, test: float, groups: "NDArray[Any] | None", strata: "NDArray[Any] | None"
) -> "dict[str, NDArray[Any]]":
    """Return a fold of the rows that are left by the test split, which is the same for all folds."""
    import numpy

    assert source.folds is not None
    parts = _fractions(rows, 0.0, test, source.split_seed, groups, strata)
    known = parts["training"]
    if groups is not None:
        own = None if strata is None else strata[known]
        folds = fold_of_groups(groups[known], source.folds, source.split_seed, own)
    else:
        folds = fold_of_rows(len(known), source.folds, source.split_seed, None if strata is None else strata[known])
    is_validation = folds == source.fold
    found = {"training": known[~is_validation], "validation": known[is_validation]}
    return {**found, "test": numpy.sort(parts["test"])} if "test" in parts else found


def _strata(source: "SplitRows", cells: "Cells", first_target: str | None) -> "NDArray[Any] | None":
    """Return the class of each row by which to stratify."""
    column = first_target if source.stratify is True else source.stratify
    if not column:
        return None
    found = cells(column)
    if found.ndim > 1:
        raise DataError(f'Cannot stratify by "{column}": it has several values per row.', columns=[column])
    if source.quantiles is None:
        return found
    if found.dtype.kind not in "iuf":
        message = f'Text has no quantiles, but "{column}" is text: remove `quantiles`.'
        raise DataError(message, columns=[column], option=("quantiles",))
    return by_quantiles(found, source.quantiles)
