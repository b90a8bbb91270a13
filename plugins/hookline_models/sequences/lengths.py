"""What layers do with the lengths of padded sequences."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def check_lengths(lengths: "Tensor", steps: int) -> None:
    """Raise a `ValueError` if a row is said to have no step, or more steps than there are.

    Only on a CPU: an accelerator would have to be waited for.
    """
    if lengths.is_cpu and len(lengths):
        shortest, longest = int(lengths.min()), int(lengths.max())
        if shortest < 1:
            raise ValueError(f"Each row must have a step, and the length of one is {shortest}.")
        if longest > steps:
            raise ValueError(f"There are {steps} steps, and the length of a row is {longest}.")


def padding_mask(inputs: "Tensor", lengths: "Tensor") -> "Tensor":
    """Which steps of the inputs `(N, L, …)` are padding: `(N, L)`, true where a row has ended."""
    import torch

    steps = inputs.shape[1]
    check_lengths(lengths, steps)
    return torch.arange(steps, device=inputs.device) >= lengths.to(inputs.device).unsqueeze(1)
