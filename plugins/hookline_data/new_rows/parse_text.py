"""Cells of text as numbers or classes. Those that are not are found for all rows at once."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hookline.errors import quoted_cell
from hookline_data.new_rows.chunks import BadCells
from hookline_data.new_rows.roles import Role
from hookline_data.reading.columns import Place, Wanted
from hookline_data.reading.csv.complaints import complaint_about, is_read_as
from hookline_data.reading.csv.format import WRITTEN_FALSE as FALSE, WRITTEN_TRUE as TRUE
from hookline_data.reading.text_cells import INTEGER, NUMBER, with_points

if TYPE_CHECKING:
    import pyarrow
    from numpy.typing import NDArray

    Read = tuple[pyarrow.Array, list[BadCells]]

READ_AS = {"number": r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$", "integer": r"^-?[0-9]{1,18}$"}
"""Regular expressions for cells that pyarrow certainly reads as such a number."""

DOUBTFUL = r"(?i)^[+-]?([0-9]+|0x[0-9a-f]+|inf|infinity)$"
"""A regular expression for other cells that it may read."""


def numbers(name: str, cells: "pyarrow.Array", wanted: Wanted) -> "Read":
    """Return text as numbers or integers, as wanted, with 0 for cells that are neither, and these cells.

    True and False are 1 and 0; if `wanted.may_be_boolean` is false, only among cells of which none is a number.
    """
    import pyarrow
    from pyarrow import compute

    kind = pyarrow.int64() if wanted.kind == "integer" else pyarrow.float64()
    text = compute.utf8_trim(compute.fill_null(cells, ""), " \t")
    is_missing = _is_missing(text, wanted) if wanted.may_be_missing else None
    text = with_points(text, wanted.decimal_point)
    is_true, is_false = (compute.is_in(text, value_set=pyarrow.array(words)) for words in (TRUE, FALSE))
    is_other = compute.invert(compute.or_(is_true, is_false))
    if is_missing is not None:
        is_other = compute.and_(is_other, compute.invert(is_missing))
    if wanted.may_be_boolean or not compute.any(is_other).as_py():
        text = compute.if_else(is_true, "1", compute.if_else(is_false, "0", text))
    is_read = compute.match_substring_regex(text, READ_AS[wanted.kind])
    others = text.filter(compute.invert(is_read)).unique()
    doubtful = others.filter(compute.match_substring_regex(others, DOUBTFUL)).to_pylist()
    if also := [cell for cell in doubtful if is_read_as(wanted.kind, cell)]:
        is_read = compute.or_(is_read, compute.is_in(text, value_set=pyarrow.array(also)))
    found = compute.cast(compute.if_else(is_read, text, "0"), kind)
    if is_missing is not None:
        found = compute.if_else(is_missing, pyarrow.scalar(None, kind), found)
        is_read = compute.or_(is_read, is_missing)

    def explain(row: int) -> tuple[str, None]:
        return complaint_about(cells[row].as_py() or "", wanted), None

    return found, BadCells.where(name, ~_mask(is_read), explain)


def column_of_numbers(cells: "pyarrow.ChunkedArray", name: str, wanted: Wanted, place: Place) -> "pyarrow.ChunkedArray":
    """Return a whole column of text as numbers. Raise a `DataError` for the first cell that is not one."""
    import pyarrow

    found, bad = numbers(name, cells.combine_chunks(), wanted)
    if bad:
        raise bad[0].error(0, 1, place)
    return pyarrow.chunked_array([found])


def class_names(name: str, cells: "pyarrow.Array", role: Role) -> "Read":
    """Return the names of classes, with the first class for cells that are not a class, and these cells."""
    import pyarrow
    from pyarrow import compute

    assert role.classes is not None
    known = pyarrow.array([str(one) for one in role.classes], pyarrow.string())
    text = compute.fill_null(cells, "")
    # A name may begin or end with a space in a Parquet file.
    text = compute.if_else(compute.is_in(text, value_set=known), text, compute.utf8_trim_whitespace(text))
    is_known = compute.is_in(text, value_set=known)

    def explain(row: int) -> tuple[str, None]:
        return _unseen(text[row].as_py(), role.wanted), None

    return compute.if_else(is_known, text, known[0]), BadCells.where(name, ~_mask(is_known), explain)


def class_numbers(name: str, cells: "pyarrow.Array", role: Role) -> "Read":
    """Return classes that are integers, with the first class for cells that are not a class, and these cells.

    A whole number such as 3.0 is an integer. True and False are 1 and 0.
    """
    import pyarrow
    from pyarrow import compute

    text = compute.utf8_trim_whitespace(compute.fill_null(cells, ""))
    number = with_points(text, role.wanted.decimal_point)
    number = compute.if_else(compute.is_in(number, value_set=pyarrow.array(TRUE)), "1", number)
    number = compute.if_else(compute.is_in(number, value_set=pyarrow.array(FALSE)), "0", number)
    is_short = compute.and_(
        compute.match_substring_regex(number, INTEGER), compute.less_equal(compute.utf8_length(number), 18)
    )
    integers = compute.cast(compute.if_else(is_short, number, "0"), pyarrow.int64())
    if not compute.all(is_short).as_py():
        # Floats such as "3.0" are rare, and so are classes of 19 digits.
        is_other = compute.and_(compute.invert(is_short), compute.match_substring_regex(number, NUMBER))
        pairs = {cell: _integer(cell) for cell in number.filter(is_other).unique().to_pylist()}
        whole = {cell: integer for cell, integer in pairs.items() if integer is not None}
        position = compute.index_in(number, value_set=pyarrow.array(list(whole), pyarrow.string()))
        others = pyarrow.array(list(whole.values()), pyarrow.int64()).take(position)
        is_other = compute.is_valid(position)
        integers = compute.if_else(is_other, others, integers)
        is_short = compute.or_(is_short, is_other)
    known = pyarrow.array(role.classes, pyarrow.int64())
    is_known = compute.and_(is_short, compute.is_in(integers, value_set=known))

    def explain(row: int) -> tuple[str, None]:
        return _unseen(text[row].as_py(), role.wanted), None

    return compute.if_else(is_known, integers, known[0]), BadCells.where(name, ~_mask(is_known), explain)


def texts(name: str, cells: "pyarrow.Array", wanted: Wanted) -> "Read":
    """Return the text without whitespace around it, and the cells that are missing."""
    import pyarrow
    from pyarrow import compute

    text = compute.utf8_trim_whitespace(compute.fill_null(cells, ""))
    is_missing = _is_missing(text, wanted)
    if wanted.may_be_missing:
        return compute.if_else(is_missing, pyarrow.scalar(None, pyarrow.string()), text), []

    def explain(row: int) -> tuple[str, None]:
        return _missing(text[row].as_py(), wanted), None

    return text, BadCells.where(name, _mask(is_missing), explain)


def are_missing(cells: "pyarrow.Array", marks: Sequence[str]) -> "NDArray[Any]":
    """Return which cells of any type are missing: null, NaN, empty text, or one of these texts."""
    import pyarrow
    from pyarrow import compute, types

    is_missing = cells.is_null()
    if types.is_string(cells.type) or types.is_large_string(cells.type) or types.is_string_view(cells.type):
        text = compute.utf8_trim_whitespace(cells.cast(pyarrow.string()))
        is_missing = compute.or_(is_missing, compute.is_in(text, value_set=pyarrow.array(("", *marks))))
    elif types.is_floating(cells.type):
        is_missing = compute.or_(is_missing, compute.fill_null(compute.is_nan(cells), fill_value=False))
    found: NDArray[Any] = _mask(is_missing)
    return found


def _is_missing(text: "pyarrow.Array", wanted: Wanted) -> "pyarrow.Array":
    """Return whether each cell of stripped text is missing."""
    import pyarrow
    from pyarrow import compute

    return compute.is_in(text, value_set=pyarrow.array(("", *wanted.missing), pyarrow.string()))


def _integer(cell: str) -> int | None:
    """Return the integer that a cell is, if it is one of 64 bits."""
    number = float(cell) if not cell.lstrip("+-").isdigit() else int(cell)
    return int(number) if abs(number) < 2**63 and number == int(number) else None


def _missing(cell: str, wanted: Wanted) -> str:
    return wanted.missing_mark(cell, 0) if cell else wanted.empty


def _unseen(cell: str, wanted: Wanted) -> str:
    if not cell or cell in wanted.missing:
        return _missing(cell, wanted)
    return f"The class {quoted_cell(cell)} does not occur in the training split."


def _mask(truths: "pyarrow.Array") -> Any:
    return truths.to_numpy(zero_copy_only=False)
