"""Apply the kinds of columns to the cells of a file, chunk by chunk, and to each distinct cell once."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from hookline.errors import counted
from hookline.spec import UnfitCells
from hookline_data.arrow_columns import distinct
from hookline_data.layout.kinds import FittedKind, Kind
from hookline_data.preparing.matrix import filler, split_rows
from hookline_data.reading.columns import cell_error

if TYPE_CHECKING:
    import pyarrow
    from numpy.typing import NDArray


def parsed(cells: "pyarrow.ChunkedArray", kind: Kind, name: str, path: Path) -> "pyarrow.ChunkedArray":
    """Convert the cells of a column as its kind requires.

    Raises:
        DataError: If a cell cannot be converted; the message names its row.

    """
    found: list[UnfitCells | None] = []

    def parse(part: "pyarrow.Array") -> "pyarrow.Array":
        made, unfit = kind.parsed(name, part, path)
        found.append(unfit)
        return made

    made = distinct.changed(cells, parse)
    if (unfit := _of_rows(cells, found)) is not None:
        row = int(unfit.is_unfit.argmax())
        others = int(unfit.is_unfit.sum()) - 1
        also = f" {counted(others, 'other cell')} of the column cannot be read either." if others else ""
        raise cell_error(path, row, name, message=f"{unfit.explain(row)}{also}")
    return made


def refuse_unfit(
    cells: "pyarrow.ChunkedArray", kind: FittedKind, used: "list[NDArray[Any] | None]", name: str, path: Path
) -> None:
    """Raise a `DataError` for the first cell that cannot be transformed, unless its row is in no split.

    `used` are the rows of each split; `None` for all.
    """
    import numpy

    missing = filler(cells, kind)
    parts = cells.chunks
    if distinct.is_encoded(cells.type):
        parts = [distinct.values(cells, with_missing=cells.null_count > 0)]
    found = [kind.unfit(part if missing is None else part.fill_null(missing)) for part in parts]
    if (unfit := _of_rows(cells, found)) is None:
        return
    is_used = numpy.zeros(len(cells), dtype=bool)
    for rows in used:
        is_used[slice(None) if rows is None else rows] = True
    bad = numpy.flatnonzero(unfit.is_unfit & is_used)
    if len(bad):
        row = int(bad[0])
        also = f" The same is true of {counted(len(bad) - 1, 'other row')}." if len(bad) > 1 else ""
        raise cell_error(path, row, name, message=f"{unfit.explain(row)}{also}")


def transformed(cells: "pyarrow.ChunkedArray", kind: FittedKind) -> "pyarrow.ChunkedArray":
    """Return the cells of a column as its kind transforms them."""
    import pyarrow

    missing = filler(cells, kind)
    parts = (distinct.decoded(chunk) for chunk in cells.chunks)
    return pyarrow.chunked_array(
        [kind.transform(part if missing is None else part.fill_null(missing)) for part in parts]
    )


def of_rows(cells: "pyarrow.ChunkedArray", rows: "NDArray[Any] | None") -> "pyarrow.Array":
    """Return the cells of some rows, whose indices ascend; `None` for all."""
    import pyarrow

    is_encoded = distinct.is_encoded(cells.type)
    chunks = [chunk.indices if is_encoded else chunk for chunk in cells.chunks]
    if rows is not None:
        own = split_rows(rows, [len(chunk) for chunk in chunks])
        chunks = [chunk.take(pyarrow.array(places)) for chunk, places in zip(chunks, own, strict=True)]
    together = pyarrow.concat_arrays(chunks)
    return distinct.values(cells).take(together) if is_encoded else together


def _of_rows(cells: "pyarrow.ChunkedArray", found: "list[UnfitCells | None]") -> UnfitCells | None:
    """Return the unfit cells of all rows, given those of each chunk, or those among the distinct cells."""
    import numpy

    if not any(found):
        return None
    if distinct.is_encoded(cells.type):
        known = found[0]
        assert known is not None
        missing = len(distinct.values(cells))
        places = numpy.concatenate([distinct.indices(chunk, missing) for chunk in cells.chunks])
        is_unfit = numpy.append(known.is_unfit, False)  # A missing cell can be parsed.
        return UnfitCells(is_unfit[places], lambda row: known.explain(int(places[row])))
    sizes = [len(chunk) for chunk in cells.chunks]
    parts = [numpy.zeros(size, bool) if one is None else one.is_unfit for one, size in zip(found, sizes, strict=True)]
    ends = numpy.cumsum(sizes)

    def explain(row: int) -> str:
        chunk = int(numpy.searchsorted(ends, row, side="right"))
        own = found[chunk]
        assert own is not None
        return own.explain(row - int(ends[chunk]) + sizes[chunk])

    return UnfitCells(numpy.concatenate(parts), explain)
