"""Decide whether the text cells of a column are booleans, integers, floats or text."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from hookline_data.arrow_columns import distinct
from hookline_data.reading.columns import Wanted
from hookline_data.reading.csv.format import WRITTEN_FALSE as FALSE, WRITTEN_TRUE as TRUE
from hookline_data.reading.text_cells import (
    INTEGER,
    NUMBER,
    refuse_missing,
    refuse_text_among_numbers,
    with_points,
    without_marks,
)

if TYPE_CHECKING:
    import pyarrow


def classified(
    column: "pyarrow.ChunkedArray", wanted: Wanted, name: str, path: Path, noun: str = "cells"
) -> "pyarrow.ChunkedArray":
    """Return encoded text without spaces around it, or, unless text is wanted, numbers if all cells are such.

    Codes such as "01" and "0x1F" stay text, so that different cells never become the same class. Integers stay text if
    one is too large for int64, such as an account number, since floats would be rounded.
    """
    import pyarrow
    from pyarrow import compute

    cells = distinct.changed(column, compute.utf8_trim_whitespace)
    if wanted.may_be_missing:
        cells = distinct.changed(cells, lambda known: without_marks(known, wanted))
    else:
        refuse_missing(cells, wanted, name, path)
    if wanted.kind == "text":
        return cells
    whole = distinct.values(cells)
    written = pyarrow.array((*TRUE, *FALSE))
    if wanted.may_be_boolean and compute.all(compute.is_in(whole, value_set=written)).as_py():
        return distinct.decoded(distinct.changed(cells, as_integers))
    numbers = with_points(whole, wanted.decimal_point)
    for pattern, kind in ((INTEGER, pyarrow.int64()), (NUMBER, pyarrow.float64())):
        if compute.all(compute.match_substring_regex(numbers, pattern)).as_py():
            try:
                return distinct.decoded(distinct.changed(cells, partial(_as_numbers, wanted, kind)))
            except pyarrow.ArrowInvalid:
                return cells
    if not wanted.is_known:
        refuse_text_among_numbers(cells, wanted, name, path, noun)
    return cells


def as_integers(written: "pyarrow.Array") -> "pyarrow.Array":
    """Return 1 for True and 0 for False; null for a missing cell."""
    import pyarrow
    from pyarrow import compute

    are_true = compute.is_in(written, value_set=pyarrow.array(TRUE))
    return compute.cast(compute.if_else(compute.is_valid(written), are_true, None), pyarrow.int64())


def _as_numbers(wanted: Wanted, kind: "pyarrow.DataType", written: "pyarrow.Array") -> "pyarrow.Array":
    """Return numbers in text as numbers of a type."""
    from pyarrow import compute

    return compute.cast(with_points(written, wanted.decimal_point), kind)
