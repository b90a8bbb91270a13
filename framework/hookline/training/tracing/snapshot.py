"""Keep the state that a step changes, to compute the step a second time from the same state, and to compare both."""

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from hookline.training.tracing.graphs.graph import Untraceable

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray
    from torch import Tensor

Result = TypeVar("Result")
"""What a program returns."""


class Snapshot:
    """The values of tensors, and the state of torch's random number generator."""

    def __init__(self, tensors: "Iterable[Tensor]", *, draws: bool = True):
        """Copy the tensors, each once.

        Args:
            tensors: the tensors.
            draws: whether what follows may draw random numbers; `keep` need not look at the generator otherwise.

        Raises:
            Untraceable: If there is not enough memory, or a tensor cannot be copied back to its memory.

        """
        import torch

        self.tensors = list({id(tensor): tensor for tensor in tensors}.values())
        if any(map(torch.is_conj, self.tensors)) or any(map(torch.is_neg, self.tensors)):
            raise Untraceable("a tensor is a view that negates another one")
        if any(map(torch.is_inference, self.tensors)):
            raise Untraceable("a tensor was made in inference mode")
        try:
            with torch.no_grad():
                self._values = list(torch._foreach_clone(self.tensors)) if self.tensors else []
        except (MemoryError, RuntimeError) as error:
            raise Untraceable("there is not enough memory to copy the parameters") from error
        self.generator = torch.get_rng_state()
        self.draws = draws
        """Whether what follows may draw random numbers."""
        self._versions: list[int] | None = [tensor._version for tensor in self.tensors]
        """The counts of changes in place, by which a layer may know that what it has kept is out of date."""
        self._pointers: list[int] = []
        self._arrays: list[tuple[NDArray[Any], NDArray[Any]]] = []
        """The memory of each copy and of its tensor, once `keep` needs it."""
        self._memory: dict[int, NDArray[Any]] = {}
        """The memory of each tensor, by its `id`."""

    @cached_property
    def _of_types(self) -> "list[list[Tensor]]":
        """The tensors of each type, with an empty one, since torch flattens a single tensor to a view."""
        of_types: dict[torch.dtype, list[Tensor]] = {}
        for tensor in self.tensors:
            of_types.setdefault(tensor.dtype, []).append(tensor)
        return [[*several, several[0].new_empty(0)] for several in of_types.values()]

    def present(self) -> "dict[str, list[Tensor]]":
        """Return copies of the state of now, to compare it: tensors of the same type follow one another in one."""
        import torch

        with torch.no_grad():
            copies = list(map(torch._utils._flatten_dense_tensors, self._of_types))
        return {"a parameter, a buffer or a state": copies, "the random numbers": [torch.get_rng_state()]}

    def keep(self) -> None:
        """Replace the copies by those of the present values, in the same memory."""
        import torch

        self._versions = None
        pointers = [tensor.data_ptr() for tensor in self.tensors]
        if pointers != self._pointers:
            self._pointers = pointers
            self._arrays = [*zip(map(_array, self._values), map(_array, self.tensors), strict=True)]
            self._memory = {id(one): array for one, (_, array) in zip(self.tensors, self._arrays, strict=True)}
        # This happens before each call of a trace. NumPy copies small tensors in a fifth of the time of torch.
        for copy, array in self._arrays:
            copy[...] = array
        if self.draws:
            self.generator = torch.get_rng_state()

    def assign(self, tensors: "Iterable[Tensor]", value: "Tensor") -> None:
        """Give some of the tensors the value of another one, in a fraction of the time of torch, after `keep`."""
        memory = self._memory
        array = memory[id(value)]
        for tensor in tensors:
            memory[id(tensor)][...] = array

    def undone_if_it_fails(
        self, program: Callable[..., Result], given: Iterable[Any], others: "Iterable[Tensor]"
    ) -> Result:
        """Run a program that changes the tensors. If it fails, everything is as before.

        Args:
            program: the program.
            given: its arguments.
            others: the other tensors that it changes.

        """
        copies = [(tensor, tensor.clone()) for tensor in others]
        self.keep()
        try:
            return program(*given)
        except BaseException:
            self.restore()
            for tensor, copy in copies:
                tensor.copy_(copy)
            raise

    def restore(self) -> None:
        """Give the tensors and the generator the state that they had."""
        import torch

        if self.tensors:
            with torch.no_grad():
                torch._foreach_copy_(self.tensors, self._values)
            if self._versions is not None:
                own: Any = torch._C._autograd
                own._unsafe_set_version_counter(self.tensors, self._versions)
        if self.draws:
            torch.set_rng_state(self.generator)


def state_of_python() -> tuple[Any, ...]:
    """Return the states of the generators of Python and NumPy, from which no operation of torch draws."""
    import numpy

    name, keys, *others = numpy.random.get_state(legacy=True)
    return random.getstate(), name, numpy.asarray(keys).tobytes(), *others


def difference(values: "Mapping[str, Sequence[Tensor | None]]", others: "Mapping[str, Sequence[Tensor | None]]") -> str:
    """Name the first group of tensors in which a bit differs; empty if there is none."""
    import torch

    with torch.no_grad():
        return next(
            (name for name, several in values.items() if not all(map(_are_equal, several, others[name]))),
            "",
        )


def _are_equal(one: "Tensor | None", other: "Tensor | None") -> bool:
    import torch

    if one is None or other is None:
        return one is other
    if one.dtype != other.dtype or one.stride() != other.stride():
        return False
    if torch.equal(_bits(one), _bits(other)):
        return True
    if one.shape != other.shape or not (one.is_floating_point() or one.is_complex()):
        return False
    is_nan = one.isnan()  # All NaNs are equal here, because operations do not define their bits.
    return torch.equal(is_nan, other.isnan()) and torch.equal(
        _bits(one.masked_fill(is_nan, 0)), _bits(other.masked_fill(is_nan, 0))
    )


def _array(tensor: "Tensor") -> "NDArray[Any]":
    """Return the memory of a tensor as integers of the same size, also of types that NumPy does not have."""
    return _bits(tensor.detach()).numpy()


def _bits(tensor: "Tensor") -> "Tensor":
    """Return the elements as integers of the same size, so that 0.0 and -0.0 differ."""
    import torch

    if tensor.is_complex():
        tensor = torch.view_as_real(tensor.resolve_conj())
    bits = _integers().get(tensor.dtype)
    return tensor if bits is None else tensor.resolve_neg().view(bits)


@cache
def _integers() -> "dict[torch.dtype, torch.dtype]":
    """The integers that are as large as the numbers of each type with a sign of zero."""
    import torch

    types = [one for one in vars(torch).values() if isinstance(one, torch.dtype) and one.is_floating_point]
    of_size = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}
    return {one: of_size[one.itemsize] for one in types}
