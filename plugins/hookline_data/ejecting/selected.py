"""Write many columns as one: those that are selected by their names, and those that are prepared alike."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from hookline.script import literal

MOST_LISTED = 8
"""The largest number of columns that are listed by name, if they can be selected otherwise."""

FEWEST_JOINED = 3
"""The smallest number of neighboring columns that share a line."""


def joined(parts: Mapping[str, str], every: Sequence[str]) -> Iterator[str]:
    """Return the elements of a list of prepared columns: neighbors that differ only in their names share one.

    Args:
        parts: the code for each column, by its name.
        every: the names of all columns of the table.

    """
    for template, run in groupby(parts, key=lambda name: parts[name].replace(f"table[{literal(name)}]", "table[name]")):
        columns = list(run)
        if len(columns) < FEWEST_JOINED:
            yield from (parts[name] for name in columns)
        else:
            iterable, condition = selected(columns, every)
            yield f"*({template} for name in {iterable}{condition})"


def selected(columns: Sequence[str], every: Sequence[str]) -> tuple[str, str]:
    """Return an iterable of names as code, and a condition that selects these columns, which may be empty.

    Args:
        columns: the names of the columns.
        every: the names of all columns of the table.

    """
    chosen = set(columns)
    listed = literal(list(columns)), ""
    if len(columns) <= MOST_LISTED or list(columns) != [name for name in every if name in chosen]:
        return listed
    others = [name for name in every if name not in chosen]
    if not others:
        return "table.column_names", ""
    if len(others) <= MOST_LISTED:
        condition = f"!= {literal(others[0])}" if len(others) == 1 else f"not in {literal(tuple(others))}"
        return "table.column_names", f" if name {condition}"
    prefix = _prefix(columns)
    if not prefix or any(name.startswith(prefix) for name in others):
        return listed
    return "table.column_names", f" if name.startswith({literal(prefix)})"


def _prefix(names: Sequence[str]) -> str:
    """The longest prefix of all names."""
    first, last = min(names), max(names)
    size = next(
        (index for index, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), len(first)
    )
    return first[:size]
