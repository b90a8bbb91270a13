"""Notice when values of tensors leave torch: what Python computes with them is in no operation."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, wraps
from typing import Any

READING = (
    *("__array__", "__dlpack__", "__format__", "__reduce_ex__", "__repr__", "data_ptr", "numpy", "storage", "tolist"),
    "untyped_storage",
)
"""The methods of tensors through which values leave torch without an operation. `item` is an operation."""

COUNTING = "_version"
"""The attribute of a tensor that counts its changes in place."""

SPLITTING = "tensor_split"

READING_INDICES = ("_pad_packed_sequence", "gru", "lstm", "rnn_relu", "rnn_tanh", SPLITTING)
"""Functions that read the values of a tensor of integers without an operation, if one follows the first argument."""


class _Methods:
    """Replaces what reads values, in all threads, while at least one of them wants to note it.

    A mode in which torch shows each function would do the same, but some layers compute in another way inside one.
    """

    def __init__(self) -> None:
        self._lock, self._users = threading.Lock(), 0
        self._local = threading.local()
        self._usual: list[tuple[Any, str, Any]] = []

    def begin(self) -> list[str]:
        """Return the list to which the reads of this thread are added."""
        with self._lock:
            if self._users == 0:
                self._replace_all()
            self._users += 1
        noted: list[str] = []
        self._local.noted = noted
        return noted

    def end(self) -> None:
        """Note no further reads of this thread."""
        self._local.noted = None
        with self._lock:
            self._users -= 1
            while self._users == 0 and self._usual:
                owner, name, usual = self._usual.pop()
                if usual is None:
                    delattr(owner, name)
                else:
                    setattr(owner, name, usual)

    def _replace_all(self) -> None:
        import torch

        tensor: Any = torch.Tensor
        for name in READING:
            self._replace(tensor, name, self._noting(name, getattr(tensor, name)))
        count = self._noting(COUNTING, getattr(tensor, COUNTING).__get__)
        self._replace(tensor, COUNTING, property(count))
        self._replace(tensor, "__bool__", self._as_comparison(tensor.__bool__))
        for owner in (tensor, torch, torch._VF):
            for name in READING_INDICES:
                if (usual := getattr(owner, name, None)) is not None:
                    self._replace(owner, name, self._noting_indices(name, usual))

    def _replace(self, owner: Any, name: str, other: Any) -> None:
        self._usual.append((owner, name, vars(owner).get(name)))  # `None` if it is inherited.
        setattr(owner, name, other)

    def _note(self, name: str) -> None:
        noted = getattr(self._local, "noted", None)
        if noted is not None:
            noted.append(name)

    def _noting(self, name: str, usual: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(usual)
        def noting(*arguments: Any, **options: Any) -> Any:
            self._note(name)
            return usual(*arguments, **options)

        return noting

    def _noting_indices(self, name: str, usual: Callable[..., Any]) -> Callable[..., Any]:
        import torch

        @wraps(usual)
        def noting(*arguments: Any, **options: Any) -> Any:
            others = (*arguments[1:], *options.values())
            if any(isinstance(one, torch.Tensor) and not one.is_floating_point() for one in others):
                self._note(name)
            return usual(*arguments, **options)

        return noting

    def _as_comparison(self, usual: Callable[[Any], bool]) -> Callable[[Any], bool]:
        import torch

        @wraps(usual)
        def truth(tensor: Any) -> bool:
            if getattr(self._local, "noted", None) is None or tensor.dtype == torch.bool:
                return usual(tensor)
            return usual(tensor != 0)  # So that what is read is a truth value, which can be compared later.

        return truth


@cache
def _methods() -> _Methods:
    return _Methods()


@contextmanager
def noting_reads() -> Iterator[list[str]]:
    """Note what reads values inside the context without an operation."""
    methods = _methods()
    noted = methods.begin()
    try:
        yield noted
    finally:
        methods.end()
