"""The columns of a table of predictions, and where true values are known."""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, cast

from attrs import evolve

from hookline.data.new_rows import RowBlock
from hookline.errors.argument_error import ArgumentError
from hookline.errors.exceptions import HooklineError
from hookline.errors.suggestions import did_you_mean
from hookline.errors.text import enumerate_names
from hookline.spec.objective.predicted import Predicted
from hookline.spec.objective.prediction_columns import PredictionColumn
from hookline.spec.objective.prediction_values import PARTS, Part

if TYPE_CHECKING:
    import pyarrow


def parts_of(columns: Collection[str]) -> tuple[Part, ...]:
    """Return the parts with these names."""
    for name in columns:
        if name not in PARTS:
            near = did_you_mean(name, PARTS) or f" There are {enumerate_names(PARTS)}."
            raise ArgumentError("columns", f'There is no part "{name}" of predictions.{near}')
    return cast("tuple[Part, ...]", tuple(dict.fromkeys(columns)))


def schema_of(columns: Sequence[PredictionColumn], keep: Sequence[str], first: Sequence[RowBlock]) -> "pyarrow.Schema":
    """Return the schema: the columns that are kept, then the predictions. Refuse columns with the same name."""
    import pyarrow

    names = [column.name for column in columns]
    if both := [name for name in keep if name in names]:
        raise HooklineError(
            f"The predictions have a column {enumerate_names(both)}, which is also among the columns to keep: rename "
            "that of the input, or do not keep it."
        )
    kept = first[0].kept if first else {}
    types = {name: kept[name].type if name in kept else pyarrow.string() for name in keep}
    return pyarrow.schema([*types.items(), *((column.name, column.values.type) for column in columns)])


def with_any_truth(one: Predicted) -> Predicted:
    """Return predictions with true values of the right type, whose values mean nothing."""
    return evolve(one, true_values=one.predictions.argmax(dim=1) if one.kind == "classes" else one.predictions)


def known_truth(
    block: RowBlock, names: Sequence[str], found: "Mapping[str, pyarrow.Array]"
) -> "dict[str, pyarrow.Array]":
    """Return the columns with these names, of true values of the readable rows: null for rows that have none."""
    import numpy
    import pyarrow

    if not names or (is_dropped := block.is_dropped) is None:
        return {}
    lacks = is_dropped if block.is_readable is None else is_dropped[block.is_readable]
    places = pyarrow.array(numpy.arange(len(lacks)), mask=lacks)
    return {name: found[name].take(places) for name in names}
