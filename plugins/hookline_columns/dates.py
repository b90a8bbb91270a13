"""Dates and times as numbers."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, get_args

from attrs import evolve

from hookline.data import RowField, Summary
from hookline.errors import OptionError, quoted_cell
from hookline.spec import MISSING_TIME, SAMPLED_ROWS, ColumnSpec, Graph, PartialFit, UnfitCells, Value, spec
from hookline_columns.arrays.cells import unparsed
from hookline_columns.date_parts import PERIODS, UNITS, ClockPart, DateParts, Part
from hookline_columns.filled import FilledColumn
from hookline_columns.fitting.partial_fits import SummaryFit
from hookline_columns.times import microseconds

if TYPE_CHECKING:
    import pyarrow
    from numpy.typing import NDArray

    from hookline.script import Script


@spec
class Date(FilledColumn):
    """Dates and times, as the numbers of their `parts`.

    Text is read as ISO 8601, such as "2024-05-31", "2024-05-31 12:30", "2024-05-31T12:30:00Z" or "12:30", or in another
    `format`. Dates, times and timestamps of Parquet files are read as they are. Parts are numbered as usual: months
    from 1, weekdays from 0 for Monday.
    """

    missing: Literal["refuse", "drop", "mean", "median", "most_frequent"] = "refuse"
    """What becomes of a missing cell: an error ("refuse"), the whole row is dropped ("drop"), or it is filled in with
    the mean, the median or the most frequent time of the training rows."""
    parts: tuple[Part, ...] = ("year", "month", "day", "weekday")
    """What becomes an input. "days" and "seconds" are the time since `since`, with fractions."""
    cyclic: bool = False
    """Replace each part that repeats, such as "month" and "hour", by its sine and cosine, so that December is next to
    January."""
    standardize: bool = True
    """Scale all other parts to mean 0 and variance 1 in the training rows."""
    since: str | None = None
    """The beginning of "days" and "seconds", in ISO 8601. Default: the first time in the training rows."""
    format: str | None = None
    """The format of text, such as "%d.%m.%Y" or "%m/%d/%y %H:%M", with the letters of Python's strptime."""
    timezone: str = "UTC"
    """Convert times with a time zone to this one, such as "Europe/Berlin"."""

    def conflicts(self) -> Iterator[OptionError]:
        """Report options without effect, and times and zones that do not exist."""
        yield from super().conflicts()
        if not self.parts:
            yield OptionError("parts", "There must be at least one part.")
        for index, part in enumerate(self.parts):
            if part in self.parts[:index]:
                yield OptionError("parts", f'"{part}" occurs twice.', index)
        if self.since is not None:
            if not set(UNITS) & set(self.parts):
                message = 'This has no effect without "days" or "seconds".'
                yield OptionError("since", message, against=[("parts",)], id="unused-option")
            elif _naive(self.since) is None:
                yield OptionError("since", 'This is not a time in ISO 8601, such as "2020-01-01", without a time zone.')
        if self.cyclic and not set(PERIODS) & set(self.parts):
            message = "This has no effect, because none of the parts repeats."
            yield OptionError("cyclic", message, against=[("parts",)], id="unused-option")
        if self.format is not None and "%" not in self.format:
            yield OptionError("format", 'A format has letters such as "%Y" for the year, "%m" for the month.')
        if self.timezone != "UTC" and not _is_zone(self.timezone):
            yield OptionError("timezone", 'There is no such time zone: use a name such as "Europe/Berlin".')

    @property
    def reads(self) -> Literal["any"]:
        """Text, dates and times."""
        return "any"

    def parse(self, cells: "pyarrow.Array") -> "tuple[pyarrow.Array, UnfitCells | None]":
        """Return the microseconds since 1970."""
        times = microseconds(cells, self.format, self.timezone)
        return times, unparsed(cells, times, self._unread)

    def _unread(self, cell: str) -> str:
        if self.format is not None:
            return f'{quoted_cell(cell)} is not a date or time with the format "{self.format}".'
        return f'{quoted_cell(cell)} is not a date or time in ISO 8601: set `format`, such as "%d.%m.%Y".'

    learns_from = "numbers"

    def learn(self, numbers: "NDArray[Any]") -> dict[str, Any]:
        """Return the first and last time, and the statistics of the parts."""
        fitted: dict[str, Any] = {"first": float(numbers.min()), "last": float(numbers.max())}
        return {**fitted, **self._statistics([Summary.of(column) for column in self._columns(numbers, fitted)])}

    def eject(self, script: "Script", cells: str, training: str, fitted: Mapping[str, Any]) -> str:
        """Add a function of the parts, and return a call of it."""
        from hookline_columns.ejecting.dates import eject_date

        return eject_date(self, script, cells, training)

    def partial_fit(self, most: int = SAMPLED_ROWS) -> PartialFit:
        """Return a fit by merged statistics of the parts, unless missing cells need a sample."""
        if self.missing in ("median", "most_frequent"):
            return ColumnSpec.partial_fit(self, most)
        fill = "mean" if self.missing == "mean" else None

        def arrays(numbers: "NDArray[Any]") -> "Sequence[NDArray[Any]]":
            return [numbers, *self._columns(numbers, {"first": 0.0})]

        return SummaryFit(fill, self._learn_summaries, arrays)

    def _learn_summaries(self, summaries: Sequence[Summary]) -> dict[str, Any]:
        """Return the same, given the summaries of the times and of their parts since 1970."""
        times, *parts = summaries
        if self.since is None:
            ahead = {part: times.minimum / unit for part, unit in UNITS.items()}
            parts = [
                evolve(one, mean=one.mean - ahead.get(name, 0.0))
                for name, one in zip(self._numbers.names, parts, strict=False)  # None if they are not standardized.
            ]
        return {"first": float(times.minimum), "last": float(times.maximum), **self._statistics(parts)}

    def _columns(self, numbers: "NDArray[Any]", fitted: Mapping[str, Any]) -> "Iterator[NDArray[Any]]":
        """Yield the parts, each `(rows,)` in float64; none if they are not standardized."""
        return self._numbers.of_times(numbers, self._begin(fitted)) if self.standardize else iter(())

    def _statistics(self, parts: Sequence[Summary]) -> dict[str, Any]:
        """Return the mean and the standard deviation of each part; 0 and 1 for sines and cosines."""
        if not self.standardize:
            return {}
        are_waves = self._numbers.are_waves
        means = [0.0 if is_wave else float(one.mean) for one, is_wave in zip(parts, are_waves, strict=True)]
        stds = [1.0 if is_wave else float(one.std) or 1.0 for one, is_wave in zip(parts, are_waves, strict=True)]
        return {"means": means, "stds": stds}

    @property
    def _numbers(self) -> DateParts:
        """The numbers that a time becomes."""
        return DateParts(self.parts, self.cyclic)

    def _begin(self, fitted: Mapping[str, Any]) -> float:
        """Return the beginning of "days" and "seconds"."""
        return float(fitted["first"]) if self.since is None else microseconds_of(self.since)

    def compute(self, numbers: "NDArray[Any]", fitted: Mapping[str, Any]) -> "NDArray[Any]":
        """Return the parts."""
        import numpy

        parts = numpy.column_stack(list(self._numbers.of_times(numbers, self._begin(fitted))))
        return (parts - fitted["means"]) / fitted["stds"] if self.standardize else parts

    @property
    def cells_of_graph(self) -> Literal["time"]:
        """Microseconds."""
        return "time"

    def to_onnx(self, graph: Graph, cells: Value, fitted: Mapping[str, Any], missing: Sequence[str]) -> Value:
        """Fill in missing times, and compute the parts."""
        import numpy

        is_missing = graph.op("Equal", cells, numpy.int64(MISSING_TIME))
        return self.filled_in_graph(graph, graph.cast(cells, "float64"), is_missing, fitted)

    def graph_of_numbers(self, graph: Graph, numbers: Value, fitted: Mapping[str, Any]) -> Value:
        """Add the parts, one beside the other."""
        import numpy

        is_fit = self.is_fit_in_graph(graph, numbers)
        whole = graph.cast(graph.op("Where", is_fit, numbers, numpy.float64(0)), "int64")
        parts = self._numbers.in_graph(graph, whole, self._begin(fitted))
        if not self.standardize:
            return parts
        shifted = graph.op("Sub", parts, numpy.array([fitted["means"]]))
        return graph.op("Div", shifted, numpy.array([fitted["stds"]]))

    def cells(self, column: str, numbers: Sequence[float], fitted: Mapping[str, Any]) -> Mapping[str, str | float]:
        """Return the parts before they are standardized."""
        means, stds = (fitted.get(key, ()) for key in ("means", "stds"))
        undone = [number * std + mean for number, mean, std in zip(numbers, means, stds, strict=False)]
        return super().cells(column, [*undone, *numbers[len(undone) :]], fitted)

    def row_field(self, column: str, fitted: Mapping[str, Any]) -> RowField:
        """Return a date, a date with a time, or text in the `format`; the example is the last time in training."""
        last = datetime(1970, 1, 1) + timedelta(microseconds=fitted["last"])
        has_clock = last.time() != datetime.min.time() or bool({*get_args(ClockPart), "seconds"} & set(self.parts))
        if self.format is not None:
            return RowField(
                name=column, cell="text", may_be_missing=self.takes_missing, example=last.strftime(self.format)
            )
        return RowField(
            name=column,
            cell="time" if has_clock else "date",
            may_be_missing=self.takes_missing,
            example=last.isoformat(timespec="seconds") if has_clock else f"{last:%Y-%m-%d}",
        )

    def names_of_numbers(self, column: str) -> Sequence[str]:
        """Return the names of the parts, such as "date month"."""
        return [f"{column} {name}" for name in self._numbers.names]

    def summary(self, fitted: Mapping[str, Any]) -> str:
        """Return the first and last time."""
        return f"{_written(fitted['first'])} to {_written(fitted['last'])}" + (
            f", missing cells become {_written(fitted['fill'])}" if "fill" in fitted else ""
        )


def _is_zone(name: str) -> bool:
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return False
    return True


def _naive(text: str) -> datetime | None:
    """Return a time without a time zone, or `None`."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo is None else None


def microseconds_of(text: str) -> float:
    """Return the microseconds from the beginning of 1970 to a time in ISO 8601, without a time zone."""
    time = _naive(text)
    assert time is not None, "It is checked."
    return float((time - datetime(1970, 1, 1)) // timedelta(microseconds=1))


def _written(microseconds: float) -> str:
    time = datetime(1970, 1, 1) + timedelta(microseconds=microseconds)
    return time.isoformat(" ", "minutes").removesuffix(" 00:00")
