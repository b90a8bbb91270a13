"""Keep the state that a step changes, to compute the step a second time from the same state, and to compare both."""

import random
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hookline.training.tracing.graphs.graph import Untraceable

if TYPE_CHECKING:
    from torch import Tensor


class Snapshot:
    """The values of tensors, and the state of torch's random number generator."""

    def __init__(self, tensors: "Iterable[Tensor]"):
        """Copy the tensors.

        Raises:
            Untraceable: If there is not enough memory.

        """
        import torch

        self.tensors = list(tensors)
        try:
            self.values = [tensor.detach().clone() for tensor in self.tensors]
        except (MemoryError, RuntimeError) as error:
            raise Untraceable("there is not enough memory to copy the parameters") from error
        self.generator = torch.get_rng_state()

    def restore(self) -> None:
        """Give the tensors and the generator the state that they had."""
        import torch

        with torch.no_grad():
            for tensor, value in zip(self.tensors, self.values, strict=True):
                tensor.copy_(value)
        torch.set_rng_state(self.generator)


class Beginning:
    """What a call may change, as it was before the call, to which it returns if the call fails.

    The copies are made once, and overwritten before each call.
    """

    def __init__(self, tensors: "Iterable[Tensor]"):
        """Take the tensors that a call may change.

        Raises:
            Untraceable: If there is not enough memory.

        """
        copied = Snapshot(tensors)
        self._tensors, self._values, self._generator = copied.tensors, copied.values, copied.generator

    def keep(self) -> None:
        """Copy the present values."""
        import torch

        below_autograd: Any = torch._C._AutoDispatchBelowAutograd
        if self._tensors:
            with below_autograd():
                torch._foreach_copy_(self._values, self._tensors)
        self._generator = torch.get_rng_state()

    def restore(self) -> None:
        """Give the tensors and the generator the state that they had."""
        import torch

        if self._tensors:
            with torch.no_grad():
                torch._foreach_copy_(self._tensors, self._values)
        torch.set_rng_state(self._generator)


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
    if torch.equal(_bits(one), _bits(other)):
        return True
    if not (one.is_floating_point() or one.is_complex()):
        return False
    is_nan = one.isnan()  # All NaNs are equal here, because operations do not define their bits.
    return torch.equal(is_nan, other.isnan()) and torch.equal(
        _bits(one.masked_fill(is_nan, 0)), _bits(other.masked_fill(is_nan, 0))
    )


def _bits(tensor: "Tensor") -> "Tensor":
    """Return the elements as integers of the same size, so that 0.0 and -0.0 differ."""
    import torch

    if tensor.is_complex():
        tensor = torch.view_as_real(tensor.resolve_conj())
    if not tensor.is_floating_point():
        return tensor
    integers = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}
    return tensor.resolve_neg().view(integers[tensor.element_size()])
