"""The parts of a state as short texts, which are equal only if the parts are equal to the last bit."""

import itertools
import random
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from torch import Tensor

Path: TypeAlias = tuple[str | int, ...]
Leaves: TypeAlias = dict[Path, str]
"""The text of each part by its path."""

LONGEST = 60
"""The length of the longest text that is not replaced by its SHA-256."""

PLAIN = (bool, int, float, complex, str, bytes, type(None))
FOREIGN = frozenset({"hookline", "numpy", "pluggy", "torch"})
"""The packages into whose objects `attributes` does not look."""


def leaves(state: Any) -> Leaves:
    """Return the parts of a state: its tensors, arrays and other values.

    >>> leaves({"steps": 3, "means": {"a": [0.5, float("nan")]}})
    {('steps',): '3', ('means', 'a'): '[0.5, nan]'}
    """
    return dict(_leaves(state, ()))


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _leaves(part, (*path, key if isinstance(key, (str, int)) else repr(key)))
    elif isinstance(value, (list, tuple)) and not _is_plain(value):
        for index, part in enumerate(value):
            yield from _leaves(part, (*path, index))
    else:
        yield path, text_of(value)


def _is_plain(parts: "list[Any] | tuple[Any, ...]") -> bool:
    """Whether no part contains others. There may be many, such as the 625 numbers of Python's generator."""
    return all(issubclass(kind, PLAIN) for kind in {*map(type, parts)})


def text_of(value: Any) -> str:
    """Return a text for a value. Those of two values are equal only if the values are."""
    import numpy
    import torch

    if isinstance(value, torch.Tensor):
        return f"{value.dtype} {tuple(value.shape)} {_of_tensor(value)}"
    if isinstance(value, (numpy.ndarray, numpy.generic)):
        return f"{value.dtype} {value.shape} {sha256(value.tobytes()).hexdigest()}"
    if isinstance(value, (set, frozenset)):
        value = sorted(map(repr, value))
    text = repr(value)
    return text if len(text) <= LONGEST else f"{type(value).__name__} {sha256(text.encode()).hexdigest()}"


def _of_tensor(tensor: "Tensor") -> str:
    import torch

    plain = tensor.detach()
    if plain.is_sparse:
        return " ".join(map(_of_tensor, (plain._indices(), plain._values())))
    if plain.is_meta:
        return "meta"
    if plain.is_complex():
        plain = torch.view_as_real(plain.resolve_conj())
    raw = plain.cpu().contiguous().flatten().view(torch.uint8).numpy()
    return sha256(raw.data).hexdigest()


def attributes(owner: object, depth: int = 2) -> Leaves:
    """Return the attributes of an object whose values can be compared, also those that its `state_dict` omits.

    They include the positions of random number generators.
    """
    found: Leaves = {}
    for name, value in _variables(owner):
        if (comparable := _comparable(value)) is not None:
            found |= {(name, *path): text for path, text in leaves(comparable[0]).items()}
        elif depth and not callable(value) and type(value).__module__.partition(".")[0] not in FOREIGN:
            found |= {(name, *path): text for path, text in attributes(value, depth - 1).items()}
    return found


def _variables(owner: object) -> Iterator[tuple[str, Any]]:
    yield from getattr(owner, "__dict__", {}).items()
    for kind in type(owner).__mro__:
        names = vars(kind).get("__slots__", ())
        for name in (names,) if isinstance(names, str) else names:
            if not name.startswith("__") and hasattr(owner, name):
                yield name, getattr(owner, name)


def _comparable(value: Any) -> tuple[Any] | None:
    """Return what represents a value in a comparison; `None` if the value is another object."""
    import numpy
    import torch

    if isinstance(value, random.Random):
        return (value.getstate(),)
    if isinstance(value, numpy.random.Generator):
        return (value.bit_generator.state,)
    if isinstance(value, numpy.random.RandomState):
        return (value.get_state(legacy=False),)
    if isinstance(value, torch.Generator):
        return (value.get_state(),)
    if isinstance(value, itertools.count):
        return (repr(value),)
    if isinstance(value, (*PLAIN, torch.Tensor, numpy.ndarray, numpy.generic)):
        return (value,)
    if isinstance(value, Mapping):
        parts = {key: _comparable(part) for key, part in value.items()}
        return None if None in parts.values() else ({key: part[0] for key, part in parts.items() if part},)
    if isinstance(value, (list, tuple, set, frozenset)):
        several = [_comparable(part) for part in value]
        return None if None in several else ([part[0] for part in several if part],)
    return None
