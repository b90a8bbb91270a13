"""What all losses of torch have in common: the criterion is torch's class of the same name, with the same options."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from attrs import asdict

from hookline import Batch, Data, LossSpec, Outputs, enumerate_names, spec

if TYPE_CHECKING:
    from torch import Tensor, nn


@spec
class TorchLoss(LossSpec):
    """A loss of `torch.nn`. A class below it declares torch's options and is complete."""

    reduction: Literal["mean", "sum"] = "mean"
    """Whether the losses of a batch are averaged or added. (torch's third, "none", leaves nothing to be made small.)"""

    def build(self, data: Data) -> "nn.Module":
        """`torch.nn.<the name of this class>` with these options; numbers given as an array become a tensor."""
        import torch

        options = asdict(self, recurse=False)
        tensors = {
            name: torch.tensor(value, dtype=torch.float32) if isinstance(value, tuple) else value
            for name, value in options.items()
        }
        criterion: nn.Module = getattr(torch.nn, type(self).__name__)(**tensors)
        return criterion

    def divisor(self, criterion: "nn.Module", batch: Batch) -> "Tensor | float | None":
        """The number of rows, or `None` for the sum."""
        return None if self.reduction == "sum" else batch.rows


def one_output(name: str, outputs: Outputs) -> "Tensor":
    """The model's output, which must be one tensor."""
    if isinstance(outputs, Mapping):
        raise ValueError(f"{name} takes one output of the model, and it gives {enumerate_names(outputs)}.")
    return outputs


def check_score_for_each_class(name: str, outputs: Outputs, weight: tuple[float, ...] | None, data: Data) -> None:
    """Refuse outputs that are not a score for each class, or weights that are not as many."""
    outputs = one_output(name, outputs)
    column, classes = ", ".join(data.target.columns), len(data.target.classes or ())
    if outputs.dim() != 2 or outputs.shape[1] != classes:
        raise ValueError(
            f'{name} compares a score for each class with the class: "{column}" has {classes} classes, and the model '
            f"gives outputs of shape {tuple(outputs.shape[1:])} for each row."
        )
    if weight is not None and len(weight) != classes:
        raise ValueError(f'"{column}" has {classes} classes, and `weight` has {len(weight)} numbers.')


def check_same_shape(name: str, outputs: Outputs, targets: "Tensor", data: Data) -> None:
    """Refuse outputs that would be broadcast against the targets: torch does so with no more than a warning."""
    outputs = one_output(name, outputs)
    if outputs.shape != targets.shape:
        wanted = targets.shape[1] if targets.dim() == 2 else tuple(targets.shape[1:])
        columns = ", ".join(data.target.columns)
        raise ValueError(
            f"{name} compares each output with a target: the model must give {wanted} for each row ({columns}), "
            f"and its outputs for a batch of {outputs.shape[0]} rows have the shape {tuple(outputs.shape)}."
        )
