"""The kinds of columns, and what they know about the training rows."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen

from hookline.errors import DataError
from hookline.spec import ColumnSpec, UnfitCells, plain, to_json
from hookline_data.reading.columns import Chooser, Place, Wanted

if TYPE_CHECKING:
    import pyarrow
    from numpy.typing import NDArray


@frozen
class Kind:
    """The kind of a column, and the entry of `columns` that defines it."""

    pattern: str
    """The name or pattern of the entry."""
    spec: ColumnSpec
    """The kind."""

    def wanted(self, missing: tuple[str, ...]) -> Wanted:
        """Return the requirements for the cells."""
        reads = self.spec.reads
        return Wanted(
            "number" if reads == "number" else "text",
            by=self.type,
            missing=missing,
            may_be_missing=self.spec.takes_missing or self.spec.drops_missing,
            takes_any_type=reads == "text",
            keeps_type=reads == "any",
        )

    @property
    def type(self) -> str:
        """The name of the kind."""
        return type(self.spec).__name__

    def parsed(self, name: str, cells: "pyarrow.Array", place: Place) -> "tuple[pyarrow.Array, UnfitCells | None]":
        """Convert the cells of a column, and return those that cannot be.

        Raises:
            DataError: If the column has a type that cannot be converted.

        """
        with of_column(name, place):
            return self.spec.parse(cells)


@contextmanager
def of_column(name: str, place: Place) -> Iterator[None]:
    """Add the column and its file to the errors of its kind."""
    try:
        yield
    except DataError as error:
        raise DataError(f'column "{name}": {error.message}', file=place, columns=[name]) from None


@frozen
class FittedKind:
    """The kind of a column, fitted to the training rows."""

    kind: Kind
    """The kind."""
    fitted: Mapping[str, Any]
    """What it knows about the training rows."""

    @classmethod
    def of(cls, kind: Kind, name: str, cells: "pyarrow.Array", place: Place) -> "FittedKind":
        """Fit a kind to the training rows.

        Raises:
            DataError: If they cannot be fitted.

        """
        with of_column(name, place):
            return cls(kind, kind.spec.fit(cells))

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

    def names(self, column: str) -> Sequence[str]:
        """Return the name of each number that a cell becomes."""
        return self.spec.names(column, self.fitted)

    def described(self) -> dict[str, Any]:
        """Describe the column as JSON-compatible values."""
        return {"pattern": self.kind.pattern, **plain(self.spec, Path()), "fitted": dict(self.fitted)}


def transformed_numbers(cells: "NDArray[Any]", kind: FittedKind) -> "NDArray[Any]":
    """Return numbers without missing ones, transformed; those that cannot be have any value."""
    import pyarrow

    made: NDArray[Any] = kind.transform(pyarrow.array(cells)).to_numpy(zero_copy_only=False)
    return made


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


def wrong_mixture(group: str, columns: Sequence[str], kinds: Mapping[str, Kind], dtype: str | None) -> str | None:
    """Return why the columns of a group cannot be together, if they cannot.

    `dtype` is the type that the spec sets for the group.
    """
    sequence = next((name for name in columns if name in kinds and kinds[name].spec.gives_sequences), None)
    if sequence is not None and len(columns) > 1:
        beside = next(name for name in columns if name != sequence)
        return (
            f'The column "{sequence}" becomes a sequence ({kinds[sequence].type}), so it must be the only column of '
            f'its group of inputs, but "{group}" also has "{beside}": inputs = {{ others = …, text = "{sequence}" }}.'
        )
    indices = [name for name in columns if name in kinds and kinds[name].spec.gives_indices]
    other = next((name for name in columns if name not in indices), None)
    if other is not None and indices:
        return (
            f'The column "{indices[0]}" becomes indices ({kinds[indices[0]].type}), but "{other}" in the same group of '
            f'inputs, "{group}", does not. Put them into different groups: '
            f"inputs = {{ numbers = …, indices = {to_json(indices[:3])} }}."
        )
    if dtype == "int64" and not indices and (numbers := next((name for name in columns if name in kinds), None)):
        return (
            f'The inputs "{group}" have the type "int64", but the column "{numbers}" becomes numbers '
            f"({kinds[numbers].type})."
        )
    return None


def known_kinds(columns: Mapping[str, ColumnSpec] | None, preparation: Mapping[str, Any]) -> dict[str, FittedKind]:
    """Return the fitted kinds of a group of inputs from its description."""
    return {
        name: FittedKind(Kind(known["pattern"], (columns or {})[known["pattern"]]), known["fitted"])
        for name, known in preparation.get("kinds", {}).items()
    }


def cells_of(
    columns: Mapping[str, ColumnSpec] | None, preparation: Mapping[str, Any], numbers: Sequence[float]
) -> dict[str, str | float] | None:
    """Return what the inputs of one row mean, by name; `None` if they are not those of single columns."""
    kinds = known_kinds(columns, preparation)
    names = preparation.get("columns", ())
    if len(names) == 1 and names[0] in kinds and kinds[names[0]].spec.gives_sequences:
        return dict(kinds[names[0]].spec.cells(names[0], numbers, kinds[names[0]].fitted))
    counts = [len(kinds[name].names(name)) if name in kinds else 1 for name in names]
    if not kinds or sum(counts) != len(numbers):
        return None
    found: dict[str, str | float] = {}
    rest = iter(numbers)
    for name, count in zip(names, counts, strict=True):
        own = list(islice(rest, count))
        found |= kinds[name].spec.cells(name, own, kinds[name].fitted) if name in kinds else {name: own[0]}
    return found


def described(columns: Iterable[str], fitted: Mapping[str, FittedKind]) -> dict[str, Any]:
    """Describe the kinds of some columns of a group, and the number of indices of each, if they are indices."""
    kinds = {column: fitted[column] for column in columns}
    if not kinds:
        return {}
    sizes = [kind.spec.cardinality(kind.fitted) for kind in kinds.values()]
    cardinalities = {} if None in sizes else {"cardinalities": sizes}
    return {"kinds": {name: kind.described() for name, kind in kinds.items()}, **cardinalities}
