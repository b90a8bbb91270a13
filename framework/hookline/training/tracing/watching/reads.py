"""Notice when values of tensors leave torch: what Python computes with them is in no operation."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

READING = frozenset(
    {
        *("__array__", "__dlpack__", "__format__", "__reduce_ex__", "__repr__", "data_ptr", "numpy", "storage"),
        *("tolist", "untyped_storage"),
    }
)
"""The methods of tensors through which values leave torch without an operation. `item` is an operation."""


@cache
def _mode() -> Any:
    """Return the class of the mode in which torch shows each function, made once: to make a class takes long."""
    import torch
    from torch.overrides import TorchFunctionMode

    class Noting(TorchFunctionMode):
        def __init__(self) -> None:
            super().__init__()
            self.reads: list[str] = []

        def __torch_function__(
            self,
            func: Callable[..., Any],
            types: object,
            args: Sequence[Any] = (),
            kwargs: Mapping[str, Any] | None = None,
        ) -> Any:
            name = getattr(func, "__name__", "")
            if name in READING:
                self.reads.append(name)
            if name == "__bool__" and args[0].dtype != torch.bool:
                return func(args[0] != 0)  # So that what is read is a truth value, which can be compared later.
            return func(*args, **(kwargs or {}))

    return Noting


@contextmanager
def noting_reads() -> Iterator[list[str]]:
    """Note the methods inside the context that read values without an operation."""
    with _mode()() as noting:
        yield noting.reads
