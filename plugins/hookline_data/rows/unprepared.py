"""Rows of a table as they are read, and the kinds of their columns, fitted to the training rows."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from hookline.data import Columns
from hookline.errors import DataError
from hookline_data.arrow_columns import arrow_memory, distinct
from hookline_data.arrow_columns.threads import in_threads
from hookline_data.layout.kinds import FittedKind, Kind
from hookline_data.layout.layout import Layout
from hookline_data.preparing import kind_cells
from hookline_data.reading.cells import dense, is_list, text_of, values
from hookline_data.rows.examples import table_examples
from hookline_data.rows.inputs import groups_of
from hookline_data.rows.rows import Group, Rows

if TYPE_CHECKING:
    import pyarrow
    from numpy.typing import NDArray

    from hookline_data.table import Table


@frozen(kw_only=True, eq=False)
class UnpreparedRows:
    """Some rows of a file."""

    table: "pyarrow.Table"
    """All rows of the file, with the input columns, the targets that have kinds, and the columns to keep."""
    examples: "pyarrow.Table"
    """Some rows of the file: see `table_examples`."""
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
        known = {column for group in layout.inputs.values() for column in group.columns} | layout.only_kept
        others = [name for name in table.column_names if name not in known]
        kinds = {**layout.kinds, **layout.target_kinds}
        examples = table_examples(table, layout)
        table = parsed(_encoded(table), kinds, path)
        missing = {name: table.column(name).null_count for name in kinds}
        kept, dropped = complete(table, layout)
        if kept is not None and not len(kept):
            raise DataError("Every row has a missing cell in a column whose kind drops such rows.", file=path)
        columns = {name: _cells_of(table, name, layout, path) for name in others}
        rows = cls(
            examples=examples,
            table=table.drop_columns([name for name in others if name not in {*layout.target_kinds, *layout.kept}]),
            path=path,
            columns=columns,
            missing=missing,
            dropped=dropped,
            dropped_rows=0 if kept is None else table.num_rows - len(kept),
        )
        return rows if kept is None else rows.take(kept)

    def cells(self, name: str) -> "NDArray[Any]":
        """Return the cells of a column, which may be an input; a missing number is NaN, and missing text is empty."""
        if name in self.columns:
            return self.columns[name]
        column = self.table.column(name)
        if column.null_count or not distinct.is_text(column.type):
            column = distinct.decoded(column)
        cells = text_of(column.fill_null("")) if distinct.is_text(column.type) else column.to_numpy()
        return cells if self.rows is None else cells[self.rows]

    def kept(self, source: "Table") -> "pyarrow.Table":
        """Return the columns of these rows that predictions contain, as they are in the source."""
        import pyarrow

        names = source.always_kept
        kept = pyarrow.table({name: source.as_kept(name, distinct.decoded(self.table.column(name))) for name in names})
        return kept if self.rows is None or not names else kept.take(self.rows)

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


def _encoded(table: "pyarrow.Table") -> "pyarrow.Table":
    """Return the table with encoded text: see `distinct`."""
    import pyarrow

    columns = dict(zip(table.column_names, table.columns, strict=True))  # `Table.set_column` copies all columns.
    for name, cells in columns.items():
        if distinct.is_text(cells.type) and not distinct.is_encoded(cells.type):
            columns[name] = distinct.encoded(cells)
    return pyarrow.table(columns)


def _with(table: "pyarrow.Table", name: str, cells: "pyarrow.ChunkedArray") -> "pyarrow.Table":
    """Return the table with another column."""
    return table.set_column(table.column_names.index(name), name, cells)


def parsed(table: "pyarrow.Table", kinds: Mapping[str, Kind], path: Path) -> "pyarrow.Table":
    """Convert the cells of all columns as their kinds require."""
    import pyarrow

    columns = dict(zip(table.column_names, table.columns, strict=True))
    for name, kind in kinds.items():
        columns[name] = distinct.narrowed(kind_cells.parsed(columns[name], kind, name, path))
    return pyarrow.table(columns)


def column_of(table: "pyarrow.Table", name: str, layout: Layout, path: Path) -> "NDArray[Any]":
    """Return the cells of a column that is not an input, without missing ones.

    Raises:
        DataError: If a number is not finite.

    """
    column = table.column(name)
    read = dense if is_list(column.type) and name in layout.dense_targets else values
    return read(column, name, "float64" if name in layout.target_kinds else layout.dtype, path)


def _cells_of(table: "pyarrow.Table", name: str, layout: Layout, path: Path) -> Any:
    """Return the same, with any other cell in place of missing ones, whose rows are dropped; text as `TextCells`."""
    cells = _filled(table.column(name))
    return text_of(cells) if distinct.is_text(cells.type) else column_of(_with(table, name, cells), name, layout, path)


def _filled(cells: "pyarrow.ChunkedArray") -> "pyarrow.ChunkedArray":
    """Return the cells with any other one in place of missing ones."""
    import pyarrow

    if not cells.null_count:
        return cells
    if distinct.is_encoded(cells.type):
        first = cells.drop_null()[0].index
        chunks = [(chunk.indices.fill_null(first), chunk.dictionary) for chunk in cells.chunks]
        return pyarrow.chunked_array([pyarrow.DictionaryArray.from_arrays(*chunk) for chunk in chunks])
    return cells.fill_null(cells.drop_null()[0])


def complete(table: "pyarrow.Table", layout: Layout) -> "tuple[NDArray[Any] | None, dict[str, int]]":
    """Return the rows without missing cells in columns that drop them, `None` for all, and how many others, by column.

    These are the columns whose kind drops missing cells, and targets that may be missing.
    """
    import numpy

    is_missing, dropped = None, {}
    for name in layout.dropping:
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
    kinds = {**layout.kinds, **layout.target_kinds}

    def fitted(name: str) -> FittedKind:
        cells = kind_cells.of_rows(training.table.column(name), training.rows)
        found = FittedKind.of(kinds[name], name, cells, training.path)
        del cells
        arrow_memory.release()
        return found

    return dict(zip(kinds, in_threads(fitted, kinds), strict=True))


def with_inputs(
    parts: Mapping[str, UnpreparedRows], layout: Layout, kinds: Mapping[str, FittedKind]
) -> dict[str, Rows]:
    """Return the rows of all splits with groups of inputs, which apply the kinds. Splits of one file share its columns.

    Raises:
        DataError: If a cell cannot be transformed; the message names row and column.

    """
    made: dict[Path, dict[str, Group]] = {}
    for part in parts.values():
        if part.path not in made:
            used = [other.rows for other in parts.values() if other.path == part.path]
            for name in layout.kinds:
                kind_cells.refuse_unfit(part.table.column(name), kinds[name], used, name, part.path)
            made[part.path] = groups_of(part.table, layout, kinds, part.path)
    return {
        split: Rows(
            {name: group if part.rows is None else group.take(part.rows) for name, group in made[part.path].items()},
            part.columns,
        )
        for split, part in parts.items()
    }
