"""A buffer for the losses of batches, which does not keep their tensors alive."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

READ_EVERY = 1024
"""The number of batches between reads of their losses: each read synchronizes with the device."""


class Scalars:
    """A buffer for the values of up to `READ_EVERY` scalar tensors, which it does not keep alive.

    A small tensor that stays alive among the large ones of its step prevents the C library from reusing the memory
    around it, and a view keeps its whole base tensor alive. A value on the CPU is read immediately, without
    synchronization. A value on an accelerator is copied into a tensor there, allocated once and read by `take`.
    """

    def __init__(self) -> None:
        """Create an empty buffer."""
        self._numbers: list[float] = []
        self._on_device: Tensor | None = None
        self.count = 0
        """The number of values."""

    def add(self, value: "Tensor | float") -> None:
        """Append the value of a scalar tensor, or a number."""
        if self._on_device is not None:
            self._on_device[self.count] = value
        elif isinstance(value, (int, float)):
            self._numbers.append(value)
        elif value.is_cpu:
            self._numbers.append(value.item())
        else:
            self._allocate(value)
        self.count += 1

    def extend(self, numbers: "Sequence[float]") -> None:
        """Append several numbers."""
        if self._on_device is not None:
            for number in numbers:
                self.add(number)
            return
        self._numbers += numbers
        self.count += len(numbers)

    def _allocate(self, value: "Tensor") -> None:
        """Move the values to a new tensor on the device of this value."""
        import torch

        # float64 holds every loss and row count exactly; only MPS lacks it.
        dtype = torch.float32 if value.device.type == "mps" else torch.float64
        self._on_device = torch.empty(READ_EVERY, dtype=dtype, device=value.device)
        self._on_device[: self.count] = torch.tensor(self._numbers, dtype=dtype)
        self._on_device[self.count] = value
        self._numbers.clear()

    def values(self) -> list[float]:
        """Return all values in order, without removing them."""
        return list(self._numbers) if self._on_device is None else self._on_device[: self.count].tolist()

    def load(self, values: "list[float]") -> None:
        """Replace all values."""
        self._numbers, self._on_device, self.count = list(values), None, len(values)

    def take(self) -> list[float]:
        """Remove and return all values in order."""
        if self._on_device is None:
            taken, self._numbers = self._numbers, []
        else:
            taken = self._on_device[: self.count].tolist()
        self.count = 0
        return taken


def sum_of(numbers: "Sequence[float]") -> float:
    """Return the sum in the order in which torch adds float64, on which the last bit depends."""
    import numpy
    import torch

    if type(numbers[0]) is int and set(map(type, numbers)) == {int}:
        return float(sum(numbers))  # Such as numbers of rows: no sum is rounded, so that any order is right.
    return torch.from_numpy(numpy.array(numbers, dtype=numpy.float64)).sum().item()  # Faster than `torch.tensor`.
