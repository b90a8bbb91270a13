"""Which rows are for training, which for validation and which for the test."""

from typing import TYPE_CHECKING, Any

from hookline.errors import DataError, enumerate_names, quoted_cell

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Rows = dict[str, NDArray[Any]]

SPLITS = ("training", "validation", "test")


def by_fraction(rows: int, validation: float, test: float, seed: int, classes: "NDArray[Any] | None") -> "Rows":
    """The row numbers of each split, in the order of the file.

    The rows are put in the order `numpy.random.default_rng(seed).permutation(rows)`. The first `round(test * rows)`
    are for the test, the next `round(validation * rows)` for validation, and the others for training. With `classes`,
    the same is done with the rows of each class by themselves, so that every split has the same share of each.

    Raises:
        DataError: if a split has no rows.

    """
    import numpy

    order = numpy.random.default_rng(seed).permutation(rows)
    groups = [order]
    if classes is not None:
        # One sort puts the rows of each class together, in their order: a pass for each class would be quadratic.
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
            each = "" if classes is None else f", and of each of {len(groups)} classes by itself"
            raise DataError(f"The {split} split has no rows: it is to have {wanted[split]:g} of {rows}{each}.")
    return splits


def by_column(cells: "NDArray[Any]", column: str) -> "Rows":
    """The row numbers of each split that a column names.

    Raises:
        DataError: if the column has anything but the names of splits, or no rows for training.

    """
    import numpy

    if unknown := sorted(set(cells.astype(str).tolist()) - set(SPLITS)):
        row = int((cells.astype(str) == unknown[0]).argmax()) + 1
        raise DataError(
            f"{quoted_cell(unknown[0])} is not the name of a split: {enumerate_names(SPLITS, 'or')} are.",
            row=row,
            columns=[column],
        )
    splits = {split: numpy.flatnonzero(cells == split) for split in SPLITS if (cells == split).any()}
    if "training" not in splits:
        raise DataError(
            f'The training split has no rows: no cell of the column "{column}" is "training".', columns=[column]
        )
    return splits
