"""Summarize lists, and arrays with several numbers per row: images, sequences, vectors."""

from typing import TYPE_CHECKING, Any

from hookline_data.arrow_columns.nested import depth
from hookline_data.draft.columns import Column

if TYPE_CHECKING:
    import pyarrow
    from numpy.typing import NDArray

MOST_VALUES = 1000
"""The largest number of different integers to keep."""

LEAST_STEPS = 4
"""The smallest number of columns of a matrix that may be lists of indices."""

LEAST_INDICES = 3
"""The smallest index that the largest one of lists of indices has."""


def list_column(name: str, index: int, lists: "pyarrow.Array") -> Column:
    """Summarize a column of lists of numbers, nested or not."""
    import numpy
    from pyarrow import compute, types

    known: dict[str, Any] = {"name": name, "index": index, "rows": len(lists), "missing": lists.null_count}
    shape, is_ragged = [], []
    inner = lists.drop_null()
    for level in range(depth(lists.type)):
        lengths = compute.list_value_length(inner).drop_null().to_numpy(zero_copy_only=False)
        if not len(lengths) or lengths.min() == 0:
            return Column(kind="other", why="some of its lists are empty", **known)
        shape.append(int(lengths.max()))
        is_ragged.append(bool(lengths.min() < lengths.max()))
        inner = inner.flatten()
        if inner.null_count:
            return Column(kind="other", why="some elements of its lists are missing", **known)
        if any(is_ragged[1:]) or (level > 1 and is_ragged[0]):
            return Column(kind="other", why="its inner lists have different sizes", **known)
    kind = inner.type
    if not (types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind) or types.is_decimal(kind)):
        return Column(kind="other", why=f"its lists have elements of the type {kind}, which are not numbers", **known)
    inner = inner.cast("int64") if types.is_boolean(kind) else inner
    numbers = inner.to_numpy(zero_copy_only=False)
    numbers = numbers.astype(numpy.float64) if types.is_decimal(kind) else numbers
    return _of_elements(numbers, shape=tuple(shape), is_ragged=is_ragged[0], **known)


def array_column(name: str, index: int, array: "NDArray[Any]", rows: int) -> Column:
    """Summarize an array `(rows, …)` with several numbers per row, of which some rows are inspected."""
    missing = 0
    if array.dtype.kind == "f":
        import numpy

        missing = int(numpy.isnan(array).reshape(len(array), -1).any(axis=1).sum())
    known: dict[str, Any] = {"name": name, "index": index, "rows": rows, "shape": array.shape[1:]}
    return _of_elements(array.reshape(-1), missing=missing, is_padded=_is_padded(array), **known)


def _is_padded(array: "NDArray[Any]") -> bool:
    """Whether the rows of a matrix of integers are padded with zeros at one side, as lists of indices are."""
    if array.ndim != 2 or array.dtype.kind not in "iu" or array.shape[1] < LEAST_STEPS or array.min() < 0:
        return False
    is_given = array != 0
    lengths = is_given.sum(axis=1)
    if lengths.min() == lengths.max() or array.max() < LEAST_INDICES:
        return False
    places = range(array.shape[1])
    ends = bool((is_given == (places < lengths[:, None])).all())
    return ends or bool((is_given[:, ::-1] == (places < lengths[:, None])).all())


def _of_elements(numbers: "NDArray[Any]", *, missing: int, **known: Any) -> Column:
    import numpy

    is_fit = numpy.isfinite(numbers) if numbers.dtype.kind == "f" else numpy.ones(len(numbers), dtype=bool)
    finite = numbers[is_fit]
    not_finite = len(numbers) - len(finite)
    if not len(finite):
        return Column(kind="other", why="none of its numbers is finite", missing=missing, **known)
    is_whole = numbers.dtype.kind != "f"
    values = numpy.unique(finite) if is_whole or ((finite == 0) | (finite == 1)).all() else finite[:0]
    return Column(
        kind="list",
        missing=missing,
        not_finite=not_finite,
        is_whole=is_whole,
        low=float(finite.min()),
        high=float(finite.max()),
        mean=float(finite.mean(dtype=numpy.float64)),
        deviation=float(finite.std(dtype=numpy.float64)),
        values=tuple(map(int, values)) if len(values) <= MOST_VALUES else (),
        distinct=len(values),
        **known,
    )
