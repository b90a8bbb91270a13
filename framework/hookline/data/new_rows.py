"""New rows for a finished run: what `DataSpec.open_rows` yields."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import evolve, field, frozen

from hookline.data.batches import Batch
from hookline.data.description import DataDescription
from hookline.errors.exceptions import DataError
from hookline.errors.near_files import no_such_file
from hookline.errors.suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from torch import Tensor

MOST_PROBLEMS = 20
"""The largest number of unreadable rows of a block that are reported."""

PREPARED_ROWS = (
    "Pass prepared inputs: a mapping of arrays by group of inputs, or a file in NPZ format with these arrays."
)
"""The remedy for a source that cannot contain prepared inputs."""


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
    dropped: "Mapping[str, NDArray[Any]]" = field(factory=dict)
    """Which rows the training would drop because a cell is missing, by column, bool `(rows,)`. An evaluation leaves
    them out. If only a target is missing, the row is readable, and its targets in the batch are zeros; if all rows lack
    one, the batch has no targets."""

    @property
    def unreadable(self) -> int:
        """The number of rows that cannot be read."""
        return 0 if self.is_readable is None else self.rows - int(self.is_readable.sum())

    @property
    def is_dropped(self) -> "NDArray[Any] | None":
        """Which rows the training would drop, bool `(rows,)`; `None` if there are none."""
        import numpy

        return numpy.logical_or.reduce(list(self.dropped.values())) if self.dropped else None

    def first_rows(self, rows: int) -> "RowBlock":
        """Return the first rows of the block, at most as many as it has."""
        if self.rows <= rows:
            return self
        is_readable = None if self.is_readable is None else self.is_readable[:rows]
        readable = rows if is_readable is None else int(is_readable.sum())
        return evolve(
            self,
            rows=rows,
            batch=self.batch.slice(0, readable) if self.batch is not None and readable else None,
            is_readable=is_readable,
            kept={name: values[:rows] for name, values in self.kept.items()},
            dropped={name: is_missing[:rows] for name, is_missing in self.dropped.items()},
        )


def blocks_of_arrays(source: Any, description: DataDescription, *, rows_per_block: int) -> "Iterator[RowBlock]":
    """Yield blocks of arrays that are already prepared: one for each group of inputs, with the name of the group.

    Args:
        source: a mapping of arrays or tensors, or the path of a file in NPZ format. Lengths of padded sequences are in
            the array `<group>_lengths`.
        description: the description of the data of the run.
        rows_per_block: the largest number of rows of a block.

    Raises:
        DataError: If an array is missing, or has another shape than in training.

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
            if lengths[name].dim() != 1:
                raise DataError(f'"{of}" must have one dimension, not {lengths[name].dim()}.', columns=[of])
    sizes = {name: len(values) for name, values in groups.items()}
    sizes |= {f"{name}_lengths": len(values) for name, values in lengths.items()}
    if len(set(sizes.values())) > 1:
        raise DataError(f"The arrays must have the same number of rows: {sizes}.")
    if not any(sizes.values()):
        raise DataError("There are no rows.")
    batch = Batch(groups, lengths=lengths)
    for start in range(0, batch.rows, rows_per_block):
        part = batch.slice(start, min(start + rows_per_block, batch.rows))
        is_readable, problems = _unreadable(part, start + 1)
        chosen = is_readable.nonzero()[:, 0]
        yield RowBlock(
            first=start + 1,
            rows=part.rows,
            # A copy: in-place layers may overwrite a batch, but not the arrays of the caller.
            batch=part.changed(lambda rows, chosen=chosen: rows[chosen]) if len(chosen) else None,  # type: ignore[misc]
            is_readable=is_readable.numpy() if problems else None,
            problems=problems,
        )


def _unreadable(part: Batch, first: int) -> "tuple[Tensor, list[DataError]]":
    """Return which rows can be read, and the problems of the first others; `first` is the number of the first row."""
    import torch

    is_readable = torch.ones(part.rows, dtype=torch.bool)
    found: dict[int, tuple[str, str]] = {}

    def refuse(column: str, fits: "Tensor", message: str) -> None:
        is_readable.logical_and_(fits)
        for row in (~fits).nonzero()[:MOST_PROBLEMS, 0].tolist():
            found.setdefault(row, (column, message))

    for name, rows in part.inputs.items():
        if rows.is_floating_point():
            kind = str(rows.dtype).removeprefix("torch.")
            refuse(name, rows.reshape(len(rows), -1).isfinite().all(dim=1), f"A number is not a finite {kind}.")
    for name, lengths in part.lengths.items():
        steps = part.inputs[name].shape[1]
        fits = (lengths >= 1) & (lengths <= steps)
        refuse(f"{name}_lengths", fits, f"The length is not between 1 and {steps}.")
    return is_readable, [
        DataError(message, row=first + row, columns=[column])
        for row, (column, message) in sorted(found.items())[:MOST_PROBLEMS]
    ]


def _tensor(arrays: Mapping[str, Any], name: str) -> "Tensor":
    import torch

    try:
        return torch.as_tensor(arrays[name])
    except (TypeError, ValueError, RuntimeError, OverflowError):
        raise DataError(f'"{name}" is not an array of numbers.', columns=[name]) from None


def _arrays(source: Any) -> Mapping[str, Any]:
    if isinstance(source, Mapping):
        return source
    if not isinstance(source, (str, Path)):
        raise DataError(f"{PREPARED_ROWS} This is of type {type(source).__name__}.")
    import numpy

    try:
        with Path(source).open("rb") as stream, numpy.load(stream, allow_pickle=False) as file:
            return dict(file)
    except FileNotFoundError:
        raise DataError(no_such_file(source), file=source) from None
    except Exception as error:  # noqa: BLE001 - NumPy raises errors of many types for a file in another format.
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it has another format"
        raise DataError(f"The file cannot be read: {reason}. {PREPARED_ROWS}", file=source) from None
