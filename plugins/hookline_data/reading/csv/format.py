"""The format of numbers, booleans and missing values in CSV cells, shared by data sources and drafts of specs."""

WRITTEN_TRUE, WRITTEN_FALSE = ("True", "true", "TRUE"), ("False", "false", "FALSE")
"""Booleans, read as 1 and 0 in a column that contains nothing else."""

WRITTEN_NUMBER = r"[+-]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?"
"""A regular expression for a finite number. "007" is not a number but a code."""

WRITTEN_NOT_FINITE = r"[+-]?(?i:nan|inf|infinity)"
"""A regular expression for a number that is not finite."""

DECIMAL_COMMA = (
    r"^[+-]?(0?,[0-9]+|[0-9]+,([0-9]{1,2}|[0-9]{4,})|[0-9]{4,},[0-9]+|[0-9]{1,3}([.' ][0-9]{3})+,[0-9]+)"
    r"([eE][+-]?[0-9]+)?$"
)
"""A regular expression for a number with a decimal comma: one that does not group three digits."""

MISSING_MARKS = (
    *("", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "NAN"),
    *("null", "Null", "NULL", "None", "?", "-", "."),
)
"""Cells that count as missing values: neither numbers nor class names.

"none" is not included, because it is a common class name. Among numbers it is an error anyway.
"""

MOST_CELL_LINES = 4
"""The largest number of lines in a cell, so that an unclosed quote does not turn many rows into one cell. An address
has about as many."""

LONGEST_ROW = 64 * 2**20
"""The largest number of bytes of a row, so that an unclosed quote does not take all memory."""
