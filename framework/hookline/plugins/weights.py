"""Which weights a run hands on, and whether they are finite."""

from typing import TYPE_CHECKING, Any

from attrs import frozen

from hookline.spec.parameters import plain_name

if TYPE_CHECKING:
    from torch import nn

LAST_STEP = "last step"


@frozen(kw_only=True)
class Weights:
    """Which weights a model has when its training has ended."""

    source: str = LAST_STEP
    """The class of the callback that put them into the model, such as "EarlyStopping"."""
    epoch: int
    """The epoch whose weights they are; for a mean, the last that is in it."""
    step: int
    """How many steps had been made, over all epochs."""
    is_mean: bool = False
    """Whether they are a mean, so that the numbers in the record of that epoch may be those of other weights."""


def not_finite(*modules: "nn.Module") -> list[str]:
    """The names of parameters that are infinite or NaN, of statistics of BatchNorm that are, and of buffers with NaN.

    Another buffer may well be infinite, such as a mask of attention, and so may a parameter without `requires_grad`.
    """
    from torch.nn.modules.batchnorm import _NormBase

    def is_finite(tensor: Any) -> bool:
        return bool(tensor.isfinite().all())

    def has_nan(tensor: Any) -> bool:
        return bool(tensor.isnan().any())

    names = []
    for module in modules:
        for name, parameter in module.named_parameters():
            tensor = parameter.detach()
            if not is_finite(tensor) if parameter.requires_grad else has_nan(tensor):
                names.append(name)
        for home, part in module.named_modules():
            for name, buffer in part.named_buffers(recurse=False):
                is_good = is_finite(buffer) if isinstance(part, _NormBase) else not has_nan(buffer)
                if not is_good:
                    names.append(f"{home}.{name}" if home else name)
    return [plain_name(name) for name in names]
