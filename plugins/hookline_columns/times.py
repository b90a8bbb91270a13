"""Text, dates and times as microseconds since the beginning of 1970."""

from typing import TYPE_CHECKING, Any

from hookline.errors import DataError
from hookline.spec import Graph, Value

if TYPE_CHECKING:
    import pyarrow
    from numpy.typing import NDArray

SECOND = 1_000_000
DAY = 86_400 * SECOND
"""A second and a day, in microseconds."""

CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,6})?)?"
DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
ZONE = r"(Z|[+-][0-9]{2}(:?[0-9]{2})?)"
"""Regular expressions for the parts of ISO 8601 that are read."""


def microseconds(cells: "pyarrow.Array", pattern: str | None, zone: str) -> "pyarrow.Array":
    """Return the microseconds since 1970 as float64, which is exact from 1685 to 2255; null for what is no date.

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


def parts_in_graph(graph: Graph, times: Value) -> dict[str, Value]:
    """Add the parts of times to a graph, by name: microseconds since 1970, int64 `(N, 1)`, become integers.

    The calendar is that of "chrono-Compatible Low-Level Date Algorithms" by Howard Hinnant (public domain):
    https://howardhinnant.github.io/date_algorithms.html
    """
    of_day = graph.op("Mod", times, _integer(DAY))
    days = graph.op("Div", graph.op("Sub", times, of_day), _integer(DAY))
    weekday = graph.op("Mod", graph.op("Add", days, _integer(3)), _integer(7))  # 1970 began on a Thursday.
    year, month, day, day_of_year = _calendar(graph, days)
    # A week belongs to the year that its Thursday is in.
    thursday = graph.op("Add", graph.op("Sub", days, weekday), _integer(3))
    of_thursday = graph.op("Sub", _calendar(graph, thursday)[3], _integer(1))
    parts = {"year": year, "month": month, "day": day, "day_of_year": day_of_year, "weekday": weekday}
    parts["week"] = graph.op("Add", graph.op("Div", of_thursday, _integer(7)), _integer(1))
    months = graph.op("Sub", month, _integer(1))
    parts["quarter"] = graph.op("Add", graph.op("Div", months, _integer(3)), _integer(1))
    for name, size in {"hour": 3600 * SECOND, "minute": 60 * SECOND, "second": SECOND}.items():
        parts[name] = graph.op("Mod", graph.op("Div", of_day, _integer(size)), _integer(60))
    return parts


def _calendar(graph: Graph, days: Value) -> tuple[Value, Value, Value, Value]:
    """Add the year, the month, the day, and the day of the year to a graph, for days since 1970."""
    import numpy

    def op(operator: str, one: Value, other: "Value | int") -> Value:
        return graph.op(operator, one, _integer(other) if isinstance(other, int) else other)

    shifted = op("Add", days, 719_468)  # Days since March 1 of the year 0.
    of_era = op("Mod", shifted, 146_097)  # An era has 400 years.
    era = op("Div", op("Sub", shifted, of_era), 146_097)
    without_leaps = op(
        "Sub",
        op("Add", op("Sub", of_era, op("Div", of_era, 1460)), op("Div", of_era, 36_524)),
        op("Div", of_era, 146_096),
    )
    year_of_era = op("Div", without_leaps, 365)
    before = op("Sub", op("Add", op("Mul", year_of_era, 365), op("Div", year_of_era, 4)), op("Div", year_of_era, 100))
    from_march = op("Sub", of_era, before)
    month_from_march = op("Div", op("Add", op("Mul", from_march, 5), 2), 153)
    day = op("Add", op("Sub", from_march, op("Div", op("Add", op("Mul", month_from_march, 153), 2), 5)), 1)
    month = op("Add", op("Mod", op("Add", month_from_march, 2), 12), 1)
    is_early = graph.op("Less", month, _integer(3))
    year = op("Add", op("Add", year_of_era, op("Mul", era, 400)), graph.cast(is_early, "int64"))
    is_leap = graph.op(
        "Or",
        graph.op("Equal", op("Mod", year, 400), _integer(0)),
        graph.op(
            "And",
            graph.op("Equal", op("Mod", year, 4), _integer(0)),
            graph.op("Not", graph.op("Equal", op("Mod", year, 100), _integer(0))),
        ),
    )
    begins = numpy.array([0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334])
    begin = graph.op("Gather", begins, op("Sub", month, 1))
    leap_day = graph.cast(graph.op("And", is_leap, graph.op("Not", is_early)), "int64")
    return year, month, day, op("Add", op("Add", begin, day), leap_day)


def _integer(number: int) -> "NDArray[Any]":
    import numpy

    return numpy.asarray(number, dtype=numpy.int64)
