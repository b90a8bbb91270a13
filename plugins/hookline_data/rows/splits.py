"""Assign rows to the training, validation and test splits."""

from typing import TYPE_CHECKING, Any

from hookline.errors import DataError, enumerate_names, quoted_cell

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Rows = dict[str, NDArray[Any]]

SPLITS = ("training", "validation", "test")


def by_fraction(rows: int, validation: float, test: float, seed: int, classes: "NDArray[Any] | None") -> "Rows":
    """Return the row numbers of each split, in the order of the file.

    Rows are shuffled by `numpy.random.default_rng(seed).permutation(rows)`. The first `round(test * rows)` are the test
    split, the next `round(validation * rows)` the validation split, and the others the training split. With `classes`,
    the rows of each class are split separately in the same way, so that every split has the same share of each class.

    Raises:
        DataError: If a split has no rows.

    """
    import numpy

    order = numpy.random.default_rng(seed).permutation(rows)
    groups = [order]
    if classes is not None:
        # One stable sort groups the rows by class in linear passes; a pass for each class would be quadratic.
        _, class_of_row, sizes = numpy.unique(classes, return_inverse=True, return_counts=True)
        by_class = order[numpy.argsort(class_of_row[order], kind="stable")]
        groups = numpy.split(by_class, numpy.cumsum(sizes)[:-1])
    parts: dict[str, list[NDArray[Any]]] = {split: [] for split in SPLITS}
    for group in groups:
        first, second = round(test * len(group)), round(test * len(group)) + round(validation * len(group))
        parts["test"].append(group[:first])
        parts["validation"].append(group[first:second])
        parts["training"].append(group[second:])
    wanted = {"training": 1 - validation - test, "validation": validation, "test": test}
    splits = {split: numpy.sort(numpy.concatenate(parts[split])) for split in SPLITS if wanted[split] > 0}
    for split, chosen in splits.items():
        if not len(chosen):
            each = "" if classes is None else f", split separately in each of {len(groups)} classes"
            raise DataError(f"The {split} split has no rows: its fraction is {wanted[split]:g} of {rows}{each}.")
    return splits


def by_column(cells: "NDArray[Any]", column: str) -> "Rows":
    """Return the row numbers of each split that a column names.

    Raises:
        DataError: If a cell is not the name of a split, or if there are no training rows.

    """
    import numpy

    if unknown := sorted(set(cells.astype(str).tolist()) - set(SPLITS)):
        row = int((cells.astype(str) == unknown[0]).argmax()) + 1
        raise DataError(
            f"{quoted_cell(unknown[0])} is not a split. Use {enumerate_names(SPLITS, 'or')}.",
            row=row,
            columns=[column],
        )
    splits = {split: numpy.flatnonzero(cells == split) for split in SPLITS if (cells == split).any()}
    if "training" not in splits:
        raise DataError(
            f'The training split has no rows: no cell of the column "{column}" is "training".', columns=[column]
        )
    return splits
