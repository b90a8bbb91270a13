"""The role of each column of new rows, according to the description of a run."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import evolve, field, frozen

from hookline.data import DataDescription, Encoding, Target
from hookline.spec import ColumnSpec, Objective
from hookline_data.layout.kinds import FittedKind, Kind, known_kinds
from hookline_data.reading.columns import Wanted

if TYPE_CHECKING:
    from numpy.typing import NDArray


@frozen(kw_only=True)
class Role:
    """The requirements for a column."""

    wanted: Wanted
    """The kind of its cells: numbers, integers, text, or "any" for classes that are integers."""
    classes: tuple[str | int, ...] | None = None
    """The classes that its cells must be among; `None` if they are not classes."""
    size: int | None = 1
    """How many numbers a cell has: more than 1 for a list of fixed size, `None` if unknown."""
    kind: Kind | None = None
    """The kind of the column, if it has one, which converts its cells."""
    drops_missing: bool = False
    """Whether it is a target without which the training drops a row."""
    steps: int | None = None
    """For a sequence, how many numbers a step has; 0 if a step is a single number. `None` for other columns."""

    @property
    def is_list(self) -> bool:
        """Whether each cell must be a list."""
        return self.steps is not None or self.size not in (1, None)

    def with_decimal_point(self, sign: str) -> "Role":
        """The same role for text whose numbers have another decimal sign."""
        return self if sign == "." else evolve(self, wanted=evolve(self.wanted, decimal_point=sign))


@frozen(kw_only=True, eq=False)
class Group:
    """How to make a group of inputs."""

    columns: Sequence[str]
    """Its columns, or its array."""
    dtype: str
    """The type of the tensor."""
    shape: tuple[int, ...]
    """The shape of a row."""
    padded: bool
    """Whether rows are sequences."""
    mean: "NDArray[Any] | None"
    """What to subtract from each number; `None` if the group is not standardized."""
    std: "NDArray[Any] | None"
    """What to divide each number by afterwards."""

    kinds: Mapping[str, FittedKind]
    """The kinds of its columns, as fitted to the training rows."""

    @property
    def dtype_when_read(self) -> str:
        """The type in which unprepared numbers must be finite."""
        return self.dtype if self.mean is None else "float64"


@frozen(kw_only=True)
class EncodedTarget:
    """A target, and how to encode it."""

    known: Target
    """What the training rows say about it."""
    encoding: Encoding
    """Its encoding."""
    loss: str
    """The type of the loss that takes it."""
    kinds: Mapping[str, FittedKind] = field(factory=dict)
    """The kinds of its columns that are transformed."""
    drops_missing: bool = False
    """Whether the training drops rows without it."""

    @property
    def is_of_sequences(self) -> bool:
        """Whether it is a sequence of classes."""
        return self.encoding.kind == "sequences"

    @property
    def has_class_names(self) -> bool:
        """Whether its classes are text, in one column."""
        classes = self.known.classes or ()
        return len(self.known.columns) == 1 and any(isinstance(name, str) and name for name in classes)

    def role(self, missing: tuple[str, ...]) -> Role:
        """Return the requirements for each of its columns."""
        if self.is_of_sequences:
            if self.has_class_names:
                return Role(wanted=Wanted("text", by=self.loss, missing=missing))
            return Role(wanted=Wanted("integer", by=self.loss, missing=missing), steps=0)
        if self.known.shape and len(self.known.columns) == 1:
            kind: Any = "integer" if self.encoding.kind == "classes" else "number"
            steps = self.known.shape[1] if len(self.known.shape) > 1 else 0
            return Role(wanted=Wanted(kind, by=self.loss, missing=missing), steps=steps)
        if self.has_class_names:
            return Role(wanted=Wanted("text", by=self.loss, missing=missing), classes=self.known.classes)
        if self.encoding.kind == "classes" and len(self.known.columns) == 1:
            return Role(wanted=Wanted("any", by=self.loss, missing=missing), classes=self.known.classes)
        return Role(wanted=Wanted("number", by=self.loss, missing=missing))


def groups_of(
    description: DataDescription, columns: str, kinds: Mapping[str, ColumnSpec] | None = None
) -> dict[str, Group]:
    """Return how to make each group.

    `columns` is the key of its columns in the preparation, and `kinds` are the kinds of columns by name or pattern.
    """
    import numpy

    groups = {}
    for name, group in description.inputs.items():
        preparation = description.preparation[name]
        own = preparation[columns]
        mean, std = (
            numpy.array(preparation[key], dtype=numpy.float64) if key in preparation else None
            for key in ("mean", "std")
        )
        groups[name] = Group(
            columns=[own] if isinstance(own, str) else own,
            dtype=group.dtype,
            shape=group.shape,
            padded=group.padded,
            mean=mean,
            std=std,
            kinds=known_kinds(kinds, preparation),
        )
    return groups


def targets_of(
    description: DataDescription,
    objective: Objective,
    kinds: Mapping[str, ColumnSpec] | None = None,
    *,
    drops_missing: bool,
) -> dict[str, EncodedTarget]:
    """Return how to encode each target of the run.

    `kinds` are the kinds of columns by name or pattern; `drops_missing` says that rows without a target are dropped.
    """
    encodings = objective.encodings(tuple(description.targets))
    return {
        name: EncodedTarget(
            known=known,
            encoding=encodings[name],
            loss=objective.name_for(name),
            kinds=known_kinds(kinds, {"kinds": known.transforms}),
            drops_missing=drops_missing,
        )
        for name, known in description.targets.items()
    }


def roles(
    groups: Mapping[str, Group], targets: Mapping[str, EncodedTarget], missing: tuple[str, ...]
) -> dict[str, Role]:
    """Return the role of each column of a table. A column of two groups is read as integers if either needs them."""
    found: dict[str, Role] = {}
    for group in sorted(groups.values(), key=lambda group: group.dtype == "int64"):
        wanted = Wanted("integer" if group.dtype == "int64" else "number", may_be_lists=True, missing=missing)
        if group.padded:
            role = Role(wanted=wanted, steps=math.prod(group.shape[1:]) if len(group.shape) > 1 else 0)
        else:
            numbers, columns = math.prod(group.shape), len(group.columns)
            role = Role(wanted=wanted, size=1 if numbers == columns else numbers if columns == 1 else None)
        found |= dict.fromkeys(group.columns, role)
        found |= {name: Role(wanted=kind.kind.wanted(missing), kind=kind.kind) for name, kind in group.kinds.items()}
    for target in targets.values():
        role = target.role(missing)
        for name in target.known.columns:
            is_dropped = name in target.kinds and target.kinds[name].spec.drops_missing
            found[name] = evolve(role, drops_missing=target.drops_missing or is_dropped)
    return found
