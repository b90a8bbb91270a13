"""The signature of a request: requests with the same one can be read as one table without a difference."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

SIMPLE = frozenset({float, int, str, bool, type(None)})
"""The types of cells of which a column has the same type in any number of rows."""

GREATEST = 2**53
"""Integers up to this size are read as numbers, whatever the others of their column are."""


def signature(rows: Sequence[Mapping[str, Any]]) -> Hashable | None:
    """Return the names and types of the columns of some rows; `None` if the rows must be read on their own.

    A column has one type in a table: a text in one row makes texts of the numbers in the others. So only rows with the
    same types may be in one table.

    >>> signature([{"a": 1.5, "b": "x"}]) == signature([{"a": 2.5, "b": "y"}])
    True
    >>> signature([{"a": 1.5}]) == signature([{"a": "1.5"}]), signature([{"a": [1]}])
    (False, None)
    """
    if any(row.keys() != rows[0].keys() for row in rows[1:]):
        return None
    columns = [(name, frozenset(type(row[name]) for row in rows)) for name in rows[0]]
    for name, types in columns:
        if not types <= SIMPLE or (int in types and any(_is_great(row[name]) for row in rows)):
            return None
    return tuple(columns)


def _is_great(cell: Any) -> bool:
    return type(cell) is int and not -GREATEST <= cell <= GREATEST
