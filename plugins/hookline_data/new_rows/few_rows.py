"""Prepare few rows of JSON, such as those that a server gets, without a table of Arrow for each request.

What `rows_of_table` does for a table of any size costs about 200 µs, however few rows there are. Here, numbers go
straight to an array, and the cells of a kind of column, such as categories, are remembered. Whatever is not plain, and
whatever is wrong, is left to `rows_of_table`: both give the same bits.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from hookline.data import Batch, DataDescription, RowBlock
from hookline_data.layout.kinds import FittedKind
from hookline_data.new_rows.arrow.cells import checked
from hookline_data.new_rows.python_rows import ColumnRows
from hookline_data.new_rows.roles import Group, Role, groups_of, roles
from hookline_data.new_rows.tensors import numbers_of
from hookline_data.new_rows.transform import transformed
from hookline_data.preparing.standardize import prepared

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from hookline_data.rows.named_columns import NamedColumns

    Rows = Sequence[Mapping[str, Any]]
    Numbers = NDArray[Any]

GREATEST = 2**53
"""Integers up to this size are the same number as integers and as floats."""

MOST_CELLS, LONGEST_CELL = 4096, 64
"""The largest number of cells of a column that are remembered, and of characters of each."""


class FewRows:
    """Prepares few rows: see `DataSpec.few_rows`."""

    def __init__(self, table: "NamedColumns", description: DataDescription, keep: Sequence[str]):
        """Find out how each column is prepared.

        Args:
            table: the source.
            description: the description of the data.
            keep: the columns that are kept, which rows may lack.

        """
        groups = groups_of(description, "columns", table.columns)
        wanted = roles(groups, {}, table.missing_marks)
        self._keep = keep
        self._groups = {name: _FewNumbers(group, wanted) for name, group in groups.items()}

    @staticmethod
    def can_prepare(table: "NamedColumns", description: DataDescription) -> bool:
        """Whether all inputs are numbers, or indices, of single columns."""
        groups = groups_of(description, "columns", table.columns).values()
        return not any(
            group.padded or sum(_widths(group)) != math.prod(group.shape) or not group.columns for group in groups
        )

    def __call__(self, rows: "Rows") -> RowBlock | None:
        """Return rows as a block, or `None` if it does not take them."""
        import torch

        try:
            kept = {name: _kept([row[name] for row in rows]) for name in self._keep if any(name in row for row in rows)}
            arrays = {name: group(rows) for name, group in self._groups.items()}
        except (KeyError, _NotTakenError):
            return None
        inputs = {name: torch.from_numpy(array) for name, array in arrays.items()}
        return RowBlock(first=1, rows=len(rows), batch=Batch(inputs), kept=kept)


class _NotTakenError(Exception):
    """Cells are not plain, or wrong."""


class _FewNumbers:
    """Makes a group of inputs."""

    def __init__(self, group: Group, wanted: Mapping[str, Role]):
        self._group = group
        self._plain = [name for name in group.columns if name not in group.kinds]
        self._cells: Callable[[Mapping[str, Any]], Any] = itemgetter(*self._plain) if self._plain else lambda _: ()
        self._types = frozenset({int} if group.dtype == "int64" else {int, float})
        self._kinds = [_FewCells(name, kind, wanted[name]) for name, kind in group.kinds.items()]
        first, places = 0, {}
        for name, width in zip(group.columns, _widths(group), strict=True):
            places[name] = slice(first, first + width)
            first += width
        self._width = first
        self._of_plain = [places[name].start for name in self._plain]
        self._of_kinds = [places[name] for name in group.kinds]

    def __call__(self, rows: "Rows") -> "Numbers":
        """Return the group for some rows, `(rows, …)`."""
        import numpy

        group = self._group
        own = "int64" if group.dtype == "int64" else "float64"
        plain = self._numbers(rows, own)
        if self._kinds:
            array = numpy.empty((len(rows), self._width), dtype=own)
            array[:, self._of_plain] = plain
            for place, kind in zip(self._of_kinds, self._kinds, strict=True):
                array[:, place] = kind(rows)
        else:
            array = plain
        if group.mean is None:
            with numpy.errstate(over="ignore"):
                array = array.astype(group.dtype, copy=False)
        else:
            array = prepared(array, group.mean, group.std, group.dtype)
        if own == "float64" and not numpy.isfinite(array).all():
            raise _NotTakenError
        return array.reshape(-1, *group.shape)

    def _numbers(self, rows: "Rows", dtype: str) -> "Numbers":
        """Return the columns that have no kind, `(rows, columns)`."""
        import numpy

        cells = list(map(self._cells, rows))
        if len(self._plain) > 1:
            cells = list(chain.from_iterable(cells))
        elif not self._plain:
            cells = []
        types = set(map(type, cells))
        if not types <= self._types or (int in types and not -GREATEST <= min(cells) <= max(cells) <= GREATEST):
            raise _NotTakenError
        return numpy.array(cells, dtype=dtype).reshape(len(rows), len(self._plain))


class _FewCells:
    """Transforms the cells of a column with a kind."""

    def __init__(self, name: str, kind: FittedKind, role: Role):
        self._name, self._kind, self._role = name, kind, role
        self._are_numbers = kind.spec.reads == "number"
        self._known: dict[tuple[type, Any], Numbers] = {}

    def __call__(self, rows: "Rows") -> "Numbers":
        """Return the transformed cells, `(rows, width)`."""
        import numpy

        cells = [row[self._name] for row in rows]
        types = set(map(type, cells))
        known = types - {type(None)}
        if len(known) > 1 or not known <= {str, bool, int, float}:
            raise _NotTakenError  # All cells of a table have one type, which could change some.
        if int in known and any(cell is not None and not -GREATEST <= cell <= GREATEST for cell in cells):
            raise _NotTakenError
        if self._are_numbers and known <= {int, float} and known:
            return self._transformed(cells)
        return numpy.stack([self._remembered(cell) for cell in cells])

    def _remembered(self, cell: Any) -> "Numbers":
        """Return a transformed cell, `(width,)`."""
        key = type(cell), cell
        found = self._known.get(key)
        if found is None:
            found = self._transformed([cell])[0]
            if len(self._known) < MOST_CELLS and (type(cell) is not str or len(cell) <= LONGEST_CELL):
                self._known[key] = found
        return found

    def _transformed(self, cells: Sequence[Any]) -> "Numbers":
        """Return transformed cells, as `read_rows` transforms them."""
        name = self._name
        [chunk] = ColumnRows({name: cells}).chunks({name: self._role}, ())
        chunk = checked(chunk, {name: self._role}, "")
        made, bad = transformed({name: self._kind}, chunk.columns)
        if bad or chunk.bad:
            raise _NotTakenError
        return numbers_of(made[name])


def _widths(group: Group) -> list[int]:
    """Return the number of inputs that each column becomes; 0 for a sequence."""
    return [
        1 if kind is None else 0 if kind.spec.gives_sequences else len(kind.names(name))
        for name in group.columns
        for kind in [group.kinds.get(name)]
    ]


def _kept(cells: Sequence[Any]) -> Any:
    """Return a column that is copied to the predictions."""
    import pyarrow

    types = set(map(type, cells))
    if types != {str} and (types != {int} or not -GREATEST <= min(cells) <= max(cells) <= GREATEST):
        raise _NotTakenError
    return pyarrow.array(cells)
