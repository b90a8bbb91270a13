"""Arrays of an NPZ file as inputs, targets or lengths."""

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hookline.errors import DataError
from hookline_data.reading.cells import are_finite
from hookline_data.reading.npz_file import NUMBERS

if TYPE_CHECKING:
    from numpy.typing import NDArray


def inputs(array: "NDArray[Any]", lengths: "NDArray[Any] | None", dtype: str, name: str, path: Path) -> "NDArray[Any]":
    """An array of numbers that the type `dtype` has, as they stand in the file.

    Raises:
        DataError: if there is anything but numbers, or one that the type does not have; names the row.

    """
    import numpy

    if array.dtype.kind not in NUMBERS:
        raise DataError(f'"{name}" is text, and inputs are numbers.', file=path, columns=[name])
    if dtype == "int64":
        with numpy.errstate(invalid="ignore"):  # A number that the type does not have is told below.
            fits = array.astype(dtype) == array
    else:
        fits = are_finite(array, dtype)
    if lengths is not None:
        fits[numpy.arange(array.shape[1]) >= lengths[:, None]] = True
    _refuse(array, fits, "is not an int64" if dtype == "int64" else f"is not a finite {dtype}", name, path)
    return array


def names(array: "NDArray[Any]", name: str, path: Path) -> "NDArray[Any]":
    """An array with a text for each row.

    Raises:
        DataError: if it is something else.

    """
    if array.ndim != 1 or array.dtype.kind != "U":
        raise DataError(
            f'"{name}" has the type {array.dtype} and rows of the shape {array.shape[1:]}, and is to be a text '
            f"for each row.",
            file=path,
            columns=[name],
        )
    return array


def target(array: "NDArray[Any]", dtype: str, missing: Collection[str], name: str, path: Path) -> "NDArray[Any]":
    """An array with the target of each row, or with several values for each.

    Raises:
        DataError: if it has more dimensions, or a number that is not finite in the type `dtype`; names the row.

    """
    if array.ndim > 2:
        raise DataError(
            f'A row of "{name}" has the shape {array.shape[1:]}, and a target is one value or a row of them.',
            file=path,
            columns=[name],
        )
    return _values(array, dtype, missing, name, path)


def sequences(
    array: "NDArray[Any]", lengths: "NDArray[Any] | None", missing: Collection[str], name: str, path: Path
) -> "NDArray[Any]":
    """An array with a sequence of classes for each row, filled up with -1: their indices, or one text.

    Raises:
        DataError: if it is neither, or if something follows what -1 has ended; names the row.

    """
    import numpy

    values = _values(array, "float64", missing, name, path)
    if array.ndim == 1 and array.dtype.kind == "U":
        return values
    if array.ndim != 2 or array.dtype.kind not in "iu":
        raise DataError(
            f'"{name}" has the type {array.dtype} and rows of the shape {array.shape[1:]}, and sequences of '
            f"classes are rows of integers, or a text for each.",
            file=path,
            columns=[name],
        )
    if lengths is not None:
        values[numpy.arange(array.shape[1]) >= lengths[:, None]] = -1
    known = (values >= 0).sum(axis=1) if lengths is None else lengths
    fits = (values >= 0) == (numpy.arange(array.shape[1]) < known[:, None])
    _refuse(values, fits & (values >= -1), "stands where a sequence has an index, or else -1 up to its end", name, path)
    return values


def lengths_of(array: "NDArray[Any]", name: str, of: "NDArray[Any]", of_name: str, least: int, path: Path) -> Any:
    """An array that says how many steps of each row of another one are not padding, int64.

    Raises:
        DataError: if these are no such numbers; names the row.

    """
    if of.ndim < 2:
        raise DataError(
            f'"{of_name}" has one value for each row, and no steps that could have lengths.',
            file=path,
            columns=[of_name],
        )
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise DataError(
            f'"{name}" has the type {array.dtype} and rows of the shape {array.shape[1:]}, and lengths are an '
            f"integer for each row.",
            file=path,
            columns=[name],
        )
    fits = (array >= least) & (array <= of.shape[1])
    _refuse(array, fits, f'is no length: "{of_name}" has {of.shape[1]} steps', name, path)
    return array.astype("int64")


def _values(array: "NDArray[Any]", dtype: str, missing: Collection[str], name: str, path: Path) -> "NDArray[Any]":
    """Text as it is, integers and truth values as int64, and floats if they are finite."""
    import numpy

    if array.dtype.kind == "U":
        remedy = "fill it in, or leave the row out; if it is the name of a class, say `missing_marks = []`"
        _refuse(array, ~numpy.isin(array, list(missing)), f"stands for a missing value: {remedy}", name, path)
        return array
    if array.dtype.kind != "f":
        values = array.astype("int64")
        _refuse(array, values == array, "is not an int64", name, path)
        return values
    _refuse(array, are_finite(array, dtype), f"is not a finite {dtype}", name, path)
    return array


def _refuse(array: "NDArray[Any]", fits: "NDArray[Any]", what: str, name: str, path: Path) -> None:
    """Raise a `DataError` with the first value that does not fit, and its row, counted from 1."""
    import numpy

    if not fits.all():
        place = tuple(numpy.argwhere(~fits)[0].tolist())
        raise DataError(f'row {place[0] + 1} of "{name}": {array[place]} {what}.', file=path)
