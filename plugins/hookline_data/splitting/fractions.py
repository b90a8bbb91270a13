"""Random splits by fractions of the rows, with or without classes of which each split has the same share."""

from typing import TYPE_CHECKING, Any

from hookline.errors import DataError, counted
from hookline_data.splitting.names import SPLITS
from hookline_data.splitting.strata import codes_of, sorted_by

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Rows = dict[str, NDArray[Any]]


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
    groups, sizes = 1, numpy.array([rows])
    if classes is not None:
        # One stable sort groups the rows by class in linear passes; a pass for each class would be quadratic.
        values, class_of_row = codes_of(classes)
        order = sorted_by(class_of_row, order)
        groups, sizes = len(values), numpy.bincount(class_of_row)
    wanted = wanted_of(validation, test)
    tested, validated = (numpy.rint(share * sizes).astype(numpy.int64) for share in (test, validation))
    counts = numpy.column_stack([tested, validated, sizes - tested - validated]).ravel()
    part_of_row = numpy.empty(rows, dtype=numpy.int8)
    part_of_row[order] = numpy.repeat(numpy.tile(numpy.arange(3, dtype=numpy.int8), groups), counts)
    parts = {"test": 0, "validation": 1, "training": 2}
    splits = {split: numpy.flatnonzero(part_of_row == parts[split]) for split in wanted}
    for split, chosen in splits.items():
        if not len(chosen):
            each = "" if classes is None else ", split separately for each class"
            remedy = ""
            if classes is not None and classes.dtype.kind in "iuf":
                remedy = " Set `quantiles`, such as 10, to stratify by ranges of numbers."
            raise without_rows(split, wanted[split], rows, f"{each}.{remedy}")
    return splits


def without_rows(split: str, fraction: float, rows: int, end: str = ".") -> DataError:
    """Return the error of a split that has no rows because its fraction is too small."""
    message = f"The {split} split has no rows: its fraction is {fraction:g} of {counted(rows, 'row')}{end}"
    return DataError(message, option=("test",) if split == "test" else ("validation",))


def wanted_of(validation: float, test: float) -> dict[str, float]:
    """Return the fraction of each split that there will be."""
    wanted = {"training": 1 - validation - test, "validation": validation, "test": test}
    return {split: wanted[split] for split in SPLITS if wanted[split] > 0}
