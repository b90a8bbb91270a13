"""Keep the state that a step changes, to compute the step a second time from the same state, and to compare both."""

import random
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor


class Snapshot:
    """The values of tensors, and the state of torch's random number generator."""

    def __init__(self, tensors: "Iterable[Tensor]"):
        """Copy the tensors."""
        import torch

        self.tensors = list(tensors)
        self.values = [tensor.detach().clone() for tensor in self.tensors]
        self.generator = torch.get_rng_state()

    def restore(self) -> None:
        """Give the tensors and the generator the state that they had."""
        import torch

        with torch.no_grad():
            for tensor, value in zip(self.tensors, self.values, strict=True):
                tensor.copy_(value)
        torch.set_rng_state(self.generator)


def state_of_python() -> tuple[Any, ...]:
    """Return the states of the generators of Python and NumPy, from which no operation of torch draws."""
    import numpy

    name, keys, *others = numpy.random.get_state(legacy=True)
    return random.getstate(), name, numpy.asarray(keys).tobytes(), *others


def difference(values: "Mapping[str, Sequence[Tensor | None]]", others: "Mapping[str, Sequence[Tensor | None]]") -> str:
    """Name the first group of tensors in which a bit differs; empty if there is none."""
    for name, several in values.items():
        if not all(map(_are_equal, several, others[name])):
            return name
    return ""


def _are_equal(one: "Tensor | None", other: "Tensor | None") -> bool:
    import torch

    if one is None or other is None:
        return one is other
    if (one.shape, one.dtype, one.stride()) != (other.shape, other.dtype, other.stride()):
        return False
    # NaN is equal to NaN here.
    return torch.equal(one, other) or bool(torch.equal(one.isnan(), other.isnan()) and _equal_elsewhere(one, other))


def _equal_elsewhere(one: "Tensor", other: "Tensor") -> bool:
    return bool((one == other).logical_or_(one.isnan()).all())
