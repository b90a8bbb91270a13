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
    """A value for each row."""

    what: str
    """What the values are: "prediction", "probability", "score", "output" or "truth"."""
    label: str
    """The name of the class, label, number or output, if there are several, otherwise empty."""
    tensor: "Tensor"
    """Numbers `(N, …)`, or the indices of names."""
    names: Sequence[str | int] | None = None
    """The names that the indices stand for; `None` for numbers."""
    is_sequence: bool = False
    """Whether the indices of each row, `(N, steps)` padded with -1, are a sequence of classes, which becomes a text."""


def values_of_part(sample: Predicted, part: Part) -> Iterator[PredictedValues]:
    """Yield the values of a part that the predictions offer, in the order of their columns."""
    if part == "output":
        yield from _outputs(sample)
    elif part == "truth":
        yield from _values(sample, sample.truth, "truth")
    elif part == "prediction":
        yield from _values(sample, sample.predictions, "prediction")
    elif sample.kind == "classes":
        yield from _of_classes(sample, is_each=part == "probabilities")
    elif sample.kind == "labels" and sample.predictions.dim() > 2:
        yield PredictedValues("probability", "", sample.predictions)
    elif sample.kind == "labels" and not sample.columns:
        yield from _of_two_classes(sample, is_each=part == "probabilities")
    else:
        labels = sample.columns_for(sample.predictions.shape[1]) or ("",)
        for label, column in zip(labels, _by_column(sample.predictions), strict=True):
            yield PredictedValues("probability", label, column)


def _values(
    sample: Predicted, values: "Tensor", what: Literal["prediction", "truth"]
) -> Iterator[PredictedValues]:
    """Yield predicted or true values, in the form in which they are in the data."""
    if sample.kind == "classes":
        yield PredictedValues(what, "", values.argmax(dim=1) if what == "prediction" else values, sample.classes)
    elif sample.kind == "sequences":
        yield PredictedValues(what, "", values, sample.names, is_sequence=True)
    elif values.dim() > 2 and sample.kind == "numbers":
        yield PredictedValues(what, "", values)
    elif values.dim() > 2:
        holds = sample.is_yes() if what == "prediction" else sample.is_true()
        yield PredictedValues(what, "", holds.long(), sample.classes)
    else:
        labels = sample.columns_for(values.shape[1]) or ("",)
        if sample.kind == "numbers":
            for label, column in zip(labels, _by_column(values), strict=True):
                yield PredictedValues(what, label, column)
            return
        holds, classes = (sample.is_yes() if what == "prediction" else sample.is_true()).long(), sample.classes
        for label, column in zip(labels, _by_column(holds), strict=True):
            yield PredictedValues(what, label, column, classes)


def _of_classes(sample: Predicted, *, is_each: bool) -> Iterator[PredictedValues]:
    """Yield the probability or score of each class, or of the predicted class."""
    what = "score" if sample.loss.predicts == "scores" else "probability"
    if not is_each:
        yield PredictedValues(what, "", sample.predictions.amax(dim=1))
        return
    for name, column in zip(sample.names, _by_column(sample.predictions), strict=True):
        yield PredictedValues(what, name, column)


def _of_two_classes(sample: Predicted, *, is_each: bool) -> Iterator[PredictedValues]:
    """Yield the probabilities of two classes, one of which the loss predicts, or that of the predicted class."""
    probability = sample.predictions[:, 0]
    if not is_each:
        yield PredictedValues("probability", "", probability.where(sample.is_yes()[:, 0], 1 - probability))
        return
    false, true = sample.names
    yield PredictedValues("probability", false, 1 - probability)
    yield PredictedValues("probability", true, probability)


def _outputs(sample: Predicted) -> Iterator[PredictedValues]:
    """Yield the outputs of the model; several outputs have their names."""
    if sample.outputs is None:
        raise ValueError("The outputs were not requested.")
    outputs = sample.outputs if isinstance(sample.outputs, Mapping) else {"": sample.outputs}
    for name, output in outputs.items():
        for label, values in _of_output(sample, output):
            yield PredictedValues("output", ".".join(part for part in (name, label) if part), values)


def _of_output(sample: Predicted, output: "Tensor") -> "Iterator[tuple[str, Tensor]]":
    if output.dim() != 2:
        yield "", output
        return
    count = output.shape[1]
    labels = sample.columns_for(count)
    # The outputs are scores of the classes, unless the loss contains the last layer.
    if sample.kind == "classes" and sample.loss.activation != "criterion" and count == len(sample.names):
        labels = sample.names
    yield from zip(labels or ("",), _by_column(output), strict=True)


def _by_column(values: "Tensor") -> "Sequence[Tensor]":
    """Return the values of each column, contiguous."""
    return values.movedim(1, 0).contiguous().unbind()
