"""New rows for a run that was trained with a table."""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol
from weakref import finalize

from hookline.data import DataDescription, RowBlock
from hookline.spec import Objective
from hookline_data.arrow_columns import arrow_file
from hookline_data.dialect.dialect import COMMAS, Dialect
from hookline_data.files import compressed, kinds
from hookline_data.new_rows.arrow.cells import checked
from hookline_data.new_rows.arrow.rows import ArrowFileRows, ParquetRows
from hookline_data.new_rows.blocks import ReadRows, blocks
from hookline_data.new_rows.chunks import BadCells, Chunk, in_multiples
from hookline_data.new_rows.csv_rows import CSVRows
from hookline_data.new_rows.json_rows import JSONRows
from hookline_data.new_rows.python_rows import ColumnRows, DictRows, npz_columns, rows_of_frame, unknown_source
from hookline_data.new_rows.roles import EncodedTarget, Group, Role, groups_of, roles, targets_of
from hookline_data.new_rows.tensors import dense_target, rows_of_numbers, sequences, target_column
from hookline_data.new_rows.transform import transformed, transformed_target
from hookline_data.new_rows.weights import with_weights
from hookline_data.reading import parquet_names
from hookline_data.reading.cells import is_list
from hookline_data.reading.columns import Chooser, Place
from hookline_data.reading.csv.complaints import sentence
from hookline_data.reading.error_messages import as_sentences

if TYPE_CHECKING:
    from collections.abc import Collection

    import torch

    from hookline_data.rows.named_columns import NamedColumns


class TableRows(Protocol):
    """Rows with named columns, of any source."""

    @property
    def names(self) -> Sequence[str]:
        """The names of the columns."""

    @property
    def place(self) -> Place:
        """The name of the source in messages."""

    def chunks(self, roles: Mapping[str, Role], keep: "Collection[str]") -> Iterator[Chunk]:
        """Yield the rows, with the columns of the roles and those to keep."""


def rows_of_table(
    table: "NamedColumns",
    source: Any,
    description: DataDescription,
    objective: Objective,
    *,
    rows_per_block: int,
    with_targets: bool,
    keep: Sequence[str],
) -> Iterator[RowBlock]:
    """Yield new rows, prepared as the training rows were: see `Table.open_rows`."""
    groups = groups_of(description, "columns", table.columns)
    drops_missing = table.missing_targets == "drop"
    targets = targets_of(description, objective, table.columns, drops_missing=drops_missing) if with_targets else {}
    wanted = roles(groups, targets, table.missing_marks)
    with ExitStack() as opening:
        dialect = getattr(table, "dialect", COMMAS)
        rows = opened(source, opening, multiline=getattr(table, "multiline", False), dialect=dialect)
        keep = [name for name in keep if name in rows.names or name not in table.always_kept]
        chooser = Chooser(rows.names, rows.place, dialect.delimiter)
        chooser.require(wanted)
        chooser.require(keep, are_copied=True)
        if isinstance(rows, CSVRows):
            wanted = {name: role.with_decimal_point(dialect.decimal_point) for name, role in wanted.items()}
        dtype = run_dtype(description)
        weights = table.weight_column if with_targets and table.weight_column in rows.names else None
        kept = dict.fromkeys([*keep, *([] if weights is None else [weights])])
        blocks = _blocks(rows, groups, targets, wanted, dtype, rows_per_block, kept)
        found = with_weights(blocks, weights, keep, dtype, rows.place)
        # The file is closed at the end, or with the iterator, of which perhaps no block is ever taken.
        finalize(found, opening.pop_all().close)
    return found


def _blocks(
    rows: TableRows,
    groups: Mapping[str, Group],
    targets: Mapping[str, EncodedTarget],
    wanted: dict[str, Role],
    dtype: "torch.dtype",
    rows_per_block: int,
    keep: "Collection[str]",
) -> Iterator[RowBlock]:
    first = 1
    chunks = (checked(chunk, wanted, rows.place) for chunk in rows.chunks(wanted, keep))
    for chunk in in_multiples(chunks, rows_per_block):
        read = read_rows(chunk, groups, targets, str(dtype).removeprefix("torch."), rows.place)
        yield from blocks(read, targets, dtype, first=first, rows_per_block=rows_per_block, place=rows.place)
        first += chunk.rows


def read_rows(
    chunk: Chunk, groups: Mapping[str, Group], targets: Mapping[str, EncodedTarget], dtype: str, place: Place
) -> ReadRows:
    """Prepare the inputs of some rows, and take the columns of the targets out of them."""
    import numpy

    bad: list[BadCells] = list(chunk.bad)
    inputs, lengths, columns = {}, {}, {}
    for name, group in groups.items():
        own, unread = transformed(group.kinds, chunk.columns)
        bad += unread
        if group.padded:
            inputs[name], lengths[name], unread = sequences(group, {**chunk.columns, **own})
        else:
            inputs[name], unread = rows_of_numbers(name, group, {**chunk.columns, **own}, place)
        bad += unread
    shapes = {target.known.columns[0]: target.known.shape for target in targets.values() if target.known.shape}
    kinds = {column: kind for target in targets.values() for column, kind in target.kinds.items()}
    for column in dict.fromkeys(column for target in targets.values() for column in target.known.columns):
        finite, cells = "float64" if column in kinds else dtype, chunk.columns[column]
        if column in shapes and is_list(cells.type):
            columns[column], found = dense_target(column, cells, shapes[column])
        else:
            columns[column], found = target_column(column, cells, finite)
        if column in kinds:
            columns[column], unread = transformed_target(column, columns[column], kinds[column])
            found += unread
        is_dropped = numpy.zeros(chunk.rows, dtype=bool)
        for cells_of_dropped in chunk.bad:
            if cells_of_dropped.dropped == "target" and cells_of_dropped.column == column:
                is_dropped[cells_of_dropped.rows] = True
        bad += [rest for one in found for rest in one.outside(is_dropped)]
    return ReadRows(
        rows=chunk.rows,
        inputs=inputs,
        lengths=lengths,
        targets={
            name: {column: columns[column] for column in target.known.columns} for name, target in targets.items()
        },
        bad=bad,
        kept=chunk.kept,
    )


def run_dtype(description: DataDescription) -> "torch.dtype":
    """Return the floating-point type of a run: that of its inputs, or torch's default if all are integers."""
    import torch

    floats = [group.dtype for group in description.inputs.values() if group.dtype.startswith("float")]
    dtype: torch.dtype = getattr(torch, floats[0]) if floats else torch.get_default_dtype()
    return dtype


def opened(source: Any, opening: ExitStack, *, multiline: bool = False, dialect: Dialect = COMMAS) -> TableRows:
    """Open a source of rows with named columns, whose kind follows from its type, its suffix or its first bytes.

    A file is closed with `opening`. `multiline` and `dialect` are about CSV files.

    Raises:
        DataError: If it cannot be read, or if it is something else.

    """
    if isinstance(source, ColumnRows):
        return source
    if isinstance(source, str) and source == "-":
        return CSVRows(sys.stdin.buffer, "standard input", multiline=multiline, dialect=dialect)
    if isinstance(source, (str, Path)):
        return _of_file(Path(source), opening, multiline=multiline, dialect=dialect)
    if hasattr(source, "__arrow_c_stream__") or hasattr(source, "__arrow_c_array__"):
        return rows_of_frame(source)
    if isinstance(source, Mapping):
        return ColumnRows(source)
    if isinstance(source, Iterable) and not isinstance(source, (bytes, bytearray)) and not hasattr(source, "shape"):
        return DictRows(list(source))
    what = 'a path, "-" for standard input, a DataFrame, a mapping of columns, or a list of mappings'
    raise unknown_source(source, what)


def _of_file(path: Path, opening: ExitStack, *, multiline: bool, dialect: Dialect) -> TableRows:
    kind = path.suffix.lower()
    with as_sentences(path, sentence):
        file: BinaryIO = opening.enter_context(path.open("rb"))
    if path.is_file():  # A pipe cannot be read twice.
        begin = file.read(8)
        file.seek(0)
        if begin.startswith(b"PAR1") or kind in (".parquet", ".pq"):
            return ParquetRows(path, parquet_names.column_names(path))
        if arrow_file.is_arrow(begin) or kind in arrow_file.SUFFIXES:
            return ArrowFileRows(path)
        if kind == ".npz":
            return ColumnRows(npz_columns(path), path)
    inner = Path(path.stem).suffix.lower() if kind in compressed.SUFFIXES else kind
    if inner in (".jsonl", ".ndjson"):
        return JSONRows(file, path)
    if path.is_file():
        kinds.refuse_other(path, "CSV", is_option=False)
    return CSVRows(file, path, multiline=multiline, dialect=dialect)
