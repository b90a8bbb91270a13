"""The inputs of a deployed model whose images are transformed: the transforms are traced with the model."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from attrs import evolve

from hookline.data import Batch, DataDescription
from hookline.spec import Graph, GraphInputs, Objective, RawInput, RawInputs, Value
from hookline_data.images.transforming.source import TransformedSource

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor


def with_transforms(
    inputs: RawInputs, source: TransformedSource, description: DataDescription, objective: Objective
) -> RawInputs:
    """Return inputs whose images are transformed as the source does it in an evaluation; the same without transforms.

    Args:
        inputs: the inputs before the transforms.
        source: the data source.
        description: the description of the transformed data.
        objective: the objective.

    """
    return TransformedInputs(inputs, source, description, objective) if source.transforms else inputs


class TransformedInputs(RawInputs):
    """Inputs whose images are transformed."""

    def __init__(
        self, inputs: RawInputs, source: TransformedSource, description: DataDescription, objective: Objective
    ):
        """Take the inputs before the transforms, and what `with_transforms` takes."""
        super().__init__(description)
        self._inputs, self._source, self._objective = inputs, source, objective

    @property
    def inputs(self) -> Sequence[RawInput]:
        """The inputs before the transforms."""
        return self._inputs.inputs

    def refusals(self) -> Sequence[str]:
        """Those of the inputs before the transforms."""
        return self._inputs.refusals()

    def to_onnx(self, graph: Graph, values: Mapping[str, Value]) -> GraphInputs:
        """Add the preparation before the transforms."""
        return self._inputs.to_onnx(graph, values)

    def unfinished(self, rows: Any) -> Batch | None:
        """Return the tensors before the transforms."""
        before = self._inputs.unfinished(rows)
        if before is not None:
            return before
        plain: TransformedSource = evolve(cast("Any", self._source), transforms=())
        blocks = plain.open_rows(rows, self._source.original(self.description), self._objective)
        return next(block.batch for block in blocks if block.batch is not None)

    def finished(self, inputs: "Mapping[str, Tensor]") -> "Mapping[str, Tensor]":
        """Transform the images."""
        from hookline_data.images.transforming.new_rows import transformed_evaluated

        batch = Batch(self._inputs.finished(inputs))
        return transformed_evaluated(batch, self._source.transforms, self.description).inputs

    def arrays(self, rows: Any) -> "dict[str, NDArray[Any]]":
        """Return the inputs of some rows."""
        return self._inputs.arrays(rows)

    def variants(self, rows: Any) -> Any:
        """Return these rows and variants of them."""
        return self._inputs.variants(rows)
