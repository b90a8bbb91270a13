"""The description of the weights that a run saves, and a check that they are finite."""

from typing import TYPE_CHECKING, Any

from attrs import frozen

from hookline.files.weights import plain_name

if TYPE_CHECKING:
    from torch import nn

LAST_STEP = "last step"


@frozen(kw_only=True)
class Weights:
    """The weights that a model has after training."""

    source: str = LAST_STEP
    """The class of the callback that put them into the model, such as "EarlyStopping", or "last step"."""
    epoch: int
    """The epoch that they are from; for a mean, the last epoch that it includes."""
    step: int
    """The number of completed steps at that time, over all epochs."""
    is_mean: bool = False
    """Whether they are a mean, so that the log of that epoch may describe other weights."""


def not_finite(*modules: "nn.Module") -> list[str]:
    """The names of parameters and BatchNorm statistics that are infinite or NaN, and of buffers with NaN.

    Other buffers may be infinite, such as an attention mask, and so may a parameter without `requires_grad`.
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
