"""The state of an optimizer by the names of its parameters, which do not depend on their order."""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hookline.errors.exceptions import CheckpointError
from hookline.errors.text import enumerate_names
from hookline.files.weights import plain_name

if TYPE_CHECKING:
    from torch import nn, optim


def named_state(optimizer: "optim.Optimizer", model: "nn.Module", criterion: "nn.Module") -> dict[str, Any]:
    """Return the state of an optimizer, and the names of its parameters by the numbers that they have in the state."""
    return {"names": _names(optimizer, model, criterion), "state": optimizer.state_dict()}


def load_named_state(
    named: Mapping[str, Any],
    optimizer: "optim.Optimizer",
    model: "nn.Module",
    criterion: "nn.Module",
    *,
    changed: Collection[str] = (),
) -> None:
    """Load a state that `named_state` returned, except for the `changed` options, which keep their present values.

    Raises:
        CheckpointError: If the optimizer has other parameters.

    """
    before, now = named["names"], _names(optimizer, model, criterion)
    if set(before) != set(now):
        lost, new = ([name for name in some if name not in other] for some, other in ((before, now), (now, before)))
        parts = [f"no longer has {enumerate_names(lost)}"] if lost else []
        parts += [f"also has {enumerate_names(new)}"] if new else []
        raise CheckpointError(f"The optimizer {' and '.join(parts)}, unlike that of the checkpoint.")
    state = named["state"]
    if before != now:
        state = _reordered(state, before, now)
    kept = [{name: group[name] for name in changed if name in group} for group in optimizer.param_groups]
    optimizer.load_state_dict(state)
    for group, options in zip(optimizer.param_groups, kept, strict=False):
        group.update(options)


def _names(optimizer: "optim.Optimizer", model: "nn.Module", criterion: "nn.Module") -> list[str]:
    owners = (("", model), ("criterion.", criterion))
    # Frozen parameters too: a callback may freeze them later or train them again.
    names = {
        id(parameter): prefix + plain_name(name)
        for prefix, owner in reversed(owners)
        for name, parameter in owner.named_parameters()
    }
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    return [names.get(id(parameter), f"#{index}") for index, parameter in enumerate(parameters)]


def _reordered(state: Mapping[str, Any], before: Sequence[str], now: Sequence[str]) -> dict[str, Any]:
    """Return the state with its parameters in the order that they have now; torch assigns them by their positions.

    Only states of torch's form can be reordered.
    """
    number = {name: index for index, name in enumerate(before)}
    order, groups = iter([number[name] for name in now]), list[dict[str, Any]]()
    for group in state.get("param_groups", ()):
        own = [next(order) for _ in group["params"]]
        if set(own) != set(group["params"]):
            break
        groups.append({**group, "params": own})
    if not groups or next(order, None) is not None:
        raise CheckpointError("The parameter groups of the optimizer differ from those of the checkpoint.")
    return {**state, "param_groups": groups}
