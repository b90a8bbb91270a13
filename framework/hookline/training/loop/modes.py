"""Switch a model to training mode at the beginning of each epoch."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn


def switch_to_training(model: "nn.Module") -> None:
    """Do what `model.train()` does, in a fraction of the time if all modules are in training mode already."""
    if not is_in_training_mode(model):
        model.train()


def is_in_training_mode(model: "nn.Module") -> bool:
    """Whether all modules are in training mode, and `model.train()` does nothing else."""
    from torch import nn

    usual: Any = nn.Module
    waiting: list[Any] = [model]
    while waiting:
        module = waiting.pop()
        own: dict[str, Any] = vars(module)
        kind: Any = type(module)
        is_plain = kind.train is usual.train and kind.__setattr__ is usual.__setattr__ and "train" not in own
        if not is_plain or own.get("training") is not True:
            return False
        waiting += [one for one in own["_modules"].values() if one is not None]
    return True
