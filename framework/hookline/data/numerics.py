"""Numbers, and arithmetic in float64 where float32 is not precise enough."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def is_number(value: object) -> bool:
    """Return whether a value is a number: in Python, booleans are integers.

    >>> is_number(1.5), is_number(True)
    (True, False)
    """
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def in_float64(tensor: "Tensor") -> "Tensor":
    """Return the tensor in float64, on its device, or on the CPU if the device has no float64 (`mps`)."""
    if tensor.device.type == "mps":
        tensor = tensor.cpu()
    return tensor.double()


def log_odds(scores: "Tensor") -> "Tensor":
    """Return the log-odds log(p / (1 - p)) of the probability p of each class, as float64.

    They have the same order as p, but still differ where p rounds to 1.

    Args:
        scores: Logits or log-probabilities of the classes, `(N, C)` or `(N, C, ...)`.

    """
    import torch

    logs = in_float64(scores).log_softmax(dim=1)
    best = logs.argmax(dim=1, keepdim=True)
    # For the most probable class, 1 - p is the sum of the others. For the others, p is at most 1/2.
    others = logs.scatter(1, best, -torch.inf).logsumexp(dim=1, keepdim=True)
    return logs - torch.log1p(-logs.exp()).scatter(1, best, others)
