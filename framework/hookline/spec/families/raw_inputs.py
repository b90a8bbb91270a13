"""The inputs of a deployed model: rows as they are in the source, or prepared inputs."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from attrs import frozen

from hookline.data.description import LENGTHS
from hookline.spec.families.graph import Graph, Value

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from hookline.data.batches import Batch
    from hookline.data.description import DataDescription

RawType = Literal["float64", "float32", "int64", "uint8", "string"]


@frozen(kw_only=True)
class RawInput:
    """An input of a deployed model."""

    name: str
    """Its name, such as that of a column."""
    dtype: RawType
    """The type of its elements."""
    shape: tuple[int | str, ...]
    """The shape of one row; a name stands for any size."""
    meaning: str
    """How to make it from a row of the source, in sentences."""


@frozen(kw_only=True)
class GraphInputs:
    """The inputs of a model in a graph."""

    tensors: Mapping[str, Value]
    """The groups of inputs by name, and the lengths of padded sequences as `<group>_lengths`."""
    is_readable: Value | None = None
    """Which rows the model can take, bool `(N,)`. The tensors of others have any valid numbers. `None` for all."""
    refused: Value | None = None
    """The name of the first input that makes a row one of the others, string `(N,)`; empty in rows that the model can
    take. `None` if it is unknown."""


class RawInputs:
    """The inputs of a deployed model, and their preparation as a graph of ONNX operators.

    A data source that prepares its rows returns a subclass in `DataSpec.raw_inputs`. This class is for sources that do
    not: the deployed model takes prepared arrays, one for each group of inputs.
    """

    def __init__(self, description: "DataDescription"):
        """Take the description of the data of a run."""
        self.description = description

    @property
    def inputs(self) -> Sequence[RawInput]:
        """The inputs."""
        found: list[RawInput] = []
        for name, group in self.description.inputs.items():
            shape: tuple[int | str, ...] = ("steps", *group.shape[1:]) if group.padded else group.shape
            meaning = "The inputs of the model, already prepared."
            if group.padded:
                meaning += f" Shorter sequences are padded with 0; `{name}{LENGTHS}` has their lengths."
            dtype: Any = group.dtype
            found.append(RawInput(name=name, dtype=dtype, shape=shape, meaning=meaning))
            if group.padded:
                found.append(
                    RawInput(name=f"{name}{LENGTHS}", dtype="int64", shape=(), meaning=f"The lengths of `{name}`.")
                )
        return found

    def refusals(self) -> Sequence[str]:
        """Return why some inputs cannot be prepared in a graph, in sentences. The default has none."""
        return ()

    def to_onnx(self, graph: Graph, values: Mapping[str, Value]) -> GraphInputs:
        """Add the preparation to a graph.

        Args:
            graph: the graph.
            values: the inputs by name, each `(N, …)`.

        """
        return GraphInputs(tensors=values)

    def unfinished(self, rows: Any) -> "Batch | None":
        """Return the tensors of `to_onnx` for some rows, if `finished` changes them. The default is `None`.

        Args:
            rows: what `DataSpec.open_rows` takes.

        """
        return None

    def finished(self, inputs: "Mapping[str, Tensor]") -> "Mapping[str, Tensor]":
        """Return the groups of inputs of the model, given those of `to_onnx`: the part of a preparation in torch.

        It is traced together with the model, such as transforms of images.
        """
        return inputs

    def arrays(self, rows: Any) -> "dict[str, NDArray[Any]]":
        """Return the inputs of some rows, as a user of the deployed model makes them.

        Args:
            rows: what `DataSpec.open_rows` takes. For this class, a `Batch` of prepared rows.

        """
        lengths = {f"{name}{LENGTHS}": tensor for name, tensor in rows.lengths.items()}
        return {name: tensor.cpu().numpy() for name, tensor in {**rows.inputs, **lengths}.items()}

    def variants(self, rows: Any) -> Any:
        """Return these rows, followed by copies with unseen categories and missing cells. The default adds none."""
        return rows
