"""The arguments and outputs of a traced model: tensors by name."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from hookline.data.batches import Batch
from hookline.data.description import LENGTHS
from hookline.spec.objective.predicted import Predicted
from hookline.spec.objective.prediction_columns import column_name, prediction_columns
from hookline.spec.objective.prediction_values import Part

if TYPE_CHECKING:
    import pyarrow
    from torch import Tensor

PREDICTED: tuple[Part, ...] = ("prediction", "probability", "probabilities")
"""The parts of predictions that follow from the outputs of a traced model."""

ROWS = 3
"""The number of rows with which a model is traced; another one if there are as many steps."""


@frozen(kw_only=True, eq=False)
class Signature:
    """The arguments and the outputs of a model with its prediction."""

    arguments: Sequence[str]
    """The names of the arguments: groups of inputs, and the lengths of padded sequences as `<group>_lengths`."""
    example: Sequence["Tensor"]
    """The arguments for some rows."""
    samples: Mapping[str, Predicted]
    """The predictions for these rows by target, with the names of classes and columns."""

    @property
    def outputs(self) -> list[str]:
        """The names of the outputs: the targets, or the outputs of an embedding."""
        return [name for key, sample in self.samples.items() for name in output_names(key, sample)]

    def columns(self, outputs: "Mapping[str, Tensor]") -> "dict[str, pyarrow.Array]":
        """Return outputs as `hookline predict` writes them: columns by name."""
        found: dict[str, pyarrow.Array] = {}
        for key, sample in self.samples.items():
            names = output_names(key, sample)
            if sample.kind != "embeddings":
                one, parts = evolve(sample, predictions=outputs[key], outputs=None), PREDICTED
            else:
                own: Any = outputs[key]
                if isinstance(sample.outputs, Mapping):
                    own = {name: outputs[full] for name, full in zip(sample.outputs, names, strict=True)}
                one, parts = evolve(sample, outputs=own), ("output",)
            target = key if len(self.samples) > 1 else ""
            found |= {column.name: column.values for column in prediction_columns(one, parts, target)}
        return found


def arguments_of(batch: Batch) -> "dict[str, Tensor]":
    """Return the groups of inputs of a batch, and their lengths as `<group>_lengths`."""
    return {**batch.inputs, **{f"{name}{LENGTHS}": lengths for name, lengths in batch.lengths.items()}}


def batch_of(given: "Mapping[str, Tensor]") -> Batch:
    """Return a batch, given what `arguments_of` returns."""
    lengths = {name: given[f"{name}{LENGTHS}"] for name in given if f"{name}{LENGTHS}" in given}
    own = {f"{name}{LENGTHS}" for name in lengths}
    return Batch({name: tensor for name, tensor in given.items() if name not in own}, lengths=lengths)


def output_names(key: str, sample: Predicted) -> list[str]:
    """Return the names of the outputs for a target: its own, or those of several outputs of an embedding."""
    if sample.kind != "embeddings" or not isinstance(sample.outputs, Mapping):
        return [key]
    return [column_name(key, name) for name in sample.outputs]


def few_rows(batch: Batch) -> Batch:
    """Return some rows to trace with: not as many as there are steps, so that torch does not mistake one for the other.

    There are at least two of them, because torch treats sizes of 1 differently.
    """
    import torch

    steps = {tensor.shape[1] for name, tensor in batch.inputs.items() if name in batch.lengths}
    count = next(rows for rows in range(ROWS, ROWS + len(steps) + 1) if rows not in steps)
    places = torch.arange(count) % batch.rows
    return batch.changed(lambda tensor: tensor[places])
