"""Switch a model to training mode at the beginning of each epoch."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn


def switch_to_training(model: "nn.Module") -> None:
    """Do what `model.train()` does, in a fraction of the time if all modules are in training mode already."""
    from torch import nn

    waiting: list[Any] = [model]
    while waiting:
        module = waiting.pop()
        own, kind = vars(module), type(module)
        is_plain = kind.train is nn.Module.train and kind.__setattr__ is nn.Module.__setattr__ and "train" not in own
        if not is_plain or own.get("training") is not True:
            model.train()
            return
        waiting += [one for one in own["_modules"].values() if one is not None]
