"""The calendar as a graph."""

from typing import TYPE_CHECKING, Any

from hookline.spec import Graph, Value
from hookline_columns.times import DAY, SECOND

if TYPE_CHECKING:
    from numpy.typing import NDArray


def calendar_in_graph(graph: Graph, times: Value) -> dict[str, Value]:
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
