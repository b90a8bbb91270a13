"""Check the rows that a data source passes to `in_memory`: a plugin may make a mistake in them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hookline.errors.exceptions import DataError

if TYPE_CHECKING:
    from torch import Tensor


def refuse_unfit_rows(
    inputs: "Mapping[str, Mapping[str, Tensor]]",
    targets: Mapping[str, Mapping[str, Any]],
    lengths: "Mapping[str, Mapping[str, Tensor]]",
    sources: Mapping[str, str],
) -> None:
    """Refuse inputs that are not tensors or have other sizes than in training, and targets without names of columns.

    `lengths` has the groups of inputs that are padded sequences, for each split.

    Raises:
        TypeError: If an input is not a tensor, or a target not a mapping.
        ValueError: If a row has another number of dimensions, features or channels than in training.
        DataError: If there are no training rows, or no numbers in them.

    """
    import torch

    for split, groups in inputs.items():
        for name, rows in groups.items():
            if not isinstance(rows, torch.Tensor):
                raise TypeError(
                    f'The inputs "{name}" of the {split} split must be a tensor, not {type(rows).__name__}: '
                    "`torch.as_tensor` makes one."
                )
            trained = inputs["training"].get(name, rows)
            size = 2 if name in lengths.get(split, {}) else 1  # Images may be larger in a split, and sequences longer.
            if rows.dim() != trained.dim() or rows.shape[size : size + 1] != trained.shape[size : size + 1]:
                raise ValueError(
                    f'A row of "{name}" has the shape {tuple(rows.shape[1:])} in the {split} split, but '
                    f"{tuple(trained.shape[1:])} in the training split."
                )
        for name, columns in targets[split].items():
            if not isinstance(columns, Mapping):
                raise TypeError(
                    f'The target "{name}" of the {split} split must be a mapping with its columns by name, not '
                    f"{type(columns).__name__}."
                )
    if not any(len(rows) for rows in inputs["training"].values()):
        raise DataError("There are no rows.", file=sources["training"])
    if empty := next((name for name, rows in inputs["training"].items() if not rows.numel()), None):
        shape = tuple(inputs["training"][empty].shape[1:])
        raise DataError(f'The inputs "{empty}" have no numbers: a row has the shape {shape}.', file=sources["training"])
