"""The parameters and buffers of several models of one structure in stacked tensors, of which each model has a row."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor, nn, optim


class Rows:
    """Stacked parameters, gradients and buffers. The parameters of each model become views of its row.

    All trained parameters of a model are one row of a matrix, so that one operation updates those of all models.
    """

    def __init__(self, models: "Sequence[nn.Module]", optimizers: "Sequence[optim.Optimizer]"):
        """Stack the parameters that the optimizers train, all other parameters, and the buffers."""
        import torch

        self._parameters = [dict(model.named_parameters()) for model in models]
        first = self._parameters[0]
        names = {id(one): name for name, one in first.items()}
        groups = [[names[id(one)] for one in group["params"]] for group in optimizers[0].param_groups]
        self.names: Sequence[str] = [name for group in groups for name in group]
        """The names of the trained parameters, in the order of the optimizer."""
        self.sizes: Sequence[int] = [first[name].numel() for name in self.names]
        """The number of elements of each."""
        self.columns_of_groups: Sequence[int] = [sum(first[name].numel() for name in group) for group in groups]
        """The number of elements of each parameter group."""
        example = first[self.names[0]]
        self.matrix: Tensor = example.detach().new_empty(len(models), sum(self.sizes))
        """The trained parameters, `(models, elements)`."""
        self.gradients: Tensor = torch.zeros_like(self.matrix)
        """Their gradients, `(models, elements)`."""
        self.tensors: Mapping[str, Tensor] = {
            **{name: stacked.requires_grad_() for name, stacked in self._trained_views().items()},
            **{name: self._stacked_fixed(name) for name in first if name not in self.names},
            **{name: _stacked_buffers(models, name) for name, _ in models[0].named_buffers()},
        }
        """The stacked parameters and buffers by name, `(models, …)`."""

    def __len__(self) -> int:
        """The number of models."""
        return len(self.matrix)

    @property
    def trained(self) -> "list[Tensor]":
        """The stacked parameters that are trained, in their order."""
        return [self.tensors[name] for name in self.names]

    def _trained_views(self) -> "dict[str, Tensor]":
        views = {}
        for name, columns in zip(self.names, self.matrix.split(list(self.sizes), 1), strict=True):
            own = [parameters[name] for parameters in self._parameters]
            views[name] = columns.view(len(own), *own[0].shape)
            _fill(views[name], own)
        return views

    def _stacked_fixed(self, name: str) -> "Tensor":
        import torch

        own = [parameters[name] for parameters in self._parameters]
        stacked = torch.empty(len(own), *own[0].shape, dtype=own[0].dtype, device=own[0].device)
        _fill(stacked, own)
        return stacked

    def gradients_of(self, row: int) -> "list[Tensor]":
        """The gradients of a model, as views of its row, in the order of the trained parameters."""
        shapes = [self._parameters[row][name].shape for name in self.names]
        parts = self.gradients[row].split(list(self.sizes))
        return [part.view(shape) for part, shape in zip(parts, shapes, strict=True)]

    def set_gradients(self, row: int) -> None:
        """Set `grad` of the parameters of a model to the views of its row."""
        for name, gradient in zip(self.names, self.gradients_of(row), strict=True):
            self._parameters[row][name].grad = gradient

    def has(self, row: int) -> bool:
        """Whether the parameters of a model are still those of its row, and trained."""
        return all(
            parameters_is_row(self._parameters[row][name], self.tensors[name][row]) for name in self.names
        )


def parameters_is_row(parameter: "Tensor", row: "Tensor") -> bool:
    """Whether a parameter is trained and has the memory of a row."""
    return parameter.requires_grad and parameter.data_ptr() == row.data_ptr()


def _fill(stacked: "Tensor", parameters: "Sequence[Tensor]") -> None:
    """Copy parameters into the rows of a tensor, and make each parameter a view of its row."""
    for row, parameter in zip(stacked.detach(), parameters, strict=True):
        row.copy_(parameter.detach())
        parameter.data = row


def _stacked_buffers(models: "Sequence[nn.Module]", name: str) -> "Tensor":
    """Stack the buffers of this name, and make each buffer a view of its row."""
    import torch

    home, _, own = name.rpartition(".")
    stacked = torch.stack([model.get_buffer(name) for model in models])
    for model, row in zip(models, stacked, strict=True):
        model.get_submodule(home)._buffers[own] = row
    return stacked
