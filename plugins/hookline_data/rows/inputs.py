"""Whether groups of inputs have the shapes that they must have, and the tensors of these shapes."""

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
    """Refuse groups that do not have the numbers of their shape, or that one model cannot be applied to each of.

    Raises:
        DataError: that says which.

    """
    for name, group in layout.inputs.items():
        values, lengths = rows.inputs[name].values, rows.inputs[name].lengths
        which = "inputs" if len(layout.inputs) == 1 else f'inputs "{name}"'
        if group.shape is not None and lengths is not None:
            raise DataError(
                f"The {which} are sequences: there is no `shape` to give to their rows.",
                file=layout.path,
                option=("shape",),
            )
        if group.shape is not None and math.prod(group.shape) != values.shape[1]:
            raise DataError(
                f"A row of the `shape` {list(group.shape)} has {math.prod(group.shape)} numbers, and "
                f"the {which} have {values.shape[1]}.",
                file=layout.path,
                option=("shape",),
            )
    if layout.is_siamese:
        refuse_unlike({name: rows.inputs[name].kind(group.shape) for name, group in layout.inputs.items()}, layout.path)


def refuse_unlike(kinds: Mapping[str, str], path: Path) -> None:
    """Raise a `DataError` if rows of the groups of inputs, to each of which the same layers are applied, differ.

    `kinds` says what a row of each group is.
    """
    first, *others = kinds
    for other in others:
        if kinds[other] != kinds[first]:
            raise DataError(
                f"The same layers are applied to each of {enumerate_names(kinds)}, which must be alike. A row "
                f'of "{first}" is {kinds[first]}, and one of "{other}" is {kinds[other]}.',
                file=path,
                columns=[first],
            )


def refuse_other_kinds(layout: Layout, rows: Rows, known: Rows, path: Path) -> None:
    """Raise a `DataError` if rows of a further file are of another shape than those for training."""
    for name, group in rows.inputs.items():
        if group.kind() != known.inputs[name].kind():
            which = "inputs" if len(layout.inputs) == 1 else f'inputs "{name}"'
            raise DataError(
                f"A row of the {which} is {group.kind()}, and in {layout.path} it is {known.inputs[name].kind()}.",
                file=path,
            )


def tensors(layout: Layout, groups: "Mapping[str, NDArray[Any]]") -> "dict[str, Tensor]":
    """The groups of inputs, with rows in their shapes."""
    import torch

    inputs = {name: torch.from_numpy(values) for name, values in groups.items()}
    shapes = {name: group.shape for name, group in layout.inputs.items()}
    return {name: values.reshape(-1, *(shapes[name] or values.shape[1:])) for name, values in inputs.items()}
