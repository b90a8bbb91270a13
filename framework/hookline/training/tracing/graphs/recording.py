"""Record the operations of torch while a function runs."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from torch._ops import OpOverload


LARGEST = 2**30
"""The largest size in bytes of all results together, which stay alive while they are recorded."""


class Recorded(NamedTuple):
    """One operation with its arguments and its result, as they were when it ran."""

    operation: "OpOverload"
    arguments: Sequence[Any]
    keywords: Mapping[str, Any]
    result: Any


@contextmanager
def recording() -> Iterator[list[Recorded]]:
    """Record the operations inside the context, those of the backward pass too, in the order in which they run.

    They are recorded below autograd, where layers and losses have become operations of `torch.ops.aten`. The operations
    run as they would without the context: nothing is replaced, and random numbers are drawn as usual. All tensors stay
    alive until the list is released, so that each is a distinct object. If they become too large, the list is empty.
    """
    from torch.utils._python_dispatch import TorchDispatchMode

    class Recording(TorchDispatchMode):
        @classmethod
        def _should_skip_dynamo(cls) -> bool:
            return False  # Otherwise torch imports its compiler, which takes seconds.

        @classmethod
        def ignore_compile_internals(cls) -> bool:
            return True  # What `torch.compile` has compiled stays compiled.

        def __torch_dispatch__(
            self,
            func: "OpOverload",
            types: object,
            args: Sequence[Any] = (),
            kwargs: Mapping[str, Any] | None = None,
        ) -> Any:
            keywords = kwargs or {}
            result = func(*args, **keywords)
            if memory.size <= LARGEST:
                operations.append(Recorded(func, args, keywords, result))
                memory.add(result)
            else:
                operations.clear()
            return result

    operations: list[Recorded] = []
    memory = _Memory()
    with Recording():
        yield operations


class _Memory:
    """The memory of the tensors so far."""

    def __init__(self) -> None:
        self.size = 0
        self._known: set[int] = set()

    def add(self, result: Any) -> None:
        import torch

        for one in result if isinstance(result, (list, tuple)) else [result]:
            if isinstance(one, torch.Tensor) and one.layout == torch.strided:
                storage = one.untyped_storage()
                if storage._cdata not in self._known:
                    self._known.add(storage._cdata)
                    self.size += storage.nbytes()


def with_recording(function: Callable[[], Any]) -> tuple[Any, list[Recorded]]:
    """Call a function; return its result and the operations."""
    with recording() as operations:
        result = function()
    return result, operations
