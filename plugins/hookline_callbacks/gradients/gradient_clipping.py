"""Gradient clipping."""

from collections.abc import Generator
from typing import TYPE_CHECKING

from hookline import Run, hookimpl
from hookline.errors import OptionError
from hookline.spec import CallbackSpec, OptimizerSpec, option, spec
from hookline_callbacks.gradients.norms import GradientsInModelOrder, clip_norm, clip_value
from hookline_callbacks.gradients.sparse_gradients import refuse_sparse_gradients

if TYPE_CHECKING:
    from torch import nn, optim


@spec
class GradientClipping(CallbackSpec):
    """Clip gradients, either by the norm of all gradients together or by value.

    Optimizers that evaluate the loss several times per step, such as LBFGS, and sparse gradients are not supported.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_norm_.html and
    https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_value_.html
    """

    logs = ()
    writes_to = ()
    connects_to = ()

    max_norm: float | None = option(default=None, above=0)
    """The maximum norm of all gradients together."""
    norm_type: float = option(default=2.0, above=0, infinite=True, only_with=("max_norm",))
    """The order of the norm."""
    clip_value: float | None = option(default=None, above=0)
    """The maximum absolute value of a gradient element."""

    def __attrs_post_init__(self) -> None:
        if (self.max_norm is None) == (self.clip_value is None):
            raise OptionError("max_norm", "Set either `max_norm` or `clip_value`.")

    def check(self, optimizer: OptimizerSpec) -> None:
        """Refuse an optimizer that computes gradients within its step, which would not be clipped."""
        if optimizer.needs_closure:
            raise ValueError(
                f"{type(optimizer).__name__} computes gradients several times per step, but only the first ones "
                f"would be clipped: remove GradientClipping."
            )

    def build(self) -> object:
        """Return the callback, which remembers the order of the model's parameters."""
        return _GradientClipping(self)


class _GradientClipping:
    def __init__(self, spec: GradientClipping):
        self._spec = spec
        self._gradients: GradientsInModelOrder | None = None

    @hookimpl(wrapper=True)
    def select_optimizer(
        self, run: Run, model: "nn.Module", criterion: "nn.Module"
    ) -> "Generator[None, optim.Optimizer, optim.Optimizer]":
        """Refuse sparse gradients, whose norm torch cannot compute."""
        refuse_sparse_gradients(self._spec, run, model)
        self._gradients = GradientsInModelOrder(model, criterion)
        return (yield)

    @hookimpl(wrapper=True)
    def step(self, optimizer: "optim.Optimizer") -> Generator[None, bool, bool]:
        """Clip the gradients before the parameters are updated."""
        import torch

        assert self._gradients is not None, "`select_optimizer` runs before `step`."
        if gradients := self._gradients.of(optimizer):
            with torch.no_grad():
                if self._spec.max_norm is not None:
                    clip_norm(gradients, self._spec.max_norm, self._spec.norm_type)
                elif self._spec.clip_value is not None:
                    clip_value(gradients, self._spec.clip_value)
        return (yield)
