"""How layers compute images of all members of a stack at once.

The channels of all members are those of one image, and lie last in memory: torch pools, normalizes and convolves many
channels several times as fast then.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from torch import Tensor, nn

Function: TypeAlias = "Callable[[Tensor], Tensor]"
Lines: TypeAlias = "Callable[[Any, Mapping[str, Tensor]], Callable[[Tensor], Tensor] | None]"


def convolution(layer: Any, tensors: "Mapping[str, Tensor]") -> "Function | None":
    """Convolve the channels of each member as a group of one convolution."""
    padding = _padding(layer)
    if layer.padding_mode != "zeros" or padding is None:
        return None
    weights, biases = tensors["weight"], tensors.get("bias")
    members = len(weights)

    def convolution(inputs: "Tensor") -> "Tensor":
        from hookline.tuning.stacked.computing.layers.products import Convolutions

        options = layer.stride, padding, layer.dilation, members * layer.groups
        bias = None if biases is None else biases.flatten()
        made = Convolutions.apply(_last(as_channels(inputs)), weights.flatten(0, 1), bias, options)
        return by_member(_last(made), members)

    return convolution


def pooling(layer: "nn.Module", tensors: "Mapping[str, Tensor]") -> "Function | None":
    """Pool the channels of all members."""
    if getattr(layer, "return_indices", False):
        return None

    def pooling(inputs: "Tensor") -> "Tensor":
        return by_member(layer(_last(as_channels(inputs))), len(inputs))

    return pooling


def in_best_order(layers: "Sequence[tuple[str, nn.Module]]") -> "list[tuple[str, nn.Module]]":
    """Return the layers of a sequence with ReLU after the max pooling that follows it.

    A maximum of values that ReLU has changed is the changed maximum, and so is its gradient: only 0 can have several
    places, and its gradient is 0. There are fewer maxima than values.
    """
    from torch import nn

    ordered = list(layers)
    for index in range(1, len(ordered)):
        (_, one), (_, following) = ordered[index - 1 : index + 1]
        if type(one) in (nn.ReLU, nn.ReLU6) and type(following) in (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d):
            ordered[index - 1 : index + 1] = reversed(ordered[index - 1 : index + 1])
    return ordered


def as_channels(inputs: "Tensor") -> "Tensor":
    """The channels of all members beside one another: from `(members, rows, channels, …)` to `(rows, channels, …)`."""
    return inputs.transpose(0, 1).flatten(1, 2)


def by_member(outputs: "Tensor", members: int) -> "Tensor":
    """The reverse of `as_channels`. The gradients of images have their channels last in memory, too."""
    if outputs.requires_grad and outputs.dim() == 4:
        outputs.register_hook(_last)
    return outputs.unflatten(1, (members, -1)).transpose(0, 1)


def keep_layout_of_gradients(inputs: "Tensor") -> None:
    """Let the gradients of images of all members have their channels last in memory, as the layers before need them."""
    if inputs.requires_grad and inputs.dim() == 5:
        inputs.register_hook(lambda gradients: by_member(_last(as_channels(gradients)), len(gradients)))


def _padding(layer: Any) -> "list[int] | None":
    """The padding on both sides of each dimension; `None` if the sides differ."""
    if layer.padding == "same":
        both = [step * (size - 1) for step, size in zip(layer.dilation, layer.kernel_size, strict=True)]
        return None if any(one % 2 for one in both) else [one // 2 for one in both]
    return [0, 0] if layer.padding == "valid" else list(layer.padding)


def _last(images: "Tensor") -> "Tensor":
    import torch

    return images.contiguous(memory_format=torch.channels_last)
