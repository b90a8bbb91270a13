"""Rows of a table as they are read, and the kinds of their columns, fitted to the training rows."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from hookline.data import Columns
from hookline.errors import DataError, counted
from hookline.spec import UnfitCells
from hookline_data.layout.kinds import FittedKind, Kind
from hookline_data.layout.layout import Layout
from hookline_data.reading.cells import dense, is_list, values
from hookline_data.reading.columns import cell_error
from hookline_data.rows.rows import Group, Rows, groups_of

if TYPE_CHECKING:
    import pyarrow
    from numpy.typing import NDArray


@frozen(kw_only=True, eq=False)
class UnpreparedRows:
    """Some rows of a file."""

    table: "pyarrow.Table"
    """All rows of the file, with the columns that the layout needs."""
    unparsed: "pyarrow.Table"
    """The same rows, before the kinds of their columns have converted any cell."""
    path: Path
    """The file."""
    columns: Columns
    """The columns of these rows that are not inputs, by name."""
    rows: "NDArray[Any] | None" = None
    """The indices of these rows in the table; `None` for all."""
    missing: Mapping[str, int]
    """The number of missing cells in the whole file of each column with a kind."""
    dropped: Mapping[str, int]
    """The number of rows of the file that are dropped because a cell is missing, by its column."""
    dropped_rows: int
    """The number of rows of the file that are dropped: a row may have several missing cells."""

    @classmethod
    def of(cls, table: "pyarrow.Table", layout: Layout, path: Path) -> "UnpreparedRows":
        """Return the rows of a table, without those that have a missing cell in a column whose kind drops them.

        Raises:
            DataError: If a number of a target is not finite, if a cell cannot be converted as its kind requires, or if
                no row is left.

        """
        known = {column for group in layout.inputs.values() for column in group.columns}
        others = [name for name in table.column_names if name not in known]
        kinds = {**layout.kinds, **layout.target_kinds}
        unparsed = table
        table = _parsed(table, kinds, path)
        missing = {name: table.column(name).null_count for name in kinds}
        kept, dropped = _complete(table, layout)
        if kept is not None and not len(kept):
            raise DataError("Every row has a missing cell in a column whose kind drops such rows.", file=path)
        for name in others:
            table = _filled(table, name)  # These rows are dropped below.
        columns = {}
        for name in others:
            read = dense if is_list(table.column(name).type) and name in layout.dense_targets else values
            columns[name] = read(table, name, "float64" if name in layout.target_kinds else layout.dtype, path)
        rows = cls(
            table=table,
            unparsed=unparsed,
            path=path,
            columns=columns,
            missing=missing,
            dropped=dropped,
            dropped_rows=0 if kept is None else table.num_rows - len(kept),
        )
        return rows if kept is None else rows.take(kept)

    def cells(self, name: str) -> "NDArray[Any]":
        """Return the cells of a column, which may be an input; a missing number is NaN."""
        if name in self.columns:
            return self.columns[name]
        cells = self.table.column(name).to_numpy()
        cells = cells.astype(str) if cells.dtype.kind == "O" else cells
        return cells if self.rows is None else cells[self.rows]

    def row(self, number: int) -> int:
        """Return the number in the file of one of these rows; both are counted from 1."""
        return number if self.rows is None else int(self.rows[number - 1]) + 1

    @property
    def numbers(self) -> "NDArray[Any]":
        """The numbers of these rows in the file, counted from 0."""
        import numpy

        return numpy.arange(self.table.num_rows) if self.rows is None else self.rows

    def __len__(self) -> int:
        return self.table.num_rows if self.rows is None else len(self.rows)

    def take(self, rows: "NDArray[Any]") -> "UnpreparedRows":
        """Some of the rows, in their order."""
        if len(rows) == len(self):
            return self
        own = rows if self.rows is None else self.rows[rows]
        return evolve(self, rows=own, columns={name: cells[rows] for name, cells in self.columns.items()})


def _filled(table: "pyarrow.Table", name: str) -> "pyarrow.Table":
    """Return the table with any other cell of the column in place of missing ones."""
    cells = table.column(name)
    if not cells.null_count:
        return table
    return table.set_column(table.column_names.index(name), name, cells.fill_null(cells.drop_null()[0]))


def _parsed(table: "pyarrow.Table", kinds: Mapping[str, Kind], path: Path) -> "pyarrow.Table":
    """Convert the cells of all columns as their kinds require."""
    import pyarrow

    for name, kind in kinds.items():
        cells = table.column(name).combine_chunks()
        parsed, unfit = kind.parsed(name, cells, path)
        if unfit is not None:
            row = int(unfit.is_unfit.argmax())
            others = int(unfit.is_unfit.sum()) - 1
            also = f" {counted(others, 'other cell')} of the column cannot be read either." if others else ""
            raise cell_error(path, row, name, message=f"{unfit.explain(row)}{also}")
        if parsed is not cells:
            table = table.set_column(table.column_names.index(name), name, pyarrow.chunked_array([parsed]))
    return table


def _complete(table: "pyarrow.Table", layout: Layout) -> "tuple[NDArray[Any] | None, dict[str, int]]":
    """Return the rows without missing cells in columns that drop them, `None` for all, and how many others, by column.

    These are the columns whose kind drops missing cells, and targets that may be missing.
    """
    import numpy

    dropping = [name for name, kind in layout.kinds.items() if kind.spec.drops_missing]
    dropping += [column for columns in layout.targets.values() for column in columns]
    is_missing, dropped = None, {}
    for name in dict.fromkeys(dropping):
        if table.column(name).null_count:
            nulls = table.column(name).is_null().to_numpy()
            dropped[name] = int(nulls.sum())
            is_missing = nulls if is_missing is None else is_missing | nulls
    return (None if is_missing is None else numpy.flatnonzero(~is_missing)), dropped


def fitted_kinds(layout: Layout, training: UnpreparedRows) -> dict[str, FittedKind]:
    """Fit the kinds of all columns to the training rows.

    Raises:
        DataError: If a column cannot be fitted.

    """
    fitted: dict[str, FittedKind] = {}
    for name, kind in {**layout.kinds, **layout.target_kinds}.items():
        cells = training.table.column(name).combine_chunks()
        if training.rows is not None:
            cells = cells.take(training.rows)
        fitted[name] = FittedKind.of(kind, name, cells, training.path)
    return fitted


def transformed(
    parts: Mapping[str, UnpreparedRows], layout: Layout, kinds: Mapping[str, FittedKind]
) -> dict[str, Rows]:
    """Return the rows of all splits with the kinds applied. Splits of one file share its columns.

    Raises:
        DataError: If a cell cannot be transformed; the message names row and column.

    """
    made: dict[Path, dict[str, Group]] = {}
    for part in parts.values():
        if part.path not in made:
            used = [other.rows for other in parts.values() if other.path == part.path]
            made[part.path] = groups_of(_transformed(part, kinds, used), layout, part.path)
    return {
        split: Rows(
            {name: group if part.rows is None else group.take(part.rows) for name, group in made[part.path].items()},
            part.columns,
        )
        for split, part in parts.items()
    }


def _transformed(
    rows: UnpreparedRows, kinds: Mapping[str, FittedKind], used: "list[NDArray[Any] | None]"
) -> "pyarrow.Table":
    """Return the input columns of a file with the kinds applied; `used` are the rows of each split."""
    import pyarrow

    table = rows.table.drop_columns(list(rows.columns))
    for index, name in enumerate(table.column_names):
        if name not in kinds:
            continue
        cells = table.column(name).combine_chunks()
        if cells.null_count and not kinds[name].spec.takes_missing:
            cells = cells.fill_null(cells.drop_null()[0])  # These rows are dropped.
        if (unfit := kinds[name].unfit(cells)) is not None:
            _refuse(unfit, used, name, rows.path)
        table = table.set_column(index, name, pyarrow.chunked_array([kinds[name].transform(cells)]))
    return table


def _refuse(unfit: UnfitCells, used: "list[NDArray[Any] | None]", name: str, path: Path) -> None:
    """Raise a `DataError` for the first cell that cannot be transformed, unless its row is dropped."""
    import numpy

    is_used = numpy.zeros(len(unfit.is_unfit), dtype=bool)
    for numbers in used:
        is_used[slice(None) if numbers is None else numbers] = True
    bad = numpy.flatnonzero(unfit.is_unfit & is_used)
    if len(bad):
        row = int(bad[0])
        also = f" The same is true of {counted(len(bad) - 1, 'other row')}." if len(bad) > 1 else ""
        raise cell_error(path, row, name, message=f"{unfit.explain(row)}{also}")
