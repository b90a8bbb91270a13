"""New rows for a finished run: what `DataSpec.open_rows` yields."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from hookline.data.batches import Batch
from hookline.data.description import DataDescription
from hookline.errors.exceptions import DataError
from hookline.errors.suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch
    from numpy.typing import NDArray


@frozen(kw_only=True, eq=False)
class RowBlock:
    """Consecutive rows of a source, prepared for the model as the training rows were."""

    first: int
    """The number of the first row, counted from 1."""
    rows: int
    """The number of rows, readable or not."""
    batch: Batch | None
    """The readable rows, on the CPU, with targets only if they were requested; `None` if no row is readable."""
    is_readable: "NDArray[Any] | None" = None
    """Which rows are readable, bool `(rows,)`; `None` if all are."""
    problems: Sequence[DataError] = ()
    """Why rows cannot be read, in the order of the rows, each with its row and columns; at least the first ones."""
    kept: Mapping[str, Any] = field(factory=dict)
    """The requested columns by name, as they stand in the source: a `pyarrow.Array` of all rows each."""

    @property
    def unreadable(self) -> int:
        """The number of rows that cannot be read."""
        return 0 if self.is_readable is None else self.rows - int(self.is_readable.sum())


def blocks_of_arrays(source: Any, description: DataDescription, *, rows_per_block: int) -> "Iterator[RowBlock]":
    """Yield blocks of arrays that are already prepared: one for each group of inputs, with the name of the group.

    Args:
        source: a mapping of arrays or tensors, or the path of a file in NPZ format. Lengths of padded sequences are in
            the array `<group>_lengths`.
        description: the description of the data of the run.
        rows_per_block: the largest number of rows of a block.

    Raises:
        DataError: If an array is missing, is not numeric, or has another shape than in training.

    """
    import torch

    arrays = _arrays(source)
    groups: dict[str, torch.Tensor] = {}
    lengths: dict[str, torch.Tensor] = {}
    for name, group in description.inputs.items():
        if name not in arrays:
            raise DataError(f'There is no array "{name}".{did_you_mean(name, arrays)}', columns=[name])
        values = _tensor(arrays, name).to(dtype=getattr(torch, group.dtype), device="cpu")
        first = 1 if not group.padded else 2
        if values.dim() != 1 + len(group.shape) or tuple(values.shape[first:]) != group.shape[first - 1 :]:
            message = f'A row of "{name}" has the shape {tuple(values.shape[1:])}, but in training {group.shape}.'
            raise DataError(message, columns=[name])
        groups[name] = values
        if group.padded:
            of = f"{name}_lengths"
            if of not in arrays:
                raise DataError(f'There is no array "{of}" with the lengths of "{name}".', columns=[of])
            lengths[name] = _tensor(arrays, of).long().cpu()
    named = groups | {f"{name}_lengths": values for name, values in lengths.items()}
    sizes = {name: len(values) for name, values in named.items()}
    if len(set(sizes.values())) != 1:
        raise DataError(f"The arrays must have the same number of rows: {sizes}.")
    batch = Batch(groups, lengths=lengths)
    for start in range(0, batch.rows, rows_per_block):
        # In-place layers may overwrite a batch, but not the arrays of the caller.
        part = batch.slice(start, min(start + rows_per_block, batch.rows)).changed(lambda rows: rows.clone())
        yield RowBlock(first=start + 1, rows=part.rows, batch=part)


def _tensor(arrays: Mapping[str, Any], name: str) -> "torch.Tensor":
    import torch

    try:
        return torch.as_tensor(arrays[name])
    except (TypeError, ValueError, RuntimeError):
        raise DataError(f'"{name}" is not an array of numbers.', columns=[name]) from None


def _arrays(source: Any) -> Mapping[str, Any]:
    if isinstance(source, Mapping):
        return source
    import numpy

    try:
        with Path(source).open("rb") as stream, numpy.load(stream, allow_pickle=False) as file:
            return dict(file)
    except FileNotFoundError:
        raise DataError("There is no such file.", file=source) from None
    except Exception as error:  # noqa: BLE001 - NumPy raises errors of many types for a damaged file.
        raise DataError(f"Pass a file in NPZ format, or a mapping of arrays. {error}".rstrip(".") + ".") from None
