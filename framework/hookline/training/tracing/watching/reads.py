"""Notice when values of tensors leave torch: what Python computes with them is in no operation."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
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


class _Place:
    """An attribute through which values are read, and what replaces it."""

    def __init__(self, owner: Any, name: str):
        """Take the class or module, and the name of its attribute."""
        self.owner, self.name = owner, name
        self.other: Any = None
        """What replaces it, made once for all times. It calls the usual function of the time."""
        self.usual: Any = None
        """The usual function."""
        self._own: Any = None

    def replace(self) -> None:
        """Replace the usual function."""
        self.usual = getattr(self.owner, self.name)
        self._own = self.owner.__dict__.get(self.name)  # `None` if it is inherited.
        setattr(self.owner, self.name, self.other)

    def restore(self) -> None:
        """Undo it."""
        if self._own is None:
            delattr(self.owner, self.name)
        else:
            setattr(self.owner, self.name, self._own)


class _Methods:
    """Replaces what reads values, in all threads, while at least one of them wants to note it.

    A mode in which torch shows each function would do the same, but some layers compute in another way inside one.
    """

    def __init__(self) -> None:
        import torch

        self._lock, self._users = threading.Lock(), 0
        self._local = threading.local()
        tensor: Any = torch.Tensor
        self._places: list[_Place] = []
        for name in READING:
            self._add(tensor, name, self._noting)
        self._add(tensor, COUNTING, self._counting)
        self._add(tensor, "__bool__", self._as_comparison)
        for owner in (tensor, torch, torch._VF):
            for name in READING_INDICES:
                if hasattr(owner, name):
                    self._add(owner, name, self._noting_indices)

    def _add(self, owner: Any, name: str, made: Callable[[_Place], Any]) -> None:
        place = _Place(owner, name)
        place.other = made(place)
        self._places.append(place)

    def begin(self) -> list[str]:
        """Return the list to which the reads of this thread are added."""
        with self._lock:
            if self._users == 0:
                for place in self._places:
                    place.replace()
            self._users += 1
        noted: list[str] = []
        self._local.noted = noted
        return noted

    def end(self) -> None:
        """Note no further reads of this thread."""
        self._local.noted = None
        with self._lock:
            self._users -= 1
            if self._users == 0:
                for place in self._places:
                    place.restore()

    def _note(self, name: str) -> None:
        noted = getattr(self._local, "noted", None)
        if noted is not None:
            noted.append(name)

    def _noting(self, place: _Place) -> Callable[..., Any]:
        def noting(*arguments: Any, **options: Any) -> Any:
            self._note(place.name)
            return place.usual(*arguments, **options)

        return noting

    def _counting(self, place: _Place) -> property:
        def count(tensor: Any) -> Any:
            self._note(place.name)
            return place.usual.__get__(tensor)

        return property(count)

    def _noting_indices(self, place: _Place) -> Callable[..., Any]:
        import torch

        def noting(*arguments: Any, **options: Any) -> Any:
            others = (*arguments[1:], *options.values())
            if any(isinstance(one, torch.Tensor) and not one.is_floating_point() for one in others):
                self._note(place.name)
            return place.usual(*arguments, **options)

        return noting

    def _as_comparison(self, place: _Place) -> Callable[[Any], bool]:
        import torch

        def truth(tensor: Any) -> bool:
            if getattr(self._local, "noted", None) is None or tensor.dtype == torch.bool:
                return bool(place.usual(tensor))
            return bool(place.usual(tensor != 0))  # So that it is a truth value, which can be compared later.

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
