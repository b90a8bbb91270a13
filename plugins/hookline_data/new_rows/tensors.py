"""Make the inputs of checked rows, exactly as those of the training rows are made."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hookline.errors import DataError
from hookline_data.new_rows.chunks import BadCells
from hookline_data.new_rows.roles import Group
from hookline_data.preparing.standardize import prepared
from hookline_data.reading.cells import are_finite, is_list, width
from hookline_data.reading.columns import Place

if TYPE_CHECKING:
    import pyarrow
    from numpy.typing import NDArray

TOO_LARGE = "Standardized with the statistics of the training split, the number is too large for {}."


def rows_of_numbers(
    name: str, group: Group, columns: "Mapping[str, pyarrow.ChunkedArray]", place: Place
) -> "tuple[NDArray[Any], list[BadCells]]":
    """Return a group of inputs as an array `(rows, …)`, and the cells that are not finite.

    Raises:
        DataError: If a row has another number of numbers than in training.

    """
    import numpy

    own = {column: columns[column] for column in group.columns}
    widths = {column: width(cells.type) for column, cells in own.items()}
    if sum(widths.values()) != math.prod(group.shape):
        message = f'A row of the inputs "{name}" has {sum(widths.values())} numbers, but in training {group.shape}.'
        raise DataError(message, file=place, columns=list(own))
    parts = {column: numbers_of(cells) for column, cells in own.items()}
    rows = len(next(iter(parts.values())))
    # Training reads all columns of a group as one type.
    common = numpy.result_type(*{part.dtype for part in parts.values()})
    array = numpy.empty((rows, sum(widths.values())), dtype=group.dtype)
    first = 0
    for column, part in parts.items():
        stop = first + widths[column]
        mean, std = (one if one is None else one[first:stop] for one in (group.mean, group.std))
        with numpy.errstate(over="ignore"):  # It is reported below.
            array[:, first:stop] = prepared(part.astype(common, copy=False), mean, std, group.dtype)
        first = stop
    bad: list[BadCells] = []
    if array.dtype.kind == "f" and not (fits := numpy.isfinite(array)).all():
        first = 0
        for column, part in parts.items():
            stop = first + widths[column]
            bad += not_finite(column, part, fits[:, first:stop], group, has_elements=is_list(own[column].type))
            first = stop
    return array.reshape(-1, *group.shape), bad


def not_finite(
    column: str, cells: "NDArray[Any]", fits: "NDArray[Any]", group: Group, *, has_elements: bool
) -> list[BadCells]:
    """Return the rows with numbers that are not finite; `cells` and `fits`, `(rows, places)`, are before and after."""

    def explain(row: int) -> tuple[str, int | None]:
        element = int(fits[row].argmin())
        cell = cells[row, element]
        is_wrong = not are_finite(cells[row, element : element + 1], group.dtype_when_read).all()
        message = f"{cell} is not a finite {group.dtype_when_read}." if is_wrong else TOO_LARGE.format(group.dtype)
        return message, element if has_elements else None

    return BadCells.where(column, ~fits.all(axis=1), explain)


def sequences(
    group: Group, columns: "Mapping[str, pyarrow.ChunkedArray]"
) -> "tuple[NDArray[Any], NDArray[Any], list[BadCells]]":
    """Return sequences padded with 0, `(rows, steps, …)`, their lengths, and the rows with numbers that are not finite.

    They have at least as many steps as in training, so that a model that does not know the lengths computes the same.
    """
    import numpy

    [column] = group.columns
    steps, lengths = _steps(columns[column])
    is_step = numpy.arange(max(lengths.max(initial=1), group.shape[0])) < lengths[:, None]
    with numpy.errstate(over="ignore"):  # It is reported below.
        values = prepared(steps, group.mean, group.std, group.dtype)
    array = numpy.zeros((*is_step.shape, *group.shape[1:]), dtype=group.dtype)
    array[is_step] = values
    if values.dtype.kind != "f" or (fits := numpy.isfinite(values)).all():
        return array, lengths, []
    begins = numpy.cumsum(lengths) - lengths
    is_bad = numpy.zeros(is_step.shape, dtype=bool)
    is_bad[is_step] = ~fits.reshape(len(fits), -1).all(axis=1)

    def explain(row: int) -> tuple[str, int | None]:
        element = int(is_bad[row].argmax())
        cells = steps[begins[row] + element].reshape(-1)
        wrong = cells[~are_finite(cells, group.dtype_when_read)]
        message = (
            f"{wrong[0]} is not a finite {group.dtype_when_read}." if len(wrong) else TOO_LARGE.format(group.dtype)
        )
        return message, element

    return array, lengths, BadCells.where(column, is_bad.any(axis=1), explain)


def dense_target(
    column: str, cells: "pyarrow.ChunkedArray", shape: tuple[int, ...]
) -> "tuple[NDArray[Any], list[BadCells]]":
    """Return lists as an array `(rows, *shape)`; shorter lists of integers are padded with -1, as in training."""
    import numpy

    steps, lengths = _steps(cells)
    is_step = numpy.arange(shape[0]) < lengths[:, None]
    array = numpy.full((len(lengths), *shape), -1, dtype=steps.dtype)
    fits = lengths == shape[0] if steps.dtype.kind == "f" else lengths <= shape[0]
    array[is_step & fits[:, None]] = steps[numpy.repeat(fits, lengths)]

    def other(row: int) -> tuple[str, None]:
        return f"The list has {lengths[row]} elements, but in training {shape[0]}.", None

    return array, BadCells.where(column, ~fits, other)


def target_column(column: str, cells: "pyarrow.ChunkedArray", dtype: str) -> "tuple[NDArray[Any], list[BadCells]]":
    """Return a column of a target: text, numbers that are finite in this type, or class indices padded with -1."""
    import numpy
    import pyarrow

    if is_list(cells.type):
        indices, lengths = _steps(cells)
        is_step = numpy.arange(lengths.max(initial=1)) < lengths[:, None]
        array = numpy.full(is_step.shape, -1, dtype=numpy.int64)
        array[is_step] = indices

        def negative(row: int) -> tuple[str, int | None]:
            element = int(((array[row] < 0) & is_step[row]).argmax())
            return f"{array[row, element]} is not a class index.", element

        return array, BadCells.where(column, ((array < 0) & is_step).any(axis=1), negative)
    if pyarrow.types.is_string(cells.type):
        return cells.to_numpy(zero_copy_only=False).astype(str), []
    numbers = cells.to_numpy(zero_copy_only=False)
    fits = are_finite(numbers, dtype)
    return numbers, BadCells.where(column, ~fits, lambda row: (f"{numbers[row]} is not a finite {dtype}.", None))


def numbers_of(column: "pyarrow.ChunkedArray") -> "NDArray[Any]":
    """Return the numbers of a column, `(rows, size)`."""
    if is_list(column.type):
        flat = column.combine_chunks().flatten().to_numpy(zero_copy_only=False)
        return flat.reshape(-1, width(column.type))
    return column.to_numpy(zero_copy_only=False).reshape(-1, 1)


def _steps(column: "pyarrow.ChunkedArray") -> "tuple[NDArray[Any], NDArray[Any]]":
    """Return the steps of all sequences, `(steps, …)`, and the length of each sequence."""
    import numpy
    from pyarrow import compute

    lists = column.combine_chunks()
    lengths = compute.list_value_length(lists).to_numpy(zero_copy_only=False).astype(numpy.int64)
    steps = lists.flatten()
    if not is_list(steps.type):
        return steps.to_numpy(zero_copy_only=False), lengths
    return steps.flatten().to_numpy(zero_copy_only=False).reshape(-1, width(steps.type)), lengths
