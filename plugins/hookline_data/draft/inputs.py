"""Choose the kind of each column that is not the target, or the reason to leave it out."""

import math
import re
from collections.abc import Mapping
from typing import Any

from hookline.errors import counted, shortened
from hookline.spec import as_toml
from hookline_data.draft.columns import Column
from hookline_data.splitting.names import SPLITS, split_called

COUNTS_ROWS = "it counts the rows"
"""Why a column of row numbers is left out."""

LONGEST_CELL = 40
"""The maximum number of characters of a cell in a message."""

FEW = 10
"""The largest number of different cells that count as categories, whatever their frequency."""

MANY = 100
"""The largest number of inputs that a column of categories becomes; of more, rare ones are put together."""

RARE = 20
"""A category in fewer rows may not occur in the training rows."""

FEWEST = 5
"""The smallest number of rows of a category that is not put together with others."""

VARIED = 30
"""Free text has more different cells than this."""

WORDS_OF_TEXT = 3
"""The smallest mean number of words in free text."""

ROWS_PER_PLACE = 16
"""Free text becomes an input for at least this many rows, so that few rows do not have many inputs."""

FEWEST_PLACES, MOST_PLACES = 8, 256
"""The smallest and the largest number of inputs that free text becomes, a power of 2."""

WEB = re.compile(r"https?://|www[.]")
"""The beginning of web addresses."""

TOLD = 0.05
"""The share of missing cells from which an input says where they are."""

IDENTIFIER = re.compile(r"(^|[ ._-])id$|[a-z]I[dD]$|^ID$")
"""The names of columns that identify rows, such as `id`, `customer_id` and `PassengerId`."""

TIME = re.compile(r"(^|[^a-z])(year|quarter|month|week|day|hour|date|time|period)", re.IGNORECASE)
"""The names of columns whose consecutive integers are times, and not row numbers."""

NAMES_OF_SPLITS = ("split", "set", "subset", "part", "partition", "fold")
"""The names of columns that may assign rows to splits, in lower case."""

Kind = Mapping[str, Any]
"""An entry of `[data.columns]`."""


def why_left_out(column: Column) -> str | None:
    """Return why a column cannot be an input; `None` if it can."""
    if not column.name:
        return f"column {column.index + 1} has no name"
    if column.kind == "other":
        return column.why
    if column.kind == "list" and column.missing:
        return f"numbers are missing in {counted(column.missing, 'row')}"
    if column.is_running and not TIME.search(column.name):
        return COUNTS_ROWS
    if column.missing == column.rows:
        return "it is empty"
    if column.kind in ("integer", "text") and IDENTIFIER.search(column.name) and column.distinct > FEW:
        return "it identifies rows, by its name"
    if column.not_finite:
        return f"{counted(column.not_finite, 'number')} {'is' if column.not_finite == 1 else 'are'} not finite"
    if column.kind == "image":
        return None
    if column.kind == "list":
        return f"its numbers are all {column.low:g}" if column.low == column.high else None
    if column.distinct == 1 and not column.missing:
        return f"it is {f'{column.low:g}' if column.is_numeric else quoted(column.first)} in all rows"
    if column.kind == "text" and WEB.match(column.first) and all(map(WEB.match, column.counts)):
        return "its cells are web addresses"
    if column.kind == "text" and _is_of_names(column):
        different = f"{column.distinct:,} of its {column.known:,} cells are different, such as {quoted(column.first)}"
        return mixture(column) or different
    return None


def mixture(column: Column) -> str:
    """Return that most cells of a text are numbers, but not all; empty for other columns."""
    if not column.odd:
        return ""
    return f"{column.numbers:,} of its {column.known:,} cells are numbers, but {quoted(column.odd)} is not"


def kind_of(column: Column, *, may_be_missing: bool = False, may_be_unknown: bool = False) -> Kind:
    """Return the kind of a column that is an input.

    Cells that were not inspected may be missing, or other categories.
    """
    kind = dict(_kind_of(column))
    if may_be_missing:
        kind.setdefault("missing", _FILLED_BY[kind["type"]])
    if may_be_unknown and kind["type"] == "OneHotEncoder":
        kind.setdefault("handle_unknown", "ignore")
    return kind


_FILLED_BY = {
    "StandardScaler": "median",
    "Boolean": "most_frequent",
    "Date": "median",
    "HashingVectorizer": "empty",
    "OneHotEncoder": "category",
}
"""What becomes of missing cells that may exist."""


def _kind_of(column: Column) -> Kind:
    if column.distinct == 1:
        return _with_unknown({"type": "OneHotEncoder", "missing": "category"}, column)
    if column.is_numeric:
        return {"type": "StandardScaler", **_filled(column, "median"), **column.form}
    if column.kind == "boolean":
        return {"type": "Boolean", **_filled(column, "most_frequent")}
    if column.kind == "time":
        return {"type": "Date", **_filled(column, "median"), **column.form, **_parts(column)}
    if _is_free_text(column):
        return {"type": "HashingVectorizer", "n_features": _places(column), **_empty(column)}
    kind = {"type": "OneHotEncoder", **({"missing": "category"} if column.missing else {})}
    if column.distinct > MANY:
        rare = {"min_frequency": FEWEST} if column.least < 2 * FEWEST else {}
        return {**kind, **rare, "max_categories": MANY, "handle_unknown": "infrequent_if_exist"}
    return _with_unknown(kind, column)


def _with_unknown(kind: Kind, column: Column) -> Kind:
    """Return a kind of categories that takes those that may not occur in the training rows."""
    return {**kind, "handle_unknown": "ignore"} if column.least < RARE else kind


def _filled(column: Column, by: str) -> Kind:
    if not column.missing:
        return {}
    return {"missing": by, **({"indicator": True} if column.missing >= TOLD * column.rows else {})}


def _places(column: Column) -> int:
    """Return the number of inputs that free text becomes."""
    fitting = 2 ** int(math.log2(max(1, column.known / ROWS_PER_PLACE)))
    return min(max(fitting, FEWEST_PLACES), MOST_PLACES)


def _empty(column: Column) -> Kind:
    return {"missing": "empty"} if column.missing else {}


def _parts(column: Column) -> Kind:
    """Return the parts of dates, if they have a time of day."""
    return {"parts": ["year", "month", "day", "weekday", "hour"]} if column.has_clock else {}


def _is_free_text(column: Column) -> bool:
    return column.distinct > max(VARIED, 0.2 * column.rows) and column.words >= WORDS_OF_TEXT


def _is_of_names(column: Column) -> bool:
    """Whether almost every row has a text of its own, such as a name."""
    if column.distinct <= FEW and column.distinct <= column.rows / 2:
        return False
    return not _is_free_text(column) and (column.distinct > (column.rows - column.missing) / 2 or column.most < FEWEST)


def quoted(cell: str) -> str:
    """Return a cell in quotes, shortened."""
    return as_toml(shortened(cell, LONGEST_CELL))


def split_values(column: Column) -> Mapping[str, list[str]] | None:
    """Return the cells of each split if a column assigns each row to a split; `None` if it does not.

    If it has rows for training and test only, those of the test are the validation split: a model is chosen by it.
    """
    if column.kind != "text" or column.missing or column.name.strip().lower() not in NAMES_OF_SPLITS:
        return None
    found: dict[str, list[str]] = {}
    for cell in column.counts:
        if (split := split_called(cell)) is None:
            return None
        found.setdefault(split, []).append(cell)
    if "training" not in found or len(found) == 1:
        return None
    if "validation" not in found:
        found["validation"] = found.pop("test")
    return {split: found[split] for split in SPLITS if split in found}
