"""The first pass over files: check all cells, drop rows, and divide the others into splits."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from hookline.data import Columns
from hookline.errors import DataError
from hookline_data.files import several
from hookline_data.layout.layout import Layout
from hookline_data.reading.cells import are_finite, is_list, is_ragged, padded, refuse_infinite
from hookline_data.reading.columns import Wanted
from hookline_data.rows import missing_cells
from hookline_data.rows.examples import table_examples
from hookline_data.rows.unprepared import column_of, complete, parsed
from hookline_data.rows.weights import refuse_no_weights
from hookline_data.streaming.parts.part import PartReader, UnfinishedPart, numbered_from
from hookline_data.streaming.source import Source
from hookline_data.streaming.splitters import PARTS, Splitter

if TYPE_CHECKING:
    import pyarrow
    from numpy.typing import NDArray


class Learner(Protocol):
    """Gets the rows of each split in the order of the files."""

    def add(self, split: str, table: "pyarrow.Table", columns: Columns, numbers: "NDArray[Any]") -> None:
        """Take rows: all columns, those that are not inputs as arrays, and the numbers of the rows in the source."""


class Reading:
    """Reads the files of a source once."""

    def __init__(
        self,
        path: Path,
        splitter: Splitter,
        layout: Layout,
        learner: Learner,
        schema: "pyarrow.Schema | None" = None,
    ):
        """Take the files, what divides their rows, the role of each column, and what gets the rows.

        `schema` has the types of the columns in the file for training, if it is not this one.
        """
        self._path, self._splitter, self._layout, self._learner = path, splitter, layout, learner
        self._inputs = {name for group in layout.inputs.values() for name in group.columns}
        self._parts: list[UnfinishedPart] = []
        self._rows = Counter(dict.fromkeys(PARTS, 0))
        self._missing: Counter[str] = Counter()
        self._dropped: Counter[str] = Counter()
        self._kept = self._split = self._dropped_rows = self._counted = 0
        self._examples: pyarrow.Table | None = None
        self._waiting: list[tuple[pyarrow.Table, NDArray[Any]]] = []
        self.schema = schema
        """The types of the columns."""

    def read(self, readers: Iterator[PartReader], wanted: Mapping[str, Wanted]) -> Source:
        """Read all files.

        Raises:
            DataError: If a cell is missing or wrong, or if a split has no rows.

        """
        before = 0
        rows: list[int] = []
        for reader in readers:
            before += self._read_file(reader, wanted, before)
            rows.append(before - sum(rows))
            if isinstance(self._path, several.Files):
                self._path.rows[:] = rows
        if not self._kept:
            message = "Every row has a missing cell in a column whose kind drops such rows."
            raise DataError(message, file=self._path)
        self._divide(self._kept)
        try:
            self._splitter.check(self._rows)
        except DataError as error:
            raise error.changed(file=self._path) from None
        return Source(
            path=self._path,
            examples=self._examples,
            parts=tuple(part.finished() for part in self._parts if part.rows),
            splitter=self._splitter,
            rows=dict(self._rows),
            total=self._kept,
            missing=self._missing,
            dropped=dict(self._dropped),
            dropped_rows=self._dropped_rows,
        )

    @property
    def texts(self) -> list[str]:
        """The columns that are text and no inputs."""
        import pyarrow

        texts = [field.name for field in self.schema or () if pyarrow.types.is_string(field.type)]
        return [name for name in texts if name not in self._inputs]

    def _read_file(self, reader: PartReader, wanted: Mapping[str, Wanted], before: int) -> int:
        """Read a file, before which other files have this many rows, and return the number of its rows."""
        first, latest = 0, None
        for place, read in self._tables(reader, wanted):
            if self._examples is None:
                self._examples = table_examples(read, self._layout)
            if place != latest:
                latest = place
                self._parts.append(UnfinishedPart(reader, place, first, self._kept))
            with numbered_from(first):
                self._refuse_other_types(read, reader.path)
                table, numbers = self._checked(read, reader.path)
            part = self._parts[-1]
            part.rows += read.num_rows
            part.kept += len(numbers)
            self._kept += len(numbers)
            self._waiting.append((table, numbers + (before + first)))
            self._divide(None)
            first += read.num_rows
        return first

    def _tables(self, reader: PartReader, wanted: Mapping[str, Wanted]) -> Any:
        """Yield the tables of a file; the error about a missing cell of an input says what to set."""
        try:
            yield from reader.tables(wanted)
        except DataError as error:
            raise missing_cells.advised(error, wanted, self._layout) from None

    def _refuse_other_types(self, table: "pyarrow.Table", path: Path) -> None:
        """Raise a `DataError` if a column has lists of another size, or text instead of numbers, in another file."""
        import pyarrow

        if self.schema is None:
            self.schema = table.schema
        for name in table.column_names:
            kind, known = table.schema.field(name).type, self.schema.field(name).type
            has_other_text = pyarrow.types.is_string(kind) != pyarrow.types.is_string(known)
            if kind != known and (has_other_text or is_list(kind) or is_list(known)):
                message = f"The cells have the type {kind}, but in {self._layout.path} they have the type {known}."
                raise DataError(f'column "{name}": {message}', file=path, columns=[name])

    def _checked(self, table: "pyarrow.Table", path: Path) -> "tuple[pyarrow.Table, NDArray[Any]]":
        """Check all cells, and return the rows that are not dropped with their indices.

        Raises:
            DataError: If a cell cannot be used; its row is counted from the first one of the table.

        """
        import numpy

        layout = self._layout
        kinds = {**layout.kinds, **layout.target_kinds}
        table = parsed(table, kinds, path)
        for group in layout.inputs.values():
            numbers = [name for name in group.columns if name not in group.kinds]
            refuse_infinite(table, numbers, group.dtype_when_read, path)
            for name in numbers:
                _refuse_infinite_steps(table.column(name), group.dtype_when_read, name, path)
        self._missing.update({name: table.column(name).null_count for name in kinds})
        kept, dropped = complete(table, layout)
        self._dropped.update(dropped)
        places = numpy.arange(table.num_rows)
        if kept is not None:
            self._dropped_rows += table.num_rows - len(kept)
            table, places = table.take(kept), kept
        for name in table.column_names:
            if name not in self._inputs:
                self._check_column(table, name, places, path)
        return table, places

    def _check_column(self, table: "pyarrow.Table", name: str, places: "NDArray[Any]", path: Path) -> None:
        try:
            cells = column_of(table, name, self._layout, path) if table.num_rows else None
            if cells is not None and name == self._layout.weight_column:
                refuse_no_weights(cells, name)
        except DataError as error:
            row = None if error.row is None else int(places[error.row - 1]) + 1
            raise error.changed(row=row, file=path) from None

    def _divide(self, total: int | None) -> None:
        """Divide the rows that wait into splits: whole windows of them, or all if there are no others."""
        import numpy
        import pyarrow

        count = sum(len(numbers) for _, numbers in self._waiting)
        whole = count if total is not None else count // self._splitter.window * self._splitter.window
        if not whole:
            return
        table = pyarrow.concat_tables([one for one, _ in self._waiting], promote_options="permissive")
        numbers = numpy.concatenate([one for _, one in self._waiting])
        self._waiting = [(table.slice(whole), numbers[whole:])] if whole < count else []
        self._divided(table.slice(0, whole), numbers[:whole], total)

    def _divided(self, table: "pyarrow.Table", numbers: "NDArray[Any]", total: int | None) -> None:
        import numpy

        others = [name for name in table.column_names if name not in self._inputs]
        columns = {name: column_of(table, name, self._layout, self._path) for name in others}
        try:
            parts = self._splitter.parts(self._split, len(numbers), total, columns.__getitem__)
        except DataError as error:
            row = None if error.row is None else int(numbers[error.row - 1]) + 1
            raise error.changed(file=self._path, row=row) from None
        self._count(parts)
        self._split += len(numbers)
        for index, split in enumerate(PARTS):
            rows = numpy.flatnonzero(parts == index)
            if len(rows) == len(parts):
                self._learner.add(split, table, columns, numbers)
            elif len(rows):
                own = {name: cells[rows] for name, cells in columns.items()}
                self._learner.add(split, table.take(rows), own, numbers[rows])

    def _count(self, parts: "NDArray[Any]") -> None:
        """Count the rows of each split, in all and in each part of the files."""
        import numpy

        for part in self._parts[self._counted :]:
            begin = max(0, part.kept_before - self._split)
            end = min(len(parts), part.kept_before + part.kept - self._split)
            if part is not self._parts[-1] and end < len(parts):
                self._counted += 1  # All of its rows are counted now.
            if begin >= end:
                continue
            counts = numpy.bincount(parts[begin:end], minlength=len(PARTS)).tolist()
            for split, count in zip(PARTS, counts, strict=True):
                part.rows_of_split[split] = part.rows_of_split.get(split, 0) + count
                self._rows[split] += count


def _refuse_infinite_steps(column: "pyarrow.ChunkedArray", dtype: str, name: str, path: Path) -> None:
    """Raise a `DataError` if a number of a sequence is not finite."""
    if not is_ragged(column.type):
        return
    steps = column.combine_chunks().flatten()
    while is_list(steps.type):
        steps = steps.flatten()
    if not are_finite(steps.to_numpy(zero_copy_only=False), dtype).all():
        padded(column, 0, dtype, name, path)
