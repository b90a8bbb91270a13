"""The cells of a row of pairs or triplets, in JSON: those of single rows, or `<group>.<name>` for each group."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import evolve

from hookline.data import DataDescription, RowField
from hookline.spec import Objective
from hookline_data.drawing.new_rows import as_single

if TYPE_CHECKING:
    from hookline_data.drawing.drawn import Drawn


def fields_of_drawn(
    drawn: "Drawn", description: DataDescription, stand_in: Objective, *, is_single: bool
) -> list[RowField]:
    """Return the cells of a single row, or those of all groups with names such as `input1.width`."""
    if is_single:
        return list(_single(drawn, drawn.gives[0], description, stand_in))
    return [
        evolve(field, name=f"{group}.{field.name}")
        for group in drawn.gives
        for field in _single(drawn, group, description, stand_in)
    ]


def rows_of_drawn(
    drawn: "Drawn",
    rows: Sequence[Mapping[str, Any]],
    description: DataDescription,
    stand_in: Objective,
    *,
    is_single: bool,
) -> Any:
    """Return rows of JSON as a source for `open_rows`: single ones, or those of each group."""
    if is_single:
        return drawn.source.rows_of_json(rows, as_single(description, drawn.gives[0]), stand_in)
    found = {}
    for group in drawn.gives:
        start = f"{group}."
        own = [{name.removeprefix(start): row[name] for name in row if name.startswith(start)} for row in rows]
        found[group] = drawn.source.rows_of_json(own, as_single(description, group), stand_in)
    return found


def _single(drawn: "Drawn", group: str, description: DataDescription, stand_in: Objective) -> "Iterator[RowField]":
    yield from drawn.source.row_fields(as_single(description, group), stand_in)
