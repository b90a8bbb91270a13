"""What the members of a stack train: the parameters of their models and criteria."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hookline.training.preparation import Parts
from hookline.tuning.stacked.refusals import NotStackable

if TYPE_CHECKING:
    from torch import nn

MODEL, CRITERION = "model", "criterion"
"""The names of the two parts."""


def both_parts(parts: Parts) -> "nn.Module":
    """The model and the criterion as parts of one module."""
    from torch import nn

    made = nn.Module()
    made.add_module(MODEL, parts.model)
    made.add_module(CRITERION, parts.criterion)
    return made


def blocks_of(
    modules: "Sequence[nn.Module]", several: Sequence[Parts], before: Sequence[Sequence[str]]
) -> list[Sequence[str]]:
    """The names of the parameters to train, in the blocks of before; those that are new form a block.

    Raises:
        NotStackable: If the members train different parameters, or some are no longer trained, or of another dtype.

    """
    names = _trained(modules[0], several[0])
    if any(_trained(*pair) != names for pair in zip(modules[1:], several[1:], strict=True)):
        raise NotStackable("Some parameters are trained in some of the trials only.")
    known = {name for block in before for name in block}
    if not known <= set(names):
        raise NotStackable("A callback freezes parameters during the training.")
    new = [name for name in names if name not in known]
    return [*before, new] if new else list(before)


def _trained(module: "nn.Module", parts: Parts) -> list[str]:
    parameters = dict(module.named_parameters())
    if len({(one.dtype, one.device) for one in parameters.values()}) > 1:
        raise NotStackable("The parameters have several dtypes.")
    groups: list[dict[str, Any]] = parts.optimizer.param_groups
    known = {id(one) for group in groups for one in group["params"]}
    names = [name for name, one in parameters.items() if one.requires_grad]
    if any(id(parameters[name]) not in known for name in names):
        raise NotStackable("Some parameters are not trained.")
    return names
