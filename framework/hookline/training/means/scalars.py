"""A buffer for the losses of batches, which does not keep their tensors alive."""

from typing import TYPE_CHECKING, Any

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
        self._count = 0

    def add(self, value: "Tensor | float") -> None:
        """Append the value of a scalar tensor, or a number."""
        if self._on_device is not None:
            self._on_device[self._count] = value
        elif isinstance(value, (int, float)):
            self._numbers.append(value)
        elif value.is_cpu:
            self._numbers.append(value.item())
        else:
            self._allocate(value)
        self._count += 1

    def extend(self, numbers: "Sequence[float]") -> None:
        """Append several numbers."""
        if self._on_device is not None:
            for number in numbers:
                self.add(number)
            return
        self._numbers += numbers
        self._count += len(numbers)

    def _allocate(self, value: "Tensor") -> None:
        """Move the values to a new tensor on the device of this value."""
        import torch

        # float64 holds every loss and row count exactly; only MPS lacks it.
        dtype = torch.float32 if value.device.type == "mps" else torch.float64
        self._on_device = torch.empty(READ_EVERY, dtype=dtype, device=value.device)
        self._on_device[: self._count] = torch.tensor(self._numbers, dtype=dtype)
        self._on_device[self._count] = value
        self._numbers.clear()

    def __len__(self) -> int:
        """The number of values."""
        return self._count

    def values(self) -> list[float]:
        """Return all values in order, without removing them."""
        return list(self._numbers) if self._on_device is None else self._on_device[: self._count].tolist()

    def load(self, values: "list[float]") -> None:
        """Replace all values."""
        self._numbers, self._on_device, self._count = list(values), None, len(values)

    def sum_of_integers(self) -> int | None:
        """Return the sum of the values if all are integers on the CPU, such as numbers of rows; otherwise `None`."""
        numbers: list[Any] = self._numbers
        return sum(numbers) if self._on_device is None and set(map(type, numbers)) == {int} else None

    def take(self) -> "Tensor":
        """Remove and return all values in order, as float64 on the CPU."""
        import numpy
        import torch

        if self._on_device is None:
            taken = torch.from_numpy(numpy.array(self._numbers, dtype=numpy.float64))  # Faster than `torch.tensor`.
        else:
            taken = self._on_device[: self._count].cpu().double()
        self._numbers.clear()
        self._count = 0
        return taken
