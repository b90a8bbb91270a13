"""Prepare rows of files as batches, exactly as new rows for predictions are prepared."""

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from attrs import evolve

from hookline.data import Batch, DataDescription
from hookline.spec import Objective
from hookline_data.layout.layout import Layout
from hookline_data.new_rows.arrow.cells import checked
from hookline_data.new_rows.blocks import readable_rows
from hookline_data.new_rows.chunks import Chunk
from hookline_data.new_rows.of_table import read_rows, run_dtype
from hookline_data.new_rows.roles import Role, groups_of, roles, targets_of
from hookline_data.reading.columns import Wanted
from hookline_data.streaming.parts.csv_parts import refuse_bad
from hookline_data.streaming.parts.part import Part
from hookline_data.streaming.source import Source
from hookline_data.streaming.splitters import PARTS
from hookline_data.table import Table

if TYPE_CHECKING:
    import pyarrow
    from numpy.typing import NDArray


class Preparing:
    """Prepares rows of the files of a table."""

    def __init__(self, table: Table, layout: Layout, description: DataDescription, loss: Objective):
        """Take what is known about the rows."""
        self._groups = groups_of(description, "columns", table.columns)
        # Rows without a target are dropped before their targets are encoded.
        self._targets = targets_of(description, loss, table.columns, drops_missing=False)
        self._dtype = run_dtype(description)
        self._weights = layout.weight_column
        self._missing = layout.missing
        self._roles = roles(self._groups, self._targets, layout.missing)
        if self._weights is not None:
            self._roles[self._weights] = Role(wanted=Wanted("number", by="the weight", missing=layout.missing))
        if (dialect := getattr(table, "dialect", None)) is not None:
            self._roles = {name: role.with_decimal_point(dialect.decimal_point) for name, role in self._roles.items()}
        self._splitting = {name: Role(wanted=evolve(one, kind="text")) for name, one in layout.splitting.items()}
        self._dropping = list(layout.dropping)

    def batches(self, source: Source, parts: Iterable[Part], splits: Collection[str]) -> Iterator[tuple[str, Batch]]:
        """Yield the rows of some splits in parts of the files of a source, in their order, on the CPU.

        Raises:
            DataError: If a cell cannot be used; the message contains row and column.

        """
        wanted = {PARTS.index(split): split for split in splits}
        for part in parts:
            first, kept = part.first, part.kept_before
            for chunk in part.reader.chunks(part.place, self._roles_to_read(source)):
                refuse_bad(chunk, first, part.reader.path)
                places = self._kept(chunk)
                split_of_row = self._parts(chunk, places, kept, source, part)
                for index, split in wanted.items():
                    rows = places[split_of_row == index]
                    if len(rows):
                        yield split, self._batch(chunk, rows, first, part)
                first, kept = first + chunk.rows, kept + len(places)

    def _roles_to_read(self, source: Source) -> dict[str, Role]:
        """Return the roles of all columns to read. In those that drop rows, cells may be missing."""
        found = {**(self._splitting if source.splitter.needs_cells else {}), **self._roles}
        may_be_missing = {
            name: evolve(found[name], wanted=evolve(found[name].wanted, may_be_missing=True)) for name in self._dropping
        }
        return {**found, **may_be_missing}

    def _kept(self, chunk: Chunk) -> "NDArray[Any]":
        """Return the indices of the rows that are not dropped."""
        import numpy

        is_kept = numpy.ones(chunk.rows, dtype=bool)
        for name in self._dropping:
            is_kept &= ~_is_missing(chunk.columns[name], self._missing)
        return numpy.flatnonzero(is_kept)

    def _parts(self, chunk: Chunk, places: "NDArray[Any]", kept: int, source: Source, part: Part) -> "NDArray[Any]":
        """Return the index of the split of each row that is not dropped."""
        cells: dict[str, NDArray[Any]] = {}
        if source.splitter.needs_cells:
            own = Chunk(chunk.rows, {name: chunk.columns[name] for name in self._splitting}, {})
            own = checked(own.take(places), self._splitting, part.reader.path)
            cells = {name: column.to_numpy().astype(str) for name, column in own.columns.items()}
        return source.splitter.parts(kept, len(places), source.total, cells.__getitem__)

    def _batch(self, chunk: Chunk, rows: "NDArray[Any]", first: int, part: Part) -> Batch:
        """Return some rows of a chunk, before which the file has `first` rows, as a batch."""
        path = part.reader.path
        own = chunk if len(rows) == chunk.rows else chunk.take(rows)
        own = checked(own, self._roles, path)
        read = read_rows(own, self._groups, self._targets, str(self._dtype).removeprefix("torch."), path)
        batch, _, bad, _ = readable_rows(read, self._targets, self._dtype)
        if bad:
            worst = min(bad, key=lambda cells: int(cells.rows[0]))
            raise worst.error(0, 1, path).changed(row=first + 1 + int(rows[worst.rows[0]]))
        if self._weights is None:
            return batch
        import torch

        weights = torch.from_numpy(own.columns[self._weights].to_numpy().astype("float64"))
        return evolve(batch, weights=weights)


def _is_missing(cells: "pyarrow.ChunkedArray", marks: Collection[str]) -> "NDArray[Any]":
    """Return which cells are missing: null, NaN, or a text that counts as missing."""
    import pyarrow
    from pyarrow import compute, types

    if types.is_string(cells.type):
        text = compute.utf8_trim_whitespace(cells.fill_null(""))
        found = compute.is_in(text, value_set=pyarrow.array(("", *marks), pyarrow.string()))
    else:
        found = compute.is_null(cells, nan_is_null=types.is_floating(cells.type))
    return found.to_numpy()
