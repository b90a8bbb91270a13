"""Which parameters of a model are meant: by name, by layer, by number of dimensions."""

from collections.abc import Collection, Iterable, Sequence
from fnmatch import fnmatchcase
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from attrs import Attribute, asdict, field, fields, frozen, make_class, validators

from hookline.errors.exceptions import MisfitError
from hookline.errors.text import did_you_mean
from hookline.spec.options import Bounds, Spec, option, spec

if TYPE_CHECKING:
    from torch import Tensor, nn


def plain_name(name: str) -> str:
    """The name of a module, a parameter or a buffer without what `torch.compile` puts in front of a module's names.

    >>> plain_name("_orig_mod.0.weight"), plain_name("encoder._orig_mod.bias"), plain_name("0.weight")
    ('0.weight', 'encoder.bias', '0.weight')
    """
    return ".".join(part for part in name.split(".") if part != "_orig_mod")


def plainly_named(module: "nn.Module") -> "nn.Module":
    """A module under its names without the compiler, as `safetensors.torch.save_model` is to be given it."""
    return cast("nn.Module", _PlainlyNamed(module))


class _PlainlyNamed:
    """A module as far as it is saved, which asks for nothing but its `state_dict`."""

    def __init__(self, module: "nn.Module"):
        self._module = module

    def state_dict(self) -> "dict[str, Tensor]":
        """The tensors of the module, with plain names."""
        return {plain_name(name): tensor for name, tensor in self._module.state_dict().items()}


@frozen(kw_only=True, eq=False)
class NamedParameter:
    """A parameter that is trained, and where it is."""

    name: str
    """Its name, such as `0.weight`; that of a parameter of the loss begins with `criterion.`."""
    layer: str
    """The name of the class of the layer that it belongs to, such as `Linear`."""
    kinds: tuple[str, ...] = ()
    """The names of that class and of those above it: torch has kinds of `Linear` of its own within others."""
    tensor: "nn.Parameter"
    """The parameter itself."""
    has_sparse_gradient: bool
    """Whether its gradient is a sparse tensor, as that of an embedding with `sparse = true`."""

    @property
    def place(self) -> str:
        """The name of the layer that it belongs to: what stands before the last dot of its own."""
        return self.name.rpartition(".")[0]


@spec
class ParameterSelection(Spec):
    """Some parameters of a model: those for which everything holds that is given."""

    parameters: str | tuple[str, ...] | None = None
    """Names, or patterns of names such as `*.bias`; left out, all names."""
    layers: str | tuple[str, ...] | None = None
    """The layers that they belong to, by type or place, or by patterns of either: `Linear`, `BatchNorm*`, `0`, `2.*`;
    left out, all layers."""
    dimensions: int | None = option(default=None, minimum=0)
    """How many dimensions they have: 2 are the matrices; left out, any number."""

    def __str__(self) -> str:
        """What is selected, in a few words."""
        dimensions = (f"of {self.dimensions} dimensions",) if self.dimensions is not None else ()
        return ", ".join((*_several(self.layers), *_several(self.parameters), *dimensions)) or "all"

    def selects(self, parameter: NamedParameter) -> bool:
        """Whether the parameter is one of them."""
        return (
            _matches(self.parameters, parameter.name)
            and _matches(self.layers, parameter.layer, *parameter.kinds, parameter.place)
            and self.dimensions in (None, parameter.tensor.dim())
        )


@spec
class ParameterGroup(ParameterSelection):
    """Some parameters, and options of the optimizer that are theirs alone."""

    def options(self) -> dict[str, Any]:
        """The options that are given, as the optimizer takes them."""
        selecting = {attribute.name for attribute in fields(ParameterGroup)}
        options = asdict(self, recurse=False)
        return {name: value for name, value in options.items() if name not in selecting and value is not None}


@cache
def group_type(optimizer: type[Spec], excluded: Collection[str]) -> type[ParameterGroup]:
    """The class of the groups of an optimizer: its options but the excluded ones, each of which may be left out."""
    options: dict[str, Any] = {
        attribute.name: field(default=None, type=_or_left_out(attribute.type), validator=_if_given(attribute))
        for attribute in fields(optimizer)
        if attribute.name not in excluded
    }
    return make_class(
        f"{optimizer.__name__}Group",
        options,
        bases=(ParameterGroup,),
        frozen=True,
        kw_only=True,
        eq=False,
        repr=False,
        slots=False,
        class_body={"__doc__": f"Some parameters, and options of {optimizer.__name__} that are theirs alone."},
    )


def _or_left_out(kind: Any) -> Any:
    return kind | None


def _if_given(attribute: "Attribute[Any]") -> list[Any]:
    """The validators of an option that may be left out, of which only bounds know what to make of `None`."""
    several = getattr(attribute.validator, "_validators", (attribute.validator,))
    return [one if isinstance(one, Bounds) else validators.optional(one) for one in several if one is not None]


def named_parameters(model: "nn.Module", criterion: "nn.Module | None" = None) -> list[NamedParameter]:
    """The parameters of model and criterion that are trained, in torch's order, each once."""
    from torch import nn

    found: dict[nn.Parameter, NamedParameter] = {}
    for prefix, root in (("", model), ("criterion.", criterion or nn.Module())):
        for place, module in root.named_modules(prefix=prefix.rstrip(".")):
            sparse = getattr(module, "sparse", False) is True
            above = type(module).__mro__
            kinds = tuple(kind.__name__ for kind in above[: above.index(nn.Module)])
            place = plain_name(place)
            for name, tensor in module.named_parameters(recurse=False):
                if tensor.requires_grad:
                    known = NamedParameter(
                        name=f"{place}.{name}" if place else name,
                        layer=type(module).__name__,
                        kinds=kinds,
                        tensor=tensor,
                        has_sparse_gradient=sparse,
                    )
                    found.setdefault(tensor, known)
    return list(found.values())


def divided(
    parameters: Iterable[NamedParameter], selections: Sequence[ParameterSelection]
) -> list[list[NamedParameter]]:
    """The parameters that each selection has, the first that selects one having it, and last those that none has.

    Raises:
        MisfitError: if a selection has no parameter; its path is the index of the selection.

    """
    parameters = list(parameters)
    groups: list[list[NamedParameter]] = [[] for _ in range(len(selections) + 1)]
    for parameter in parameters:
        first = next((i for i, selection in enumerate(selections) if selection.selects(parameter)), len(selections))
        groups[first].append(parameter)
    for index, (selection, group) in enumerate(zip(selections, groups, strict=False)):
        if not group:
            raise _reason(selection, parameters).within(index)
    return groups


def _reason(selection: ParameterSelection, parameters: Sequence[NamedParameter]) -> MisfitError:
    """Why a selection has no parameter, at the pattern that selects none, if there is one."""
    if any(selection.selects(parameter) for parameter in parameters):
        return MisfitError("It selects no parameter that one before it does not have already.")
    names = {parameter.name for parameter in parameters}
    for place, pattern in _placed(selection.parameters):
        if not any(fnmatchcase(name, pattern) for name in names):
            message = f'It selects nothing: there is no parameter "{pattern}".{did_you_mean(pattern, names)}'
            return MisfitError(message, ("parameters", *place))
    layers = {name for parameter in parameters for name in (parameter.layer, *parameter.kinds, parameter.place)}
    for place, pattern in _placed(selection.layers):
        if not any(fnmatchcase(name, pattern) for name in layers):
            kinds = {parameter.layer for parameter in parameters}
            message = f'It selects nothing: no layer "{pattern}" has parameters.{did_you_mean(pattern, kinds)}'
            return MisfitError(message, ("layers", *place))
    return MisfitError("It selects nothing: there is no parameter for which all of it holds.")


def _matches(patterns: str | tuple[str, ...] | None, *names: str) -> bool:
    return patterns is None or any(fnmatchcase(name, pattern) for pattern in _several(patterns) for name in names)


def _several(patterns: str | tuple[str, ...] | None) -> tuple[str, ...]:
    return (patterns,) if isinstance(patterns, str) else patterns or ()


def _placed(patterns: str | tuple[str, ...] | None) -> list[tuple[tuple[int, ...], str]]:
    """The patterns, each with its place in the option if it has several."""
    return [
        (() if isinstance(patterns, str) else (index,), pattern) for index, pattern in enumerate(_several(patterns))
    ]
