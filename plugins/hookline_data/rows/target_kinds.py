"""Apply the kinds of columns to targets."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from attrs import evolve

from hookline.data import Columns, Target
from hookline_data.layout.kinds import FittedKind
from hookline_data.layout.layout import Layout
from hookline_data.reading.columns import cell_error
from hookline_data.rows.unprepared import UnpreparedRows

if TYPE_CHECKING:
    from numpy.typing import NDArray


def transformed_targets(rows: UnpreparedRows, layout: Layout, kinds: Mapping[str, FittedKind]) -> dict[str, Columns]:
    """Return the columns of each target, transformed by their kinds.

    Raises:
        DataError: If a cell cannot be transformed; the message names row and column.

    """
    columns = {**rows.columns, **{name: _transformed(rows, name, kinds[name]) for name in layout.target_kinds}}
    return layout.targets_of(columns)


def _transformed(rows: UnpreparedRows, name: str, kind: FittedKind) -> "NDArray[Any]":
    import pyarrow

    cells = pyarrow.array(rows.columns[name])
    if (unfit := kind.unfit(cells)) is not None:
        row = int(unfit.is_unfit.argmax())
        place = row if rows.rows is None else int(rows.rows[row])
        raise cell_error(rows.path, place, name, message=unfit.explain(row))
    made: NDArray[Any] = kind.transform(cells).to_numpy(zero_copy_only=False)
    return made


def with_transforms(
    targets: Mapping[str, Target], layout: Layout, kinds: Mapping[str, FittedKind]
) -> dict[str, Target]:
    """Return the targets, which say how their columns are transformed."""
    return {
        name: evolve(
            target,
            transforms={
                column: kinds[column].described() for column in target.columns if column in layout.target_kinds
            },
        )
        for name, target in targets.items()
    }
