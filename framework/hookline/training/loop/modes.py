"""Switch a model to training mode at the beginning of each epoch."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn


def switch_to_training(model: "nn.Module") -> None:
    """Do what `model.train()` does, in a fraction of the time if all modules are in training mode already."""
    from torch import nn

    usual: Any = nn.Module
    waiting: list[Any] = [model]
    while waiting:
        module = waiting.pop()
        own: dict[str, Any] = vars(module)
        kind: Any = type(module)
        is_plain = kind.train is usual.train and kind.__setattr__ is usual.__setattr__ and "train" not in own
        if not is_plain or own.get("training") is not True:
            model.train()
            return
        waiting += [one for one in own["_modules"].values() if one is not None]
