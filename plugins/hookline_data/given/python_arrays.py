"""Arrays, tensors and lists from Python as NumPy arrays of numbers or text."""

from typing import TYPE_CHECKING, Any

from hookline.errors import DataError
from hookline_data.numpy_arrays.npz_file import NUMBERS
from hookline_data.reading.columns import Place

if TYPE_CHECKING:
    from numpy.typing import NDArray


def is_tensor(values: Any) -> bool:
    """Whether these are a tensor of torch, which is perhaps not imported."""
    return hasattr(values, "detach") and hasattr(values, "cpu")


def of_tensor(values: Any) -> "NDArray[Any]":
    """Return a tensor as an array, from any device and without its gradient. NumPy has no bfloat16."""
    values = values.detach().cpu()
    is_lacking = str(values.dtype) == "torch.bfloat16"
    array: NDArray[Any] = (values.float() if is_lacking else values).numpy()
    return array


def complaint_about_tensor(values: Any) -> str:
    """Return why a tensor cannot be rows of numbers, or that its gradient would be lost; empty if it can."""
    if values.requires_grad:
        return "It requires a gradient, but rows are not trained: pass `tensor.detach()`."
    if values.is_meta:
        return "It is on the meta device, and has no values."
    if str(values.layout) != "torch.strided":
        return "It is sparse: pass `tensor.to_dense()`."
    if values.is_complex() or values.is_quantized:
        return f"It has the type {str(values.dtype).removeprefix('torch.')}, but must have numbers."
    return ""


def array_of(values: Any, name: str, place: Place | None = None) -> "NDArray[Any]":
    """Return arrays, tensors and lists as an array of numbers or text.

    Raises:
        DataError: If it has other values, or rows of different lengths, or none.

    """
    import numpy

    try:
        array = of_tensor(values) if is_tensor(values) else numpy.asarray(values)
    except ValueError:
        raise DataError(f'"{name}" has rows of different lengths: pad them.', file=place, columns=[name]) from None
    if array.dtype.kind in "OT" and (as_text := _text(array)) is not None:
        array = as_text
    if array.dtype.kind not in f"{NUMBERS}U":
        message = f'"{name}" has the type {array.dtype}, but must have numbers or text.{_first_other(array)}'
        raise DataError(message, file=place, columns=[name])
    if not array.ndim:
        raise DataError(f'"{name}" is a single value, so it has no rows.', file=place, columns=[name])
    return array


def _text(array: "NDArray[Any]") -> "NDArray[Any] | None":
    """Return objects as text if all of them are text."""
    return array.astype(str) if all(isinstance(cell, str) for cell in array.flat) else None


def _first_other(array: "NDArray[Any]") -> str:
    """Return a sentence about the first object that has another type than the one of the first row."""
    if array.dtype.kind != "O" or array.ndim != 1 or not len(array):
        return ""
    kinds = [type(cell).__name__ for cell in array]
    row = next((row for row, kind in enumerate(kinds) if kind != kinds[0]), 0)
    return f" Row 1 is of type {kinds[0]}{f', row {row + 1} of type {kinds[row]}' if row else ''}."
