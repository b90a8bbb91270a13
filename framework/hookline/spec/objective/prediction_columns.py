"""Predictions as typed columns of a table: class names, probabilities, numbers, texts and raw outputs."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import frozen

from hookline.spec.objective.predicted import Predicted
from hookline.spec.objective.prediction_values import PARTS, Part, PredictedValues, values_of_part

if TYPE_CHECKING:
    import pyarrow
    from torch import Tensor

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
            for one in values_of_part(sample, part):
                for column in columns_of_values(one, target):
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


def columns_of_values(values: PredictedValues, target: str) -> Iterator[PredictionColumn]:
    """Yield the columns of values of a target, which is empty if there is only one."""
    for label, tensor in values.columns():
        if values.names is None:
            column = _array(tensor)
        else:
            column = (_texts if values.are_sequences else _named)(tensor, values.names)
        yield PredictionColumn(values.what, target, label, column)


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


def _texts(sequences: "Tensor", names: Sequence[str | int]) -> "pyarrow.Array[Any]":
    """Return sequences of classes, padded with -1, as texts."""
    import numpy
    import pyarrow
    import pyarrow.compute

    is_class = sequences >= 0
    letters = _named(sequences[is_class], names)
    ends = is_class.sum(dim=1).cumsum(dim=0).numpy()
    offsets = numpy.concatenate([[0], ends]).astype(numpy.int32)
    between = "" if all(len(str(name)) <= 1 for name in names) else " "
    return pyarrow.compute.binary_join(pyarrow.ListArray.from_arrays(offsets, letters.cast("string")), between)
