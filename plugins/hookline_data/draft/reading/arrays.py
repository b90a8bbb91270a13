"""The arrays of an NPZ file that a spec is drafted for."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import evolve

from hookline.errors import DataError
from hookline_data.draft.columns import Column
from hookline_data.draft.reading.data_files import DataFiles
from hookline_data.draft.reading.lists import array_column
from hookline_data.draft.reading.source import TableFile
from hookline_data.draft.summaries import column_of
from hookline_data.files import several
from hookline_data.numpy_arrays import npz_file

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_BYTES = 2**26
"""The number of bytes of an array with several numbers per row to inspect."""


def array_file(files: DataFiles) -> TableFile:
    """Read the arrays of a file, or some rows of those that are large, as the columns of a table.

    Raises:
        DataError: If it cannot be read, or has fewer than two arrays of numbers or text.

    """
    for split, path in files.paths.items():
        if len(several.of(path)) > 1:
            message = f"NPZ reads a single file for {split}: save the arrays of all files in one."
            raise DataError(message, file=several.of(path)[1])
    path = several.of(files.training)[0]
    columns = tuple(_column(path, name, index) for index, name in enumerate(npz_file.array_names(path)))
    if len(columns) < 2:
        raise DataError("There is only one array; a target and an input are needed.", file=path)
    others = {split: several.of(other)[0] for split, other in files.others.items()}
    absent = {}
    for split, other in others.items():
        there = set(npz_file.array_names(other))
        absent[split] = frozenset(column.name for column in columns if column.name not in there)
    rows = max(column.rows for column in columns)
    if not rows:
        raise DataError("The arrays have no rows.", file=path)
    return TableFile(
        files=files,
        type="NPZ",
        options={},
        columns=columns,
        rows=rows,
        is_sample=False,
        training=rows,
        absent=absent,
        notes=files.notes,
    )


def _column(path: Path, name: str, index: int) -> Column:
    """Summarize an array."""
    import pyarrow

    try:
        array, rows = _some_rows(path, name)
    except DataError as error:
        if not error.columns:
            raise
        return Column(name=name, index=index, kind="other", rows=0, why=error.message.rstrip("."))
    if array.ndim > 1 and array.dtype.kind == "U":
        return Column(name=name, index=index, kind="other", rows=rows, why="it has several texts per row")
    if array.ndim > 1 and not math.prod(array.shape[1:]):
        return Column(name=name, index=index, kind="other", rows=rows, why="its rows are empty")
    if array.ndim > 1:
        return array_column(name, index, array, rows)
    array = array.astype("float32") if array.dtype == "float16" else array
    cells: Any = pyarrow.array(array, from_pandas=True) if array.dtype.kind != "U" else pyarrow.array(array.tolist())
    column = column_of(name, index, cells)
    is_text = array.dtype.kind == "U" and column.kind != "text"  # Text is never read as numbers.
    return evolve(column, kind="text", form={}) if is_text else column


def _some_rows(path: Path, name: str) -> "tuple[NDArray[Any], int]":
    """Return the first rows of an array, all unless it is large, and how many there are."""
    import numpy

    with npz_file.opened(path) as file, npz_file.opened_array(file, name, path) as (member, header):
        shape, is_by_column, kind, _ = header
        row_bytes = max(1, math.prod(shape[1:]) * kind.itemsize)
        rows = min(shape[0], max(1, MOST_BYTES // row_bytes)) if len(shape) > 1 else shape[0]
        if not shape[0]:
            raise DataError(f'"{name}" has no rows.', file=path, columns=[name])
        if is_by_column and len(shape) > 1:
            member.seek(0)
            return numpy.lib.format.read_array(member, allow_pickle=False)[:rows], shape[0]
        size = rows * math.prod(shape[1:]) * kind.itemsize
        content = member.read(size)
        if len(content) < size:
            raise EOFError("It is truncated.")
        if not size:
            return numpy.empty((rows, *shape[1:]), dtype=kind), shape[0]
        array = numpy.frombuffer(content, dtype=kind).reshape(rows, *shape[1:])
        return array.astype(kind.newbyteorder("=")), shape[0]
