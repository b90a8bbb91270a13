"""Rows of JSON as arrays: lists of numbers become one array for each name."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hookline.data.description import LENGTHS, DataDescription
from hookline.data.json_rows.row_field import RowField
from hookline.errors.exceptions import DataError
from hookline.errors.suggestions import did_you_mean

if TYPE_CHECKING:
    from numpy.typing import NDArray

Rows = Sequence[Mapping[str, Any]]

NUMBERS = "biuf"
"""The kinds of NumPy's types that are numbers."""


def fields_of_arrays(description: DataDescription) -> list[RowField]:
    """Return the cells of rows of prepared arrays, one for each group of inputs."""
    return [field_of_array(name, group.shape, is_padded=group.padded) for name, group in description.inputs.items()]


def field_of_array(name: str, shape: tuple[int, ...], *, is_padded: bool, example: float = 0) -> RowField:
    """Return a list of this shape. A sequence, whose rows are padded, may have any length."""
    if not shape:
        return RowField(name=name, cell="number", example=example)
    nested: Any = example
    for size in reversed(shape):
        nested = [nested] * size
    return RowField(name=name, cell="list", shape=(None, *shape[1:]) if is_padded else shape, example=nested)


def arrays_of_rows(
    rows: Rows, fields: Sequence[RowField], lengths: Mapping[str, str] | None = None
) -> "dict[str, NDArray[Any]]":
    """Return an array for each field, and the lengths of sequences, which are padded with 0.

    Args:
        rows: the rows.
        fields: the cells that each row must have.
        lengths: the name of the array with the lengths of each sequence. Default: `<name>_lengths`. A row that lacks
            its length has that of its list.

    Raises:
        DataError: If a row lacks a cell, or if its cell is not a list of numbers with the shape of the others.

    """
    found: dict[str, NDArray[Any]] = {}
    for field in fields:
        cells = [_array(row, field.name, number) for number, row in enumerate(rows, 1)]
        if field.cell == "list" and field.shape[0] is None:
            of = (lengths or {}).get(field.name, f"{field.name}{LENGTHS}")
            cells = _padded(cells, field.name)
            sizes = [row.get(of, _size(row[field.name])) for row in rows]
            found[of] = _whole(sizes, of)
        found[field.name] = _stacked(cells, field.name)
    return found


def _array(row: Mapping[str, Any], name: str, number: int) -> "NDArray[Any]":
    """Return a cell as an array of numbers."""
    import numpy

    if name not in row:
        message = f'There is no array "{name}".{did_you_mean(name, row)}'
        raise DataError(f"row {number}: {message}", row=number)
    try:
        array = numpy.asarray(row[name])
    except (ValueError, OverflowError):
        raise DataError("Its lists have different lengths.", row=number, columns=[name]) from None
    if array.dtype.kind not in NUMBERS and array.size:
        raise DataError("It must consist of numbers.", row=number, columns=[name])
    return array


def _padded(cells: "Sequence[NDArray[Any]]", name: str) -> "list[NDArray[Any]]":
    import numpy

    for number, cell in enumerate(cells, 1):
        if not cell.ndim or not len(cell):
            raise DataError("It must be a list with at least one element.", row=number, columns=[name])
    longest = max(map(len, cells))
    return [numpy.pad(cell, [(0, longest - len(cell)), *([(0, 0)] * (cell.ndim - 1))]) for cell in cells]


def _stacked(cells: "Sequence[NDArray[Any]]", name: str) -> "NDArray[Any]":
    import numpy

    first = cells[0].shape
    for number, cell in enumerate(cells, 1):
        if cell.shape != first:
            message = f"It has the shape {cell.shape}, but that of row 1 has {first}."
            raise DataError(message, row=number, columns=[name])
    return numpy.stack(cells)


def _whole(sizes: Sequence[Any], name: str) -> "NDArray[Any]":
    import numpy

    for number, size in enumerate(sizes, 1):
        if not isinstance(size, int) or isinstance(size, bool) or abs(size) >= 2**63:
            raise DataError("It must be an integer.", row=number, columns=[name])
    return numpy.array(sizes, dtype=numpy.int64)


def _size(cell: Any) -> int:
    return len(cell) if isinstance(cell, list) else 0
