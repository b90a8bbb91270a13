"""What becomes of each column that is not the target: its kind, or why it is left out."""

import re
from collections.abc import Mapping
from typing import Any

from hookline.errors import counted, shortened
from hookline.spec import as_toml
from hookline_data.draft.columns import Column

COUNTS_ROWS = "it counts the rows"
"""Why a column of row numbers is left out."""

LONGEST_CELL = 40
"""The maximum number of characters of a cell in a message."""

FEW = 10
"""The largest number of categories that each get an input, whatever their frequency."""

MANY = 30
"""The largest number of inputs that a column of categories becomes."""

RARE = 20
"""A category in fewer rows may not occur in the training rows."""

FEWEST = 5
"""The smallest number of rows of a category that is not put together with others."""

WORDS_OF_TEXT = 3
"""The smallest mean number of words in free text."""

PLACES = 128
"""The number of inputs that free text becomes."""

TOLD = 0.05
"""The share of missing cells from which an input says where they are."""

IDENTIFIER = re.compile(r"(^|[ ._-])id$|[a-z]I[dD]$|^ID$")
"""The names of columns that identify rows, such as `id`, `customer_id` and `PassengerId`."""

Kind = Mapping[str, Any]
"""An entry of `[data.columns]`."""


def why_left_out(column: Column) -> str | None:
    """Return why a column cannot be an input; `None` if it can."""
    if not column.name:
        return f"column {column.index + 1} has no name"
    if column.kind == "other":
        return column.why
    if column.kind == "list":
        return "its cells are lists: see the inputs of the data source"
    if column.is_running:
        return COUNTS_ROWS
    if column.missing == column.rows:
        return "it is empty"
    if column.kind in ("integer", "text") and IDENTIFIER.search(column.name) and column.distinct > FEW:
        return "by its name, it identifies rows"
    if column.not_finite:
        return f"{counted(column.not_finite, 'number')} {'is' if column.not_finite == 1 else 'are'} not finite"
    only = next(iter(column.counts))
    if column.distinct == 1 and not column.missing:
        return f"it is {f'{column.low:g}' if column.is_numeric else quoted(only)} in all rows"
    if column.kind == "text" and _is_of_names(column):
        return f"{column.distinct:,} of its {column.rows:,} cells are different, such as {quoted(only)}"
    return None


def kind_of(column: Column) -> Kind:
    """Return the kind of a column that is an input."""
    if column.distinct == 1:
        return {"type": "OneHotEncoder", "missing": "category"}
    if column.is_numeric:
        return {"type": "StandardScaler", **_filled(column, "median"), **column.form}
    if column.kind == "boolean":
        return {"type": "Boolean", **_filled(column, "most_frequent")}
    if column.kind == "time":
        return {"type": "Date", **_filled(column, "median"), **column.form, **_parts(column)}
    if _is_free_text(column):
        return {"type": "HashingVectorizer", "n_features": PLACES, **({"missing": ""} if column.missing else {})}
    kind = {"type": "OneHotEncoder", **({"missing": "category"} if column.missing else {})}
    if column.distinct > FEW:
        rare = {"min_frequency": FEWEST} if min(column.counts.values()) < 2 * FEWEST else {}
        most = {"max_categories": MANY} if column.distinct > MANY else {}
        unknown = "infrequent_if_exist" if rare or most else "ignore"
        return {**kind, **rare, **most, "handle_unknown": unknown}
    return {**kind, "handle_unknown": "ignore"} if min(column.counts.values()) < RARE else kind


def _filled(column: Column, by: str) -> Kind:
    if not column.missing:
        return {}
    return {"missing": by, **({"indicator": True} if column.missing >= TOLD * column.rows else {})}


def _parts(column: Column) -> Kind:
    """Return the parts of dates, if they have a time of day."""
    return {"parts": ["year", "month", "day", "weekday", "hour"]} if column.has_clock else {}


def _is_free_text(column: Column) -> bool:
    return column.distinct > max(MANY, 0.2 * column.rows) and column.words >= WORDS_OF_TEXT


def _is_of_names(column: Column) -> bool:
    """Whether almost every row has a text of its own, such as a name."""
    if column.distinct <= FEW and column.distinct <= column.rows / 2:
        return False
    return not _is_free_text(column) and (
        column.distinct > (column.rows - column.missing) / 2 or max(column.counts.values()) < FEWEST
    )


def quoted(cell: str) -> str:
    """Return a cell in quotes, shortened."""
    return as_toml(shortened(cell, LONGEST_CELL))
