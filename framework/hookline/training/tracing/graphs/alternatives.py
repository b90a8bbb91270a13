"""Other ways to compute what slow operations of torch compute, with the same bits.

On a CPU, these operations compute one element after another, most of them with branches that a processor cannot
predict. Other kernels compute several elements at once: each element still results from the same numbers in the same
order.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import torch
    from torch import Tensor
    from torch._ops import OpOverload

Way = Callable[..., Any]
"""Takes the arguments of an operation, and returns the same results."""

OF_PLANES = {
    "adaptive_max_pool2d": 2,
    "avg_pool2d": 2,
    "max_pool2d_with_indices": 2,
    "max_pool3d_with_indices": 3,
    "upsample_bilinear2d_backward": 2,
}
"""Operations that compute each plane of the first argument for itself, and the number of dimensions of a plane."""

BERNOULLI = "bernoulli_"
"""The operation that draws the masks of dropout."""

REPLACED = frozenset({*OF_PLANES, BERNOULLI})
"""The names of the operations that have alternatives."""

SIZES = (16, 64, 256)
"""How many planes to store together. Each is a multiple of those before."""

LARGEST = 2**16
"""About the largest number of elements to store together, and to measure."""


class Described(NamedTuple):
    """What is known about a contiguous tensor, besides its values."""

    shape: "torch.Size"
    dtype: "torch.dtype"


def name_of_operation(operation: "OpOverload") -> str:
    """Return the name of an operation without its namespace and overload."""
    return str(operation._schema.name).partition("::")[2]


def alternatives(operation: "OpOverload", arguments: Sequence[Any]) -> tuple[list[Way], list[Any]]:
    """Return other ways to compute an operation, and arguments with fewer elements to compare and measure them.

    Args:
        operation: the operation.
        arguments: its arguments, with descriptions in place of tensors.

    """
    import torch

    tensor, *options = arguments
    name = name_of_operation(operation)
    if name == BERNOULLI:
        of_number = not options or isinstance(options[0], float)
        small = tensor._replace(shape=torch.Size([min(LARGEST, tensor.shape.numel())]))
        return [drawn_without_branches] if of_number else [], [small, *options]
    dimensions = OF_PLANES[name]
    planes, space = tensor.shape[:-dimensions].numel(), tensor.shape[-dimensions:]
    sizes = [
        size
        for size in sorted({*SIZES, planes} if 1 < planes < max(SIZES) else SIZES)
        if planes % size == 0 and (size <= min(SIZES) or size * space.numel() <= LARGEST)
    ]
    if sizes:
        planes = min(planes, max(sizes) * max(1, LARGEST // (max(sizes) * space.numel())))
    small = tensor._replace(shape=torch.Size([1, planes, *space]))
    ways: list[Way] = [TogetherInMemory(operation, dimensions, size) for size in sizes]
    return ways, [small, *_options(operation, options, small.shape[:2])]


class TogetherInMemory:
    """Applies an operation to planes, several of which are stored in channels_last as if they were channels."""

    def __init__(self, operation: "OpOverload", dimensions: int, size: int):
        """Take the operation.

        Args:
            operation: the operation.
            dimensions: the number of dimensions of a plane.
            size: the number of planes that are stored together.

        """
        self.operation, self.dimensions, self.size = operation, dimensions, size

    def __call__(self, planes: "Tensor", *options: Any) -> "Tensor | tuple[Tensor, ...]":
        """Apply the operation."""
        import torch

        before, space = planes.shape[: -self.dimensions], planes.shape[-self.dimensions :]
        groups = before.numel() // self.size
        given = planes.view(groups, self.size, space.numel()).transpose(1, 2).contiguous()
        given = given.view(groups, *space, self.size).movedim(-1, 1)
        results = self.operation(given, *_options(self.operation, options, given.shape[:2]))

        def unpacked(result: "Tensor") -> "Tensor":
            contiguous = result.clone(memory_format=torch.contiguous_format)
            return contiguous.view(*before, *result.shape[2:])

        return tuple(map(unpacked, results)) if isinstance(results, tuple) else unpacked(results)


def _options(operation: "OpOverload", options: Sequence[Any], planes: Sequence[int]) -> list[Any]:
    """The options of an operation for another number of planes: some repeat the shape of a tensor."""
    if not name_of_operation(operation).endswith("_backward"):
        return list(options)
    size_of_results, size_of_input, *others = options
    return [size_of_results, [*planes, *size_of_input[-len(size_of_results) :]], *others]


def drawn_without_branches(mask: "Tensor", probability: float = 0.5) -> "Tensor":
    """Draw like `bernoulli_`: it compares each uniform number with the probability, too."""
    import torch

    numbers = torch.empty_like(mask, dtype=torch.float64).uniform_()
    return mask.copy_(numbers < probability)
