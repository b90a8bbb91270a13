"""Record the operations of torch while a function runs."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from torch._ops import OpOverload


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
    alive until the list is released, so that each is a distinct object.
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
            operations.append(Recorded(func, args, keywords, result))
            return result

    operations: list[Recorded] = []
    with Recording():
        yield operations


def with_recording(function: Callable[[], Any]) -> tuple[Any, list[Recorded]]:
    """Call a function; return its result and the operations."""
    with recording() as operations:
        result = function()
    return result, operations
