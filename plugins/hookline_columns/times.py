"""Text, dates and times as microseconds since the beginning of 1970."""

from typing import TYPE_CHECKING

from hookline.errors import DataError

if TYPE_CHECKING:
    import pyarrow

SECOND = 1_000_000
DAY = 86_400 * SECOND
"""A second and a day, in microseconds."""

CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,6})?)?"
DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
ZONE = r"(Z|[+-][0-9]{2}(:?[0-9]{2})?)"
"""Regular expressions for the parts of ISO 8601 that are read."""


def microseconds(cells: "pyarrow.Array", pattern: str | None, zone: str) -> "pyarrow.Array":
    """Return the microseconds since 1970 as float64, which is exact from 1685 to 2255; null for other text.

    Text is read as ISO 8601, or with a `pattern` of strptime. Cells with a time zone are converted to `zone`. The time
    of day alone counts from midnight.

    Raises:
        DataError: If the column has a type that is neither text nor a date or time.

    """
    import pyarrow
    from pyarrow import compute, types

    kind = cells.type
    if types.is_string(kind):
        times = _of_iso(cells, zone) if pattern is None else _of_pattern(cells, pattern, zone)
    elif types.is_null(kind) or types.is_date(kind):
        times = cells.cast(pyarrow.timestamp("us"), safe=False)
    elif types.is_timestamp(kind):
        times = _local(cells.cast(pyarrow.timestamp("us", kind.tz), safe=False), zone)
    elif types.is_time(kind):
        return cells.cast(pyarrow.time64("us"), safe=False).cast(pyarrow.int64()).cast(pyarrow.float64())
    else:
        raise DataError(f"The cells have the type {kind}, which is not a date or time.")
    return compute.cast(times.cast(pyarrow.int64()), pyarrow.float64(), safe=False)


def _local(times: "pyarrow.Array", zone: str) -> "pyarrow.Array":
    """Return the time on the clocks of a zone, without a zone; times without one stay as they are."""
    import pyarrow
    from pyarrow import compute

    if times.type.tz is None:
        return times
    return compute.local_timestamp(times.cast(pyarrow.timestamp("us", zone)))


def _of_pattern(text: "pyarrow.Array", pattern: str, zone: str) -> "pyarrow.Array":
    import pyarrow
    from pyarrow import compute

    times = compute.strptime(text, format=pattern, unit="us", error_is_null=True)
    if "%z" in pattern and times.type.tz is None:  # They are in UTC.
        times = times.cast(pyarrow.timestamp("us", "UTC"))
    return _local(times, zone)


def _of_iso(text: "pyarrow.Array", zone: str) -> "pyarrow.Array":
    import pyarrow
    from pyarrow import compute

    nothing = pyarrow.scalar(None, pyarrow.string())
    naive, aware = pyarrow.timestamp("us"), pyarrow.timestamp("us", "UTC")
    is_naive = compute.match_substring_regex(text, rf"^{DATE}([T ]{CLOCK})?$")
    found = _cast(compute.if_else(is_naive, text, nothing), naive)
    if found.null_count == text.null_count:
        return found
    is_aware = compute.match_substring_regex(text, rf"^{DATE}[T ]{CLOCK} ?{ZONE}$")
    if compute.any(is_aware).as_py():
        zoned = compute.replace_substring(compute.if_else(is_aware, text, nothing), " +", "+")
        found = compute.coalesce(found, _local(_cast(zoned, aware), zone))
    is_clock = compute.match_substring_regex(text, rf"^{CLOCK}$")
    if compute.any(is_clock).as_py():
        clock = compute.binary_join_element_wise("1970-01-01 ", compute.if_else(is_clock, text, nothing), "")
        found = compute.coalesce(found, _cast(clock, naive))
    return found


def _cast(text: "pyarrow.Array", kind: "pyarrow.DataType") -> "pyarrow.Array":
    """Return times; null for dates that do not exist, such as 2023-02-30."""
    import pyarrow

    try:
        return text.cast(kind)
    except pyarrow.ArrowInvalid:
        values = text.dictionary_encode()
        times = pyarrow.array([_one(cell, kind) for cell in values.dictionary.to_pylist()], kind)
        return times.take(values.indices)


def _one(cell: str, kind: "pyarrow.DataType") -> object:
    import pyarrow

    try:
        return pyarrow.scalar(cell, pyarrow.string()).cast(kind).as_py()
    except pyarrow.ArrowInvalid:
        return None
