"""The base of the losses of torch: the criterion is torch's class of the same name, with the same options."""

from typing import TYPE_CHECKING, Any, Literal

from hookline.data import Batch, Data, Outputs
from hookline.script import Code, LossLines, cannot_be_written, constructor, literal
from hookline.spec import DividedBy, LossSpec, spec
from hookline_losses.balanced import with_balanced
from hookline_losses.weighted_lines import weighted_lines

if TYPE_CHECKING:
    from torch import Tensor, nn

    from hookline.script import BatchNames, Script


@spec
class TorchLoss(LossSpec):
    """A loss of `torch.nn`. A subclass only has to declare torch's options."""

    reduction: Literal["mean", "sum"] = "mean"
    """Average or add the losses of a batch. (torch's third value, "none", would leave no scalar to minimize.)"""

    def build(self, data: Data) -> "nn.Module":
        """Return `torch.nn.<the name of this class>` with these options; arrays of numbers become tensors."""
        import torch

        tensors = {
            name: torch.tensor(value, dtype=torch.get_default_dtype()) if isinstance(value, tuple) else value
            for name, value in with_balanced(self.arguments(), data, self.ignored_class).items()
        }
        criterion: nn.Module = getattr(torch.nn, type(self).__name__)(**tensors)
        return criterion

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of torch's class."""
        return self.own_options()

    @property
    def divided_by(self) -> DividedBy:
        """The number of rows; nothing if the losses are added."""
        return "nothing" if self.reduction == "sum" else "rows"

    def eject(
        self, script: "Script", criterion: "nn.Module", *, called: str, outputs: str, batch: "BatchNames"
    ) -> "LossLines":
        """Return torch's class with the options that differ from its defaults, and a call of it."""
        divisor = self.ejected_divisor(called, batch)
        loss = self.ejected_call(script, called, outputs, batch)
        if batch.weights is not None:
            if type(self).row_losses is not TorchLoss.row_losses:
                raise cannot_be_written(f"The losses of rows in {type(self).__name__} have no lines of torch.")
            loss = weighted_lines(self, script, loss, batch.weights, divisor)
        is_tensor = divisor not in (None, batch.rows)
        return LossLines(
            build=self.ejected_criterion(script, criterion, is_for_rows=batch.weights is not None),
            loss=loss,
            divisor=divisor,
            is_tensor=is_tensor,
            may_be_zero=is_tensor and (batch.weights is not None or self.may_ignore_all(criterion)),
        )

    def ejected_call(self, script: "Script", called: str, outputs: str, batch: "BatchNames") -> str:
        """Return a call of the criterion, as `compute` does it."""
        names = self.inputs
        given = [outputs] if len(names) == 1 else [f"{outputs}[{literal(name)}]" for name in names]
        return f"{called}({', '.join([*given, *([] if batch.target is None else [batch.target])])})"

    def ejected_criterion(self, script: "Script", criterion: "nn.Module", *, is_for_rows: bool) -> str:
        """Return an expression that builds the criterion, which may return the loss of each row."""
        import torch

        script.use("from torch import nn")
        name, options = type(self).__name__, self.ejected_options(script, criterion)
        if is_for_rows:
            options["reduction"] = "none"
        return constructor(f"nn.{name}", getattr(torch.nn, name), options)

    def ejected_options(self, script: "Script", criterion: "nn.Module") -> dict[str, Any]:
        """Return the arguments of torch's class; buffers of the criterion are written as tensors."""
        import torch

        options = self.arguments()
        for name, value in self.arguments().items():
            tensor = getattr(criterion, name, None)
            if value is not None and isinstance(tensor, torch.Tensor):
                options[name] = Code(script.moved(f"torch.tensor({literal(tensor.tolist())})"))
        return options

    def ejected_divisor(self, called: str, batch: "BatchNames") -> str | None:
        """Return what the loss of a batch is divided by, as code; `None` for a sum."""
        if self.divided_by == "weights":
            raise cannot_be_written(f"The divisor of {type(self).__name__} has no lines of torch.")
        if self.divided_by == "nothing":
            return None
        return batch.rows if batch.weights is None else f"{batch.weights}.sum()"

    def may_ignore_all(self, criterion: "nn.Module") -> bool:
        """Return whether the divisor is 0 for a batch all of whose rows are ignored."""
        return self.ignored_class is not None

    def row_losses(self, criterion: "nn.Module", outputs: Outputs, batch: Batch) -> "Tensor":
        """Return the losses of the criterion with torch's `reduction="none"`."""
        # The criterion has no other state that depends on it. `vars` avoids the checks of `nn.Module.__setattr__`.
        options = vars(criterion)
        reduction = options["reduction"]
        options["reduction"] = "none"
        try:
            return self.compute(criterion, outputs, batch)
        finally:
            options["reduction"] = reduction


def weight_of(batch: Batch, ignored: int | None, weight: "Tensor | None") -> "Tensor | int":
    """Return the total weight of the classes in the targets of a batch, without synchronizing the device.

    Targets of the class `ignored` have none. The weight of a row multiplies that of its class.
    """
    targets = batch.target
    is_counted = None if ignored is None else targets != ignored
    if weight is None and batch.weights is None:
        return targets.numel() if is_counted is None else is_counted.sum()
    counted: Any = 1 if weight is None else weight[targets]
    if is_counted is not None:
        counted = counted * is_counted
    if batch.weights is not None:
        counted = counted * batch.weights.reshape(-1, *[1] * (targets.dim() - 1))
    return counted.sum()
