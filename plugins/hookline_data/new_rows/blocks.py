"""Encode the targets of rows, leave out what cannot be read, and divide the others into blocks."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from attrs import frozen

from hookline.data import NEW_ROWS, Batch, Columns, RowBlock
from hookline.errors import DataError, UnfitTargetsError
from hookline.spec import UnfitCells
from hookline_data.new_rows.chunks import BadCells
from hookline_data.new_rows.roles import EncodedTarget
from hookline_data.reading.columns import Place

if TYPE_CHECKING:
    import pyarrow
    import torch
    from numpy.typing import NDArray

MOST_REPORTED = 20
"""The largest number of unreadable rows of a block that are reported."""


@frozen(kw_only=True, eq=False)
class ReadRows:
    """Rows whose inputs are prepared; those that cannot be read have any values."""

    rows: int
    """The number of rows, readable or not."""
    inputs: "Mapping[str, NDArray[Any]]"
    """The groups of inputs."""
    lengths: "Mapping[str, NDArray[Any]]"
    """The lengths of those that are padded sequences."""
    targets: Mapping[str, Columns]
    """The columns of each target; empty without targets."""
    bad: Sequence[BadCells]
    """What cannot be read."""
    kept: "Mapping[str, pyarrow.ChunkedArray]"
    """The columns that the caller requested."""


def blocks(
    read: ReadRows,
    targets: Mapping[str, EncodedTarget],
    dtype: "torch.dtype",
    *,
    first: int,
    rows_per_block: int,
    place: Place,
) -> Iterator[RowBlock]:
    """Yield the rows in blocks; `first` is the number of the first row, and `dtype` the type of floating-point targets.

    The tensors of a block are its own: in-place layers may overwrite them.
    """
    import numpy

    rows, is_bad, bad, dropped = readable_rows(read, targets, dtype)
    good = numpy.flatnonzero(~is_bad)
    for start in range(0, read.rows, rows_per_block):
        stop = min(start + rows_per_block, read.rows)
        begin, end = good.searchsorted([start, stop])
        own = [part for cells in bad if len((part := cells.between(start, stop)).rows)]
        yield RowBlock(
            first=first + start,
            rows=stop - start,
            batch=rows.slice(begin, end) if begin < end else None,
            is_readable=~is_bad[start:stop] if own else None,
            problems=_problems(own, first + start, place),
            kept={name: _array(cells.slice(start, stop - start)) for name, cells in read.kept.items()},
            dropped={name: mask[start:stop] for name, mask in dropped.items() if mask[start:stop].any()},
        )


def readable_rows(
    read: ReadRows, targets: Mapping[str, EncodedTarget], dtype: "torch.dtype"
) -> "tuple[Batch, NDArray[Any], list[BadCells], dict[str, NDArray[Any]]]":
    """Return the rows that can be read as a batch; whether each row cannot be read; why; and what training drops.

    `dtype` is the type of floating-point targets. The last are masks of the rows that only lack cells whose rows are
    dropped, by column.
    """
    import numpy
    import torch

    is_bad, dropped = _unusable(read)
    has_targets = ~is_bad
    for cells in read.bad:
        if cells.dropped == "target":
            has_targets[cells.rows] = False
    encoded, more = _encoded(read, targets, is_bad, has_targets)
    bad = [*(cells for cells in read.bad if cells.dropped != "target"), *more]
    good = numpy.flatnonzero(~is_bad)
    places = torch.from_numpy(good) if len(good) < read.rows else None
    rows = Batch(
        {name: _of(torch.from_numpy(array), places) for name, array in read.inputs.items()},
        {name: tensor.to(dtype) if tensor.is_floating_point() else tensor for name, tensor in encoded.items()},
        {name: _of(torch.from_numpy(array), places) for name, array in read.lengths.items()},
    )
    return rows, is_bad, bad, dropped


def _unusable(read: ReadRows) -> "tuple[NDArray[Any], dict[str, NDArray[Any]]]":
    """Return which rows have bad inputs, and which ones only lack cells whose rows are dropped, by column."""
    import numpy

    is_bad = numpy.zeros(read.rows, dtype=bool)
    for cells in read.bad:
        if cells.dropped is None:
            is_bad[cells.rows] = True
    dropped: dict[str, NDArray[Any]] = {}
    for cells in read.bad:
        if cells.dropped is not None and cells.column is not None:
            mask = numpy.zeros(read.rows, dtype=bool)
            mask[cells.rows] = True
            dropped[cells.column] = mask & ~is_bad
    for cells in read.bad:
        if cells.dropped == "input":
            is_bad[cells.rows] = True
    return is_bad, dropped


def _of(tensor: "torch.Tensor", places: "torch.Tensor | None") -> "torch.Tensor":
    return tensor if places is None else tensor[places]


def _array(cells: "pyarrow.ChunkedArray") -> "pyarrow.Array":
    return cells.chunk(0) if cells.num_chunks == 1 else cells.combine_chunks()


def _problems(bad: Sequence[BadCells], first: int, place: Place) -> tuple[DataError, ...]:
    """Return the error of the first bad cell of each row, for the first rows: of those to drop, and of the others."""
    found: dict[int, DataError] = {}
    for are_dropped in (False, True):
        own: dict[int, DataError] = {}
        for cells in bad:
            for index in range(min(len(cells.rows), MOST_REPORTED)) if are_dropped == bool(cells.dropped) else ():
                row = int(cells.rows[index])
                if row not in own:
                    own[row] = cells.error(index, first, place)
        found = {row: own[row] for row in sorted(own)[:MOST_REPORTED]} | found
    return tuple(found[row] for row in sorted(found))


def _encoded(
    read: ReadRows, targets: Mapping[str, EncodedTarget], is_bad: "NDArray[Any]", has_targets: "NDArray[Any]"
) -> "tuple[dict[str, torch.Tensor], list[BadCells]]":
    """Encode the targets of the readable rows, and return them with the rows that have no valid target.

    These are marked in `is_bad`, too. The targets of rows without them are zeros; if no row has any, there are none.
    """
    import numpy

    bad: list[BadCells] = []
    encoded: dict[str, torch.Tensor] = {}
    for name, target in targets.items() if read.targets else ():
        while True:
            known = numpy.flatnonzero(has_targets & ~is_bad)
            try:
                encoded[name] = _apply(target, read.targets[name], known)
                break
            except UnfitTargetsError as error:  # Each time, these are rows that no check had found before.
                for column, unfit in error.unfit.items():
                    places = numpy.flatnonzero(unfit.is_unfit)
                    explain = partial(_explained, unfit)
                    bad.append(BadCells(column, known[places], places, explain))
                    is_bad[known[places]] = True
    known = numpy.flatnonzero(has_targets & ~is_bad)
    if bad:
        encoded = {name: _apply(target, read.targets[name], known) for name, target in targets.items()}
    good = numpy.flatnonzero(~is_bad)
    if len(known) < len(good):
        places = good.searchsorted(known)
        encoded = {name: _among(tensor, places, len(good)) for name, tensor in encoded.items() if len(known)}
    return encoded, bad


def _explained(unfit: UnfitCells, place: int) -> tuple[str, None]:
    return unfit.explain(place), None


def _among(tensor: "torch.Tensor", places: "NDArray[Any]", rows: int) -> "torch.Tensor":
    """Return the rows of a tensor at their places among more rows, which are zeros."""
    import torch

    found = tensor.new_zeros((rows, *tensor.shape[1:]))
    found[torch.from_numpy(places)] = tensor
    return found


def _apply(target: EncodedTarget, columns: Columns, rows: "NDArray[Any]") -> "torch.Tensor":
    import torch

    if not len(rows):
        return torch.empty(0)
    return target.encoding.apply(
        {name: cells[rows] for name, cells in columns.items()}, target.known, target.loss, NEW_ROWS
    )
