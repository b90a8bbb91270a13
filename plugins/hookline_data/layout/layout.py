"""The role of each column of a table, and the type that its cells must have."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import frozen

from hookline.data import Columns, Encoding, Numbers, Sequences
from hookline_data.reading.columns import Wanted


@frozen(kw_only=True)
class InputColumns:
    """The columns of a group of inputs, and how to prepare them."""

    columns: list[str]
    """The column names, in the order of the file."""
    dtype: str
    """The type of the tensor: that of the run, or "int64"."""
    shape: tuple[int, ...] | None
    """The shape of a row; `None` for one dimension."""
    standardize: bool
    """Whether to scale each column to mean 0 and variance 1."""

    def names(self, places: int) -> list[str]:
        """Return the name of each of `places` columns of numbers in messages: a fixed-size list is several columns."""
        if places == len(self.columns):
            return self.columns
        return [", ".join(self.columns)] * places

    @property
    def dtype_when_read(self) -> str:
        """The type in which unprepared numbers must be finite."""
        return "float64" if self.standardize else self.dtype


@frozen(kw_only=True)
class Layout:
    """The role of each column of a table."""

    path: Path
    """The file with the training rows, for messages."""
    inputs: Mapping[str, InputColumns]
    """The groups of inputs."""
    is_siamese: bool
    """Whether the same layers are applied to each group of inputs."""
    targets: Mapping[str, list[str]]
    """The columns of each target."""
    encodings: Mapping[str, Encoding]
    """The encoding of each target."""
    losses: Mapping[str, str]
    """The type of the loss that takes each target, for messages."""
    split_column: str | None
    """The column with the split of each row."""
    dtype: str
    """The floating-point type of the run."""
    missing: tuple[str, ...]
    """The cells that count as missing values."""

    def wanted(self) -> dict[str, Wanted]:
        """Return the requirements for each column. A column of two groups is read as integers if either needs them."""
        wanted: dict[str, Wanted] = {}
        for group in sorted(self.inputs.values(), key=lambda group: group.dtype == "int64"):
            kind = Wanted(
                "integer" if group.dtype == "int64" else "number",
                may_be_lists=True,
                size=math.prod(group.shape) if group.shape is not None and len(group.columns) == 1 else None,
                missing=self.missing,
            )
            wanted |= dict.fromkeys(group.columns, kind)
        for name, columns in self.targets.items():
            wanted |= dict.fromkeys(columns, self._wanted_of(name, columns))
        if self.split_column is not None:
            wanted[self.split_column] = Wanted("text", by="the split", missing=())
        return wanted

    def _wanted_of(self, target: str, columns: list[str]) -> Wanted:
        encoding, loss = self.encodings[target], self.losses[target]
        if isinstance(encoding, Numbers):
            return Wanted("number", by=loss, missing=self.missing)
        if isinstance(encoding, Sequences):
            return Wanted("text", by=loss, may_be_lists=True, missing=self.missing)
        # In a single column, False and True are class names.
        return Wanted("any", by=loss, may_be_boolean=len(columns) > 1, missing=self.missing)

    def targets_of(self, columns: Columns) -> dict[str, Columns]:
        """The columns of each target."""
        return {name: {column: columns[column] for column in own} for name, own in self.targets.items()}

    def described(self, statistics: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        """Describe how each group of inputs is computed from a row of the file, as JSON-compatible values."""
        return {
            name: {"columns": group.columns, **statistics.get(name, {})}
            | ({} if group.shape is None else {"shape": list(group.shape)})
            for name, group in self.inputs.items()
        }
