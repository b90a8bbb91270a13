"""Read the cells of a column of times as numbers that increase with the time."""

from typing import TYPE_CHECKING, Any

from hookline.data import TextCells
from hookline.errors import DataError, quoted_cell

if TYPE_CHECKING:
    from numpy.typing import NDArray


def parsed_times(cells: "NDArray[Any] | TextCells", column: str) -> "NDArray[Any]":
    """Return numbers unchanged, and dates and times of ISO 8601 as microseconds since 1970 (nanoseconds, if
    some have more digits).

    Times with an offset such as "+02:00" or "Z" are compared in UTC; either all cells have one, or none.

    >>> import numpy
    >>> parsed_times(numpy.array(["1970-01-01", "1970-01-01T00:00:01"]), "day").tolist()
    [0, 1000000]

    Raises:
        DataError: If a cell is none of these; the message names row and column.

    """
    import numpy

    if isinstance(cells, TextCells):
        for zone in (None, "UTC"):
            if (times := _cast(cells.values, zone)) is not None:
                made: NDArray[Any] = times[cells.indices]
                return made
    elif cells.dtype.kind in "iuf":
        return cells
    elif cells.dtype.kind == "M":
        return cells.astype("datetime64[us]").astype(numpy.int64)
    texts = numpy.asarray(cells).astype(str)
    for zone in (None, "UTC"):
        if (times := _cast(texts, zone)) is not None:
            return times
    raise _error(texts, column)


def _cast(texts: "NDArray[Any]", zone: str | None) -> "NDArray[Any] | None":
    """Return the times, or `None` if a text is not a time with (or without) a zone."""
    import numpy
    import pyarrow

    # A month alone is the first day of it.
    is_month = numpy.char.str_len(texts) == 7
    texts = numpy.where(is_month, numpy.char.add(texts, "-01"), texts) if is_month.any() else texts
    for unit in ("us", "ns"):  # Nanoseconds reach only to the year 2262.
        try:
            times = pyarrow.array(texts).cast(pyarrow.timestamp(unit, zone))
        except pyarrow.ArrowInvalid:
            continue
        return times.cast(pyarrow.int64()).to_numpy(zero_copy_only=False)
    return None


def _error(texts: "NDArray[Any]", column: str) -> DataError:
    """Return the error for the first cell that is not a time, or whose zone is unlike that of the first cell."""
    zone = None if _cast(texts[:1], None) is not None else "UTC"
    is_first_wrong = zone == "UTC" and _cast(texts[:1], "UTC") is None
    first, last = 0, len(texts)  # The first wrong cell is in this range: halve it.
    while last - first > 1 and not is_first_wrong:
        middle = (first + last) // 2
        if _cast(texts[first:middle], zone) is None:
            last = middle
        else:
            first = middle
    cell = texts[first]
    other = "UTC" if zone is None else None
    if not is_first_wrong and _cast(texts[first : first + 1], other) is not None:
        has = ("an offset from UTC", "the cells before it have none")
        if zone == "UTC":
            has = ("no offset from UTC", "the cells before it have one")
        return DataError(f"{quoted_cell(cell)} has {has[0]}, but {has[1]}.", row=first + 1, columns=[column])
    return DataError(
        f"{quoted_cell(cell)} is not a time: `time_column` takes numbers, and dates and times of ISO 8601 such as "
        "2024-01-31 or 2024-01-31T18:30:00.",
        row=first + 1,
        columns=[column],
    )
