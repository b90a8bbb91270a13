"""The products of linear layers of all members of a stack, and their convolutions."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


class Products(torch.autograd.Function):
    """Multiply the rows of each member, `(members, rows, inputs)`, with its weights, `(members, outputs, inputs)`.

    That of torch computes the gradients of the weights with the last dimensions exchanged, so that they must be copied.
    """

    @staticmethod
    def forward(context: Any, rows: Tensor, weights: Tensor, biases: Tensor | None) -> Tensor:
        """Return `(members, rows, outputs)`."""
        context.save_for_backward(rows, weights)
        transposed = weights.transpose(1, 2)
        return torch.bmm(rows, transposed) if biases is None else torch.baddbmm(biases.unsqueeze(1), rows, transposed)

    @staticmethod
    @once_differentiable
    def backward(context: Any, gradients: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradients of the arguments."""
        rows, weights = context.saved_tensors
        for_rows, for_weights, for_biases = context.needs_input_grad
        if gradients.shape[2] == 1:  # Then each product has a single term.
            of_rows = gradients * weights if for_rows else None
        else:
            of_rows = torch.bmm(gradients, weights) if for_rows else None
        of_weights = torch.bmm(gradients.transpose(1, 2), rows) if for_weights else None
        return of_rows, of_weights, gradients.sum(1) if for_biases else None


class Convolutions(torch.autograd.Function):
    """Convolve images, `(rows, channels, height, width)`, with weights in groups, and add biases.

    That of torch computes the gradients of the biases together with those of the weights, which takes several times as
    long as a sum.
    """

    @staticmethod
    def forward(
        context: Any, images: Tensor, weights: Tensor, biases: Tensor | None, options: tuple[Any, Any, Any, int]
    ) -> Tensor:
        """Return the images, given the strides, paddings, dilations and the number of groups."""
        context.save_for_backward(images, weights)
        context.options = options
        return torch.conv2d(images, weights, biases, *options)

    @staticmethod
    @once_differentiable
    def backward(context: Any, gradients: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradients of the arguments."""
        *sizes, groups = context.options
        for_images, for_weights, for_biases, _ = context.needs_input_grad
        of_images, of_weights, _ = torch.ops.aten.convolution_backward(
            gradients,
            *context.saved_tensors,
            None,
            *sizes,
            transposed=False,
            output_padding=[0, 0],
            groups=groups,
            output_mask=[for_images, for_weights, False],
        )
        return of_images, of_weights, gradients.sum((0, 2, 3)) if for_biases else None, None
