"""Predictions as typed columns of a table: class names, probabilities, numbers, texts and raw outputs."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, get_args

from attrs import frozen

from hookline.spec.objective.predicted import Predicted

if TYPE_CHECKING:
    import pyarrow
    from torch import Tensor

Part = Literal["prediction", "probability", "probabilities", "output", "truth"]
PARTS: tuple[Part, ...] = get_args(Part)
"""The parts of a prediction that can be requested."""

MOST_CLASSES = 20
"""The largest number of classes for which the probability of each class is written by default."""


@frozen
class PredictionColumn:
    """A column of predictions: a value for each row."""

    what: str
    """The first part of its name: "prediction", "probability", "score", "output" or "truth"."""
    target: str
    """The name of the target, if there are several, otherwise empty."""
    label: str
    """The name of the class, label, number or output, if there are several, otherwise empty."""
    values: "pyarrow.Array[Any]"
    """The values: texts or integers for classes, numbers, texts for sequences, or lists of them."""

    @property
    def name(self) -> str:
        """Its name in a table, such as `probability[setosa]`."""
        return column_name(self.what, self.target, self.label)


def column_name(what: str, *names: str) -> str:
    """Return the name of a column.

    >>> column_name("truth", "", ""), column_name("truth", "size", "length")
    ('truth', 'truth[size.length]')
    """
    inside = ".".join(name for name in names if name)
    return f"{what}[{inside}]" if inside else what


def prediction_columns(sample: Predicted, parts: Sequence[Part] = (), target: str = "") -> list[PredictionColumn]:
    """Return the parts of predictions as columns, in the order of the parts.

    Class names are texts or integers, as in the data. Of two classes with one output, as with BCELoss, both have a
    probability. Values with several dimensions in each row become lists.

    Args:
        sample: the predictions, on the CPU.
        parts: the parts. Default: see `default_parts`. Parts that the loss does not offer are left out: see
            `offered_parts`.
        target: the name of the target, if there are several.

    """
    found: dict[str, PredictionColumn] = {}
    offered = offered_parts(sample)
    for part in parts or default_parts(sample):
        if part in offered:
            for what, label, values in _columns(sample, part):
                column = PredictionColumn(what, target, label, values)
                found.setdefault(column.name, column)
    return list(found.values())


def offered_parts(sample: Predicted) -> tuple[Part, ...]:
    """Return the parts that predictions of this kind have. "truth" also needs rows with targets."""
    if sample.kind in ("classes", "labels"):
        return PARTS
    if sample.kind == "triplets":
        return "probability", "output"
    return ("output",) if sample.kind == "embeddings" else ("prediction", "output", "truth")


def default_parts(sample: Predicted) -> tuple[Part, ...]:
    """Return the parts that are shown by default.

    For classes, they are the prediction and the probability of each class, if there are at most `MOST_CLASSES`,
    otherwise that of the predicted class. For labels, they are the prediction and the probability of each. Embeddings
    have only outputs.
    """
    if sample.kind == "classes":
        return "prediction", "probability" if sample.predictions.shape[1] > MOST_CLASSES else "probabilities"
    if sample.kind == "labels":
        return "prediction", "probabilities"
    if sample.kind == "triplets":
        return ("probability",)
    return ("output",) if sample.kind == "embeddings" else ("prediction",)


def refuse_parts(samples: Mapping[str, Predicted], parts: Sequence[Part]) -> None:
    """Raise a `ValueError` for a part that none of the losses with these predictions offers."""
    for part in parts:
        if not any(part in offered_parts(sample) for sample in samples.values()):
            offers = [
                one.loss.offer() if one.kind == one.loss.offers else f"{type(one.loss).__name__} embeds single rows"
                for one in samples.values()
            ]
            raise ValueError(f'There is no "{part}" here: {", ".join(dict.fromkeys(offers))}.')


def _columns(sample: Predicted, part: Part) -> "Iterator[tuple[str, str, pyarrow.Array[Any]]]":
    """Yield the columns of a part: the first part of the name, the label, and the values."""
    if part == "output":
        yield from _outputs(sample)
    elif part == "truth":
        yield from _values(sample, sample.truth, "truth")
    elif part == "prediction":
        yield from _values(sample, sample.predictions, "prediction")
    elif sample.kind == "classes":
        yield from _of_classes(sample, is_each=part == "probabilities")
    elif sample.kind == "labels" and sample.predictions.dim() > 2:
        yield "probability", "", _array(sample.predictions)
    elif sample.kind == "labels" and not sample.columns:
        yield from _of_two_classes(sample, is_each=part == "probabilities")
    else:
        labels = sample.columns_for(sample.predictions.shape[1]) or ("",)
        for label, column in zip(labels, sample.predictions.T.contiguous(), strict=True):
            yield "probability", label, _array(column)


def _values(
    sample: Predicted, values: "Tensor", what: Literal["prediction", "truth"]
) -> "Iterator[tuple[str, str, pyarrow.Array[Any]]]":
    """Yield the columns of predicted or true values, in the form in which they are in the data."""
    if sample.kind == "classes":
        chosen = values.argmax(dim=1) if what == "prediction" else values
        yield what, "", _named(chosen, sample.classes)
    elif sample.kind == "sequences":
        yield what, "", _texts(values, sample.names)
    elif values.dim() > 2 and sample.kind == "numbers":
        yield what, "", _array(values)
    elif values.dim() > 2:
        holds = sample.is_yes() if what == "prediction" else sample.is_true()
        yield what, "", _named(holds.long(), sample.classes)
    else:
        labels = sample.columns_for(values.shape[1]) or ("",)
        for index, label in enumerate(labels):
            column = values[:, index]
            if sample.kind == "numbers":
                yield what, label, _array(column)
                continue
            holds = sample.is_yes()[:, index] if what == "prediction" else sample.is_true()[:, index]
            yield what, label, _named(holds.long(), sample.classes)


def _of_classes(sample: Predicted, *, is_each: bool) -> "Iterator[tuple[str, str, pyarrow.Array[Any]]]":
    """Yield the probability or score of each class, or of the predicted class."""
    what = "score" if sample.loss.predicts == "scores" else "probability"
    if not is_each:
        yield what, "", _array(sample.predictions.amax(dim=1))
        return
    for name, column in zip(sample.names, sample.predictions.movedim(1, 0).contiguous(), strict=True):
        yield what, name, _array(column)


def _of_two_classes(sample: Predicted, *, is_each: bool) -> "Iterator[tuple[str, str, pyarrow.Array[Any]]]":
    """Yield the probabilities of two classes, one of which the loss predicts, or that of the predicted class."""
    probability = sample.predictions[:, 0]
    if not is_each:
        yield "probability", "", _array(probability.where(sample.is_yes()[:, 0], 1 - probability))
        return
    false, true = sample.names
    yield "probability", false, _array(1 - probability)
    yield "probability", true, _array(probability)


def _outputs(sample: Predicted) -> "Iterator[tuple[str, str, pyarrow.Array[Any]]]":
    """Yield the outputs of the model; several outputs have their names."""
    if sample.outputs is None:
        raise ValueError("The outputs were not requested.")
    outputs = sample.outputs if isinstance(sample.outputs, Mapping) else {"": sample.outputs}
    for name, output in outputs.items():
        for label, values in _of_output(sample, output):
            yield "output", ".".join(part for part in (name, label) if part), values


def _of_output(sample: Predicted, output: "Tensor") -> "Iterator[tuple[str, pyarrow.Array[Any]]]":
    if output.dim() != 2:
        yield "", _array(output)
        return
    count = output.shape[1]
    labels = sample.columns_for(count)
    # The outputs are scores of the classes, unless the loss contains the last layer.
    if sample.kind == "classes" and sample.loss.activation != "criterion" and count == len(sample.names):
        labels = sample.names
    for label, column in zip(labels or ("",), output.T.contiguous(), strict=True):
        yield label, _array(column)


def _array(values: "Tensor") -> "pyarrow.Array[Any]":
    """Return the values of each row; with more than one dimension, as lists."""
    import pyarrow
    import torch

    if values.dtype in (torch.bfloat16, torch.float16):
        values = values.float()  # The same numbers; NumPy has no bfloat16.
    return _nested(pyarrow.array(values.detach().contiguous().flatten().numpy()), tuple(values.shape))


def _named(indices: "Tensor", names: Sequence[str | int]) -> "pyarrow.Array[Any]":
    """Return the names with these indices: integers if all are, otherwise texts."""
    import pyarrow

    are_integers = all(isinstance(name, int) for name in names)
    known = pyarrow.array(list(names) if are_integers else list(map(str, names)))
    return _nested(known.take(pyarrow.array(indices.flatten().numpy())), tuple(indices.shape))


def _nested(flat: "pyarrow.Array[Any]", shape: tuple[int, ...]) -> "pyarrow.Array[Any]":
    """Return a flat array as lists of lists, of this shape."""
    import numpy
    import pyarrow

    for axis in range(len(shape) - 1, 0, -1):
        rows = int(numpy.prod(shape[:axis]))
        offsets = numpy.arange(rows + 1, dtype=numpy.int32) * shape[axis]
        flat = pyarrow.ListArray.from_arrays(offsets, flat)
    return flat


def _texts(sequences: "Tensor", names: Sequence[str]) -> "pyarrow.Array[Any]":
    """Return sequences of classes, padded with -1, as texts."""
    import numpy
    import pyarrow
    import pyarrow.compute

    is_class = sequences >= 0
    letters = _named(sequences[is_class], names)
    ends = is_class.sum(dim=1).cumsum(dim=0).numpy()
    offsets = numpy.concatenate([[0], ends]).astype(numpy.int32)
    between = "" if all(len(name) <= 1 for name in names) else " "
    return pyarrow.compute.binary_join(pyarrow.ListArray.from_arrays(offsets, letters.cast("string")), between)
