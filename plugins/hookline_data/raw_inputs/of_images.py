"""The inputs of a deployed model that was trained with images: decoded images, and the other columns of their table."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import evolve

from hookline.data import Batch, DataDescription
from hookline.spec import DataSpec, Graph, GraphInputs, Objective, RawInput, RawInputs, Value
from hookline_data.raw_inputs.of_table import TableInputs
from hookline_data.rows.named_columns import NamedColumns

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

WHITE = 255
"""The greatest value of a pixel, which becomes 1."""


class ImageInputs(RawInputs):
    """Images as arrays of pixels, and the columns of the other groups of inputs."""

    def __init__(
        self, source: DataSpec, table: NamedColumns, description: DataDescription, objective: Objective, group: str
    ):
        """Take the source without transforms, its table and description, and the group of inputs with the images."""
        super().__init__(description)
        self._source, self._objective = source, objective
        self._group, self._known = group, description.inputs[group]
        others = {name: one for name, one in description.inputs.items() if name != group}
        prepared = {name: description.preparation[name] for name in others}
        self._table = TableInputs(table, evolve(description, inputs=others, preparation=prepared)) if others else None
        self._format = description.preparation[group].get("images", {})

    @property
    def inputs(self) -> Sequence[RawInput]:
        """The images, and the columns."""
        mode, size = self._format.get("mode", "RGB"), self._format.get("size")
        resized = f", resized ({self._format['resize']}, {self._format['interpolation']})" if size else ""
        meaning = f"The pixels of the image in the mode {mode}{resized}: channels, rows, columns, from 0 to 255."
        image = RawInput(name=self._group, dtype="uint8", shape=self._known.shape, meaning=meaning)
        return [image, *(() if self._table is None else self._table.inputs)]

    def refusals(self) -> Sequence[str]:
        """Those of the columns."""
        return () if self._table is None else self._table.refusals()

    def to_onnx(self, graph: Graph, values: Mapping[str, Value]) -> GraphInputs:
        """Add the columns; the images are converted in `finished`."""
        own = GraphInputs(tensors={}) if self._table is None else self._table.to_onnx(graph, values)
        return evolve(own, tensors={self._group: values[self._group], **own.tensors})

    def unfinished(self, rows: Any) -> Batch:
        """Return the pixels, and the prepared columns."""
        import torch

        blocks = self._source.open_rows(rows, self.description, self._objective)
        batch = next(block.batch for block in blocks if block.batch is not None)
        pixels = (batch.inputs[self._group] * WHITE).round().to(torch.uint8)
        return evolve(batch, inputs={**batch.inputs, self._group: pixels})

    def finished(self, inputs: "Mapping[str, Tensor]") -> "Mapping[str, Tensor]":
        """Convert the pixels to numbers from 0 to 1."""
        pixels = inputs[self._group].to(self._known.torch_dtype) / WHITE
        return {**inputs, self._group: pixels}

    def arrays(self, rows: Any) -> "dict[str, NDArray[Any]]":
        """Return the pixels and the columns of a mapping."""
        import numpy

        columns = {} if self._table is None else self._table.arrays(self._columns(rows))
        return {self._group: numpy.asarray(rows[self._group]), **columns}

    def variants(self, rows: Any) -> Any:
        """Return the rows, followed by copies with unseen categories and missing cells in the columns."""
        import numpy
        import pyarrow

        if self._table is None:
            return rows
        columns = pyarrow.table({name: pyarrow.array(column) for name, column in self._columns(rows).items()})
        made = self._table.variants(columns)
        places = numpy.arange(made.num_rows)
        count = columns.num_rows
        places[count:] = numpy.arange(made.num_rows - count) % max(1, count)
        return {self._group: rows[self._group][places], **{name: made.column(name) for name in made.column_names}}

    def _columns(self, rows: Any) -> dict[str, Any]:
        return {name: column for name, column in rows.items() if name != self._group}
