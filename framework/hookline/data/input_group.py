"""The description of a group of inputs, for a model."""

from typing import TYPE_CHECKING

from attrs import frozen

from hookline.data.batches import Batches
from hookline.data.data import Data

if TYPE_CHECKING:
    from torch import Tensor

MOST_ROWS = 2**20
"""How many rows of batches that are not held in memory are read to fit a layer."""


@frozen(kw_only=True)
class InputGroup:
    """A group of inputs of the data."""

    name: str
    """Its name."""
    cardinalities: tuple[int, ...] | None = None
    """For a group of indices, the number of different indices of each column, where the data source knows it."""
    is_padded: bool = False
    """Whether its rows are sequences padded with 0, which have lengths."""
    training: Batches
    """The training rows. Those of a finished run are zeros: see `DataDescription.data`."""

    def training_rows(self) -> "Tensor":
        """Return the training rows on the CPU, as the model sees them, to fit a layer.

        Of rows that are not held in memory, these are `MOST_ROWS` rows that the split draws (its method `sample`), or
        the first `MOST_ROWS` rows of the first epoch. Keep what is fitted in parameters or buffers whose shapes do not
        depend on the rows: a finished run builds its model without the rows, and then loads its weights.
        """
        import torch

        rows = getattr(self.training, "all", None)
        if rows is not None:
            found: Tensor = rows.inputs[self.name]
            return found.detach().cpu()
        if (sample := getattr(self.training, "sample", None)) is not None:
            drawn: Tensor = sample(MOST_ROWS).inputs[self.name]
            return drawn.detach().cpu()
        parts, count = [], 0
        for batch in self.training.epoch(1):
            parts.append(batch.inputs[self.name].detach().cpu())
            count += batch.rows
            if count >= MOST_ROWS:
                break
        return torch.cat(parts)


def input_groups(data: Data) -> tuple[InputGroup, ...]:
    """Return the groups of inputs of the data, in the order in which the model takes them."""
    return tuple(
        InputGroup(
            name=name,
            cardinalities=_cardinalities(data.preparation.get(name)),
            is_padded=name in data.example.lengths,
            training=data.training,
        )
        for name in data.example.inputs
    )


def _cardinalities(prepared: object) -> tuple[int, ...] | None:
    numbers = prepared.get("cardinalities") if isinstance(prepared, dict) else None
    return None if numbers is None else tuple(map(int, numbers))
