"""Check columns of Arrow: each cell becomes what the model or the target needs, or is reported."""

from typing import TYPE_CHECKING, Any

from attrs import evolve

from hookline.errors import DataError
from hookline_data.arrow_columns.nested import flattened
from hookline_data.new_rows import parse_text
from hookline_data.new_rows.chunks import EMPTY, BadCells, Chunk, Explain
from hookline_data.new_rows.roles import Role
from hookline_data.new_rows.transform import parsed
from hookline_data.reading.arrow_types import needed, type_to_read
from hookline_data.reading.cells import is_list, is_ragged
from hookline_data.reading.columns import Place, Wanted
from hookline_data.reading.csv.format import WRITTEN_FALSE, WRITTEN_TRUE

if TYPE_CHECKING:
    import pyarrow
    from numpy.typing import NDArray

    Read = tuple[pyarrow.Array, list[BadCells]]


def _empty(wanted: Wanted) -> Explain:
    """Return a function that explains empty cells."""
    return lambda _: (wanted.empty, None)


def checked(chunk: Chunk, roles: dict[str, Role], place: Place) -> Chunk:
    """Return the rows with columns of the types that their roles need. A cell that cannot be read gets a valid value.

    Raises:
        DataError: If a column has a type that cannot be what is needed.

    """
    import pyarrow

    columns, bad = {}, list(chunk.bad)
    for name, role in roles.items():
        cells = chunk.columns[name]
        found: list[BadCells] = []
        if not _is_ready(cells, role):
            array, found = _checked(name, cells.combine_chunks(), role, place)
            cells = pyarrow.chunked_array([array])
        if role.kind is not None:
            array, unread = parsed(name, role.kind, cells, place)
            cells = pyarrow.chunked_array([array])
            found += unread
        if role.drops_missing:
            is_missing = parse_text.are_missing(chunk.columns[name].combine_chunks(), role.wanted.missing)
            found = [rest for one in found for rest in one.outside(is_missing)]
            found += BadCells.where(name, is_missing, lambda _: EMPTY, "target")
        bad += found
        columns[name] = cells
    return Chunk(chunk.rows, columns, chunk.kept, bad)


def _is_ready(cells: "pyarrow.ChunkedArray", role: Role) -> bool:
    """Whether the cells need no check, as those of a CSV file that was read as numbers."""
    from pyarrow import types

    is_ready = {"number": types.is_float64, "integer": types.is_int64}.get(role.wanted.kind)
    has_gaps = cells.null_count > 0 or role.wanted.may_be_missing  # NaN may be a missing cell, too.
    return not role.is_list and is_ready is not None and is_ready(cells.type) and not has_gaps


def _checked(name: str, cells: "pyarrow.Array", role: Role, place: Place) -> "Read":
    import pyarrow
    from pyarrow import types

    if types.is_null(cells.type):
        kind = pyarrow.list_(_of_missing(role.wanted)) if role.is_list else pyarrow.string()
        cells = pyarrow.nulls(len(cells), kind)
    if role.steps is not None:
        if not is_list(cells.type):
            message = f'The cells of "{name}" have the type {cells.type}, but they must be lists: sequences of numbers.'
            raise DataError(message, file=place, columns=[name])
        return _sequences(name, cells, role, place)
    if is_list(cells.type):
        bad: list[BadCells] = []
        if is_list(cells.type.value_type):
            cells, is_irregular = flattened(cells)
            bad = BadCells.where(name, is_irregular, lambda _: ("Its inner lists have different sizes.", None))
        size = _size(cells) if role.size is None else role.size
        read, unread = _lists_of_one_size(name, cells, size, role.wanted, place)
        return read, [*bad, *unread]
    if role.size not in (1, None):
        message = f'The cells of "{name}" have the type {cells.type}, but they must be lists of {role.size} numbers.'
        raise DataError(message, file=place, columns=[name])
    if role.classes is not None:
        return _classes(name, cells, role, place)
    return _scalars(name, cells, role.wanted, place)


def _scalars(name: str, cells: "pyarrow.Array", wanted: Wanted, place: Place) -> "Read":
    """Return numbers, integers or text."""
    import pyarrow
    from pyarrow import compute, types

    if _is_text(cells.type):
        cells = cells.cast(pyarrow.string())
        return (parse_text.texts if wanted.kind == "text" else parse_text.numbers)(name, cells, wanted)
    if types.is_decimal(cells.type):
        cells = cells.cast(pyarrow.float64())
    is_float = types.is_floating(cells.type)
    kind = pyarrow.int64() if is_float and wanted.kind == "integer" else type_to_read(cells.type, wanted)
    if kind is None:
        raise _other_type(name, cells, wanted, place)
    if is_float and (wanted.may_be_missing or wanted.kind == "text"):
        cells = compute.if_else(compute.is_nan(cells), pyarrow.scalar(None, cells.type), cells)
    is_null = cells.is_null()
    if wanted.may_be_missing or wanted.kind == "text":
        bad = [] if wanted.may_be_missing else BadCells.where(name, _mask(is_null), _empty(wanted))
        return cells.cast(kind), bad
    filled = compute.if_else(is_null, pyarrow.scalar(0).cast(cells.type), cells) if cells.null_count else cells
    bad = BadCells.where(name, _mask(is_null), _empty(wanted))
    try:
        return filled.cast(kind), bad
    except pyarrow.ArrowInvalid:
        pass
    # An unsigned integer is too large for int64, or a float is not an integer.
    numbers = filled.to_numpy(zero_copy_only=False)
    if is_float:
        numbers = numbers.astype("float64")
        is_bad = ~((abs(numbers) < 2.0**63) & (numbers == numbers.round()))
    else:
        is_bad = numbers > 2**63 - 1
    what = "is not an integer" if is_float else "is too large for int64"
    numbers = numbers.copy()
    numbers[is_bad] = 0
    unread = BadCells.where(name, is_bad, lambda row: (f"{cells[row]} {what}.", None))
    return pyarrow.array(numbers.astype("int64")), [*bad, *unread]


def _classes(name: str, cells: "pyarrow.Array", role: Role, place: Place) -> "Read":
    """Return classes, as text or integers."""
    import pyarrow
    from pyarrow import compute, types

    is_of_names = role.wanted.kind == "text"
    if types.is_boolean(cells.type):
        spelled = [
            (no, yes) for no, yes in zip(WRITTEN_FALSE, WRITTEN_TRUE, strict=True) if yes in (role.classes or ())
        ]
        no, yes = spelled[0] if spelled else (WRITTEN_FALSE[0], WRITTEN_TRUE[0])
        cells = compute.if_else(cells, yes, no)
    elif types.is_integer(cells.type) or (not is_of_names and types.is_floating(cells.type)):
        cells = compute.cast(cells, pyarrow.string())
    elif not _is_text(cells.type):
        raise _other_type(name, cells, role.wanted, place)
    read = parse_text.class_names if is_of_names else parse_text.class_numbers
    return read(name, cells.cast(pyarrow.string()), role)


def _lists_of_one_size(name: str, lists: "pyarrow.Array", size: int, wanted: Wanted, place: Place) -> "Read":
    """Return lists of `size` numbers each as a column of fixed-size lists."""
    import numpy
    import pyarrow

    numbers, lengths, bad = _elements(name, lists, wanted, place)
    is_null = _mask(lists.is_null())
    is_other = (lengths != size) & ~is_null
    bad += BadCells.where(name, is_other, lambda row: (f"It has {lengths[row]} numbers, but must have {size}.", None))
    if (lengths == size).all():
        return pyarrow.FixedSizeListArray.from_arrays(numbers, size), bad
    cells = numbers.to_numpy(zero_copy_only=False)
    filled = numpy.zeros((len(lists), size), dtype=cells.dtype)
    filled[lengths == size] = cells[numpy.repeat(lengths == size, lengths)].reshape(-1, size)
    return pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(filled.ravel()), size), bad


def _sequences(name: str, lists: "pyarrow.Array", role: Role, place: Place) -> "Read":
    """Return lists of any length, of numbers or of lists of one size."""
    import numpy
    import pyarrow

    wanted = role.wanted
    steps, lengths, bad = _elements(name, lists, wanted, place, size=role.steps)
    is_null = _mask(lists.is_null())
    bad += BadCells.where(name, (lengths == 0) & ~is_null, lambda _: ("The list is empty.", None))
    ends = numpy.concatenate([[0], numpy.cumsum(lengths, dtype=numpy.int64)])
    return pyarrow.LargeListArray.from_arrays(pyarrow.array(ends, pyarrow.int64()), steps), bad


def _elements(
    name: str, lists: "pyarrow.Array", wanted: Wanted, place: Place, size: int | None = None
) -> "tuple[pyarrow.Array, NDArray[Any], list[BadCells]]":
    """Return all elements of lists, checked, the number of elements of each list, and what cannot be read.

    A `size` above 0 means that the elements are lists with that many numbers.
    """
    import numpy
    from pyarrow import compute, types

    if types.is_fixed_size_list(lists.type):
        lengths = numpy.where(_mask(lists.is_valid()), lists.type.list_size, 0)
        elements = lists.drop_null().flatten()
    else:
        lengths = _mask(compute.fill_null(compute.list_value_length(lists), 0)).astype(numpy.int64)
        elements = lists.flatten()
    if types.is_null(elements.type):
        elements = elements.cast(_of_missing(wanted))
    is_nested = is_list(elements.type)
    if is_nested != bool(size):
        raise _other_type(name, lists, wanted, place)
    if size:
        elements, unread = _lists_of_one_size(name, elements, size, wanted, place)
    else:
        elements, unread = _scalars(name, elements, evolve(wanted, may_be_lists=False), place)
    ends = numpy.cumsum(lengths)
    bad = BadCells.where(name, _mask(lists.is_null()), _empty(wanted))
    bad += [cells.of_lists(ends) for cells in unread]
    return elements, lengths, bad


def _size(lists: "pyarrow.Array") -> int:
    """Return the size of the lists: that of the first one that is not empty."""
    from pyarrow import compute

    if not is_ragged(lists.type):
        return int(lists.type.list_size)
    lengths = _mask(compute.fill_null(compute.list_value_length(lists), 0))
    return int(lengths[(lengths > 0).argmax()]) if len(lengths) else 0


def _of_missing(wanted: Wanted) -> "pyarrow.DataType":
    """Return the type of elements that are all missing."""
    import pyarrow

    return pyarrow.int64() if wanted.kind == "integer" else pyarrow.float64()


def _is_text(kind: "pyarrow.DataType") -> bool:
    from pyarrow import types

    return types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind)


def _other_type(name: str, cells: "pyarrow.Array", wanted: Wanted, place: Place) -> DataError:
    message = f'column "{name}": The cells have the type {cells.type}, but {needed(wanted)}.'
    return DataError(message, file=place, columns=[name])


def _mask(values: "pyarrow.Array") -> Any:
    return values.to_numpy(zero_copy_only=False)
