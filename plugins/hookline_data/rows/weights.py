"""The weights of rows in the loss."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hookline.errors import DataError
from hookline_data.rows.rows import Rows

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor


def weights_of(parts: Mapping[str, Rows], column: str | None, paths: Mapping[str, Path]) -> "dict[str, Tensor] | None":
    """Return the weights of the rows of each split as float64; `None` without a column.

    Raises:
        DataError: If a weight is negative, or if the column has several numbers per row.

    """
    import torch

    if column is None:
        return None
    found = {}
    for split, rows in parts.items():
        cells = rows.columns[column]
        try:
            refuse_no_weights(cells, column)
        except DataError as error:
            raise error.changed(file=paths[split]) from None
        found[split] = torch.from_numpy(cells.astype("float64"))
    return found


def refuse_no_weights(cells: "NDArray[Any]", column: str) -> None:
    """Raise a `DataError` if a cell is not a number of at least 0; NaN and infinity were refused before."""
    if cells.ndim > 1 or cells.dtype.kind not in "iuf":
        kind = f"rows of the shape {cells.shape[1:]}" if cells.ndim > 1 else "text"
        raise DataError(f'The weights "{column}" must be one number per row, not {kind}.', columns=[column])
    if (is_negative := cells < 0).any():
        row = int(is_negative.argmax())
        message = f'The weights "{column}" must be at least 0, but {cells[row]:g} occurs.'
        raise DataError(message, columns=[column])
