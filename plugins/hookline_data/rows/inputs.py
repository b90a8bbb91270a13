"""Make groups of inputs of the columns of a table, check their shapes, and make tensors of these shapes."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hookline.errors import DataError, enumerate_names
from hookline_data.layout.kinds import FittedKind
from hookline_data.layout.layout import InputColumns, Layout
from hookline_data.preparing import kind_cells
from hookline_data.preparing.matrix import Matrix
from hookline_data.reading.cells import is_ragged, padded, refuse_infinite
from hookline_data.rows.rows import Group, Rows

if TYPE_CHECKING:
    import pyarrow
    from numpy.typing import NDArray
    from torch import Tensor


def groups_of(table: "pyarrow.Table", layout: Layout, kinds: Mapping[str, FittedKind], path: Path) -> dict[str, Group]:
    """Return the groups of inputs of a table.

    Raises:
        DataError: If a number is not finite in its type, or if a group mixes sequences with other columns.

    """
    for group in layout.inputs.values():
        plain = [column for column in group.columns if column not in kinds]
        refuse_infinite(table, plain, group.dtype_when_read, path)
    return {name: group_of(table, name, group, kinds, path) for name, group in layout.inputs.items()}


def group_of(
    table: "pyarrow.Table", name: str, group: InputColumns, kinds: Mapping[str, FittedKind], path: Path
) -> Group:
    """Return a group of inputs of a table, to which the kinds are yet to be applied.

    Raises:
        DataError: If it mixes sequences with other columns.

    """
    columns = {column: table.column(column) for column in group.columns}
    ragged = [
        column
        for column, cells in columns.items()
        if (kinds[column].spec.gives_sequences if column in kinds else is_ragged(cells.type))
    ]
    if not ragged:
        return Group(Matrix(list(columns.values()), [kinds.get(column) for column in columns]), group.dtype)
    if len(columns) > 1:
        other = next(column for column in columns if column != ragged[0])
        raise DataError(
            f'The column "{ragged[0]}" has lists of different lengths, so it must be the only column of its '
            "group "
            f'of inputs, but "{name}" also has "{other}".',
            file=path,
            columns=[name],
        )
    sequences = columns[ragged[0]]
    if ragged[0] in kinds:
        sequences = kind_cells.transformed(sequences, kinds[ragged[0]])
    filled, lengths = padded(sequences, 0, group.dtype_when_read, ragged[0], path)
    return Group(filled, group.dtype, lengths)


def check_shapes(layout: Layout, rows: Rows) -> None:
    """Check that rows have as many numbers as their shape, and that groups that share layers are alike.

    Raises:
        DataError: If a group does not; the message names it.

    """
    for name, group in layout.inputs.items():
        values, lengths = rows.inputs[name].values, rows.inputs[name].lengths
        which = "inputs" if len(layout.inputs) == 1 else f'inputs "{name}"'
        if group.shape is not None and lengths is not None:
            raise DataError(
                f"The {which} are sequences, so they cannot have a `shape`.",
                file=layout.path,
                option=("shape",),
            )
        if group.shape is not None and math.prod(group.shape) != values.shape[1]:
            raise DataError(
                f"A row of the `shape` {list(group.shape)} has {math.prod(group.shape)} numbers, but "
                f"the {which} have {values.shape[1]}.",
                file=layout.path,
                option=("shape",),
            )
    if layout.is_siamese:
        refuse_unlike({name: rows.inputs[name].kind(group.shape) for name, group in layout.inputs.items()}, layout.path)
        _refuse_other_exemptions(layout, rows)


def _refuse_other_exemptions(layout: Layout, rows: Rows) -> None:
    """Raise a `DataError` if a number of groups that share statistics is standardized in one of them only."""
    groups = {name: group for name, group in layout.inputs.items() if group.standardize}
    exempt = {name: group.exempt(rows.inputs[name].sizes) for name, group in groups.items()}
    first = next(iter(exempt), "")
    for name, own in exempt.items():
        places = (place for place, pair in enumerate(zip(own, exempt[first], strict=True)) if pair[0] != pair[1])
        if (place := next(places, None)) is not None:
            has, lacks = (name, first) if own[place] else (first, name)
            raise DataError(
                f"{enumerate_names(groups)} share their statistics, so their columns must be alike: number {place + 1} "
                f'of a row is of a column with a kind in "{has}", but is standardized in "{lacks}".',
                file=layout.path,
                columns=[name],
                option=("standardize",),
            )


def refuse_unlike(kinds: Mapping[str, str], path: Path) -> None:
    """Raise a `DataError` if groups of inputs that share layers have different kinds of rows.

    `kinds` describes a row of each group.
    """
    first, *others = kinds
    for other in others:
        if kinds[other] != kinds[first]:
            raise DataError(
                f"{enumerate_names(kinds)} share the same layers, so they must be alike. A row "
                f'of "{first}" is {kinds[first]}, but one of "{other}" is {kinds[other]}.',
                file=path,
                columns=[first],
            )


def refuse_other_kinds(layout: Layout, rows: Rows, known: Rows, path: Path) -> None:
    """Raise a `DataError` if rows of another file have a different kind than the training rows."""
    for name, group in rows.inputs.items():
        if group.kind() != known.inputs[name].kind():
            which = "inputs" if len(layout.inputs) == 1 else f'inputs "{name}"'
            raise DataError(
                f"A row of the {which} is {group.kind()}, but in {layout.path} it is {known.inputs[name].kind()}.",
                file=path,
            )


def tensors(layout: Layout, groups: "Mapping[str, NDArray[Any]]") -> "dict[str, Tensor]":
    """Return the groups of inputs as tensors, with rows in their shapes."""
    import torch

    inputs = {name: torch.from_numpy(values) for name, values in groups.items()}
    shapes = {name: group.shape for name, group in layout.inputs.items()}
    return {name: values.reshape(-1, *(shapes[name] or values.shape[1:])) for name, values in inputs.items()}
