"""The products of linear layers of all members of a stack."""

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
