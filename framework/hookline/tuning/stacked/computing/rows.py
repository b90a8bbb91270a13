"""The parameters and buffers of several models of one structure in stacked tensors, of which each model has a row."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from hookline.errors.exceptions import HooklineError

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
        trained = {names[id(one)] for group in optimizers[0].param_groups for one in group["params"]}
        self.names: Sequence[str] = [name for name in first if name in trained]
        """The names of the trained parameters, in the order of the model."""
        self.sizes: Sequence[int] = [first[name].numel() for name in self.names]
        """The number of elements of each."""
        example = first[self.names[0]]
        self.matrix: Tensor = example.detach().new_empty(len(models), sum(self.sizes))
        """The trained parameters, `(models, elements)`."""
        self.gradients: Tensor = torch.zeros_like(self.matrix)
        """Their gradients, `(models, elements)`."""
        self._models = models
        self._own = [[*model.named_parameters(), *model.named_buffers()] for model in models]
        """The parameters and buffers of each model by name."""
        self._places: dict[int, list[int]] = {}
        """The addresses of those of each model, once they are needed."""
        self._views: dict[int, list[tuple[Tensor, Tensor]]] = {}
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

    @property
    def all(self) -> "list[Tensor]":
        """All stacked tensors, which steps read and change in place."""
        return [self.matrix, self.gradients, *self.tensors.values()]

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

    def put_gradients(self, gradients: "Sequence[Tensor]") -> None:
        """Write the gradients of the trained parameters, `(models, …)`, into the matrix of gradients."""
        import torch

        with torch.no_grad():
            torch.cat([one.reshape(len(self), -1) for one in gradients], 1, out=self.gradients)

    def set_gradients(self, row: int) -> None:
        """Set `grad` of the parameters of a model to views of its row."""
        for parameter, gradient in self._pairs(row):
            parameter.grad = gradient

    def take_gradients(self, row: int) -> None:
        """Copy gradients that a callback has replaced into the row.

        Raises:
            HooklineError: If they were removed, to skip the step.

        """
        for parameter, gradient in self._pairs(row):
            if parameter.grad is None:
                message = "A callback skips a step, which a trial that is trained together with others cannot do."
                raise HooklineError(message)
            if parameter.grad is not gradient:
                gradient.copy_(parameter.grad)

    def _pairs(self, row: int) -> "list[tuple[Tensor, Tensor]]":
        """The trained parameters of a model, and the views of its row of the gradients."""
        if row not in self._views:
            parameters = [self._parameters[row][name] for name in self.names]
            parts = self.gradients[row].split(list(self.sizes))
            views = [part.view(one.shape) for part, one in zip(parts, parameters, strict=True)]
            self._views[row] = list(zip(parameters, views, strict=True))
        return self._views[row]

    def groups(self, row: int, optimizer: "optim.Optimizer") -> list[int]:
        """The index of the parameter group of each trained parameter of a model, in the order of `names`."""
        found = {id(one): index for index, group in enumerate(optimizer.param_groups) for one in group["params"]}
        return [found[id(self._parameters[row][name])] for name in self.names]

    def has(self, row: int) -> bool:
        """Whether the parameters and buffers of a model are still those of its row."""
        if row not in self._places:
            self._places[row] = [self.tensors[name][row].data_ptr() for name, _ in self._own[row]]
        return [one.data_ptr() for _, one in self._own[row]] == self._places[row]

    def are_of(self, model: "nn.Module", row: int) -> bool:
        """Whether this is the model of a row, with the parameters and buffers of the row."""
        return model is self._models[row] and self.has(row)

    def take(self, row: int) -> None:
        """Copy values into the row of a model that a callback has replaced by other tensors."""
        if self.has(row):
            return
        for name, one in self._own[row]:
            own = self.tensors[name].detach()[row]
            if one.data_ptr() != own.data_ptr():
                own.copy_(one.detach())
                one.data = own


def _fill(stacked: "Tensor", parameters: "Sequence[Tensor]") -> None:
    """Copy parameters into the rows of a tensor, and make each parameter a view of its row."""
    for row, parameter in zip(stacked.detach(), parameters, strict=True):
        row.copy_(parameter.detach())
        parameter.data = row


def _stacked_buffers(models: "Sequence[nn.Module]", name: str) -> "Tensor":
    """Stack the buffers of this name, and make each buffer a view of its row."""
    import torch

    buffers = [model.get_buffer(name) for model in models]
    stacked = torch.stack(buffers)
    for buffer, row in zip(buffers, stacked, strict=True):
        buffer.data = row
    return stacked
