"""Check columns of Arrow and cast them to the types that the model and the targets need."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from hookline.errors import DataError
from hookline.spec import to_json
from hookline_data.arrow_columns import distinct
from hookline_data.arrow_columns.nested import depth, first_shape, flattened
from hookline_data.arrow_columns.plain import plain, plain_text, plain_type
from hookline_data.reading.arrow_types import needed, type_to_read
from hookline_data.reading.cells import is_list, is_ragged, row_and_element, width
from hookline_data.reading.columns import Place, Wanted, cell_error
from hookline_data.reading.error_messages import CHANGED
from hookline_data.reading.text_cells import refuse_missing, without_marks

if TYPE_CHECKING:
    import pyarrow


def checked_table(table: "pyarrow.Table", wanted: Mapping[str, Wanted], path: Place) -> "pyarrow.Table":
    """Return the wanted columns of a table, in their order, cast to the wanted types.

    Raises:
        DataError: If a column or a cell is missing, or has another type; the message contains row and column.

    """
    import pyarrow

    if not wanted.keys() <= set(table.schema.names):
        raise DataError(CHANGED, file=path)
    if not table.num_rows:
        raise DataError("The file has no rows.", file=path)
    columns = {name: table.column(name) for name in wanted}
    del table  # Frees each column as soon as it has been cast.
    for name, column in wanted.items():
        columns[name] = checked(columns[name], column, name, path)
    return pyarrow.table(columns)


def checked(cells: "pyarrow.ChunkedArray", wanted: Wanted, name: str, path: Place) -> "pyarrow.ChunkedArray":
    """Cast a column to the wanted type, and refuse missing cells. Text is encoded: see `distinct`."""
    import pyarrow
    from pyarrow import compute, types

    if types.is_string(plain_type(cells.type)) and wanted.kind in ("text", "any"):
        return _checked_text(distinct.encoded(plain_text(cells)), wanted, name, path)
    cells = plain(cells)
    if types.is_floating(cells.type) and (wanted.may_be_missing or wanted.kind == "text"):
        cells = compute.if_else(compute.is_nan(cells), pyarrow.scalar(None, cells.type), cells)
    if cells.null_count and not wanted.may_be_missing:
        raise cell_error(path, _first(compute.is_null(cells)), name, message=wanted.empty)
    if wanted.size is not None and is_list(cells.type):
        cells = pyarrow.chunked_array([_of_size(cells.combine_chunks(), wanted.size, name, path)])
    elif depth(cells.type) > 2 or (depth(cells.type) == 2 and not is_ragged(cells.type) and not wanted.is_target):
        shape = to_json(first_shape(cells.combine_chunks()))
        message = f"The cells have the type {cells.type}. If they are images, set `shape = {shape}`."
        raise DataError(f'column "{name}": {message}', file=path, columns=[name])
    if wanted.may_be_lists and is_list(cells.type) and is_ragged(cells.type.value_type):
        cells = pyarrow.chunked_array([_with_steps_of_one_size(cells.combine_chunks(), name, path)])
    kind = type_to_read(cells.type, wanted)
    if kind is None:
        is_date = types.is_timestamp(cells.type) or types.is_date(cells.type)
        advice = " Or give the column the kind `Date` in `columns`." if is_date and wanted.by is None else ""
        message = f'column "{name}": The cells have the type {cells.type}, but {needed(wanted)}.{advice}'
        raise DataError(message, file=path, columns=[name])
    if types.is_string(kind):
        written = distinct.changed(distinct.encoded(cells), lambda known: known.cast(kind))
        return _checked_text(written, wanted, name, path)
    if is_list(kind):
        _refuse_empty(cells.combine_chunks(), name, path)
    try:
        cells = cells.cast(kind)
        has_few = wanted.keeps_type and (types.is_date(kind) or types.is_boolean(kind))
        return distinct.encoded(cells) if has_few else cells
    except pyarrow.ArrowInvalid:
        raise _too_great(cells.combine_chunks(), name, path) from None


def _checked_text(cells: "pyarrow.ChunkedArray", wanted: Wanted, name: str, path: Place) -> "pyarrow.ChunkedArray":
    """Return encoded text, with null for missing cells, or refuse them."""
    from pyarrow import compute

    if wanted.is_target and compute.any(is_damaged := compute.match_substring(distinct.values(cells), "\0")).as_py():
        row = int(distinct.rows_with(cells, is_damaged).argmax())  # NumPy cannot tell such names apart.
        raise cell_error(path, row, name, message="It contains a NUL character.")
    if wanted.may_be_missing or not wanted.is_target:  # The name of a class may begin or end with a space.
        cells = distinct.changed(cells, compute.utf8_trim_whitespace)
    if wanted.may_be_missing:
        return distinct.changed(cells, lambda known: without_marks(known, wanted))
    if cells.null_count:
        raise cell_error(path, _first(compute.is_null(cells)), name, message=wanted.empty)
    refuse_missing(cells, wanted, name, path)
    return cells


def _of_size(lists: "pyarrow.Array", size: int, name: str, path: Place) -> "pyarrow.Array":
    """Return each cell of lists, nested or not, as a fixed-size list of its numbers.

    Raises:
        DataError: If a cell has another size, or if its inner lists have different sizes.

    """
    import numpy
    import pyarrow
    from pyarrow import compute

    numbers, is_irregular = flattened(lists)
    lengths = compute.list_value_length(numbers).to_numpy(zero_copy_only=False)
    if (is_other := is_irregular | (lengths != size)).any():
        row = int(numpy.argmax(is_other))
        if is_irregular[row]:
            raise cell_error(path, row, name, message="Its inner lists have another size than those of the first cell.")
        raise cell_error(path, row, name, message=f"It has {lengths[row]} numbers, but the `shape` has {size}.")
    return pyarrow.FixedSizeListArray.from_arrays(numbers.values, size)


def _with_steps_of_one_size(lists: "pyarrow.Array", name: str, path: Place) -> "pyarrow.Array":
    """Convert lists of lists of one size to a type that contains the size, which other writers may not use.

    Raises:
        DataError: If a list is empty, or has another size than the first one.

    """
    import numpy
    import pyarrow
    from pyarrow import compute

    steps = lists.flatten()
    if steps.null_count or not len(steps):
        return lists  # The caller reports it.
    sizes = compute.list_value_length(steps).to_numpy(zero_copy_only=False)
    if (other := sizes != sizes[0]).any():
        step = int(other.argmax())
        message = f"It has {sizes[step]} numbers, but the first one has {sizes[0]}."
        raise _cell_error(path, name, lists, step, message=message)
    if not sizes[0]:
        raise _cell_error(path, name, lists, 0, message="The list is empty.")
    ends = numpy.cumsum(compute.list_value_length(lists).to_numpy(zero_copy_only=False), dtype=numpy.int64)
    fixed = pyarrow.FixedSizeListArray.from_arrays(steps.flatten(), int(sizes[0]))
    return pyarrow.LargeListArray.from_arrays(pyarrow.array([0, *ends.tolist()], pyarrow.int64()), fixed)


def _refuse_empty(lists: "pyarrow.Array", name: str, path: Place) -> None:
    """Raise a `DataError` if a list is empty or contains a missing element."""
    from pyarrow import compute

    if (row := _first(compute.equal(compute.list_value_length(lists), 0))) >= 0:
        raise cell_error(path, row, name, message="The list is empty.")
    steps = lists.flatten()
    if steps.null_count:
        raise _cell_error(path, name, lists, _first(compute.is_null(steps)), message="It is missing.")
    if is_list(steps.type) and steps.flatten().null_count:
        step = _first(compute.is_null(steps.flatten())) // width(steps.type)
        raise _cell_error(path, name, lists, step, message="It contains a missing value.")


def _first(truths: "pyarrow.Array") -> int:
    """Return the index of the first true element, or -1."""
    from pyarrow import compute

    return compute.index(truths, value=True).as_py()


def _too_great(cells: "pyarrow.Array", name: str, path: Place) -> DataError:
    """Return the error for the first unsigned integer too large for int64."""
    import pyarrow
    from pyarrow import compute

    numbers, size = cells, 1
    while is_list(numbers.type):
        numbers, size = numbers.flatten(), size * width(numbers.type.value_type)
    index = _first(compute.greater(numbers, pyarrow.scalar(2**63 - 1, pyarrow.uint64())))
    return _cell_error(path, name, cells, index // size, message=f"{numbers[index]} is too large for int64.")


def _cell_error(path: Place, name: str, cells: "pyarrow.Array", index: int, *, message: str) -> DataError:
    """Return the error of a cell, or of the list element with this index in all flattened lists."""
    row, element = row_and_element(cells, index) if is_list(cells.type) else (index, None)
    return cell_error(path, row, name, element, message=message)
