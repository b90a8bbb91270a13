"""Apply the kinds of columns to new rows."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from hookline_data.layout.kinds import FittedKind
from hookline_data.new_rows.chunks import BadCells

if TYPE_CHECKING:
    import pyarrow


def transformed(
    kinds: Mapping[str, FittedKind], columns: "Mapping[str, pyarrow.ChunkedArray]"
) -> "tuple[dict[str, pyarrow.ChunkedArray], list[BadCells]]":
    """Return the columns that have kinds, transformed, and the cells that cannot be."""
    import pyarrow

    made, bad = {}, list[BadCells]()
    for name, kind in kinds.items():
        cells = columns[name].combine_chunks()
        if cells.null_count and not kind.spec.takes_missing:
            is_null = cells.is_null().to_numpy(zero_copy_only=False)
            bad += BadCells.where(
                name, is_null, lambda _: ("The cell is empty. In training, such rows are dropped.", None)
            )
            cells = cells.fill_null(0 if pyarrow.types.is_floating(cells.type) else "")
        if (unfit := kind.unfit(cells)) is not None:
            bad += BadCells.where(name, unfit.is_unfit, lambda row, unfit=unfit: (unfit.explain(row), None))  # type: ignore[misc]
        made[name] = pyarrow.chunked_array([kind.transform(cells)])
    return made, bad
