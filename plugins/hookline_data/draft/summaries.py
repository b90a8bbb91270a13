"""Summarize the cells of a column: numbers, booleans, dates or text, and how they are written."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hookline_data.draft.columns import Column
from hookline_data.reading.text_cells import NUMBER, with_points

if TYPE_CHECKING:
    import pyarrow

SPELLINGS = (("true", "false"), ("t", "f"), ("yes", "no"), ("y", "n"), ("on", "off"))
"""Pairs of words that the kind `Boolean` reads, in lower case."""

GREATEST = 3.4028234663852886e38
"""The largest float32."""

FORMATTED = r"^[$€£]?[+-]?[$€£]?([1-9][0-9]{0,2}(,[0-9]{3})+|0|[1-9][0-9]*)(\.[0-9]+)? ?[%$€£]?$"
"""A regular expression for a number with separators or a unit, such as "$1,234.50" and "12%"."""

_CLOCK = r"[0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?"
ISO = rf"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}([T ]{_CLOCK}( ?(Z|[+-][0-9]{{2}}(:?[0-9]{{2}})?))?)?$"
"""A regular expression for dates and times that the kind `Date` reads without a `format`."""

DAYS = ("%Y/%m/%d", "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%m/%d/%y", "%d/%m/%y", "%d.%m.%y", "%Y-%m-%d")
CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
WORDED = ("%b %d %Y", "%d %b %Y", "%B %d, %Y", "%d %B %Y", "%d-%b-%Y", "%d-%b-%y")
MONTHS = ("%Y-%m", "%Y/%m", "%m/%Y", "%b %Y", "%B %Y")
FORMATS = (*(f"{day}{clock}" for clock in CLOCKS for day in DAYS), *MONTHS, *WORDED)
"""Other formats of dates; the first of several that fit all cells counts. ("%b %d %Y" would read "Jan 2020" as a day of
the year 20, so months come first.)"""

LONG_YEAR = r"(^|[^0-9])[0-9]{4}([^0-9]|$)"
"""A regular expression for a year of four digits, as "%Y" must be: strptime would take 20 for the year 20."""

FEW_CELLS = 100
"""The number of cells to try a format on before all."""

RUNNING = 0.95
"""The share of the rows whose number is that of the row before plus 1 if a column counts them, perhaps by groups."""

MOST_WORDS_LOOKED_AT = 1000
"""The number of different cells whose words are counted."""


def column_of(name: str, index: int, cells: "pyarrow.Array", decimal_point: str = ".") -> Column:
    """Summarize the cells of a column."""
    import pyarrow
    from pyarrow import types

    known: dict[str, Any] = {"name": name, "index": index, "rows": len(cells), "missing": cells.null_count}
    kind = cells.type
    if types.is_boolean(kind):
        return _of_numbers(cells.cast(pyarrow.int64()), {}, known)
    if types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind):
        return _of_numbers(cells, {}, known)
    if types.is_duration(kind) or types.is_interval(kind):
        return Column(kind="other", why=f"its cells have the type {kind}, which is not a date or time", **known)
    if types.is_temporal(kind):
        has_clock = types.is_timestamp(kind) or types.is_time(kind)
        return Column(kind="time", has_clock=has_clock, **known, **_counted(cells.cast(pyarrow.string())))
    return _of_text(cells.cast(pyarrow.string()), decimal_point, known)


def _of_text(cells: "pyarrow.Array", decimal_point: str, known: dict[str, Any]) -> Column:
    import pyarrow
    from pyarrow import compute

    counts = _counted(cells)
    codes = counts["codes"]
    values: pyarrow.Array = codes.dictionary
    folded = {cell.lower() for cell in values.to_pylist()} if 0 < len(values) <= 6 else set()
    if folded and any(folded <= set(pair) for pair in SPELLINGS) and (len(folded) == 2 or folded <= {"true", "false"}):
        return Column(kind="boolean", **known, **counts)
    if len(values):
        numbers = with_points(values, decimal_point)
        if compute.all(compute.match_substring_regex(numbers, NUMBER)).as_py():
            numbers = compute.replace_substring_regex(numbers, r"^\+", "").cast(pyarrow.float64())
            return _of_numbers(numbers.take(codes.indices), {}, known, counts)
        if decimal_point == "." and compute.all(compute.match_substring_regex(values, FORMATTED)).as_py():
            numbers, form = _formatted(values)
            return _of_numbers(numbers.take(codes.indices), form, known, counts)
        if (format_ := _date_format(values)) is not None:
            has_clock = ":" in values[0].as_py()
            other = _other_order(values, format_)
            return Column(kind="time", has_clock=has_clock, form=format_, other_order=other, **known, **counts)
    some = values.slice(0, MOST_WORDS_LOOKED_AT)
    words = compute.mean(compute.count_substring_regex(some, r"\w+")).as_py() if len(values) else 0.0
    return Column(kind="text", words=words or 0.0, **_mixture(codes), **known, **counts)


def _mixture(codes: "pyarrow.Array") -> dict[str, Any]:
    """Return how many cells are numbers, and the most frequent one that is not, if most are numbers."""
    import numpy
    from pyarrow import compute

    is_number = compute.match_substring_regex(codes.dictionary, NUMBER).to_numpy(zero_copy_only=False)
    times = numpy.bincount(codes.indices.drop_null().to_numpy(zero_copy_only=False), minlength=len(is_number))
    numbers = int(times[is_number].sum())
    if numbers <= times.sum() / 2:
        return {}
    return {"numbers": numbers, "odd": codes.dictionary[int(numpy.where(is_number, 0, times).argmax())].as_py()}


def _of_numbers(
    cells: "pyarrow.Array",
    form: Mapping[str, Any],
    known: dict[str, Any],
    counts: dict[str, Any] | None = None,
) -> Column:
    import numpy
    import pyarrow

    counts = _counted(cells) if counts is None else counts
    numbers = cells.drop_null().cast(pyarrow.float64(), safe=False).to_numpy(zero_copy_only=False)
    is_fit = numpy.abs(numbers) <= GREATEST
    not_finite = int(len(numbers) - is_fit.sum())
    numbers = numbers[is_fit]
    if not len(numbers):
        return Column(kind="number", not_finite=not_finite, **known, **counts)
    is_whole = not not_finite and bool((numbers == numpy.floor(numbers)).all())
    is_running = is_whole and not known["missing"] and len(numbers) > 1
    is_running = is_running and bool((numpy.diff(numbers) == 1).mean() >= RUNNING)
    return Column(
        kind="integer" if is_whole else "number",
        low=float(numbers.min()),
        high=float(numbers.max()),
        mean=float(numbers.mean()),
        deviation=float(numbers.std()),
        is_running=is_running,
        not_finite=not_finite,
        form=form,
        **known,
        **counts,
    )


def _counted(cells: "pyarrow.Array") -> dict[str, Any]:
    codes = cells.dictionary_encode()
    return {"distinct": len(codes.dictionary), "codes": codes}


def _formatted(values: "pyarrow.Array") -> tuple["pyarrow.Array", dict[str, Any]]:
    """Return numbers with separators or a unit, and the options with which a kind reads them."""
    import pyarrow
    from pyarrow import compute

    letters = set("".join(values.to_pylist()))
    affixes = sorted(letters & set("$€£%"))
    form: dict[str, Any] = {"thousands": ","} if "," in letters else {}
    form |= {"affixes": affixes} if affixes else {}
    return compute.replace_substring_regex(values, r"[$€£%, +]", "").cast(pyarrow.float64()), form


def _date_format(values: "pyarrow.Array") -> dict[str, Any] | None:
    """Return the options with which the kind `Date` reads all of these texts; `None` if it does not."""
    from pyarrow import compute

    first = values[0].as_py()
    if not re.search("[0-9]", first) or len(first) > 40:
        return None
    if re.match(ISO, first) and compute.all(compute.match_substring_regex(values, ISO)).as_py():
        return {}
    has_long_years = compute.all(compute.match_substring_regex(values, LONG_YEAR)).as_py()
    for pattern in FORMATS:
        if ("%Y" in pattern) == has_long_years and _are_dates(values, pattern):
            return {"format": pattern}
    return None


def _other_order(values: "pyarrow.Array", form: Mapping[str, Any]) -> str:
    """Return the format with day and month exchanged if it reads all texts, too; empty if it does not."""
    chosen = form.get("format", "")
    other = chosen.replace("%m/%d", "%d/%m")
    return other if other != chosen and _are_dates(values, other) else ""


def _are_dates(values: "pyarrow.Array", pattern: str) -> bool:
    """Whether a format reads all texts."""
    from pyarrow import compute

    return all(
        compute.strptime(some, format=pattern, unit="us", error_is_null=True).null_count == 0
        for some in (values.slice(0, FEW_CELLS), values)
    )
