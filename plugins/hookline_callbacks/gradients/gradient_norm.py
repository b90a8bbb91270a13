"""The norm of the gradients."""

from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Any

from hookline import hookimpl
from hookline.spec import CallbackSpec, option, spec
from hookline_callbacks.gradients.before_step import BeforeStep
from hookline_callbacks.gradients.norms import total_norm

if TYPE_CHECKING:
    from torch import Tensor


@spec
class GradientNorm(CallbackSpec):
    """Log the norm of all gradients together: its mean and maximum over the steps of an epoch.

    The log names are "gradient_norm" and "max_gradient_norm". Listed before GradientClipping it measures unclipped
    gradients, listed after it clipped ones. For LBFGS, which evaluates gradients several times per step, it measures
    the first ones. It synchronizes with the device once per epoch.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.get_total_norm.html
    """

    only_observes = True
    logs = ("gradient_norm", "max_gradient_norm")
    writes_to = ()
    connects_to = ()

    norm_type: float = option(default=2.0, above=0, infinite=True)
    """The order of the norm."""

    def build(self) -> object:
        """Return the callback, which sums the norms of an epoch."""
        return _GradientNorm(self)


class _GradientNorm(BeforeStep):
    _spec: GradientNorm

    def __init__(self, spec: GradientNorm):
        super().__init__(spec)
        self._total: Tensor | None = None
        self._maximum: Tensor | None = None
        self._steps = 0

    def use(self, gradients: "list[Tensor]") -> None:
        """Add the norm of the gradients: a tensor, which is not read before the epoch ends."""
        import torch

        norm = total_norm(gradients, self._spec.norm_type)
        self._total = norm if self._total is None else self._total + norm
        self._maximum = norm if self._maximum is None else torch.maximum(self._maximum, norm)
        self._steps += 1

    @hookimpl(wrapper=True)
    def log(self) -> Generator[None, Mapping[str, Any], Mapping[str, Any]]:
        """Add both numbers to the record, and reset the sums."""
        record = yield
        if self._total is not None and self._maximum is not None:
            mean, maximum = float(self._total) / self._steps, float(self._maximum)
            record = {**record, "gradient_norm": mean, "max_gradient_norm": maximum}
        self._total, self._maximum, self._steps = None, None, 0
        return record

    def state_dict(self) -> dict[str, Any]:
        """Return the sums of this epoch."""
        return {"total": self._total, "maximum": self._maximum, "steps": self._steps}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Resume in the middle of an epoch."""
        self._total, self._maximum, self._steps = state["total"], state["maximum"], state["steps"]
