"""Example rows of the data, which are kept with a run: a deployed model is compared with the run on these rows."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hookline.data.batches import Batch
from hookline.data.data import Data
from hookline.data.description import LENGTHS

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_ROWS = 64
"""The largest number of example rows."""

MOST_BYTES = 2**20
"""The largest size of example rows, unless two rows are larger."""


def example_places(rows: int, row_bytes: int) -> "NDArray[Any]":
    """Return the places of example rows among the rows of a split: evenly spaced, from the first to the last.

    Args:
        rows: the number of rows of the split.
        row_bytes: the size of a row in bytes.

    >>> example_places(5, 100).tolist(), example_places(1000, 2**19).tolist()
    ([0, 1, 2, 3, 4], [0, 999])

    """
    import numpy

    count = min(rows, MOST_ROWS, max(2, MOST_BYTES // max(1, row_bytes)))
    return numpy.linspace(0, max(0, rows - 1), count).round().astype(numpy.int64)


def example_split(splits: Mapping[str, Any]) -> str:
    """Return the split from which example rows are taken: the first that exists of test, validation and training."""
    return next(split for split in ("test", "validation", "training") if splits.get(split) is not None)


def prepared_examples(data: Data) -> "dict[str, NDArray[Any]]":
    """Return example rows of data whose source keeps none: prepared inputs by name.

    They are rows of the split of `example_split` if it holds its rows in memory, otherwise those of `Data.example`.
    """
    import torch

    splits = data.splits()
    rows: Batch | None = getattr(splits[example_split(splits)], "all", None)
    if isinstance(rows, Batch) and rows.inputs.keys() == data.example.inputs.keys():
        row_bytes = sum(tensor[:1].nbytes for tensor in rows.inputs.values())
        places = torch.from_numpy(example_places(rows.rows, row_bytes))
        # Without targets: those of drawn rows have another size.
        rows = Batch(rows.inputs, lengths=rows.lengths).changed(lambda tensor: tensor[places.to(tensor.device)])
    else:
        rows = data.example
    arrays = {name: tensor.detach().cpu().numpy() for name, tensor in rows.inputs.items()}
    return arrays | {f"{name}{LENGTHS}": tensor.cpu().numpy() for name, tensor in rows.lengths.items()}


def prepared_batch(arrays: "Mapping[str, NDArray[Any]]", padded: "Mapping[str, bool]") -> Batch:
    """Return prepared inputs as a batch; `padded` says for each group of inputs whether its rows have lengths."""
    import torch

    def tensor(name: str) -> "torch.Tensor":
        return torch.from_numpy(arrays[name])

    lengths = {name: tensor(f"{name}{LENGTHS}") for name, is_padded in padded.items() if is_padded}
    return Batch({name: tensor(name) for name in padded}, lengths=lengths)
