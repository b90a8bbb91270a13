"""How layers of torch compute the outputs of all members of a stack at once, for inputs `(members, rows, …)`.

A function takes a layer and its stacked parameters and buffers. It returns a function of the inputs, or `None` if it
does not suit the options of the layer. Inputs that are the same for all members are expanded: their first stride is 0.
"""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from hookline.tuning.stacked.computing.layers.images import (
    Function,
    Lines,
    as_channels,
    by_member,
    convolution,
    keep_layout_of_gradients,
    pooling,
)

if TYPE_CHECKING:
    from torch import Tensor, nn

SMALL = 512
"""The largest number of weights of a layer that has one product for all members, if these share their inputs."""


@cache
def lines() -> "Mapping[type[nn.Module], Lines]":
    """The lines by class of the layer. All other layers are vectorized by `torch.vmap`."""
    from torch import nn

    elementwise = (
        *(nn.CELU, nn.ELU, nn.GELU, nn.Hardshrink, nn.Hardsigmoid, nn.Hardswish, nn.Hardtanh, nn.Identity),
        *(nn.LeakyReLU, nn.LogSigmoid, nn.Mish, nn.ReLU, nn.ReLU6, nn.SELU, nn.SiLU, nn.Sigmoid, nn.Softplus),
        *(nn.Softshrink, nn.Softsign, nn.Tanh, nn.Tanhshrink, nn.Threshold),
    )
    return {
        **dict.fromkeys(elementwise, _elementwise),
        nn.AvgPool2d: pooling,
        nn.BatchNorm1d: _batch_norm,
        nn.BatchNorm2d: _batch_norm,
        nn.Conv2d: convolution,
        nn.Flatten: _flatten,
        nn.Linear: _linear,
        nn.MaxPool2d: pooling,
    }


def _elementwise(layer: "nn.Module", tensors: "Mapping[str, Tensor]") -> Function:
    if not getattr(layer, "inplace", False):
        return layer

    def in_place(inputs: "Tensor") -> "Tensor":
        is_shared = len(inputs) > 1 and inputs.stride(0) == 0  # It cannot be changed in place then.
        made: Tensor = layer(inputs.clone() if is_shared else inputs)
        return made

    return in_place


def _flatten(layer: Any, tensors: "Mapping[str, Tensor]") -> "Function | None":
    start, end = layer.start_dim, layer.end_dim
    if start < 1:
        return None

    def flatten(inputs: "Tensor") -> "Tensor":
        keep_layout_of_gradients(inputs)
        return inputs.flatten(start + 1, end + 1 if end >= 0 else end)

    return flatten


def _linear(layer: Any, tensors: "Mapping[str, Tensor]") -> Function:
    weights, biases = tensors["weight"], tensors.get("bias")
    members, outputs, inputs_of_each = weights.shape

    def linear(inputs: "Tensor") -> "Tensor":
        import torch

        from hookline.tuning.stacked.computing.layers.products import Products

        rows = inputs if inputs.dim() == 3 else inputs.flatten(1, -2)
        if inputs.stride(0) == 0 and members > 1 and outputs * inputs_of_each <= SMALL:  # The members share the inputs.
            flat = weights.reshape(members * outputs, -1).T
            products = rows[0] @ flat if biases is None else torch.addmm(biases.reshape(-1), rows[0], flat)
            made = products.unflatten(1, (members, outputs)).transpose(0, 1)
        else:
            made = Products.apply(rows, weights, biases)
        return made if inputs.dim() == 3 else made.unflatten(1, inputs.shape[1:-1])

    return linear


def _batch_norm(layer: Any, tensors: "Mapping[str, Tensor]") -> "Function | None":
    """Normalize the channels of all members as channels of one layer."""
    if layer.momentum is None:  # Then it counts its batches.
        return None
    weights, biases = tensors.get("weight"), tensors.get("bias")
    means, variances, count = (tensors.get(name) for name in ("running_mean", "running_var", "num_batches_tracked"))

    def batch_norm(inputs: "Tensor") -> "Tensor":
        import torch

        channels = as_channels(inputs)
        uses_batch = layer.training or means is None
        if layer.training and count is not None:
            count.add_(1)
        made = torch.nn.functional.batch_norm(
            channels,
            None if means is None else means.view(-1),
            None if variances is None else variances.view(-1),
            None if weights is None else weights.flatten(),
            None if biases is None else biases.flatten(),
            uses_batch,
            layer.momentum or 0.0,
            layer.eps,
        )
        return by_member(made, len(inputs))

    return batch_norm
