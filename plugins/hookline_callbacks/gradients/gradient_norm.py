"""How great the gradients are."""

from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Any

from hookline import Run, hookimpl
from hookline.spec import CallbackSpec, option, spec
from hookline_callbacks.gradients.norms import GradientsInModelOrder, total_norm
from hookline_callbacks.gradients.sparse_gradients import refuse_sparse_gradients

if TYPE_CHECKING:
    from torch import Tensor, nn, optim


@spec
class GradientNorm(CallbackSpec):
    """Logs the norm of all gradients together: its mean over the steps of an epoch, and the greatest.

    They are "gradient_norm" and "greatest_gradient_norm". Listed before GradientClipping it sees gradients as they are,
    listed after it as they were clipped. Of LBFGS, which evaluates gradients again and again in a step, it sees the
    first. The device is waited for once in an epoch.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.get_total_norm.html
    """

    logs = ("gradient_norm", "greatest_gradient_norm")
    writes_to = ()
    connects_to = ()

    norm_type: float = option(default=2.0, above=0, infinite=True)
    """Which norm it is."""

    def build(self) -> object:
        """The callback, which adds up the norms of an epoch."""
        return _GradientNorm(self)


class _GradientNorm:
    def __init__(self, spec: GradientNorm):
        self._spec = spec
        self._gradients: GradientsInModelOrder | None = None
        self._total: Tensor | None = None
        self._greatest: Tensor | None = None
        self._steps = 0

    @hookimpl(wrapper=True)
    def select_optimizer(
        self, run: Run, model: "nn.Module", criterion: "nn.Module"
    ) -> "Generator[None, optim.Optimizer, optim.Optimizer]":
        """Refuse sparse gradients, of which torch cannot tell the norm."""
        refuse_sparse_gradients(self._spec, run, model)
        self._gradients = GradientsInModelOrder(model, criterion)
        return (yield)

    @hookimpl(wrapper=True)
    def step(self, optimizer: "optim.Optimizer") -> Generator[None, bool, bool]:
        """Look at the gradients before the parameters are updated."""
        import torch

        assert self._gradients is not None, "The optimizer has been selected."
        if gradients := self._gradients.of(optimizer):
            # A tensor, which nobody reads before the epoch ends.
            with torch.no_grad():
                norm = total_norm(gradients, self._spec.norm_type)
            self._total = norm if self._total is None else self._total + norm
            self._greatest = norm if self._greatest is None else torch.maximum(self._greatest, norm)
            self._steps += 1
        return (yield)

    @hookimpl(wrapper=True)
    def log(self) -> Generator[None, Mapping[str, Any], Mapping[str, Any]]:
        """Add both numbers to the record, and begin anew."""
        record = yield
        if self._total is not None and self._greatest is not None:
            mean, greatest = float(self._total) / self._steps, float(self._greatest)
            record = {**record, "gradient_norm": mean, "greatest_gradient_norm": greatest}
        self._total, self._greatest, self._steps = None, None, 0
        return record

    def state_dict(self) -> dict[str, Any]:
        """What has been added up in this epoch."""
        return {"total": self._total, "greatest": self._greatest, "steps": self._steps}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on in the middle of an epoch."""
        self._total, self._greatest, self._steps = state["total"], state["greatest"], state["steps"]
