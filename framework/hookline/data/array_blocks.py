"""New rows as arrays that are already prepared, for data sources without a preparation of their own."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hookline.data.batches import Batch
from hookline.data.description import LENGTHS, DataDescription
from hookline.data.new_rows import RowBlock
from hookline.errors.exceptions import DataError
from hookline.errors.near_files import no_such_file
from hookline.errors.suggestions import did_you_mean

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Tensors = dict[str, "Tensor"]
"""Tensors by name."""

PREPARED_ROWS = (
    "Pass prepared inputs: a mapping of arrays by group of inputs, or a file in NPZ format with these arrays."
)
"""The remedy for a source that cannot contain prepared inputs."""

MOST_PROBLEMS = 20
"""The largest number of unreadable rows of a block that are reported."""


def blocks_of_arrays(source: Any, description: DataDescription, *, rows_per_block: int) -> Iterator[RowBlock]:
    """Yield blocks of arrays that are already prepared: one for each group of inputs, with the name of the group.

    Args:
        source: a mapping of arrays or tensors, or the path of a file in NPZ format. Lengths of padded sequences are in
            the array `<group>_lengths`.
        description: the description of the data of the run.
        rows_per_block: the largest number of rows of a block.

    Raises:
        DataError: If an array is missing, or has another shape than in training. Rows with numbers that the types of
            the training do not have are unreadable.

    """
    groups, lengths, is_exact = _converted(_arrays(source), description)
    sizes = {name: len(values) for name, values in groups.items()}
    sizes |= {f"{name}{LENGTHS}": len(values) for name, values in lengths.items()}
    if len(set(sizes.values())) > 1:
        raise DataError(f"The arrays must have the same number of rows: {sizes}.")
    if not any(sizes.values()):
        raise DataError("There are no rows.")
    batch = Batch(groups, lengths=lengths)
    for start in range(0, batch.rows, rows_per_block):
        part = batch.slice(start, min(start + rows_per_block, batch.rows))
        is_readable, problems = _unreadable(part, start + 1, is_exact)
        chosen = is_readable.nonzero()[:, 0]
        yield RowBlock(
            first=start + 1,
            rows=part.rows,
            # A copy: in-place layers may overwrite a batch, but not the arrays of the caller.
            batch=part.changed(lambda rows, chosen=chosen: rows[chosen]) if len(chosen) else None,  # type: ignore[misc]
            is_readable=is_readable.numpy() if problems else None,
            problems=problems,
        )


def _converted(arrays: Mapping[str, Any], description: DataDescription) -> tuple[Tensors, Tensors, Tensors]:
    """Convert arrays to the types of the training, on the CPU.

    Returns:
        The groups of inputs, the lengths of padded sequences, and for arrays that become integers or booleans, which
        rows are still the same numbers: bool `(N,)`, by the name of the array.

    Raises:
        DataError: If an array is missing, or has another shape than in training.

    """
    import torch

    groups: Tensors = {}
    lengths: Tensors = {}
    is_exact: Tensors = {}

    def convert(name: str, dtype: "torch.dtype") -> "Tensor":
        given = _tensor(arrays, name).cpu()
        values = given.to(dtype)
        if given.dtype != dtype and not dtype.is_floating_point and given.dim():
            is_exact[name] = (values == given).reshape(len(given), -1).all(dim=1)
        return values

    for name, group in description.inputs.items():
        if name not in arrays:
            raise DataError(f'There is no array "{name}".{did_you_mean(name, arrays)}', columns=[name])
        groups[name] = values = convert(name, group.torch_dtype)
        first = 1 if not group.padded else 2
        if values.dim() != 1 + len(group.shape) or tuple(values.shape[first:]) != group.shape[first - 1 :]:
            message = f'A row of "{name}" has the shape {tuple(values.shape[1:])}, but in training {group.shape}.'
            raise DataError(message, columns=[name])
        if group.padded:
            of = f"{name}{LENGTHS}"
            if of not in arrays:
                raise DataError(f'There is no array "{of}" with the lengths of "{name}".', columns=[of])
            lengths[name] = convert(of, torch.int64)
            if lengths[name].dim() != 1:
                raise DataError(f'"{of}" must have one dimension, not {lengths[name].dim()}.', columns=[of])
    return groups, lengths, is_exact


def _unreadable(part: Batch, first: int, is_exact: Mapping[str, "Tensor"]) -> "tuple[Tensor, list[DataError]]":
    """Return which rows can be read, and the problems of the first others.

    Args:
        part: the rows.
        first: the number of the first row, counted from 1.
        is_exact: what `_converted` returns of all rows.

    """
    import torch

    is_readable = torch.ones(part.rows, dtype=torch.bool)
    found: dict[int, tuple[str, str]] = {}

    def refuse(column: str, fits: "Tensor", message: str) -> None:
        is_readable.logical_and_(fits)
        for row in (~fits).nonzero()[:MOST_PROBLEMS, 0].tolist():
            found.setdefault(row, (column, message))

    for name, is_same in is_exact.items():
        dtype = part.inputs[name].dtype if name in part.inputs else torch.int64
        message = f"A number is not a value of {str(dtype).removeprefix('torch.')}."
        refuse(name, is_same[first - 1 : first - 1 + part.rows], message)
    for name, rows in part.inputs.items():
        if rows.is_floating_point():
            kind = str(rows.dtype).removeprefix("torch.")
            refuse(name, rows.reshape(len(rows), -1).isfinite().all(dim=1), f"A number is not a finite {kind}.")
    for name, lengths in part.lengths.items():
        steps = part.inputs[name].shape[1]
        fits = (lengths >= 1) & (lengths <= steps)
        refuse(f"{name}{LENGTHS}", fits, f"The length is not between 1 and {steps}.")
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
