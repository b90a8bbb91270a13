"""Apply the kinds of columns to new rows."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hookline.spec import UnfitCells
from hookline_data.layout.kinds import FittedKind, Kind
from hookline_data.new_rows.chunks import BadCells
from hookline_data.reading.columns import Place

if TYPE_CHECKING:
    import pyarrow
    from numpy.typing import NDArray

DROPPED = "The cell is empty. In training, such rows are dropped.", None
"""The message for a missing cell if its kind drops the row."""


def parsed(
    name: str, kind: Kind, cells: "pyarrow.ChunkedArray", place: Place
) -> "tuple[pyarrow.Array, list[BadCells]]":
    """Convert the cells as the kind requires, and return those that cannot be. Bad cells get the value of another one.

    Raises:
        DataError: If the column has a type that cannot be converted.

    """
    found, unfit = kind.parsed(name, cells.combine_chunks(), place)
    bad = [] if unfit is None else _bad(name, unfit)
    if found.null_count and kind.spec.drops_missing:
        is_missing = found.is_null().to_numpy(zero_copy_only=False)
        if unfit is not None:
            is_missing &= ~unfit.is_unfit
        bad += BadCells.where(name, is_missing, lambda _: DROPPED, "input")
    return found, bad


def transformed(
    kinds: Mapping[str, FittedKind], columns: "Mapping[str, pyarrow.ChunkedArray]"
) -> "tuple[dict[str, pyarrow.ChunkedArray], list[BadCells]]":
    """Return the columns that have kinds, transformed, and the cells that cannot be."""
    import pyarrow
    from pyarrow import types

    made, bad = {}, list[BadCells]()
    for name, kind in kinds.items():
        cells = columns[name].combine_chunks()
        is_missing = None
        if cells.null_count and not kind.spec.takes_missing:  # These cells have already been reported.
            is_missing = cells.is_null().to_numpy(zero_copy_only=False)
            cells = cells.fill_null("" if types.is_string(cells.type) else 0)
        if (unfit := kind.unfit(cells)) is not None:
            bad += _bad(name, unfit if is_missing is None else UnfitCells(unfit.is_unfit & ~is_missing, unfit.explain))
        made[name] = pyarrow.chunked_array([kind.transform(cells)])
    return made, bad


def transformed_target(column: str, numbers: "NDArray[Any]", kind: FittedKind) -> "tuple[NDArray[Any], list[BadCells]]":
    """Return a column of a target, transformed, and the cells that cannot be."""
    import pyarrow

    cells, bad = pyarrow.array(numbers), list[BadCells]()
    if (unfit := kind.unfit(cells)) is not None:
        bad = BadCells.where(column, unfit.is_unfit, lambda row: (unfit.explain(row), None))
    return kind.transform(cells).to_numpy(zero_copy_only=False), bad


def _bad(name: str, unfit: UnfitCells) -> list[BadCells]:
    return BadCells.where(name, unfit.is_unfit, lambda row: (unfit.explain(row), None))
