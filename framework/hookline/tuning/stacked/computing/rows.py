"""The parameters and buffers of several models of one structure in stacked tensors, of which each model has a row."""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from attrs import frozen

from hookline.errors.exceptions import HooklineError

if TYPE_CHECKING:
    from torch import Tensor, nn, optim


@frozen(eq=False)
class Block:
    """Trained parameters of all models, `(models, elements)`, whose first steps are the same."""

    names: Sequence[str]
    """The names of the parameters."""
    sizes: Sequence[int]
    """The number of elements of each."""
    matrix: "Tensor"
    """The parameters."""
    gradients: "Tensor"
    """Their gradients."""


class Rows:
    """Stacked parameters, gradients and buffers. The parameters of each model become views of its row.

    The trained parameters of a model are one row of a matrix, so that one operation updates those of all models. If
    some parameters are trained from a later epoch on, they are in a matrix of their own.
    """

    def __init__(self, models: "Sequence[nn.Module]", trained: Sequence[Sequence[str]]):
        """Stack all parameters and buffers; `trained` are the names of the trained parameters of each block."""
        self._models = models
        self._parameters = [dict(model.named_parameters()) for model in models]
        self._own = [[*model.named_parameters(), *model.named_buffers()] for model in models]
        """The parameters and buffers of each model by name."""
        first = self._parameters[0]
        self.blocks: Sequence[Block] = [self._block(names) for names in trained]
        """The trained parameters."""
        self.names: Sequence[str] = [name for block in self.blocks for name in block.names]
        """The names of the trained parameters, in the order of the blocks."""
        self._places: dict[int, list[int]] = {}
        """The addresses of the parameters and buffers of each model, once they are needed."""
        self._views: dict[int, list[tuple[Tensor, Tensor]]] = {}
        self.tensors: Mapping[str, Tensor] = {
            **{name: stacked.requires_grad_() for name, stacked in self._trained_views().items()},
            **{name: self._stacked_fixed(name) for name in first if name not in self.names},
            **{name: _stacked_buffers(models, name) for name, _ in models[0].named_buffers()},
        }
        """The stacked parameters and buffers by name, `(models, …)`."""

    def __len__(self) -> int:
        """The number of models."""
        return len(self._models)

    @property
    def trained(self) -> "list[Tensor]":
        """The stacked parameters that are trained, in their order."""
        return [self.tensors[name] for name in self.names]

    @property
    def all(self) -> "list[Tensor]":
        """All stacked tensors, which steps read and change in place."""
        matrices = [one for block in self.blocks for one in (block.matrix, block.gradients)]
        return [*matrices, *self.tensors.values()]

    def inside(self, part: str) -> "Mapping[str, Tensor]":
        """The stacked tensors of a part of the models, by their names in it."""
        start = f"{part}."
        return {name.removeprefix(start): one for name, one in self.tensors.items() if name.startswith(start)}

    def _block(self, names: Sequence[str]) -> Block:
        import torch

        first = self._parameters[0]
        sizes = [first[name].numel() for name in names]
        matrix = first[names[0]].detach().new_empty(len(self._models), sum(sizes))
        return Block(names, sizes, matrix, torch.zeros_like(matrix))

    def _trained_views(self) -> "dict[str, Tensor]":
        views = {}
        for block in self.blocks:
            for name, columns in zip(block.names, block.matrix.split(list(block.sizes), 1), strict=True):
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
        """Write the gradients of the trained parameters, `(models, …)`, into the matrices of gradients."""
        import torch

        left = iter(gradients)
        with torch.no_grad():
            for block in self.blocks:
                own = [next(left).reshape(len(self), -1) for _ in block.names]
                torch.cat(own, 1, out=block.gradients)

    def gradients(self, row: int) -> "Tensor":
        """All gradients of a model."""
        import torch

        return torch.cat([block.gradients[row] for block in self.blocks])

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
            own = self._parameters[row]
            parts = [part for block in self.blocks for part in block.gradients[row].split(list(block.sizes))]
            pairs = zip(self.names, parts, strict=True)
            self._views[row] = [(own[name], part.view(own[name].shape)) for name, part in pairs]
        return self._views[row]

    def groups(self, row: int, optimizer: "optim.Optimizer", names: Sequence[str]) -> list[int]:
        """The index of the parameter group of each of these parameters of a model."""
        found = {id(one): index for index, group in enumerate(optimizer.param_groups) for one in group["params"]}
        return [found[id(self._parameters[row][name])] for name in names]

    def train_the_same(self, rows: "Collection[int]") -> bool:
        """Whether these models still train the same parameters."""
        own = set(self.names)
        return all(one.requires_grad == (name in own) for row in rows for name, one in self._parameters[row].items())

    def has(self, row: int) -> bool:
        """Whether the parameters and buffers of a model are still those of its row."""
        if row not in self._places:
            self._places[row] = [self.tensors[name][row].data_ptr() for name, _ in self._own[row]]
        return [one.data_ptr() for _, one in self._own[row]] == self._places[row]

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
