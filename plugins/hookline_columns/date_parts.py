"""The parts of dates and times, such as the month: as arrays, and as a graph."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

from attrs import frozen

from hookline.spec import Graph, Value
from hookline_columns.graphs.calendar import calendar_in_graph
from hookline_columns.times import DAY, SECOND

if TYPE_CHECKING:
    from numpy.typing import NDArray

CalendarPart = Literal["year", "quarter", "month", "week", "day", "weekday", "day_of_year"]
ClockPart = Literal["hour", "minute", "second"]
Part = CalendarPart | ClockPart | Literal["days", "seconds"]

PERIODS = {"quarter": 4, "month": 12, "week": 53, "day": 31, "weekday": 7, "day_of_year": 366}
PERIODS |= {"hour": 24, "minute": 60, "second": 60}
"""The number of values of each part that repeats."""

UNITS = {"days": DAY, "seconds": SECOND}
"""The unit of each part that is the time since a beginning, in microseconds."""


@frozen
class DateParts:
    """The numbers that a time becomes."""

    parts: Sequence[Part]
    """The parts."""
    cyclic: bool
    """Whether each part that repeats becomes its sine and its cosine."""

    @property
    def names(self) -> list[str]:
        """The name of each number, such as "month", or "month sine" and "month cosine"."""
        return [
            f"{part}{wave}"
            for part in self.parts
            for wave in ((" sine", " cosine") if self._becomes_waves(part) else ("",))
        ]

    @property
    def are_waves(self) -> list[bool]:
        """Whether each number is a sine or a cosine."""
        return [name.endswith((" sine", " cosine")) for name in self.names]

    def of_times(self, times: "NDArray[Any]", begin: float) -> "Iterator[NDArray[Any]]":
        """Yield each number, float64 `(N,)`.

        Args:
            times: microseconds since 1970, `(N,)`.
            begin: the beginning of "days" and "seconds".

        """
        import numpy
        import pyarrow
        from pyarrow import compute

        whole = numpy.where(numpy.isfinite(times), times, 0).astype(numpy.int64)
        stamps = pyarrow.array(whole).cast(pyarrow.timestamp("us"))
        functions = {"weekday": compute.day_of_week, "week": compute.iso_week}
        for part in self.parts:
            if part in UNITS:
                yield (whole - int(begin)) / UNITS[part]
                continue
            function = functions[part] if part in functions else getattr(compute, part)
            found = function(stamps).to_numpy(zero_copy_only=False)
            if self._becomes_waves(part):
                yield from _waves(found, PERIODS[part])
            else:
                yield found.astype(numpy.float64)

    def in_graph(self, graph: Graph, whole: Value, begin: float) -> Value:
        """Add the numbers to a graph: microseconds since 1970, int64 `(N, 1)`, become float64 `(N, numbers)`."""
        import numpy

        known, columns = calendar_in_graph(graph, whole), []
        for part in self.parts:
            if part in UNITS:
                since = graph.cast(graph.op("Sub", whole, numpy.int64(begin)), "float64")
                columns.append(graph.op("Div", since, numpy.float64(UNITS[part])))
            elif self._becomes_waves(part):
                waves = _waves(numpy.arange(PERIODS[part] + 1), PERIODS[part])
                columns += [graph.op("Gather", wave, known[part]) for wave in waves]
            else:
                columns.append(graph.cast(known[part], "float64"))
        return graph.op("Concat", *columns, axis=1)

    def _becomes_waves(self, part: Part) -> bool:
        return self.cyclic and part in PERIODS


def _waves(numbers: "NDArray[Any]", period: int) -> "list[NDArray[Any]]":
    """Return the sine and the cosine of a part that repeats."""
    import numpy

    angles = numbers * (2 * numpy.pi / period)
    # The sines of 0 and of pi are equal, but computed they differ by 1e-16.
    return [numpy.round(numpy.sin(angles), 12), numpy.round(numpy.cos(angles), 12)]
