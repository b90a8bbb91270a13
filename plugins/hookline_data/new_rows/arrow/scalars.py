"""Check columns of single cells: numbers, integers, text and classes."""

from typing import TYPE_CHECKING, Any

from hookline.errors import DataError
from hookline_data.new_rows import parse_text
from hookline_data.new_rows.chunks import BadCells, Explain
from hookline_data.new_rows.roles import Role
from hookline_data.reading.arrow_types import needed, type_to_read
from hookline_data.reading.columns import Place, Wanted
from hookline_data.reading.csv.format import WRITTEN_FALSE, WRITTEN_TRUE

if TYPE_CHECKING:
    import pyarrow

    Read = tuple[pyarrow.Array, list[BadCells]]


def empty(wanted: Wanted) -> Explain:
    """Return a function that explains empty cells."""
    return lambda _: (wanted.empty, None)


def scalars(name: str, cells: "pyarrow.Array", wanted: Wanted, place: Place) -> "Read":
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
        raise other_type(name, cells, wanted, place)
    if is_float and (wanted.may_be_missing or wanted.kind == "text"):
        cells = compute.if_else(compute.is_nan(cells), pyarrow.scalar(None, cells.type), cells)
    is_null = cells.is_null()
    if wanted.may_be_missing or wanted.kind == "text":
        bad = [] if wanted.may_be_missing else BadCells.where(name, mask(is_null), empty(wanted))
        return cells.cast(kind), bad
    filled = compute.if_else(is_null, pyarrow.scalar(0).cast(cells.type), cells) if cells.null_count else cells
    bad = BadCells.where(name, mask(is_null), empty(wanted))
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


def classes(name: str, cells: "pyarrow.Array", role: Role, place: Place) -> "Read":
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
        raise other_type(name, cells, role.wanted, place)
    read = parse_text.class_names if is_of_names else parse_text.class_numbers
    return read(name, cells.cast(pyarrow.string()), role)


def _is_text(kind: "pyarrow.DataType") -> bool:
    from pyarrow import types

    return types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind)


def other_type(name: str, cells: "pyarrow.Array", wanted: Wanted, place: Place) -> DataError:
    """Return the error about a column whose type cannot be what is needed."""
    message = f'column "{name}": The cells have the type {cells.type}, but {needed(wanted)}.'
    return DataError(message, file=place, columns=[name])


def mask(values: "pyarrow.Array") -> Any:
    """Return booleans, or numbers, as an array of NumPy."""
    return values.to_numpy(zero_copy_only=False)
