"""The description of a row of inputs, according to the first training rows."""

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import frozen

from hookline import HooklineWarning
from hookline.data import InputDescription
from hookline_data.layout.kinds import FittedKind
from hookline_data.layout.layout import Layout
from hookline_data.preparing.prepared_rows import Preparation
from hookline_data.rows.inputs import check_shapes, group_of
from hookline_data.rows.rows import Group, Rows
from hookline_data.streaming.first_pass.learning import Learning

if TYPE_CHECKING:
    import pyarrow


@frozen(kw_only=True)
class PreparedInputs:
    """How rows become inputs."""

    described: Mapping[str, InputDescription]
    """The groups of inputs. The length of sequences is 1 until all training rows are prepared."""
    preparation: Mapping[str, Any]
    """How each group is computed from a row: see `Data.preparation`."""
    names: Mapping[str, Sequence[str]]
    """The name of each number of a row of a group."""
    sizes: Mapping[str, Sequence[int]]
    """How many numbers each column of a group becomes."""
    head: Mapping[str, Group]
    """The first training rows of each group, before they are standardized."""


def prepared_inputs(layout: Layout, learning: Learning, kinds: Mapping[str, FittedKind]) -> PreparedInputs:
    """Return how rows become inputs.

    Raises:
        DataError: If a group does not have its `shape`, or if groups that share layers differ.

    """
    import pyarrow

    table = _transformed(pyarrow.concat_tables(learning.head, promote_options="permissive"), kinds)
    groups = {name: group_of(table, name, group, {}, layout.path) for name, group in layout.inputs.items()}
    check_shapes(layout, Rows(groups, {}))
    sizes = {name: group.sizes for name, group in groups.items()}
    names = {name: group.names(sizes[name], kinds) for name, group in layout.inputs.items()}
    statistics = {name: learning.standardizing.statistics(name, sizes[name]) for name in layout.inputs}
    return PreparedInputs(
        described={name: _described(layout, name, group) for name, group in groups.items()},
        preparation=layout.described(statistics, kinds, names, sizes),
        names=names,
        sizes=sizes,
        head=groups,
    )


def warn_of_merged_inputs(layout: Layout, made: PreparedInputs, rows: int) -> None:
    """Warn if different numbers become equal among the first training rows; `rows` is the number of all of them."""
    head = {name: group for name, group in made.head.items() if group.lengths is None}
    preparation = Preparation(
        standardized=[name for name in head if layout.inputs[name].is_standardized],
        exempt={name: layout.inputs[name].exempt(made.sizes[name]) for name in head if layout.inputs[name].kinds},
        together=layout.is_siamese,
        name=lambda group, index: made.names[group][index],
        paths={"training": layout.path},
    )
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        preparation.learned(head)
    seen = len(next(iter(made.head.values())))
    where = "the training split" if seen == rows else f"the first {seen:,} training rows"
    for one in found:
        message = str(one.message).replace("the training split", where)
        warnings.warn(HooklineWarning(message, id="merged-numbers"), stacklevel=5)


def _described(layout: Layout, name: str, group: Group) -> InputDescription:
    shape = layout.inputs[name].shape or group.values.shape[1:]
    if group.lengths is not None:
        shape = (1, *group.values.shape[2:])
    return InputDescription(shape=tuple(shape), dtype=group.dtype, padded=group.lengths is not None)


def _transformed(table: "pyarrow.Table", kinds: Mapping[str, FittedKind]) -> "pyarrow.Table":
    """Return the inputs with the kinds applied. Cells that cannot be transformed are reported in the second pass."""
    import pyarrow

    for index, name in enumerate(table.column_names):
        if name in kinds:
            made = kinds[name].transform(table.column(name).combine_chunks())
            table = table.set_column(index, name, pyarrow.chunked_array([made]))
    return table
