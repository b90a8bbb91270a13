"""Gradient clipping."""

from typing import TYPE_CHECKING

from hookline import Run
from hookline.errors import OptionError
from hookline.script import Script, literal
from hookline.spec import CallbackSpec, OptimizerSpec, option, spec
from hookline_callbacks.gradients.before_step import BeforeStep
from hookline_callbacks.gradients.norms import clip_norm, clip_value

if TYPE_CHECKING:
    from torch import Tensor


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

    def eject(self, script: Script, run: Run) -> None:
        """Add a call of torch's function before the step."""
        script.use("from torch import nn")
        function, options = "nn.utils.clip_grad_value_", f"{self.clip_value}"
        if self.max_norm is not None:
            function, options = "nn.utils.clip_grad_norm_", f"{self.max_norm}"
            options += "" if self.norm_type == 2 else f", norm_type={literal(self.norm_type)}"
        line = f"{function}({script.all_parameters}, {options})"
        if condition := self.ejected_condition("step + 1"):
            script.loop.counts_steps = True
            script.loop.step += [f"if {condition}:", f"    {line}"]
        else:
            script.loop.step.append(line)

    def build(self) -> object:
        """Return the callback, which remembers the order of the model's parameters."""
        return _GradientClipping(self)


class _GradientClipping(BeforeStep):
    _spec: GradientClipping

    def use(self, gradients: "list[Tensor]") -> None:
        """Clip the gradients."""
        if self._spec.max_norm is not None:
            clip_norm(gradients, self._spec.max_norm, self._spec.norm_type)
        elif self._spec.clip_value is not None:
            clip_value(gradients, self._spec.clip_value)
