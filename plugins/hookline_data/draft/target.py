"""Which column of a table a spec predicts, as what, and from which other columns."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from attrs import frozen

from hookline.errors import DataError, counted, did_you_mean, enumerate_names, shortened
from hookline.spec import as_toml
from hookline_data.draft.columns import MOST_CLASSES_COUNTED, Column
from hookline_data.reading.csv_format import MISSING_MARKS

MOST_CLASSES_OF_INTEGERS = 20
"""The maximum number of different integers that count as classes; more are numbers."""

LEAST_OF_A_CLASS = 3
"""The minimum number of rows of a class: one each for training, validation and test."""

LEAST_TO_JUDGE = 2
"""The minimum number of rows for R²."""

HELD_BACK = 0.2
"""The share of the rows in the validation split, and that in the test split."""

LONGEST_CELL = 40
"""The maximum number of characters of a cell in a message."""

_IDENTIFIER = re.compile(r"(^|[ _-])id$|[a-z]I[dD]$|^ID$")
"""The names of columns whose integers identify rows, such as `id`, `customer_id` and `PassengerId`."""

TARGET_NAMES = ("target", "label", "class", "y")

Task = Literal["classes", "number"]


@frozen
class Drafted:
    """What to predict, and from what."""

    columns: tuple[Column, ...]
    target: Column
    task: Task
    left_out: dict[str, str]
    """The columns that are not inputs, with the reasons."""

    @property
    def inputs(self) -> list[str]:
        """The columns that are inputs."""
        return [
            column.name for column in self.columns if column is not self.target and column.name not in self.left_out
        ]

    @property
    def classes(self) -> list[str]:
        """The classes, as the data source sorts them."""
        assert self.target.counts is not None
        return sorted(self.target.counts, key=float if self.is_of_numbers else None)

    @property
    def is_of_numbers(self) -> bool:
        """Whether the classes are numbers. True and False are names."""
        return self.target.is_numeric and not self.target.is_boolean

    @property
    def is_binary(self) -> bool:
        """Whether one output is enough: two names, or the numbers 0 and 1, which are the targets as they are."""
        return len(self.classes) == 2 and (not self.is_of_numbers or [*map(float, self.classes)] == [0, 1])

    @property
    def sentence(self) -> str:
        """What the trained model does."""
        name, given = as_toml(self.target.name), counted(len(self.inputs), "numeric column")
        if self.task == "number":
            return f"It predicts {name} from {given}."
        return f"It predicts the class {name} ({len(self.classes)} classes) from {given}."


def likely_target(columns: Sequence[Column]) -> Column:
    """The most likely target: the column with such a name, the only one with classes in words, or the last."""
    usable = [column for column in columns if _complaint(column) is None] or list(columns)
    named = [column for column in usable if column.name.lower() in TARGET_NAMES]
    words = [column for column in usable if not column.is_numeric]
    return named[0] if named else words[0] if len(words) == 1 else usable[-1]


def drafted(path: Path, columns: Sequence[Column], target: str, task: Task | None) -> Drafted:
    """Decide what a spec for the table contains. If `task` is `None`, it follows from the cells of the target.

    Raises:
        DataError: if the target does not exist, or cannot be learned from this table.

    """
    column = next((column for column in columns if column.name == target), None)
    if column is None:
        raise DataError(f'{path}: There is no column "{target}".{did_you_mean(target, (one.name for one in columns))}')
    if complaint := _complaint(column, task):
        raise DataError(f"{path}: {enumerate_names([target])} cannot be the target: {complaint}.")
    left_out = {
        other.name: why for other in columns if other is not column and (why := _why_no_input(other)) is not None
    }
    if len(left_out) == len(columns) - 1:
        reasons = "; ".join(f"{as_toml(name)}: {why}" for name, why in left_out.items())
        raise DataError(f"{path}: No column can be an input. {reasons}.")
    return Drafted(tuple(columns), column, task or _task(column), left_out)


def _task(target: Column) -> Task:
    """Whether a target is one of several classes or a number."""
    if target.kind == "text":
        return "classes"
    few = target.counts is not None and len(target.counts) <= min(MOST_CLASSES_OF_INTEGERS, target.rows / 2)
    return "classes" if target.kind == "integer" and few else "number"


def _complaint(target: Column, task: Task | None = None) -> str | None:
    """Why a column cannot be a target."""
    if not target.name.strip():
        return "it has no name"
    if target.empty:
        return _empty(target)
    if target.counts is not None and len(target.counts) == 1:
        return f"all of its cells are {_quoted(next(iter(target.counts)))}"
    if (task or _task(target)) == "number":
        return _complaint_of_numbers(target)
    if target.has_numbers_that_are_not_finite:
        return f"row {target.bad_row} is {_quoted(target.bad_cell)}, which is no finite number as all others are"
    if target.counts is None or len(target.counts) > target.rows / 2:
        if target.counts is None:
            return f"more than {MOST_CLASSES_COUNTED:,} of its {target.rows:,} cells are different from one another"
        several = f"{len(target.counts)} of its {target.rows:,} cells"
        return f"{several} are different from one another, and classes would repeat"
    if max(target.counts.values()) < LEAST_OF_A_CLASS:
        return f"no class has {LEAST_OF_A_CLASS} rows, one to learn from and others to test"
    return None


def _complaint_of_numbers(target: Column) -> str | None:
    """Why a column cannot be a numeric target."""
    if not target.is_numeric:
        return f"row {target.bad_row} is {_quoted(target.bad_cell)}, which is no number"
    if not target.deviation:
        return "its numbers differ too little"
    if round(target.rows * HELD_BACK) < LEAST_TO_JUDGE:
        return f"{counted(target.rows, 'row')} are too few to learn from and to test"
    return None


def _why_no_input(column: Column) -> str | None:
    """Why a column is not an input; inputs are numbers."""
    if not column.name:
        return f"column {column.index + 1} has no name"
    if column.is_running:
        return "it counts the rows"
    if column.kind == "integer" and _IDENTIFIER.search(column.name):
        return "by its name, it identifies rows"
    if column.empty == column.rows:
        return "it is empty"
    if column.kind == "text" and column.bad_cell not in MISSING_MARKS:
        return f"row {column.bad_row} is {_quoted(column.bad_cell)}, and inputs are numbers"
    if column.is_numeric and column.low == column.high:
        return f"it is {column.low:g} in all rows"
    if column.empty:
        return f"{_empty(column)}, {'' if column.empty == 1 else 'the first '}in row {column.bad_row}"
    return None


def _quoted(cell: str) -> str:
    return as_toml(shortened(cell, LONGEST_CELL))


def _empty(column: Column) -> str:
    marked = f"missing ({as_toml(column.bad_cell)})" if column.bad_cell in MISSING_MARKS[1:] else "empty"
    return f"{counted(column.empty, 'cell')} {'is' if column.empty == 1 else 'are'} {marked}"
