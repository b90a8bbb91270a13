"""Whether all that an optimizer does in a step are its operations, so that these may be repeated without it."""

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import optim


def is_of_torch(optimizer: "optim.Optimizer") -> bool:
    """Whether its class is torch's, and its method `step` is that of the class or a scheduler's wrapper around it.

    Another one may do more in a step than its operations, such as change an option.
    """
    functions: list[Any] = [vars(optimizer).get("step")]
    while functions[-1] is not None:
        functions.append(getattr(functions[-1], "__wrapped__", None))
    modules = [type(optimizer).__module__, *(_module_of(function) for function in functions[:-1])]
    return all(module.partition(".")[0] == "torch" for module in modules)


def _module_of(function: Any) -> str:
    """The module in which a function is written, whatever it says that it wraps."""
    names = getattr(getattr(function, "__func__", function), "__globals__", {})
    return str(names.get("__name__"))


def is_observed(optimizer: "optim.Optimizer") -> bool:
    """Whether hooks are called before or after its steps."""
    of_all: Any = sys.modules["torch.optim.optimizer"]  # An import would take as long as the rest.
    return bool(
        optimizer._optimizer_step_pre_hooks
        or optimizer._optimizer_step_post_hooks
        or of_all._global_optimizer_pre_hooks
        or of_all._global_optimizer_post_hooks
    )
