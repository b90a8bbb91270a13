"""Convert a state to JSON and tensors, and back, without losing a bit and without pickle.

A state consists of tensors, NumPy arrays, numbers, strings, bytes, `None`, lists, tuples, sets and dictionaries, which
may contain one another. JSON has lists, and objects with string keys; everything else becomes an object whose only key
begins with `$`, such as `{"$tuple": [1, 2]}`.
"""

import base64
import math
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from hookline.errors.exceptions import CheckpointError

if TYPE_CHECKING:
    from torch import Tensor

MARK = "$"
"""The first character of the key of an object that stands for a value that JSON does not have."""


class Encoder:
    """Converts a state to values for JSON, and collects its tensors by name."""

    def __init__(self) -> None:
        """Begin without tensors."""
        self.tensors: dict[str, Tensor] = {}
        """The tensors: dense, contiguous copies on the CPU."""
        self._names: dict[int, str] = {}
        self._kept: list[Tensor] = []  # An `id` is unique only while its object exists.

    def encode(self, value: Any, path: str) -> Any:
        """Return a value for JSON; `path` says where the value is in the state, for names and messages.

        Raises:
            CheckpointError: If a checkpoint cannot hold a value of this type.

        """
        import numpy
        import torch

        if value is None or isinstance(value, (bool, str)):
            return value
        # The subclasses of numbers, such as those of NumPy, become plain ones only where nothing is lost.
        if type(value) is int or (type(value) is float and math.isfinite(value)):
            return value
        if isinstance(value, torch.Tensor):
            return self._tensor(value, path)
        if isinstance(value, (numpy.ndarray, numpy.generic)):
            return self._array(value, path)
        if (encoded := _constant(value)) is not None:
            return encoded
        if type(value) is list:
            return self._parts(value, path)
        if isinstance(value, Mapping):
            return self._mapping(value, path)
        if isinstance(value, (tuple, set, frozenset)) and type(value) in SEQUENCES:
            return {MARK + type(value).__name__: self._parts(value, path)}
        raise CheckpointError(
            f"{path} has the type {type(value).__name__}, which a checkpoint cannot hold. It can hold tensors, arrays, "
            "numbers, strings, lists, tuples and dictionaries."
        )

    def _parts(self, value: Iterable[Any], path: str) -> list[Any]:
        parts = list(value)
        if all(type(part) is int for part in parts):  # Such as the 625 numbers of Python's generator.
            return parts
        return [self.encode(part, f"{path}.{index}") for index, part in enumerate(parts)]

    def _mapping(self, value: Mapping[Any, Any], path: str) -> Any:
        kind = type(value)
        if kind not in MAPPINGS:
            # Others, such as a defaultdict with its function, are what they contain.
            kind = dict
        if kind is dict and all(type(key) is str and not key.startswith(MARK) for key in value):
            return {key: self.encode(part, f"{path}.{key}") for key, part in value.items()}
        items = [[self.encode(key, path), self.encode(part, f"{path}.{key}")] for key, part in value.items()]
        return {MARK + kind.__name__: items}

    def _tensor(self, tensor: "Tensor", path: str) -> Any:
        """Store a tensor once, even if the state contains it several times."""
        import torch

        if (name := self._names.get(id(tensor))) is not None:
            return {MARK + "tensor": name}
        plain = tensor.detach()
        if plain.is_sparse:
            parts = {"indices": plain._indices(), "values": plain._values()}
            encoded = {key: self._tensor(part, f"{path}.{key}") for key, part in parts.items()}
            return {MARK + "sparse": {**encoded, "size": list(plain.shape), "is_coalesced": plain.is_coalesced()}}
        if plain.layout is not torch.strided or plain.is_quantized:
            raise CheckpointError(f"{path} is a tensor with the layout {plain.layout}, which a checkpoint cannot hold.")
        if plain.is_complex():
            return {MARK + "complex_tensor": self._tensor(torch.view_as_real(plain.resolve_conj()), path)}
        name = path
        while name in self.tensors:  # A key may contain a dot, as in {"a.b": …, "a": {"b": …}}.
            name += "'"
        self._names[id(tensor)] = name
        self._kept.append(tensor)
        # A copy, since training continues while it is written.
        copied = torch.empty(plain.shape, dtype=plain.dtype, device="cpu")
        self.tensors[name] = copied.copy_(plain)
        return {MARK + "tensor": name}

    def _array(self, array: Any, path: str) -> Any:
        import numpy
        import torch

        if array.dtype.kind in "biufcMmUS":
            # torch does not have all types of NumPy, but it can hold their bytes.
            raw = numpy.frombuffer(bytearray(array.tobytes()), dtype=numpy.uint8)
            about = {
                "dtype": array.dtype.str,
                "shape": list(array.shape),
                "is_scalar": isinstance(array, numpy.generic),
            }
            return {MARK + "array": {**about, "bytes": self._tensor(torch.from_numpy(raw), path)}}
        raise CheckpointError(f"{path} is an array of {array.dtype}, which a checkpoint cannot hold.")


SEQUENCES = {tuple, set, frozenset}
MAPPINGS = {dict, OrderedDict, Counter}


def _constant(value: Any) -> Any:
    """Return the object that stands for a value without parts; `None` if the value has another type."""
    import torch

    if isinstance(value, float):
        return {MARK + "float": repr(float(value))}
    if isinstance(value, complex):
        return {MARK + "complex": [repr(value.real), repr(value.imag)]}
    if isinstance(value, bytes):
        return {MARK + "bytes": base64.b64encode(value).decode()}
    if isinstance(value, torch.dtype):
        return {MARK + "dtype": str(value).removeprefix("torch.")}
    if isinstance(value, torch.device):
        return {MARK + "device": str(value)}
    if isinstance(value, torch.Size):
        return {MARK + "Size": list(value)}
    return None


def decode(value: Any, tensors: "Mapping[str, Tensor]") -> Any:
    """Return the state that an `Encoder` has encoded.

    Args:
        value: what `Encoder.encode` returned.
        tensors: its tensors by name. The state contains these objects, each as often as the encoded state did.

    Raises:
        CheckpointError: If this is not the encoding of a state.

    """
    try:
        return _decoded(value, tensors)
    except (KeyError, ValueError, TypeError, AttributeError, RuntimeError) as error:
        raise CheckpointError(f"The state is damaged: {type(error).__name__}: {error}.") from error


def _decoded(value: Any, tensors: "Mapping[str, Tensor]") -> Any:
    if isinstance(value, list):
        return [_decoded(part, tensors) for part in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1 and (key := next(iter(value))).startswith(MARK):
        return DECODERS[key.removeprefix(MARK)](value[key], tensors)
    return {key: _decoded(part, tensors) for key, part in value.items()}


def _sparse(parts: Any, tensors: "Mapping[str, Tensor]") -> "Tensor":
    import torch

    indices, values = (_decoded(parts[name], tensors) for name in ("indices", "values"))
    made = torch.sparse_coo_tensor(indices, values, parts["size"], check_invariants=True)
    return made._coalesced_(parts["is_coalesced"])


def _complex_tensor(value: Any, tensors: "Mapping[str, Tensor]") -> "Tensor":
    import torch

    return torch.view_as_complex(_decoded(value, tensors))


def _array(parts: Any, tensors: "Mapping[str, Tensor]") -> Any:
    import numpy

    raw = _decoded(parts["bytes"], tensors).numpy().tobytes()
    array = numpy.frombuffer(raw, dtype=numpy.dtype(parts["dtype"])).reshape(parts["shape"]).copy()
    return array[()] if parts["is_scalar"] else array


def _torch(name: str) -> Any:
    import torch

    return getattr(torch, name)


def _dtype(name: Any, _: object) -> Any:
    import torch

    if not isinstance(found := getattr(torch, name), torch.dtype):
        raise TypeError(f"{name} is not a dtype")
    return found


def _of_parts(kind: Callable[[Any], Any]) -> "Callable[[Any, Mapping[str, Tensor]], Any]":
    return lambda parts, tensors: kind([_decoded(part, tensors) for part in parts])


def _of_items(kind: Callable[[Any], Any]) -> "Callable[[Any, Mapping[str, Tensor]], Any]":
    return lambda items, tensors: kind({_decoded(key, tensors): _decoded(part, tensors) for key, part in items})


DECODERS: "dict[str, Callable[[Any, Mapping[str, Tensor]], Any]]" = {
    "float": lambda text, _: float(text),
    "complex": lambda parts, _: complex(float(parts[0]), float(parts[1])),
    "bytes": lambda text, _: base64.b64decode(text, validate=True),
    "dtype": _dtype,
    "device": lambda name, _: _torch("device")(name),
    "Size": lambda sizes, _: _torch("Size")(sizes),
    "tensor": lambda name, tensors: tensors[name],
    "sparse": _sparse,
    "complex_tensor": _complex_tensor,
    "array": _array,
    "tuple": _of_parts(tuple),
    "set": _of_parts(set),
    "frozenset": _of_parts(frozenset),
    "dict": _of_items(dict),
    "OrderedDict": _of_items(OrderedDict),
    "Counter": _of_items(Counter),
}
"""How each marked object is decoded, by its key without the mark."""
