"""Folds of rows for cross-validation, at random or with the same share of each class."""

from typing import TYPE_CHECKING, Any

from hookline.errors import DataError, counted
from hookline_data.splitting.strata import by_first_row, codes_of, sorted_by

if TYPE_CHECKING:
    from numpy.typing import NDArray


def fold_of_rows(rows: int, folds: int, seed: int, classes: "NDArray[Any] | None") -> "NDArray[Any]":
    """Return the fold of each row. The sizes of the folds are those of KFold of scikit-learn.

    Rows are shuffled by `numpy.random.default_rng(seed).permutation(rows)` and dealt to the folds in turn. With
    `classes`, they are stably sorted by class first, in the order in which the classes occur in the file, so that each
    fold has as many rows of each class as with StratifiedKFold of scikit-learn.

    Raises:
        DataError: If there are fewer rows than folds, or if all classes have fewer rows than folds.

    """
    import numpy

    if rows < folds:
        message = f"There are {folds} folds, but only {counted(rows, 'row')}."
        raise DataError(message, option=("folds",))
    order = numpy.random.default_rng(seed).permutation(rows)
    if classes is not None:
        codes = by_first_row(codes_of(classes)[1])
        most = int(numpy.bincount(codes).max())
        if most < folds:
            raise DataError(
                f"There are {folds} folds, but no class has more than {counted(most, 'row')}, so that folds cannot be "
                "stratified.",
                option=("folds",),
            )
        order = sorted_by(codes, order)
    fold = numpy.empty(rows, dtype=numpy.int64)
    fold[order] = numpy.arange(rows) % folds
    return fold
