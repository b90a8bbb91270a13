"""Check the shapes of groups of inputs, and make tensors of these shapes."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hookline.errors import DataError, enumerate_names
from hookline_data.layout.layout import Layout
from hookline_data.rows.rows import Rows

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor


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
