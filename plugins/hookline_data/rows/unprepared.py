"""Rows of a table as they are read, and the kinds of their columns, fitted to the training rows."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from hookline.data import Columns
from hookline.errors import DataError
from hookline_data.layout.kinds import FittedKind
from hookline_data.layout.layout import Layout
from hookline_data.reading.cells import values
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
    path: Path
    """The file."""
    columns: Columns
    """The columns of these rows that are not inputs, by name."""
    rows: "NDArray[Any] | None" = None
    """The indices of these rows in the table; `None` for all."""

    @classmethod
    def of(cls, table: "pyarrow.Table", layout: Layout, path: Path) -> "UnpreparedRows":
        """Return the rows of a table, without those that have a missing cell in a column whose kind drops them.

        Raises:
            DataError: If a number of a target is not finite, or if no row is left.

        """
        known = {column for group in layout.inputs.values() for column in group.columns}
        others = [name for name in table.column_names if name not in known]
        columns = {name: values(table, name, layout.dtype, path) for name in others}
        rows = cls(table=table, path=path, columns=columns)
        kept = _complete(table, layout)
        if kept is None:
            return rows
        if not len(kept):
            raise DataError("Every row has a missing cell in a column whose kind drops such rows.", file=path)
        return rows.take(kept)

    def __len__(self) -> int:
        return self.table.num_rows if self.rows is None else len(self.rows)

    def take(self, rows: "NDArray[Any]") -> "UnpreparedRows":
        """Some of the rows, in their order."""
        if len(rows) == len(self):
            return self
        own = rows if self.rows is None else self.rows[rows]
        return evolve(self, rows=own, columns={name: cells[rows] for name, cells in self.columns.items()})


def _complete(table: "pyarrow.Table", layout: Layout) -> "NDArray[Any] | None":
    """Return the rows without missing cells in columns whose kind drops them; `None` for all rows."""
    import numpy

    is_missing = None
    for group in layout.inputs.values():
        for name, kind in group.kinds.items():
            if kind.spec.drops_missing and table.column(name).null_count:
                nulls = table.column(name).is_null().to_numpy()
                is_missing = nulls if is_missing is None else is_missing | nulls
    return None if is_missing is None else numpy.flatnonzero(~is_missing)


def fitted_kinds(layout: Layout, training: UnpreparedRows) -> dict[str, FittedKind]:
    """Fit the kinds of all columns to the training rows.

    Raises:
        DataError: If a column cannot be fitted.

    """
    fitted: dict[str, FittedKind] = {}
    for group in layout.inputs.values():
        for name, kind in group.kinds.items():
            if name not in fitted:
                cells = training.table.column(name).combine_chunks()
                if training.rows is not None:
                    cells = cells.take(training.rows)
                try:
                    fitted[name] = FittedKind(kind, kind.spec.fit(cells))
                except DataError as error:
                    message = f'column "{name}": {error.message}'
                    raise DataError(message, file=training.path, columns=[name]) from None
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
    import numpy
    import pyarrow

    table = rows.table.drop_columns(list(rows.columns))
    for index, name in enumerate(table.column_names):
        if name not in kinds:
            continue
        cells = table.column(name).combine_chunks()
        if cells.null_count and not kinds[name].spec.takes_missing:
            cells = cells.fill_null(cells.drop_null()[0])  # These rows are dropped.
        if (unfit := kinds[name].unfit(cells)) is not None:
            is_used = numpy.zeros(len(cells), dtype=bool)
            for numbers in used:
                is_used[slice(None) if numbers is None else numbers] = True
            if (bad := numpy.flatnonzero(unfit.is_unfit & is_used)).size:
                raise cell_error(rows.path, int(bad[0]), name, message=unfit.explain(int(bad[0])))
        table = table.set_column(index, name, pyarrow.chunked_array([kinds[name].transform(cells)]))
    return table
