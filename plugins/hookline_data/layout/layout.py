"""The role of each column of a table, and the type that its cells must have."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import evolve, field, frozen

from hookline.data import Classes, Columns, Encoding, Numbers, Sequences
from hookline_data.layout.kinds import FittedKind, Kind, described
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
    """Whether to scale each column without a kind to mean 0 and variance 1."""
    kinds: Mapping[str, Kind] = field(factory=dict)
    """The kinds of its columns; a column without one is a number or a list of numbers."""

    def names(self, sizes: Sequence[int], kinds: Mapping[str, FittedKind]) -> list[str]:
        """Return the name of each number of a row, for messages; `sizes` are how many numbers each column is."""
        names: list[str] = []
        for column, size in zip(self.columns, sizes, strict=True):
            own = kinds[column].names(column) if column in self.kinds else [column] * size
            names += own if len(own) == size else [column] * size
        return names

    def has_lists(self, sizes: Sequence[int]) -> bool:
        """Whether there are several columns, and one without a kind is a list; `sizes` are how many numbers each is."""
        several = zip(self.columns, sizes, strict=True)
        return len(self.columns) > 1 and any(size != 1 for name, size in several if name not in self.kinds)

    @property
    def is_standardized(self) -> bool:
        """Whether there is a column to standardize."""
        return self.standardize and any(name not in self.kinds for name in self.columns)

    def exempt(self, sizes: Sequence[int]) -> list[bool]:
        """Whether each number of a row is not to be standardized; `sizes` are how many numbers each column is."""
        return [name in self.kinds for name, size in zip(self.columns, sizes, strict=True) for _ in range(size)]

    @property
    def dtype_when_read(self) -> str:
        """The type in which unprepared numbers must be finite."""
        return "float64" if self.is_standardized else self.dtype


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
    target_kinds: Mapping[str, Kind] = field(factory=dict)
    """The kinds of columns of targets; most have none."""
    drops_missing_targets: bool = False
    """Whether rows without a target are dropped."""
    encodings: Mapping[str, Encoding]
    """The encoding of each target."""
    losses: Mapping[str, str]
    """The type of the loss that takes each target, for messages."""
    splitting: Mapping[str, Wanted]
    """The requirements for the columns that say how to split the rows."""
    weight_column: str | None = None
    """The column with the weight of each row."""
    kept: Sequence[str] = ()
    """The columns that predictions contain."""
    dtype: str
    """The floating-point type of the run."""
    missing: tuple[str, ...]
    """The cells that count as missing values."""

    @property
    def kinds(self) -> dict[str, Kind]:
        """The kinds of all columns that have one."""
        return {name: kind for group in self.inputs.values() for name, kind in group.kinds.items()}

    @property
    def dropping(self) -> list[str]:
        """The columns whose missing cells drop the row: those with such a kind, and targets that may be missing."""
        found = [name for name, kind in {**self.kinds, **self.target_kinds}.items() if kind.spec.drops_missing]
        if self.drops_missing_targets:
            found += [column for columns in self.targets.values() for column in columns]
        return list(dict.fromkeys(found))

    @property
    def dense_targets(self) -> set[str]:
        """The columns of targets whose cells may be lists: a value per step or pixel."""
        sequences = [name for name, encoding in self.encodings.items() if isinstance(encoding, Sequences)]
        return {column for name, columns in self.targets.items() if name not in sequences for column in columns}

    def wanted(self) -> dict[str, Wanted]:
        """Return the requirements for each column. A column of two groups is read as integers if either needs them."""
        wanted: dict[str, Wanted] = {}
        for group in sorted(self.inputs.values(), key=lambda group: group.dtype == "int64"):
            plain = Wanted(
                "integer" if group.dtype == "int64" else "number",
                may_be_lists=True,
                size=math.prod(group.shape) if group.shape is not None and len(group.columns) == 1 else None,
                missing=self.missing,
            )
            wanted |= dict.fromkeys(group.columns, plain)
            wanted |= {name: kind.wanted(self.missing) for name, kind in group.kinds.items()}
        for name, columns in self.targets.items():
            own = evolve(self._wanted_of(name, columns), may_be_missing=self.drops_missing_targets, is_target=True)
            wanted |= dict.fromkeys(columns, own)
            wanted |= {
                column: evolve(own, may_be_missing=own.may_be_missing or self.target_kinds[column].spec.drops_missing)
                for column in columns
                if column in self.target_kinds
            }
        if self.weight_column is not None:
            wanted[self.weight_column] = Wanted("number", by="the weight", missing=self.missing)
        kept = Wanted("text", by="`id_columns`", missing=(), may_be_missing=True, takes_any_type=True, keeps_type=True)
        return {**dict.fromkeys(self.kept, kept), **self.splitting, **wanted}

    @property
    def only_kept(self) -> set[str]:
        """The columns that are needed only for predictions."""
        return {name for name in self.kept if name not in self.splitting} - self._used

    @property
    def only_to_split(self) -> set[str]:
        """The columns that are needed only to split the rows of `path`, and not of other files."""
        return set(self.splitting).difference(self._used, self.kept)

    @property
    def _used(self) -> set[str | None]:
        """The columns that are needed of every file: inputs, targets and weights."""
        inputs = (column for group in self.inputs.values() for column in group.columns)
        targets = (column for columns in self.targets.values() for column in columns)
        return {*inputs, *targets, self.weight_column}

    def _wanted_of(self, target: str, columns: list[str]) -> Wanted:
        encoding, loss = self.encodings[target], self.losses[target]
        if isinstance(encoding, Numbers):
            return Wanted("number", by=loss, may_be_lists=len(columns) == 1, missing=self.missing)
        if isinstance(encoding, Sequences):
            return Wanted("text", by=loss, may_be_lists=True, missing=self.missing)
        # In a single column, False and True are class names.
        may_be_lists = isinstance(encoding, Classes) and len(columns) == 1
        return Wanted("any", by=loss, may_be_lists=may_be_lists, may_be_boolean=len(columns) > 1, missing=self.missing)

    def targets_of(self, columns: Columns) -> dict[str, Columns]:
        """The columns of each target."""
        return {name: {column: columns[column] for column in own} for name, own in self.targets.items()}

    def described(
        self,
        statistics: Mapping[str, Mapping[str, Any]],
        kinds: Mapping[str, FittedKind],
        names: Mapping[str, Sequence[str]],
        sizes: Mapping[str, Sequence[int]],
    ) -> dict[str, dict[str, Any]]:
        """Describe how each group of inputs is computed from a row of the file, as JSON-compatible values.

        `kinds` are the kinds of all columns, fitted to the training rows. `names` are those of each number of a row,
        and `sizes` how many numbers each column is.
        """
        return {
            name: {
                "columns": group.columns,
                **statistics.get(name, {}),
                **described(group.kinds, kinds),
                **({"names": list(names[name])} if group.kinds else {}),
                **({"sizes": list(sizes[name])} if group.has_lists(sizes[name]) else {}),
            }
            | ({} if group.shape is None else {"shape": list(group.shape)})
            for name, group in self.inputs.items()
        }
