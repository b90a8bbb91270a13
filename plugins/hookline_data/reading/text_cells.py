"""Find cells of text that are not what they should be: missing values, and words among numbers."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hookline.errors import quoted_cell
from hookline_data.arrow_columns import distinct
from hookline_data.reading.columns import Place, Wanted, cell_error
from hookline_data.reading.csv.format import (
    MISSING_MARKS,
    WRITTEN_FALSE,
    WRITTEN_NOT_FINITE,
    WRITTEN_NUMBER,
    WRITTEN_TRUE,
)

if TYPE_CHECKING:
    import pyarrow
    from numpy.typing import NDArray

INTEGER = r"^-?(0|[1-9][0-9]*)$"
"""A regular expression for integers in a text file, as pyarrow reads them: without a plus sign."""
NUMBER = rf"^({WRITTEN_NUMBER}|{WRITTEN_NOT_FINITE})$"
"""A regular expression for numbers in a text file."""
CODE = r"^[0-9A-Za-z]*[0-9][0-9A-Za-z]*$"
"""A regular expression for codes that are not numbers, such as "01" and "0x1F"."""


def with_point(cell: str, decimal_point: str) -> str:
    """Return a number in text with "." as its decimal sign; text with another one is then not a number.

    >>> with_point("1,5", ","), with_point("1.5", ",")
    ('1.5', '1..5')
    """
    return cell if decimal_point == "." else cell.replace(".", "..").replace(decimal_point, ".")


def with_points(cells: "pyarrow.Array", decimal_point: str) -> "pyarrow.Array":
    """Return numbers in text with "." as their decimal sign: see `with_point`."""
    from pyarrow import compute

    if decimal_point == ".":
        return cells
    return compute.replace_substring(compute.replace_substring(cells, ".", ".."), decimal_point, ".")


def refuse_missing(cells: "pyarrow.ChunkedArray", wanted: Wanted, name: str, path: Place) -> None:
    """Raise a `DataError` if a cell of encoded text is empty or counts as a missing value."""
    import pyarrow
    from pyarrow import compute

    known = distinct.values(cells)
    if compute.index(known, "").as_py() >= 0:
        row = int(distinct.rows_with(cells, compute.equal(known, "")).argmax())
        raise cell_error(path, row, name, message=wanted.empty)
    is_missing = compute.is_in(known, value_set=pyarrow.array(wanted.missing, pyarrow.string()))
    if compute.any(is_missing).as_py():
        rows = distinct.rows_with(cells, is_missing)
        row = int(rows.argmax())
        mark = distinct.decoded(cells)[row].as_py()
        error = cell_error(path, row, name, message=wanted.missing_mark(mark, int(rows.sum()) - 1))
        raise error if wanted.missing == MISSING_MARKS else error.changed(option=("missing_marks",))


def without_marks(cells: "pyarrow.Array", wanted: Wanted) -> "pyarrow.Array":
    """Return stripped text, with null for cells that are empty or count as a missing value."""
    import pyarrow
    from pyarrow import compute

    is_missing = compute.is_in(cells, value_set=pyarrow.array(("", *wanted.missing), pyarrow.string()))
    return compute.if_else(is_missing, pyarrow.scalar(None, cells.type), cells)


def refuse_text_among_numbers(
    cells: "pyarrow.ChunkedArray", wanted: Wanted, name: str, path: Place, noun: str = "cells"
) -> None:
    """Raise a `DataError` if most cells of encoded text are numbers and a few are words, probably missing values.

    `noun` is what the message calls the cells.

    Only distinct cells are counted. A code of letters and digits, such as "01" or "3a", is not a word. An empty
    `missing_marks` disables this check.
    """
    from pyarrow import compute

    if not wanted.missing:
        return
    different = with_points(distinct.values(cells).unique(), wanted.decimal_point)
    numbers = compute.sum(compute.match_substring_regex(different, NUMBER)).as_py() or 0
    if numbers * 2 <= len(different):
        return
    written = with_points(distinct.values(cells), wanted.decimal_point)
    is_word = compute.invert(compute.match_substring_regex(written, rf"{NUMBER}|{CODE}"))
    if compute.any(is_word).as_py():
        row = int(distinct.rows_with(cells, is_word).argmax())
        others = int(distinct.rows_with(cells, compute.match_substring_regex(written, NUMBER)).sum())
        raise cell_error(
            path,
            row,
            name,
            message=f"{quoted_cell(distinct.decoded(cells)[row].as_py())} is not a number, but {others:,} other {noun} "
            f"of the column are: fill it in or remove the row; if it is a class name, set `missing_marks = []`.",
        )


def is_text(cells: "NDArray[Any]") -> bool:
    """Whether the cells are text."""
    return cells.dtype.kind == "U"


def refuse_text(cells: "NDArray[Any]", name: str, path: Path, known_path: Path) -> None:
    """Raise a `DataError` if the cells are text, but the same column has numbers in another file."""
    if is_text(cells):
        written = {*WRITTEN_TRUE, *WRITTEN_FALSE}
        row = next((row for row, cell in enumerate(cells.tolist()) if not _is_number(cell) and cell not in written), 0)
        raise cell_error(
            path, row, name, message=f"{quoted_cell(cells[row])} is text, but the column has numbers in {known_path}."
        )


def _is_number(cell: str) -> bool:
    """Whether the cell is a number; an integer too large for int64 counts as text, as the reader treats it."""
    return bool(re.match(NUMBER, cell)) and not (re.match(INTEGER, cell) and not -(2**63) <= int(cell) < 2**63)
