"""The steps of the optimizers of all members of a stack."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from hookline.spec.families.optimizer import OptimizerSpec
from hookline.spec.stacked_update import StackedOptions, StackedUpdate
from hookline.training.tracing.graphs.graph import Untraceable
from hookline.tuning.stacked.computing.rows import Rows

if TYPE_CHECKING:
    from torch import Tensor, optim


def update_key(spec: OptimizerSpec, optimizer: "optim.Optimizer") -> tuple[Any, ...]:
    """What members must have in common to be updated at once: the type of the optimizer, and options that cannot vary.

    The key of a member that makes its steps with its own optimizer is unique.
    """
    update = spec.stacked_update()
    if update is None or not _is_as_built(spec, optimizer):
        return ("", id(optimizer))
    options = {tuple((name, repr(group[name])) for name in update.equal) for group in optimizer.param_groups}
    return (type(spec).__name__, *options) if len(options) == 1 else ("", id(optimizer))


def _is_as_built(spec: OptimizerSpec, optimizer: "optim.Optimizer") -> bool:
    """Whether an optimizer is that of the spec, has made no steps, and does nothing besides."""
    hooks = optimizer._optimizer_step_pre_hooks or optimizer._optimizer_step_post_hooks
    has_stepped = any(float(one.get("step", 1)) > 0 for one in optimizer.state.values())  # Adagrad begins with states.
    return type(optimizer).__name__ == type(spec).__name__ and not hooks and not has_stepped


class Updates:
    """Makes the steps of all members. Members with equal keys must follow each other."""

    def __init__(self, rows: Rows, specs: Sequence[OptimizerSpec], optimizers: "Sequence[optim.Optimizer]"):
        """Take the stacked parameters, and the optimizer of each member."""
        self._parts: list[_Stacked | _Alone] = []
        keys = [update_key(spec, optimizer) for spec, optimizer in zip(specs, optimizers, strict=True)]
        for key, indices in groupby(range(len(keys)), key=keys.__getitem__):
            members = list(indices)
            update = specs[members[0]].stacked_update()
            if key[0] == "" or update is None:
                self._parts += [_Alone(rows, index, optimizers[index]) for index in members]
                continue
            own = [optimizers[index] for index in members]
            self._parts += [_Stacked(rows, block, members, update, own) for block in range(len(rows.blocks))]

    @property
    def are_together(self) -> bool:
        """Whether all members are updated at once."""
        return all(isinstance(part, _Stacked) for part in self._parts)

    @property
    def version(self) -> int:
        """A number that grows whenever a step consists of other operations than before."""
        return sum(part.version for part in self._parts if isinstance(part, _Stacked))

    @property
    def tensors(self) -> "list[Tensor]":
        """The options and the states of members that are updated at once, and their parameters and gradients.

        Raises:
            Untraceable: if a state is no tensor, so that its changes would not be seen in a trace.

        """
        return [one for part in self._parts if isinstance(part, _Stacked) for one in part.tensors]

    def step(self) -> None:
        """Update the parameters of all members, whose gradients are in the rows."""
        import torch

        with torch.no_grad():
            for part in self._parts:
                part.step()

    def take_states(self, others: "Updates", kept: Sequence[int]) -> None:
        """Continue from the states of other updates, given the indices that the members had there.

        The parameters of new blocks are trained for the first time.
        """
        known = {
            (part.block, index): part for part in others._parts if isinstance(part, _Stacked) for index in part.members
        }
        for part in self._parts:
            if isinstance(part, _Stacked) and (before := known.get((part.block, kept[part.members[0]]))) is not None:
                part.take_state(before, [kept[index] for index in part.members])

    def read_options(self) -> None:
        """Read the options of the optimizers again, since schedulers may have changed them."""
        for part in self._parts:
            part.read_options()


class _Alone:
    """A member that makes its steps with its own optimizer."""

    def __init__(self, rows: Rows, index: int, optimizer: "optim.Optimizer"):
        self._rows, self._index, self._optimizer = rows, index, optimizer

    def step(self) -> None:
        self._rows.set_gradients(self._index)  # A callback may have cleared them.
        self._optimizer.step()

    def read_options(self) -> None:
        """The optimizer reads them in each step."""


class _Stacked:
    """A block of parameters of members that are updated at once."""

    _options: StackedOptions

    def __init__(
        self,
        rows: Rows,
        block: int,
        members: Sequence[int],
        update: StackedUpdate,
        optimizers: "Sequence[optim.Optimizer]",
    ):
        self.block, self.members = block, members
        own, place = rows.blocks[block], slice(members[0], members[-1] + 1)
        self._parameters, self._gradients = own.matrix[place], own.gradients[place]
        self._groups = [rows.groups(*pair, own.names) for pair in zip(members, optimizers, strict=True)]
        """The index of the parameter group of each parameter, for each member."""
        self._sizes = own.sizes
        self._update = update
        self._optimizers = optimizers
        self._state: dict[str, Any] = {}
        self.version = 0
        """How many times the operations of a step have changed."""
        self._read: list[Any] = []
        self.read_options()
        for optimizer in optimizers:
            # It makes no steps itself. Without this mark torch warns when a scheduler makes one.
            vars(optimizer)["_opt_called"] = True

    @property
    def tensors(self) -> "list[Tensor]":
        """The tensors that a step reads or changes."""
        import torch

        if not all(isinstance(one, torch.Tensor) for one in self._state.values()):
            raise Untraceable("a state of the optimizer is no tensor")
        return [self._parameters, self._gradients, *self._options.tensors(), *self._state.values()]

    def take_state(self, other: "_Stacked", members: Sequence[int]) -> None:
        """Continue from the state of these members of another stack."""
        import torch

        rows = [other.members.index(index) for index in members]
        self._state = {
            name: value[rows] if isinstance(value, torch.Tensor) and value.dim() else value
            for name, value in other._state.items()
        }

    def step(self) -> None:
        self._update.step(self._parameters, self._gradients, self._options, self._state)

    def read_options(self) -> None:
        read = [
            [[group[name] for name in self._update.numbers] for group in one.param_groups] for one in self._optimizers
        ]
        if read == self._read:
            return
        before, self._read = self._read, read
        numbers: dict[str, Any] = {}
        zero: set[str] = set()
        shared: dict[str, Any] = {}
        for place, name in enumerate(self._update.numbers):
            values = [[group[place] for group in groups] for groups in read]
            if not any(any(_several(value)) for groups in values for value in groups):
                zero.add(name)
            first = values[0][0]
            if name in self._update.constant and all(value == first for groups in values for value in groups):
                shared[name] = first
            if isinstance(first, (tuple, list)):
                parts = range(len(first))
                numbers[name] = tuple(self._column([[one[part] for one in row] for row in values]) for part in parts)
            else:
                numbers[name] = self._column(values)
        equal = {name: self._optimizers[0].param_groups[0][name] for name in self._update.equal}
        options = StackedOptions(numbers, equal, frozenset(zero), shared)
        if before and self._options.have_same_form(options):
            self._options.take_numbers(options)
        else:
            self._options = options
            self.version += 1

    def _column(self, values: list[list[Any]]) -> "Tensor":
        """The numbers of an option of each member and group as float64 `(members, 1)`, or for each element."""
        import torch

        is_equal = all(len(set(row)) == 1 for row in values)
        places = [[0]] * len(values) if is_equal else self._groups
        table = [[float(row[place]) for place in own] for row, own in zip(values, places, strict=True)]
        numbers = torch.tensor(table, dtype=torch.float64, device=self._parameters.device)
        if is_equal:
            return numbers
        return numbers.repeat_interleave(torch.tensor(self._sizes, device=numbers.device), dim=1)


def _several(value: Any) -> Iterator[float]:
    yield from value if isinstance(value, (tuple, list)) else (value,)
