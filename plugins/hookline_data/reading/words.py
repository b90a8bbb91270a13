"""Tell words from numbers in the first rows of a table."""

import re
from collections.abc import Sequence
from typing import Any

from hookline_data.reading.csv.format import DECIMAL_COMMA, MISSING_MARKS
from hookline_data.reading.text_cells import NUMBER, with_point

NO_WORDS = frozenset(
    ["true", "false", "yes", "no", "t", "f", "y", "n", "nil", *(mark.lower() for mark in MISSING_MARKS)]
)
"""Words that may mean something other than text, in lower case."""


def is_word(cell: str, decimal_point: str = ".") -> bool:
    """Whether a cell is neither a number nor a boolean nor a mark for a missing value."""
    if decimal_point == "." and re.match(DECIMAL_COMMA, cell):
        return True
    is_number = re.match(NUMBER, with_point(cell, decimal_point))
    return any(map(str.isalpha, cell)) and cell.lower() not in NO_WORDS and not is_number


def first_word(cells: Sequence[Any]) -> tuple[int, str] | None:
    """Return the first word in a column of text and its index; `None` if there is none, or if there are numbers.

    >>> first_word(["", "red", "NA"]), first_word(["1", "red"]), first_word([1, 2])
    ((1, 'red'), None, None)
    """
    texts = {row: cell.strip() for row, cell in enumerate(cells) if isinstance(cell, str)}
    if any(re.match(NUMBER, cell) for cell in texts.values()):
        return None
    return next(((row, cell) for row, cell in texts.items() if is_word(cell)), None)
