"""Record the operations of torch while a function runs."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from hookline.training.tracing.graphs.operations import Schema, schema_of

if TYPE_CHECKING:
    from torch._ops import OpOverload


LARGEST = 2**30
"""The largest size in bytes of all results together, which stay alive while they are recorded."""


COMPUTED_OTHERWISE = frozenset({"_linalg_det", "_linalg_eigh", "_linalg_svd", "cumprod", "linalg_lstsq", "prod"})
"""Operations that torch computes with other bits, or whose gradients, while something sees each operation."""


class Recorded(NamedTuple):
    """One operation with its arguments and its result, as they were when it ran."""

    operation: "OpOverload"
    arguments: Sequence[Any]
    keywords: Mapping[str, Any]
    result: Any
    schema: Schema | None
    """What is known about the operation; `None` if it is none of `torch.ops`."""


@cache
def _mode() -> Any:
    """Return the class of the mode in which torch shows each operation, made once: to make a class takes long."""
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode

    class Recording(TorchDispatchMode):
        def __init__(self) -> None:
            super().__init__()
            self.operations: list[Recorded] = []
            self._memory = _Memory()

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
            if self._memory.size <= LARGEST:
                schema = schema_of(func) if isinstance(func, torch._ops.OpOverload) else None
                self.operations.append(Recorded(func, args, keywords, result, schema))
                self._memory.add(result)
            else:
                self.operations.clear()
            return result

    return Recording


class _Memory:
    """The memory of the tensors so far."""

    def __init__(self) -> None:
        self.size = 0
        self._known: set[int] = set()

    def add(self, result: Any) -> None:
        import torch

        base: Any = torch._C.TensorBase  # A call of the tensor's own method may be noted, as a read of its values.
        for one in result if isinstance(result, (list, tuple)) else [result]:
            if isinstance(one, torch.Tensor) and one.layout == torch.strided:
                storage = base.untyped_storage(one)
                if storage._cdata not in self._known:
                    self._known.add(storage._cdata)
                    self.size += storage.nbytes()


def computed_otherwise(operations: Iterable[Recorded]) -> str | None:
    """Say that the results of operations may have other bits because they were recorded; `None` if they have not."""
    for one in operations:
        if one.schema is not None and one.schema.name in COMPUTED_OTHERWISE:
            return f"torch computes {one.operation} in another way while it is recorded"
    return None


def with_recording(function: Callable[[], Any]) -> tuple[Any, list[Recorded]]:
    """Call a function; return its result and the operations, those of the backward pass too, in the order they ran in.

    They are recorded below autograd, where layers and losses have become operations of `torch.ops.aten`. The operations
    run as they would otherwise: nothing is replaced, and random numbers are drawn as usual. All tensors stay alive
    until the list is released, so that each is a distinct object. If they become too large, the list is empty.
    """
    with _mode()() as recording:
        result = function()
    return result, recording.operations
