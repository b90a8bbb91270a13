"""The parts of predictions as tensors, before they become columns of a table or JSON."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, get_args

from attrs import frozen

from hookline.spec.objective.predicted import Predicted

if TYPE_CHECKING:
    from torch import Tensor

Part = Literal["prediction", "probability", "probabilities", "output", "truth"]
PARTS: tuple[Part, ...] = get_args(Part)
"""The parts of a prediction that can be requested."""


@frozen(eq=False)
class PredictedValues:
    """Values for each row, for one or several columns."""

    what: str
    """What the values are: "prediction", "probability", "score", "output" or "truth"."""
    labels: Sequence[str]
    """For each column, the name of its class, label, number or output; empty if there is only one."""
    tensor: "Tensor"
    """Numbers `(N, columns, …)`, or the indices of names."""
    names: Sequence[str | int] | None = None
    """The names that the indices stand for; `None` for numbers."""
    are_sequences: bool = False
    """Whether the indices of each row, `(N, 1, steps)` padded with -1, are sequences of classes, which become texts."""

    def columns(self) -> "Iterator[tuple[str, Tensor]]":
        """Yield the label and the values `(N, …)` of each column, contiguous."""
        yield from zip(self.labels, self.tensor.movedim(1, 0).contiguous(), strict=True)


def values_of_part(sample: Predicted, part: Part) -> Iterator[PredictedValues]:
    """Yield the values of a part that the predictions offer, in the order of their columns."""
    if part == "output":
        yield from _outputs(sample)
    elif part == "truth":
        yield _values(sample, sample.truth, "truth")
    elif part == "prediction":
        yield _values(sample, sample.predictions, "prediction")
    elif sample.kind == "classes":
        yield _of_classes(sample, is_each=part == "probabilities")
    elif sample.kind == "labels" and sample.predictions.dim() > 2:
        yield _single("probability", sample.predictions)
    elif sample.kind == "labels" and not sample.columns:
        yield _of_two_classes(sample, is_each=part == "probabilities")
    else:
        labels = sample.columns_for(sample.predictions.shape[1]) or ("",)
        yield PredictedValues("probability", labels, sample.predictions)


def _single(
    what: str, values: "Tensor", names: Sequence[str | int] | None = None, *, are_sequences: bool = False
) -> PredictedValues:
    """Return values `(N, …)` as a single column without a label."""
    return PredictedValues(what, ("",), values.unsqueeze(1), names, are_sequences)


def _values(sample: Predicted, values: "Tensor", what: Literal["prediction", "truth"]) -> PredictedValues:
    """Return predicted or true values in the form in which they are in the data."""
    if sample.kind == "classes":
        return _single(what, values.argmax(dim=1) if what == "prediction" else values, sample.classes)
    if sample.kind == "sequences":
        return _single(what, values, sample.names, are_sequences=True)
    if values.dim() > 2 and sample.kind == "numbers":
        return _single(what, values)
    if sample.kind != "numbers":
        holds = sample.is_yes() if what == "prediction" else sample.is_true()
        if values.dim() > 2:
            return _single(what, holds.long(), sample.classes)
        return PredictedValues(what, sample.columns_for(values.shape[1]) or ("",), holds.long(), sample.classes)
    return PredictedValues(what, sample.columns_for(values.shape[1]) or ("",), values)


def _of_classes(sample: Predicted, *, is_each: bool) -> PredictedValues:
    """Return the probability or score of each class, or of the predicted class."""
    what = "score" if sample.loss.predicts == "scores" else "probability"
    if not is_each:
        return _single(what, sample.predictions.amax(dim=1))
    return PredictedValues(what, sample.names, sample.predictions)


def _of_two_classes(sample: Predicted, *, is_each: bool) -> PredictedValues:
    """Return the probabilities of two classes, one of which the loss predicts, or that of the predicted class."""
    import torch

    probability = sample.predictions[:, 0]
    if not is_each:
        return _single("probability", probability.where(sample.is_yes()[:, 0], 1 - probability))
    return PredictedValues("probability", sample.names, torch.stack([1 - probability, probability], dim=1))


def _outputs(sample: Predicted) -> Iterator[PredictedValues]:
    """Yield the outputs of the model; several outputs have their names."""
    if sample.outputs is None:
        raise ValueError("The outputs were not requested.")
    outputs = sample.outputs if isinstance(sample.outputs, Mapping) else {"": sample.outputs}
    for name, output in outputs.items():
        if output.dim() != 2:
            yield PredictedValues("output", (name,), output.unsqueeze(1))
            continue
        labels = [".".join(part for part in (name, label) if part) for label in _labels_of_output(sample, output)]
        yield PredictedValues("output", labels, output)


def _labels_of_output(sample: Predicted, output: "Tensor") -> Sequence[str]:
    count = output.shape[1]
    # The outputs are scores of the classes, unless the loss contains the last layer.
    if sample.kind == "classes" and sample.loss.activation != "criterion" and count == len(sample.names):
        return sample.names
    return sample.columns_for(count) or ("",)
