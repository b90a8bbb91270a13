"""Categories that are numbers or booleans: their order, and the ways in which they are written."""

import math
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow

NUMBER = re.compile(r"[+-]?(0|[1-9][0-9]*)(\.[0-9]*)?([eE][+-]?[0-9]+)?")
"""A category that is a number. Codes such as "007" are not."""
MOST_DIGITS = 6
"""The largest number of digits behind the point with which a graph knows a category that is a number."""


def in_order(names: Iterable[str]) -> list[str]:
    """Return categories in their order: as numbers if all are, otherwise as text."""
    names = list(names)
    if all(map(NUMBER.fullmatch, names)):
        return sorted(names, key=lambda name: (float(name), name))
    return sorted(names)


def as_others_write_it(cells: "pyarrow.Array", found: "pyarrow.Array", known: Sequence[str]) -> "pyarrow.Array":
    """Return the places of cells among known categories, also of the same number or boolean in another spelling.

    A CSV file may have "3" or "True" where a DataFrame has 3.0 or true. Few cells are spelled differently from the
    training rows, or all of a few categories, so that only distinct ones are compared.
    """
    import pyarrow
    from pyarrow import compute

    others = cells.filter(compute.and_(found.is_null(), cells.is_valid())).unique().to_pylist()
    meant = {key: place for place, name in reversed(list(enumerate(known))) if (key := _value(name)) is not None}
    places = {cell: meant[key] for cell in others if (key := _value(cell)) in meant}
    if not places:
        return found
    again = compute.index_in(cells, value_set=pyarrow.array(list(places), pyarrow.string()))
    return compute.coalesce(found, pyarrow.array(list(places.values()), found.type).take(again))


def _value(name: str) -> float | str | None:
    """Return the number or boolean that a category is; `None` for other text."""
    if NUMBER.fullmatch(name):
        return float(name)
    return name.lower() if name.lower() in ("true", "false") else None


def spellings(name: str) -> list[str]:
    """Return other texts for the number or boolean that a category is."""
    value = _value(name)
    if isinstance(value, str):
        return [value, value.capitalize(), value.upper()]
    if value is None or not math.isfinite(value):
        return []
    usual = [str(value), f"{value:g}", *(f"{value:.{digits}f}" for digits in range(MOST_DIGITS + 1))]
    return [text for text in usual if float(text) == value]
