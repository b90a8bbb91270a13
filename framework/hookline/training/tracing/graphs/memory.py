"""The tensors of the values of a graph, and which of them share memory."""

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from hookline.training.tracing.graphs.graph import Call, Untraceable, Value

if TYPE_CHECKING:
    from torch import Tensor


class Memory:
    """The tensor of each value when the operations were recorded, which says what shares memory."""

    def __init__(self, first: int = 0):
        """Begin without values; `first` is the number of the first one."""
        self._first = first
        self._tensors: list[Tensor] = []
        self._users: defaultdict[int, int] = defaultdict(int)
        self.reshaped: set[Value] = set()
        """The values whose tensors got another shape in place, so that the tensor no longer has that of the value."""
        self.written: set[int] = set()
        """The storages that operations change in place."""

    def new_value(self, tensor: "Tensor") -> Value:
        """Return a new value for a tensor.

        Raises:
            Untraceable: If the tensor has no usual memory.

        """
        import torch

        if tensor.layout != torch.strided or tensor.is_quantized or tensor.is_nested:
            raise Untraceable("a tensor is sparse, nested or quantized")
        value = Value(self._first + len(self._tensors), tensor.untyped_storage()._cdata)
        self._tensors.append(tensor)
        self._users[value.storage] += 1
        return value

    def tensor(self, value: Value) -> "Tensor":
        """The tensor of a value."""
        return self._tensors[value.number - self._first]

    @property
    def size(self) -> int:
        """The number of values, which are numbered from the first one."""
        return len(self._tensors)

    def is_shared(self, value: Value) -> bool:
        """Whether another value has the same memory."""
        return self._users[value.storage] > 1

    def view(self, call: Call) -> Value | None:
        """The result of a call that only returns another view of a tensor that it takes; `None` for other calls."""
        if call.is_several or call.schema.writes or (result := call.results[0]) is None:
            return None
        is_view = self._users[result.storage] > 1 and result.storage in [value.storage for value in call.values]
        return result if is_view else None

    def layout(self, value: Value) -> tuple[Any, ...]:
        """Describe how the elements of a value lie in its memory, and how they are read."""
        if value in self.reshaped:
            return (value,)
        one = self.tensor(value)
        return one.storage_offset(), one.shape, one.stride(), one.dtype, one.is_conj(), one.is_neg()

    def place(self, value: Value) -> tuple[Any, ...]:
        """Describe which elements of the memory a value consists of."""
        return value.storage, *self.layout(value)
