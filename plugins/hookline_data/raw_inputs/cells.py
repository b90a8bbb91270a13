"""Cells of a table as the inputs of a deployed model: arrays of numbers, texts or times."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hookline.spec import MISSING_TIME
from hookline_data.layout.kinds import FittedKind
from hookline_data.new_rows.parse_text import texts as stripped
from hookline_data.reading.cells import is_list
from hookline_data.reading.columns import Wanted

if TYPE_CHECKING:
    import pyarrow
    from numpy.typing import NDArray


def numbers(cells: "pyarrow.Array", dtype: str) -> "NDArray[Any]":
    """Return numbers, or the numbers of lists next to each other; a missing number is NaN."""
    import pyarrow
    from pyarrow import types

    while is_list(cells.type):
        cells = cells.flatten()
    if types.is_boolean(cells.type):
        cells = cells.cast(pyarrow.uint8())
    if dtype == "float64":
        cells = cells.cast(pyarrow.float64(), safe=False)
    array: NDArray[Any] = cells.to_numpy(zero_copy_only=False).astype(dtype)
    return array


def kind_numbers(cells: "pyarrow.Array", kind: FittedKind, missing: Sequence[str]) -> "NDArray[Any]":
    """Return numbers as their kind reads them; a missing one is NaN."""
    return numbers(kind.spec.parse(cells)[0], "float64")


def times(cells: "pyarrow.Array", kind: FittedKind, missing: Sequence[str]) -> "NDArray[Any]":
    """Return microseconds since 1970 as the kind reads them, int64."""
    import numpy

    found = numbers(kind.spec.parse(cells)[0], "float64")
    is_missing = numpy.isnan(found)
    return numpy.where(is_missing, MISSING_TIME, numpy.where(is_missing, 0, found).astype(numpy.int64))


def texts(cells: "pyarrow.Array", kind: FittedKind, missing: Sequence[str]) -> "NDArray[Any]":
    """Return texts without whitespace around them; a missing one is empty."""
    import numpy
    import pyarrow
    from pyarrow import compute, types

    if not types.is_string(cells.type):
        if types.is_floating(cells.type):
            cells = compute.if_else(compute.is_nan(cells), pyarrow.scalar(None, cells.type), cells)
        cells = cells.cast(pyarrow.string())
    read, _ = stripped("", cells, Wanted("text", missing=tuple(missing), may_be_missing=True))
    return numpy.array(read.fill_null("").to_pylist(), dtype=object)


def sequences(lists: "pyarrow.Array", step: tuple[int, ...], dtype: str) -> "tuple[NDArray[Any], NDArray[Any]]":
    """Return lists as an array padded with 0, `(N, steps, …)`, and their lengths."""
    import numpy
    from pyarrow import compute

    lengths = compute.fill_null(compute.list_value_length(lists), 0).to_numpy(zero_copy_only=False).astype("int64")
    padded = numpy.zeros((len(lists), max(1, lengths.max(initial=1)), *step), dtype=dtype)
    padded[numpy.arange(padded.shape[1]) < lengths[:, None]] = numbers(lists.flatten(), dtype).reshape(-1, *step)
    return padded, lengths
