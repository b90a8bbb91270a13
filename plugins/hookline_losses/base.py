"""What all losses of torch have in common: the criterion is torch's class of the same name, with the same options."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from attrs import Attribute

from hookline.data import Data, Outputs
from hookline.errors import OptionError, enumerate_names
from hookline.spec import DividedBy, LossSpec, spec

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

        tensors = {
            name: torch.tensor(value, dtype=torch.get_default_dtype()) if isinstance(value, tuple) else value
            for name, value in self.arguments().items()
        }
        criterion: nn.Module = getattr(torch.nn, type(self).__name__)(**tensors)
        return criterion

    def arguments(self) -> dict[str, Any]:
        """The options that torch's class is given."""
        return self.own_options()

    @property
    def divided_by(self) -> DividedBy:
        """The number of rows, or nothing if the losses are added."""
        return "nothing" if self.reduction == "sum" else "rows"


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
        raise OptionError("weight", f'"{column}" has {classes} classes, and `weight` has {len(weight)} numbers.')
    if weight is not None and not any(weight):
        raise OptionError("weight", "Of the numbers of `weight` one must be greater than 0.")


def refuse_negative_index(instance: object, attribute: "Attribute[object]", index: int | None) -> None:
    """Raise a `ValueError` for the index of a class that is negative, which in torch is a mark for rows."""
    if index is not None and index < 0:
        raise ValueError(
            f"{index} is no class: classes are sorted and counted from 0. Left out, no class is ignored; to ignore the "
            f"rows of a class that is called {index}, give its place among the sorted classes, which is usually 0."
        )


def check_ignored_class(index: int | None, classes: int) -> None:
    """Refuse to ignore a class that there is not."""
    if index is not None and index >= classes:
        message = f"There are {classes} classes, counted from 0 in sorted order, and `ignore_index` is {index}"
        raise OptionError("ignore_index", f"{message}: that is none.")


def doubt_marks(ignored: int | None, data: Data) -> Iterator[str]:
    """Doubt that a class is one that elsewhere marks rows without a class: -100, or -1 before classes from 0 on."""
    classes = list(map(str, data.target.classes or ()))
    counted_from_0 = ["-1", *map(str, range(len(classes) - 1))]
    for mark, is_likely in (("-100", True), ("-1", len(classes) > 2 and sorted(classes) == sorted(counted_from_0))):
        if is_likely and mark in classes and classes.index(mark) != ignored:
            yield (
                f'The class {mark} of "{", ".join(data.target.columns)}" is trained as any other. If it marks rows '
                f"without a class, set `ignore_index = {classes.index(mark)}`, which is its place."
            )


def weight_of(targets: "Tensor", is_counted: "Tensor | None", weight: "Tensor | None") -> "Tensor | int":
    """The weight of the rows, or of those that count, by their classes `(N,)`, without waiting for the device."""
    if weight is None:
        return len(targets) if is_counted is None else is_counted.sum()
    weights = weight[targets]
    return weights.sum() if is_counted is None else (weights * is_counted).sum()


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


def several_outputs(
    name: str, outputs: Outputs, wanted: Sequence[str], *, dimensions: int | None = None
) -> "tuple[Tensor, ...]":
    """The model's outputs of these names, which must have one shape."""
    if not isinstance(outputs, Mapping):
        raise ValueError(
            f"{name} compares several outputs: the inputs of the data must be called {enumerate_names(wanted)}."
        )
    if missing := [argument for argument in wanted if argument not in outputs]:
        raise ValueError(f"{name} takes {enumerate_names(wanted)}, and there is no {enumerate_names(missing, 'or')}.")
    tensors = tuple(one_output(name, outputs[argument]) for argument in wanted)
    shapes = [tuple(tensor.shape[1:]) for tensor in tensors]
    if len(set(shapes)) > 1:
        raise ValueError(f"{name} compares outputs of one shape, and theirs are {', '.join(map(str, shapes))}.")
    if dimensions is not None and tensors[0].dim() != dimensions:
        raise ValueError(f"{name} compares rows of numbers, and the model gives outputs of shape {shapes[0]} for each.")
    return tensors


def check_log_probabilities(name: str, outputs: "Tensor", of: str) -> None:
    """Refuse outputs that are no log-probabilities along the last dimension."""
    if (outputs > 0).any():
        raise ValueError(
            f"{name} takes log-probabilities, none of which is greater than 0: the model must end in LogSoftmax."
        )
    if ((outputs.exp().sum(dim=-1) - 1).abs() > 1e-3).any():
        raise ValueError(
            f"{name} takes log-probabilities, and what the model gives for the {of} does not add up to 1: it must end "
            f"in LogSoftmax."
        )
