"""The kinds of columns, and what they know about the training rows."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen

from hookline.spec import ColumnSpec, UnfitCells, plain
from hookline_data.reading.columns import Chooser, Wanted

if TYPE_CHECKING:
    import pyarrow


@frozen
class Kind:
    """The kind of a column, and the entry of `columns` that defines it."""

    pattern: str
    """The name or pattern of the entry."""
    spec: ColumnSpec
    """The kind."""

    def wanted(self, missing: tuple[str, ...]) -> Wanted:
        """Return the requirements for the cells."""
        return Wanted(
            self.spec.reads,
            by=type(self.spec).__name__,
            missing=missing,
            may_be_missing=self.spec.takes_missing or self.spec.drops_missing,
            takes_any_type=self.spec.reads == "text",
        )


@frozen
class FittedKind:
    """The kind of a column, fitted to the training rows."""

    kind: Kind
    """The kind."""
    fitted: Mapping[str, Any]
    """What it knows about the training rows."""

    @property
    def spec(self) -> ColumnSpec:
        """The options of the kind."""
        return self.kind.spec

    def unfit(self, cells: "pyarrow.Array") -> UnfitCells | None:
        """Return the cells that cannot be transformed."""
        return self.spec.unfit(cells, self.fitted)

    def transform(self, cells: "pyarrow.Array") -> "pyarrow.Array":
        """Return the transformed cells."""
        return self.spec.transform(cells, self.fitted)

    def described(self) -> dict[str, Any]:
        """Describe the column as JSON-compatible values."""
        return {"pattern": self.kind.pattern, **plain(self.spec, Path()), "fitted": dict(self.fitted)}


def kinds_of(columns: Mapping[str, ColumnSpec] | None, chooser: Chooser) -> dict[str, Kind]:
    """Return the kind of each column that an entry matches; the last entry that matches counts.

    Raises:
        DataError: If an entry matches no column.

    """
    found: dict[str, Kind] = {}
    for pattern, spec in (columns or {}).items():
        if not (matches := chooser.matching(pattern)):
            raise chooser.unknown(pattern)
        found |= dict.fromkeys(matches, Kind(pattern, spec))
    return found


def known_kinds(columns: Mapping[str, ColumnSpec] | None, preparation: Mapping[str, Any]) -> dict[str, FittedKind]:
    """Return the fitted kinds of a group of inputs from its description."""
    return {
        name: FittedKind(Kind(known["pattern"], (columns or {})[known["pattern"]]), known["fitted"])
        for name, known in preparation.get("kinds", {}).items()
    }


def described(columns: Iterable[str], fitted: Mapping[str, FittedKind]) -> dict[str, Any]:
    """Describe the kinds of some columns of a group, and the number of indices of each, if they are indices."""
    kinds = {column: fitted[column] for column in columns}
    if not kinds:
        return {}
    sizes = [kind.spec.cardinality(kind.fitted) for kind in kinds.values()]
    cardinalities = {} if None in sizes else {"cardinalities": sizes}
    return {"kinds": {name: kind.described() for name, kind in kinds.items()}, **cardinalities}
