"""The description of a run's data, without its rows: what a finished run needs to build its model and read new rows."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from attrs import asdict, frozen

from hookline.data.batches import Batch, Batches
from hookline.data.data import Data
from hookline.data.targets.encoding import Target
from hookline.data.tensor_batches import TensorBatches

if TYPE_CHECKING:
    import torch
    from torch import Tensor

LENGTHS = "_lengths"
"""The end of the name of the array with the lengths of the padded sequences of a group."""


@frozen(kw_only=True)
class InputDescription:
    """A group of inputs."""

    shape: tuple[int, ...]
    """The shape of one row; of a padded sequence, that of the rows in the example."""
    dtype: str
    """The type of the tensor, such as "float32"."""
    padded: bool = False
    """Whether rows are sequences padded with 0, which have lengths."""

    @property
    def torch_dtype(self) -> "torch.dtype":
        """The type of the tensor. Raises a `ValueError` if torch does not have it."""
        import torch

        dtype = getattr(torch, self.dtype, None)
        if not isinstance(dtype, torch.dtype):
            raise ValueError(f'"{self.dtype}" is not a dtype of torch')
        return dtype


@frozen(kw_only=True)
class DataDescription:
    """What is known about the data of a run. No row of the data is in it."""

    inputs: Mapping[str, InputDescription]
    """The groups of inputs by name."""
    preparation: Mapping[str, Any]
    """How each group is computed from a row of the source: see `Data.preparation`."""
    targets: Mapping[str, Target]
    """What the training rows say about each target, such as its classes."""
    rows: Mapping[str, int]
    """The number of rows of each split."""
    has_weights: bool = False
    """Whether rows have weights in the loss."""
    has_raw_examples: bool = False
    """Whether the data has examples of its rows as they are in the source: see `Data.examples`."""
    is_given: bool = False
    """Whether the rows were passed to `hookline.train` in Python, so that no file has them."""

    @classmethod
    def of(cls, data: Data) -> "DataDescription":
        """Describe the data that `prepare_data` returned."""
        example = data.example
        return cls(
            inputs={
                name: InputDescription(
                    shape=tuple(rows.shape[1:]),
                    dtype=str(rows.dtype).removeprefix("torch."),
                    padded=name in example.lengths,
                )
                for name, rows in example.inputs.items()
            },
            preparation=data.preparation,
            targets=data.targets,
            rows={split: batches.rows for split, batches in data.splits().items()},
            has_weights=example.weights is not None,
            has_raw_examples=data.examples is not None,
        )

    def to_json(self) -> dict[str, Any]:
        """Return the description as JSON-compatible values."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "DataDescription":
        """Return the description from the values that `to_json` returned.

        Raises:
            ValueError, KeyError, TypeError: If the values are something else.

        """
        return cls(
            inputs={
                str(name): InputDescription(
                    shape=tuple(map(int, group["shape"])), dtype=str(group["dtype"]), padded=bool(group["padded"])
                )
                for name, group in value["inputs"].items()
            },
            preparation=dict(value["preparation"]),
            targets={
                str(name): Target(
                    columns=tuple(map(str, target["columns"])),
                    classes=None if target["classes"] is None else tuple(target["classes"]),
                    shape=tuple(map(int, target.get("shape", ()))),
                    transforms=dict(target.get("transforms", {})),
                    counts=None if target.get("counts") is None else tuple(map(int, target["counts"])),
                    rows=None if target.get("rows") is None else int(target["rows"]),
                )
                for name, target in value["targets"].items()
            },
            rows={str(split): int(rows) for split, rows in value["rows"].items()},
            has_weights=bool(value.get("has_weights", False)),
            has_raw_examples=bool(value.get("has_raw_examples", False)),
            is_given=bool(value.get("is_given", False)),
        )

    def data(self, device: "torch.device") -> Data:
        """Return data with two rows of zeros as its example, from which the model and the criterion can be built.

        Its training split consists of the same two rows, without targets.
        """
        import torch

        inputs: dict[str, Tensor] = {
            name: torch.zeros(2, *group.shape, dtype=group.torch_dtype, device=device)
            for name, group in self.inputs.items()
        }
        lengths = {
            name: torch.full((2,), group.shape[0], device=device) for name, group in self.inputs.items() if group.padded
        }
        training: Batches = TensorBatches(inputs, lengths=lengths, batch_size=2)
        return Data(
            training=training,
            example=Batch(inputs, lengths=lengths),
            targets=self.targets,
            preparation=self.preparation,
        )
