"""Selection of parameters of a model by name, by layer, or by number of dimensions."""

from collections.abc import Collection, Iterable, Sequence
from fnmatch import fnmatchcase
from functools import cache
from typing import TYPE_CHECKING, Any

from attrs import Attribute, asdict, field, fields, frozen, make_class, validators

from hookline.errors.exceptions import MismatchError
from hookline.errors.suggestions import did_you_mean
from hookline.spec.options import Bounds, Spec, option, spec

if TYPE_CHECKING:
    from torch import nn


@frozen(kw_only=True, eq=False)
class NamedParameter:
    """A trained parameter and its position in the model."""

    name: str
    """Its name, such as `0.weight`. The names of parameters of the loss begin with `criterion.`."""
    layer: str
    """The class name of its layer, such as `Linear`."""
    kinds: tuple[str, ...] = ()
    """The names of that class and its base classes: torch has subclasses of `Linear` inside other layers."""
    tensor: "nn.Parameter"
    """The parameter itself."""
    has_sparse_gradient: bool
    """Whether its gradient is a sparse tensor, as for an embedding with `sparse = true`."""

    @property
    def place(self) -> str:
        """The name of its layer: the part of its own name before the last dot."""
        return self.name.rpartition(".")[0]


@spec
class ParameterSelection(Spec):
    """A selection of parameters: those that match all options."""

    parameters: str | tuple[str, ...] | None = None
    """Names of parameters, or patterns such as `*.bias`. Default: all names."""
    layers: str | tuple[str, ...] | None = None
    """The layers of the parameters: types, names or patterns such as `Linear`, `BatchNorm*`, `0`, `2.*`. Default: all
    layers."""
    dimensions: int | None = option(default=None, minimum=0)
    """The number of dimensions of the parameters, such as 2 for matrices. Default: any."""

    def __str__(self) -> str:
        """Return the selection in a few words."""
        dimensions = (f"of {self.dimensions} dimensions",) if self.dimensions is not None else ()
        return ", ".join((*_several(self.layers), *_several(self.parameters), *dimensions)) or "all"

    def selects(self, parameter: NamedParameter) -> bool:
        """Return whether the parameter is selected."""
        return (
            _matches(self.parameters, parameter.name)
            and _matches(self.layers, parameter.layer, *parameter.kinds, parameter.place)
            and self.dimensions in (None, parameter.tensor.dim())
        )


@spec
class ParameterGroup(ParameterSelection):
    """A selection of parameters with their own options of the optimizer."""

    def options(self) -> dict[str, Any]:
        """Return the options that are set, as arguments of the optimizer."""
        selecting = {attribute.name for attribute in fields(ParameterGroup)}
        options = asdict(self, recurse=False)
        return {name: value for name, value in options.items() if name not in selecting and value is not None}


@cache
def group_type(optimizer: type[Spec], excluded: Collection[str]) -> type[ParameterGroup]:
    """Return the class of the groups of an optimizer: all of its options are optional, except the excluded ones."""
    options: dict[str, Any] = {
        attribute.name: field(default=None, type=_optional(attribute.type), validator=_if_set(attribute))
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
        class_body={"__doc__": f"A selection of parameters with their own options of {optimizer.__name__}."},
    )


def _optional(kind: Any) -> Any:
    return kind | None


def _if_set(attribute: "Attribute[Any]") -> list[Any]:
    """Return the validators of an option made optional. Bounds accept `None`; the others are wrapped to do so."""
    several = getattr(attribute.validator, "_validators", (attribute.validator,))
    return [one if isinstance(one, Bounds) else validators.optional(one) for one in several if one is not None]


def named_parameters(model: "nn.Module", criterion: "nn.Module | None" = None) -> list[NamedParameter]:
    """Return the trained parameters of model and criterion in torch's order, each once."""
    from torch import nn

    from hookline.files.weights import plain_name

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
    """Divide parameters among selections: each goes to the first that selects it, the others to a last list.

    Raises:
        MismatchError: If a selection has no parameter; its path is the index of the selection.

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


def _reason(selection: ParameterSelection, parameters: Sequence[NamedParameter]) -> MismatchError:
    """Return an error that says why a selection is empty, at the pattern that matches nothing, if there is one."""
    if any(selection.selects(parameter) for parameter in parameters):
        return MismatchError("Every parameter it selects already belongs to an earlier entry.")
    names = {parameter.name for parameter in parameters}
    for place, pattern in _placed(selection.parameters):
        if not any(fnmatchcase(name, pattern) for name in names):
            message = f'This selects nothing: there is no parameter "{pattern}".{did_you_mean(pattern, names)}'
            return MismatchError(message, ("parameters", *place))
    layers = {name for parameter in parameters for name in (parameter.layer, *parameter.kinds, parameter.place)}
    for place, pattern in _placed(selection.layers):
        if not any(fnmatchcase(name, pattern) for name in layers):
            kinds = {parameter.layer for parameter in parameters}
            message = f'This selects nothing: no layer "{pattern}" has parameters.{did_you_mean(pattern, kinds)}'
            return MismatchError(message, ("layers", *place))
    return MismatchError("This selects nothing: no parameter matches all of its options.")


def _matches(patterns: str | tuple[str, ...] | None, *names: str) -> bool:
    return patterns is None or any(fnmatchcase(name, pattern) for pattern in _several(patterns) for name in names)


def _several(patterns: str | tuple[str, ...] | None) -> tuple[str, ...]:
    return (patterns,) if isinstance(patterns, str) else patterns or ()


def _placed(patterns: str | tuple[str, ...] | None) -> list[tuple[tuple[int, ...], str]]:
    """Return the patterns, each with its position if the option has several."""
    return [
        (() if isinstance(patterns, str) else (index,), pattern) for index, pattern in enumerate(_several(patterns))
    ]
