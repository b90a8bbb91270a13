"""Gradients that cannot be too great."""

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
    """Makes gradients smaller that are too great: all of them together by their norm, or each number by itself.

    Not for an optimizer that evaluates the loss several times in a step, as LBFGS does, nor for sparse gradients.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_norm_.html and
    https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_value_.html
    """

    logs = ()
    writes_to = ()
    connects_to = ()

    max_norm: float | None = option(default=None, above=0)
    """The greatest norm that all gradients together may have."""
    norm_type: float = option(default=2.0, above=0, infinite=True, only_with=("max_norm",))
    """Which norm it is."""
    clip_value: float | None = option(default=None, above=0)
    """The greatest absolute value that a number of a gradient may have."""

    def __attrs_post_init__(self) -> None:
        if (self.max_norm is None) == (self.clip_value is None):
            raise OptionError("max_norm", "Give either `max_norm` or `clip_value`.")

    def check(self, optimizer: OptimizerSpec) -> None:
        """Refuse an optimizer that computes gradients between two steps, which would not be clipped."""
        if optimizer.needs_closure:
            raise ValueError(
                f"{type(optimizer).__name__} computes gradients several times in a step, of which only the first "
                f"would be clipped: leave GradientClipping out."
            )

    def build(self) -> object:
        """The callback, which knows the order of the model's parameters."""
        return _GradientClipping(self)


class _GradientClipping:
    def __init__(self, spec: GradientClipping):
        self._spec = spec
        self._gradients: GradientsInModelOrder | None = None

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
        """Clip the gradients before the parameters are updated."""
        import torch

        assert self._gradients is not None, "The optimizer has been selected."
        if gradients := self._gradients.of(optimizer):
            with torch.no_grad():
                if self._spec.max_norm is not None:
                    clip_norm(gradients, self._spec.max_norm, self._spec.norm_type)
                elif self._spec.clip_value is not None:
                    clip_value(gradients, self._spec.clip_value)
        return (yield)
