"""How numbers and truth values are written in the cells of a CSV file: drafts of specs and data sources agree on it."""

WRITTEN_TRUE, WRITTEN_FALSE = ("True", "true", "TRUE"), ("False", "false", "FALSE")
"""How truth values are written: they are 1 and 0 in a column that has nothing else."""

WRITTEN_NUMBER = r"[+-]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?"
"""A regular expression for a finite number. "007" is a code."""

WRITTEN_NOT_FINITE = r"[+-]?(?i:nan|inf|infinity)"
"""A regular expression for what is taken for a number, and is not finite."""

MOST_CELL_LINES = 4
"""How many lines a cell has at most, so that a quote that is not closed does not make a cell of many rows: about as
many as an address."""
