"""One of the losses of a sum: its weight, and what it is given."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from hookline.data import Outputs
from hookline.errors import OptionError, enumerate_names
from hookline.spec import LossSpec, Spec, spec
from hookline_losses.ends import head_of

if TYPE_CHECKING:
    from torch import nn


@spec
class WeightedLoss(Spec):
    """One of the losses, and how much it counts."""

    loss: LossSpec
    """The loss."""
    weight: float = 1.0
    """By what it is multiplied."""
    target: str | None = None
    """The target that it is given; left out, the one of its own name, or the only one."""
    output: str | Mapping[str, str] | None = None
    """The output of the model that it is given; left out, the one of its own name, or all that there is. A loss that
    takes several has a table instead, such as `{ input = "mean", var = "spread" }`; those that it leaves out are called
    as the loss calls them."""

    def outputs(self, name: str) -> Mapping[str, str]:
        """By each argument of the loss that the model gives the name of the output; `name` is what the part is called.

        Raises:
            OptionError: if they are named otherwise than the loss takes them.

        """
        arguments, kind = self.loss.inputs, type(self.loss).__name__
        if len(arguments) == 1:
            if isinstance(self.output, Mapping):
                raise OptionError("output", f"{kind} takes one output: its name alone says which.")
            return {arguments[0]: self.output or name}
        if isinstance(self.output, str):
            example = ", ".join(f'{argument} = "…"' for argument in arguments)
            raise OptionError("output", f"{kind} takes several outputs: a table says which, {{ {example} }}.")
        named = self.output or {}
        if unknown := sorted(set(named) - set(arguments)):
            raise OptionError(
                "output", f"{kind} takes {enumerate_names(arguments)}, and not {enumerate_names(unknown)}.", unknown[0]
            )
        return {argument: named.get(argument, argument) for argument in arguments}

    def place_of(self, argument: str) -> tuple[str, ...]:
        """Where among these options the output for an argument of the loss is named, if it is."""
        if self.output is None:
            return ()
        return ("output", argument) if isinstance(self.output, Mapping) and argument in self.output else ("output",)

    def taken(self, name: str, outputs: Outputs) -> Outputs:
        """Of several outputs the one that the loss takes, or those, as the loss calls them; otherwise the only one."""
        if not isinstance(outputs, Mapping):
            return outputs
        if self.output is None and len(self.loss.inputs) == 1:
            return outputs.get(name, {})  # The usual case, without a dictionary for each batch.
        taken = {argument: outputs[output] for argument, output in self.outputs(name).items() if output in outputs}
        return taken if len(self.loss.inputs) > 1 else next(iter(taken.values()), {})

    def heads(self, name: str, model: "nn.Module", outputs: Outputs) -> "nn.Module":
        """What of the model gives what the loss takes: of several outputs, modules by what the loss calls them."""
        from torch import nn

        if not isinstance(outputs, Mapping):
            return model
        heads = {argument: head_of(model, output) for argument, output in self.outputs(name).items()}
        return nn.ModuleDict(heads) if len(heads) > 1 else next(iter(heads.values()))
