"""Checks of `columns`: entries without effect, groups that cannot be, and text without a kind that takes it."""

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from typing import TYPE_CHECKING

from hookline.errors import OptionError, quoted_cell
from hookline.spec import to_json
from hookline_data.layout.by_group import of_group
from hookline_data.layout.kinds import Kind, wrong_mixture
from hookline_data.reading.columns import Chooser

if TYPE_CHECKING:
    from hookline_data.table import Table


def check(
    table: "Table", groups: Mapping[str, list[str]], kinds: Mapping[str, Kind], targets: Set[str], chooser: Chooser
) -> Iterator[OptionError]:
    """Report entries of `columns` without effect, and groups whose columns cannot be together.

    `groups` are the columns of each group of inputs. An entry with the name of one of the `targets` is for it.
    """
    used = {column for columns in groups.values() for column in columns}
    effective = {kind.pattern for name, kind in kinds.items() if name in used}
    for pattern in table.columns or ():
        if pattern not in effective and pattern not in targets:
            message = f"This has no effect: {_why_unused(table, chooser.matching(pattern), used, kinds)}."
            yield OptionError("columns", message, pattern, on_key=True, id="unused-option")
    is_by_group = isinstance(table.inputs, Mapping)
    for group, columns in groups.items():
        if mixture := wrong_mixture(group, columns, kinds, of_group(table.dtype, group, None)):
            yield OptionError("inputs", mixture, *([group] if is_by_group else []))
    yield from _standardized(table, groups, kinds)


def _why_unused(table: "Table", matching: Set[str], used: Set[str], kinds: Mapping[str, Kind]) -> str:
    """Return why an entry of `columns` that matches these columns has no effect, as a clause."""
    if inputs := sorted(matching & used):
        return f'the later entry "{kinds[inputs[0]].pattern}" matches the same columns'
    for option, patterns in table.named_columns.items():
        names = (patterns,) if isinstance(patterns, str) else patterns
        if column := next((name for name in names if name in matching), None):
            return f'"{column}" is the column of `{option}`, which is not an input'
    return "it matches no input"


def _standardized(table: "Table", groups: Mapping[str, list[str]], kinds: Mapping[str, Kind]) -> Iterator[OptionError]:
    """Report `standardize` where all columns have kinds."""
    complete = [group for group, columns in groups.items() if columns and all(name in kinds for name in columns)]
    given = table.standardize
    message = "This has no effect: all columns have a kind, such as `StandardScaler`."
    if isinstance(given, Mapping):
        for group in complete:
            if given.get(group):
                yield OptionError("standardize", message, group, against=[("columns",)], id="unused-option")
    elif given and len(complete) == len(groups):
        yield OptionError("standardize", message, against=[("columns",)], id="unused-option")


def text_for_numbers(name: str, kind: Kind, cell: tuple[int, str] | None) -> OptionError:
    """Return the error for a column of text whose kind reads numbers, given the index and cell of a row, if known."""
    message = f'"{name}" is text{example(cell)}, but {kind.type} needs numbers. {advice([name])}'
    return OptionError("columns", message, kind.pattern, on_key=True)


def example(cell: tuple[int, str] | None, of: str = "") -> str:
    """Return a cell as the example in a message, in parentheses with a leading space; empty if it is not known."""
    return "" if cell is None else f" (row {cell[0] + 1}{of} is {quoted_cell(cell[1])})"


def advice(columns: Sequence[str]) -> str:
    """Return how to use columns of text."""
    key = columns[0] if re.fullmatch(r"[A-Za-z0-9_-]+", columns[0]) else to_json(columns[0])
    return (
        "Give each a kind that takes text (OneHotEncoder, OrdinalEncoder, Date, Boolean, HashingVectorizer or Tokens): "
        f'columns = {{ {key} = {{ type = "OneHotEncoder" }} }}.'
    )
