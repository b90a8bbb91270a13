"""Arithmetic that keeps the digits that a float32 does not have."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def in_float64(tensor: "Tensor") -> "Tensor":
    """The tensor in float64, on its own device, or on the CPU if the device has no float64 (`mps`)."""
    if tensor.device.type == "mps":
        tensor = tensor.cpu()
    return tensor.double()


def log_odds(scores: "Tensor") -> "Tensor":
    """The logarithm of p / (1 - p) for the probability p of each class, float64.

    It orders rows as p does, and still tells rows apart whose p rounds to 1.

    Args:
        scores: raw scores or log-probabilities of the classes, `(N, C)` or `(N, C, ...)`.

    """
    import torch

    logs = in_float64(scores).log_softmax(dim=1)
    best = logs.argmax(dim=1, keepdim=True)
    # For the most probable class 1 - p is the sum of the others. For the others, p is at most 1/2.
    others = logs.scatter(1, best, -torch.inf).logsumexp(dim=1, keepdim=True)
    return logs - torch.log1p(-logs.exp()).scatter(1, best, others)
