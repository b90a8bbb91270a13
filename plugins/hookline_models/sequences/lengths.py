"""Lengths and masks of padded sequences."""

from typing import TYPE_CHECKING

from hookline.training import exporting_to

if TYPE_CHECKING:
    from torch import Tensor


def check_lengths(lengths: "Tensor", steps: int) -> None:
    """Raise a `ValueError` if a length is less than 1 or more than the number of steps.

    Lengths are checked only on a CPU, to avoid synchronizing with an accelerator, and not in a model that is traced.
    """
    if lengths.is_cpu and exporting_to() is None and len(lengths):
        shortest, longest = int(lengths.min()), int(lengths.max())
        if shortest < 1:
            raise ValueError(f"Each row must have at least one step, but the length of one is {shortest}.")
        if longest > steps:
            raise ValueError(f"There are {steps} steps, but the length of a row is {longest}.")


def padding_mask(inputs: "Tensor", lengths: "Tensor") -> "Tensor":
    """Return the mask `(N, L)` of the padded steps of the inputs `(N, L, …)`."""
    import torch

    steps = inputs.shape[1]
    check_lengths(lengths, steps)
    return torch.arange(steps, device=inputs.device) >= lengths.to(inputs.device).unsqueeze(1)
