"""A branch for each group of inputs."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from hookline.data import InputGroup
from hookline.errors import MismatchError, did_you_mean, enumerate_names
from hookline.script import braced, literal
from hookline.spec import LayerSpec, option, spec
from hookline.training import apply_module
from hookline_models.containers.base import chained, ejected_chain, not_empty, one_tensor, take_lengths

if TYPE_CHECKING:
    from torch import Tensor, nn

    from hookline.script import Script


@spec
class Branches(LayerSpec):
    """Separate layers for each group of inputs of the data, whose outputs are flattened and concatenated.

    For tables with different kinds of columns: an Embedding for categories, an EmbeddingBag for words, an LSTM for
    series. It must be the first layer of a model: `(N, …)` of each group to `(N, features)`. If a group has padded
    sequences, the layers of its branch get the lengths.
    """

    branches: Mapping[str, tuple[LayerSpec, ...]] = option(validator=not_empty)
    """The layers of each branch, in order, by the name of the group of inputs. Without layers, as in `numbers = []`,
    the inputs are used as they are."""

    def build(self, *inputs: "Tensor", groups: Sequence[InputGroup] = ()) -> "nn.Module":
        """Return a module with the branches, in the order of the spec."""
        from torch import nn

        if not groups:
            raise ValueError("It must be the first layer, because it takes the groups of inputs of the data.")
        places = {group.name: index for index, group in enumerate(groups)}
        for name in self.branches:
            if name not in places:
                there_are = did_you_mean(name, places) or f" There are {enumerate_names(places)}."
                message = f'The data has no group of inputs "{name}".{there_are}'
                raise MismatchError(message, ("branches", name))
        if unused := [name for name in places if name not in self.branches]:
            message = (
                f"There is no branch for {enumerate_names(unused)}: add it, or remove the group from the inputs of the "
                "data."
            )
            raise MismatchError(message, ("branches",))
        modules: dict[str, nn.Module] = {}
        for name, layers in self.branches.items():
            index = places[name]
            try:
                module, outputs = (
                    chained(layers, inputs[index], option=name, groups=[groups[index]])
                    if layers
                    else (nn.Identity(), inputs[index])
                )
                _refuse_unjoinable(one_tensor(outputs), groups[index])
            except MismatchError as error:
                raise error.within("branches") from error.__cause__
            except ValueError as error:
                raise MismatchError(str(error), ("branches", name), id="unfit-shape") from error
            modules[name] = module
        return _branches()(modules, places)

    def eject(self, script: "Script", module: Any) -> str:
        """Return the branches by name, as the argument of a class that concatenates their outputs."""
        script.use("from torch import nn")
        has_lengths = module.takes_lengths and script.batch.lengths
        name = script.define(BRANCHES_WITH_LENGTHS if has_lengths else BRANCHES)
        places = [place for _, place, _ in module.taken]
        items = []
        for (group, layers), (_, _, own) in zip(self.branches.items(), module.taken, strict=True):
            part = module.branches[own]
            with script.within([group]):
                made = ejected_chain(script, layers, part, "branches") if layers else "nn.Identity()"
            items.append(f"{literal(own)}: {made}")
        made = braced(name, items)
        if has_lengths:
            listed_ = ", ".join(literal(group) for group, _, _ in module.taken)
            made = made.removesuffix("\n)") + f",\n    places={places},\n    groups=[{listed_}],\n)"
        elif places != sorted(places):
            made = made.removesuffix("\n)") + f",\n    places={places},\n)"
        return made


BRANCHES = '''
class Branches(nn.Module):
    """A branch for each input, whose outputs are flattened and concatenated."""

    def __init__(self, branches, places=None):
        super().__init__()
        self.branches = nn.ModuleDict(branches)
        self.places = places or range(len(branches))

    def forward(self, *inputs):
        outputs = [branch(inputs[place]) for branch, place in zip(self.branches.values(), self.places, strict=True)]
        return torch.cat([output.flatten(1) for output in outputs], dim=1)
'''

BRANCHES_WITH_LENGTHS = '''
class Branches(nn.Module):
    """A branch for each input, which gets the lengths of its rows; the outputs are flattened and concatenated."""

    takes_lengths = True

    def __init__(self, branches, places, groups):
        super().__init__()
        self.branches = nn.ModuleDict(branches)
        self.places, self.groups = places, groups

    def forward(self, *inputs, lengths=None):
        outputs = []
        for branch, place, group in zip(self.branches.values(), self.places, self.groups, strict=True):
            takes_lengths = group in (lengths or {}) and getattr(branch, "takes_lengths", False)
            outputs.append(branch(inputs[place], lengths=lengths[group]) if takes_lengths else branch(inputs[place]))
        return torch.cat([output.flatten(1) for output in outputs], dim=1)
'''


def _refuse_unjoinable(outputs: "Tensor", group: InputGroup) -> None:
    """Raise a `ValueError` if the outputs of a branch are not numbers of each row."""
    if not outputs.is_floating_point():
        found = str(outputs.dtype).removeprefix("torch.")
        raise ValueError(f"This branch returns the type {found}, not floating-point numbers: add an Embedding.")
    if group.is_padded and outputs.dim() > 2:
        raise ValueError(
            f"This branch returns sequences of shape {tuple(outputs.shape[1:])}, whose lengths differ: end it with a "
            'layer such as SequencePool, or set `returns = "last"`.'
        )


@cache
def _branches() -> Any:
    import torch
    from torch import nn

    class Branches(nn.Module):
        takes_lengths_by_group = True

        def __init__(self, branches: "Mapping[str, nn.Module]", places: Mapping[str, int]):
            super().__init__()
            self.branches = nn.ModuleDict()
            self.taken = []
            for name, branch in branches.items():
                own = name.replace(".", "_")  # torch allows no dot, and no attribute of the class, as a name.
                while own in self.branches or hasattr(nn.ModuleDict, own):
                    own += "_"
                self.branches[own] = branch
                self.taken.append((name, places[name], own))
            self.takes_lengths = take_lengths(list(branches.values()))

        def forward(self, *inputs: "Tensor", lengths: "Mapping[str, Tensor] | None" = None) -> "Tensor":
            own = lengths or {}
            outputs = [
                apply_module(self.branches[module], inputs[place], lengths=own.get(name))
                for name, place, module in self.taken
            ]
            return torch.cat([output.flatten(1) for output in outputs], dim=1)

    return Branches
