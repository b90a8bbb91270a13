"""Cells as numbers."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hookline.errors import DataError
from hookline.spec import UnfitCells

if TYPE_CHECKING:
    import pyarrow
    from numpy.typing import NDArray


def as_floats(cells: "pyarrow.Array", what: str) -> "pyarrow.Array":
    """Return numbers or booleans as float64.

    Raises:
        DataError: If the column has another type.

    """
    import pyarrow
    from pyarrow import types

    kind = cells.type
    if types.is_boolean(kind):
        cells = cells.cast(pyarrow.uint8())
    elif not (types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind) or types.is_null(kind)):
        raise DataError(f"The cells have the type {kind}, which cannot be converted to {what}.")
    return cells.cast(pyarrow.float64(), safe=False)


def unparsed(cells: "pyarrow.Array", parsed: "pyarrow.Array", explain: Any) -> UnfitCells | None:
    """Return the cells that are not missing, but have become null; `explain` returns what is wrong with a text."""
    if parsed.null_count == cells.null_count:
        return None
    is_unfit = (parsed.is_null().to_numpy(zero_copy_only=False)) & cells.is_valid().to_numpy(zero_copy_only=False)
    return UnfitCells(is_unfit, lambda row: explain(str(cells[row].as_py())))


def filled(cells: "pyarrow.Array", fitted: Mapping[str, Any]) -> "NDArray[Any]":
    """Return the numbers, with missing ones filled in, in float64."""
    import numpy

    if cells.null_count and "fill" in fitted:
        cells = cells.fill_null(fitted["fill"])
    return cells.to_numpy(zero_copy_only=False).astype(numpy.float64, copy=False)
