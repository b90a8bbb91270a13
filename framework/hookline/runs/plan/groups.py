"""The parameter groups of an optimizer, as a plan lists them."""

import inspect
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from attrs import frozen

if TYPE_CHECKING:
    from torch import optim


@frozen(kw_only=True)
class Group:
    """A parameter group of the optimizer."""

    name: str
    """The parameters that it selects."""
    parameters: int
    """The number of elements in its parameters."""
    options: Mapping[str, Any]
    """Its options, the learning rate first."""


def groups_of(optimizer: "optim.Optimizer") -> Iterator[Group]:
    """Yield the groups, with the options that are values of TOML."""
    kinds = {
        id(group): type(part) for part in getattr(optimizer, "optimizers", [optimizer]) for group in part.param_groups
    }
    for index, group in enumerate(optimizer.param_groups):
        # Schedulers, and Adam itself, add keys that are not options.
        known = ("name", *inspect.signature(kinds[id(group)]).parameters)
        plain = (bool, int, float, str, tuple)
        options = {name: _without_none(group[name]) for name in known if isinstance(group.get(name), plain)}
        name = str(options.pop("name", "all" if len(optimizer.param_groups) == 1 else f"group {index}"))
        shown = {"lr": float(group["lr"])} if "lr" in group else {}
        size = sum(parameter.numel() for parameter in group["params"])
        yield Group(name=name, parameters=size, options=shown | options)


def _without_none(value: Any) -> Any:
    """An option of an optimizer for the lock: TOML has no null, which torch uses in `eps` of Adafactor."""
    return tuple("None" if one is None else one for one in value) if isinstance(value, tuple) else value
