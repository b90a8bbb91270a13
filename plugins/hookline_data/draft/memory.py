"""Check that the rows of a table fit in the memory of this machine."""

import os
import sys

from hookline_data.draft.drafted import Drafted
from hookline_data.draft.inputs import Kind
from hookline_data.draft.reading.source import TableFile

SHARE = 0.5
"""The share of the memory that the prepared rows of a table may take. Reading them takes about twice their size."""

BYTES = 4
"""The size of a number of a prepared row."""

STREAMED = {"CSV", "Parquet"}
"""The sources that can be streamed."""


def needs_stream(draft: Drafted, file: TableFile) -> bool:
    """Whether a source can stream the rows, and they take much of the memory."""
    if file.type not in STREAMED or not all(column.is_scalar for column in (draft.target, *draft.given)):
        return False
    kinds = draft.kinds
    numbers = sum(_numbers(kinds[column.name], column.distinct) for column in draft.given)
    return draft.rows * numbers * BYTES > SHARE * memory()


def memory() -> int:
    """Return the size of the memory of this machine in bytes, or the greatest integer if it is unknown."""
    if not hasattr(os, "sysconf"):  # Windows.
        return sys.maxsize
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _numbers(kind: Kind, distinct: int) -> int:
    """Return how many numbers a cell becomes."""
    if kind["type"] == "OneHotEncoder":
        return min(distinct, int(kind.get("max_categories", distinct)))
    return int(kind.get("n_features", 1)) * max(1, len(kind.get("parts", ()))) + bool(kind.get("indicator"))
