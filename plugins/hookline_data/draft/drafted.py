"""A drafted spec: the target, the inputs and the task."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from attrs import field, frozen

from hookline.errors import counted, enumerate_names
from hookline.spec import as_toml
from hookline_data.draft.columns import Column
from hookline_data.draft.inputs import Kind, kind_of, mixture, quoted
from hookline_data.draft.task import Task

IMBALANCED = 0.9
"""The share of the most frequent class from which accuracy misleads."""

MOST_NAMED = 3
"""The largest number of inputs that the sentence about a model names."""


class Network(Protocol):
    """The layers of a model that is not a multilayer perceptron."""

    def __call__(self, outputs: int) -> Sequence[Mapping[str, Any]]:
        """Return the layers, with this many outputs."""


@frozen(kw_only=True)
class Drafted:
    """What to predict, and from what."""

    columns: tuple[Column, ...]
    target: Column
    task: Task
    is_chosen: bool = False
    """Whether the user has chosen the task."""
    left_out: Mapping[str, str]
    """The columns that are not inputs, with the reasons."""
    split_column: Column | None = None
    """The column that assigns rows to splits."""
    scale: float = 1.0
    """The number of rows, divided by that of the rows that were inspected."""
    are_splits_given: bool = False
    """Whether the data says which rows are in which split: some may have other categories than the training rows."""
    unused_files: frozenset[str] = frozenset()
    """The splits whose files are not used, because they lack the target."""
    network: Network | None = field(default=None, eq=False)
    """The layers of the model; `None` for those of a table."""

    @property
    def inputs(self) -> list[str]:
        """The columns that are inputs."""
        return [column.name for column in self.given]

    @property
    def given(self) -> list[Column]:
        """The columns that are inputs."""
        roles = (self.target, self.split_column)
        return [column for column in self.columns if column not in roles and column.name not in self.left_out]

    @property
    def kinds(self) -> dict[str, Kind]:
        """The kind of each input."""
        given = (column for column in self.given if column.is_scalar)
        more = self.scale > 1
        options = {"may_be_missing": more, "may_be_unknown": more or self.are_splits_given}
        return {column.name: kind_of(column, **options) for column in given}

    @property
    def classes(self) -> list[str]:
        """The classes, as the data source sorts them."""
        if not self.target.is_scalar:
            return [str(value) for value in self.target.values]
        return sorted(self.target.counts, key=float if self.is_of_numbers else None)

    @property
    def is_of_numbers(self) -> bool:
        """Whether the classes are numbers. True and False are names."""
        return self.target.is_numeric or not self.target.is_scalar

    @property
    def is_binary(self) -> bool:
        """Whether one output is enough: two names, or the numbers 0 and 1, which are the targets as they are."""
        return len(self.classes) == 2 and (not self.is_of_numbers or [*map(float, self.classes)] == [0, 1])

    @property
    def rows(self) -> int:
        """The number of rows with a target, in all files."""
        return round((self.target.rows - self.target.missing) * self.scale)

    @property
    def imbalance(self) -> str:
        """A sentence about a class that most rows have; empty if there is none."""
        if self.task == "number" or not self.target.is_scalar:
            return ""
        name, times = max(self.target.counts.items(), key=lambda pair: pair[1])
        rows = self.target.rows - self.target.missing
        if times < IMBALANCED * rows:
            return ""
        return f"{times / rows:.1%} of the rows have the class {quoted(name)}, so accuracy says little."

    @property
    def mixtures(self) -> dict[str, str]:
        """The inputs that are categories although most of their cells are numbers, with the reasons."""
        return {column.name: mixture(column) for column in self.given if column.odd}

    @property
    def sentence(self) -> str:
        """What the trained model does."""
        if not self.given:
            return f"It predicts the class of an image ({len(self.classes)} classes)."
        are_numbers = all(column.is_plain for column in self.given)
        name, given = as_toml(self.target.name), counted(len(self.given), f"{'numeric ' if are_numbers else ''}column")
        if not all(column.is_scalar for column in self.given) and len(self.given) <= MOST_NAMED:
            given = enumerate_names(self.inputs)
            given = f"the images in {given}" if self.given[0].kind == "image" else given
        if not self.target.is_scalar:
            are_labels = len(self.target.shape) == 1 and self.target.values == (0, 1)
            size = " × ".join(map(str, self.target.shape))
            if self.task == "classes" and not are_labels:
                return f"It predicts {name} (a class at each of {size} positions) from {given}."
            noun = f"{'label' if are_labels else 'number'}{'' if size == '1' else 's'}"
            return f"It predicts {name} ({size} {noun} per row) from {given}."
        if self.task == "number":
            return f"It predicts {name} from {given}."
        return f"It predicts the class {name} ({len(self.classes)} classes) from {given}."
