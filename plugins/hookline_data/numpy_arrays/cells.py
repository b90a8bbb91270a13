"""Check arrays of an NPZ file for use as inputs, targets or lengths."""

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hookline.errors import DataError
from hookline_data.numpy_arrays.npz_file import NUMBERS
from hookline_data.reading.cells import are_finite
from hookline_data.reading.columns import Place, Wanted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Checks = list[tuple[NDArray[Any], str]]
    """Masks of valid values, each with the end of a sentence about the others, in the order of the checks."""


def inputs(array: "NDArray[Any]", lengths: "NDArray[Any] | None", dtype: str, name: str, path: Path) -> "NDArray[Any]":
    """Return the array unchanged if all its numbers are valid in the type `dtype`.

    Raises:
        DataError: If it is text, or if a number is not valid in that type; the message names the row.

    """
    _refuse(array, check_inputs(array, lengths, dtype, name, path), name, path)
    return array


def check_inputs(array: "NDArray[Any]", lengths: "NDArray[Any] | None", dtype: str, name: str, path: Place) -> "Checks":
    """Return which numbers are valid in the type `dtype`; those after the lengths are not checked.

    Raises:
        DataError: If it is text.

    """
    import numpy

    if array.dtype.kind not in NUMBERS:
        raise DataError(f'"{name}" is text, but inputs must be numbers.', file=path, columns=[name])
    if dtype == "int64":
        with numpy.errstate(invalid="ignore"):  # An invalid number is reported below.
            fits = array.astype(dtype) == array
    else:
        fits = are_finite(array, dtype)
    if lengths is not None:
        fits[numpy.arange(array.shape[1]) >= lengths[:, None]] = True
    return [(fits, "is not an int64" if dtype == "int64" else f"is not a finite {dtype}")]


def to_split(array: "NDArray[Any]", wanted: Wanted, name: str, path: Path) -> "NDArray[Any]":
    """Return the array, by which rows are split, if it has one string or number per row. Wanted text may be integers.

    Raises:
        DataError: If it is anything else, or if a value is missing; the message names the row.

    """
    is_text = wanted.kind == "text"
    if array.ndim != 1 or (is_text and array.dtype.kind not in "Uiu"):
        raise DataError(
            f'"{name}" has the type {array.dtype} and rows of the shape {array.shape[1:]}, but must have one '
            f"{'string or integer' if is_text else 'string or number'} per row.",
            file=path,
            columns=[name],
        )
    if is_text:
        return array.astype(str)
    values, checks = _values(array, "float64", wanted.missing)
    _refuse(array, checks, name, path)
    return values


def ids(array: "NDArray[Any]", name: str, path: Path) -> "NDArray[Any]":
    """Return the array, which identifies the rows, if it has one string or number per row.

    Raises:
        DataError: If it is anything else.

    """
    if array.ndim != 1:
        message = f'A row of "{name}" has the shape {array.shape[1:]}, but an id must be one string or number.'
        raise DataError(message, file=path, columns=[name])
    return array


def target(
    array: "NDArray[Any]", dtype: str, missing: Collection[str], name: str, path: Path, *, is_dense: bool = False
) -> "NDArray[Any]":
    """Return the array if it has one or several target values per row; a dense target may have any shape.

    Raises:
        DataError: If it has more dimensions, or a number that is not finite in the type `dtype`; the message names the
        row.

    """
    values, checks = check_target(array, dtype, missing, name, path, is_dense=is_dense)
    if is_missing(array, missing).any():
        checks = [
            (fits, f'{what}; to drop rows without a target, set `missing_targets = "drop"`') for fits, what in checks
        ]
    _refuse(array, checks, name, path)
    return values


def check_target(
    array: "NDArray[Any]", dtype: str, missing: Collection[str], name: str, path: Place, *, is_dense: bool = False
) -> "tuple[NDArray[Any], Checks]":
    """Return the values, and which of them are valid.

    Raises:
        DataError: If it has more than two dimensions, unless it is dense.

    """
    if array.ndim > 2 and not is_dense:
        raise DataError(
            f'A row of "{name}" has the shape {array.shape[1:]}, but a target must be a single value or a vector.',
            file=path,
            columns=[name],
        )
    return _values(array, dtype, missing)


def is_missing(array: "NDArray[Any]", missing: Collection[str]) -> "NDArray[Any]":
    """Return which rows contain a missing value: NaN, or a string that counts as one or is empty."""
    import numpy

    if array.dtype.kind == "f":
        wrong = numpy.isnan(array)
    elif array.dtype.kind == "U":
        wrong = numpy.isin(array, ["", *missing])
    else:
        return numpy.zeros(len(array), dtype=bool)
    return wrong.reshape(len(array), -1).any(axis=1)


def sequences(
    array: "NDArray[Any]", lengths: "NDArray[Any] | None", missing: Collection[str], name: str, path: Path
) -> "NDArray[Any]":
    """Return sequences of classes: class indices padded with -1, or strings.

    Raises:
        DataError: If it is neither, or if an index follows the padding; the message names the row.

    """
    values, checks = check_sequences(array, lengths, missing, name, path)
    _refuse(array, checks, name, path)
    return values


def check_sequences(
    array: "NDArray[Any]", lengths: "NDArray[Any] | None", missing: Collection[str], name: str, path: Place
) -> "tuple[NDArray[Any], Checks]":
    """Return the sequences, and which values are valid.

    Raises:
        DataError: If they are neither text nor rows of integers.

    """
    import numpy

    values, checks = _values(array, "float64", missing)
    if array.ndim == 1 and array.dtype.kind == "U":
        return values, checks
    if array.ndim != 2 or array.dtype.kind not in "iu":
        raise DataError(
            f'"{name}" has the type {array.dtype} and rows of the shape {array.shape[1:]}, but sequences '
            f"of classes must be rows of integers, or one string per row.",
            file=path,
            columns=[name],
        )
    if lengths is not None:
        values[numpy.arange(array.shape[1]) >= lengths[:, None]] = -1
    known = (values >= 0).sum(axis=1) if lengths is None else lengths
    fits = (values >= 0) == (numpy.arange(array.shape[1]) < known[:, None])
    return values, [*checks, (fits & (values >= -1), "is neither an index of the sequence nor -1 at its end")]


def lengths_of(array: "NDArray[Any]", name: str, of: "NDArray[Any]", of_name: str, least: int, path: Path) -> Any:
    """Return the lengths, in steps, of the rows of a padded array, as int64.

    Raises:
        DataError: If the array is not a valid array of lengths; the message names the row.

    """
    _refuse(array, check_lengths(array, name, of, of_name, least, path), name, path)
    return array.astype("int64")


def check_lengths(
    array: "NDArray[Any]", name: str, of: "NDArray[Any]", of_name: str, least: int, path: Place
) -> "Checks":
    """Return which lengths are valid.

    Raises:
        DataError: If the array cannot have lengths, or if they are not integers.

    """
    if of.ndim < 2:
        raise DataError(
            f'"{of_name}" has one value per row, so it cannot have lengths.',
            file=path,
            columns=[of_name],
        )
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise DataError(
            f'"{name}" has the type {array.dtype} and rows of the shape {array.shape[1:]}, but lengths must '
            f"be one integer per row.",
            file=path,
            columns=[name],
        )
    fits = (array >= least) & (array <= of.shape[1])
    return [(fits, f'is not a valid length: "{of_name}" has {of.shape[1]} steps')]


def _values(array: "NDArray[Any]", dtype: str, missing: Collection[str]) -> "tuple[NDArray[Any], Checks]":
    """Return text unchanged, integers and booleans as int64, and floats unchanged, and which of them are valid."""
    import numpy

    if array.dtype.kind == "U":
        remedy = "fill it in or remove the row; if it is a class name, set `missing_marks = []`"
        return array, [(~numpy.isin(array, list(missing)), f"counts as a missing value: {remedy}")]
    if array.dtype.kind != "f":
        values = array.astype("int64")
        return values, [(values == array, "is not an int64")]
    return array, [(are_finite(array, dtype), f"is not a finite {dtype}")]


def _refuse(array: "NDArray[Any]", checks: "Checks", name: str, path: Path) -> None:
    """Raise a `DataError` with the first invalid value and its row, counted from 1."""
    import numpy

    for fits, what in checks:
        if not fits.all():
            place = tuple(numpy.argwhere(~fits)[0].tolist())
            raise DataError(f'row {place[0] + 1} of "{name}": {array[place]} {what}.', file=path)
