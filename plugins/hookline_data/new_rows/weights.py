"""The weights of new rows in the loss of an evaluation."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from attrs import evolve

from hookline.data import RowBlock
from hookline.errors import DataError
from hookline_data.reading.columns import Place, cell_error

if TYPE_CHECKING:
    import pyarrow
    from torch import Tensor


def with_weights(
    blocks: Iterator[RowBlock], column: str | None, keep: Sequence[str], dtype: "object", place: Place
) -> Iterator[RowBlock]:
    """Yield the blocks with the weights of their rows, which stand in a kept column; without one, as they are.

    `keep` are the columns that the caller requested: the weights are among the kept ones only if they are one of them.

    Raises:
        DataError: If a weight is not a number of at least 0; the message names row and column.

    """
    for block in blocks:
        if column is None:
            yield block
            continue
        weights = _weights(block.kept[column], block.first, column, place).to(dtype)  # type: ignore[call-overload]
        batch = block.batch
        if batch is not None:
            readable = weights if block.is_readable is None else weights[block.is_readable]
            batch = evolve(batch, weights=readable)
        kept = {name: cells for name, cells in block.kept.items() if name in keep}
        yield evolve(block, batch=batch, kept=kept)


def _weights(cells: "pyarrow.Array", first: int, column: str, place: Place) -> "Tensor":
    import numpy
    import pyarrow
    import torch
    from pyarrow import compute

    if pyarrow.types.is_string(cells.type) or pyarrow.types.is_large_string(cells.type):
        cells = compute.utf8_trim_whitespace(cells)
    try:
        numbers = cells.cast(pyarrow.float64()).to_numpy(zero_copy_only=False)
    except (pyarrow.ArrowInvalid, pyarrow.ArrowNotImplementedError):
        message = f'The weights "{column}" must be numbers of at least 0.'
        raise DataError(message, file=place, columns=[column]) from None
    if not (fits := numpy.isfinite(numbers) & (numbers >= 0)).all():
        row = int(fits.argmin())
        message = f"The weight is {cells[row]}, but it must be a number of at least 0."
        raise cell_error(place, first + row - 1, column, message=message)
    return torch.tensor(numbers)
