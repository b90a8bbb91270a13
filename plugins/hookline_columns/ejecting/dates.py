"""Dates and times as functions of NumPy and pyarrow."""

import re
from typing import TYPE_CHECKING

from hookline.script import Script, cannot_be_written, literal
from hookline_columns.date_parts import PERIODS, UNITS, DateParts
from hookline_columns.ejecting.numbers import eject_numbers
from hookline_columns.times import CLOCK, ZONE

if TYPE_CHECKING:
    from hookline_columns.dates import Date

WAVES = '''
def waves(numbers, period):
    """Return the sine and the cosine of a part that repeats."""
    angles = numbers * (2 * np.pi / period)
    return [np.round(np.sin(angles), 12), np.round(np.cos(angles), 12)]
'''

SCALED = '''
def scaled(numbers, training):
    """Return numbers with mean 0 and variance 1 in the training rows."""
    return (numbers - numbers[training].mean()) / (numbers[training].std() or 1.0)
'''

OPTIONS = {"parts", "standardize", "cyclic", "since", "format", "timezone"}


def eject_date(kind: "Date", script: Script, cells: str, training: str) -> str:
    """Add a function of the parts, and return a call of it."""
    script.use("import pyarrow as pa", "import pyarrow.compute as pc")
    lines = ["whole = numbers.astype(np.int64)"]
    if any(part not in UNITS for part in kind.parts):
        lines.append('times = pa.array(whole).cast(pa.timestamp("us"))')
    lines += ["parts = [", *(f"    {part}," for part in _parts(kind, script)), "]"]
    made = "np.column_stack(parts)"
    if kind.standardize and not _waves_among(kind):
        lines += ["parts = [(part - part[training].mean()) / (part[training].std() or 1.0) for part in parts]"]
    read = [*_read(kind, script), "numbers = times.to_numpy().astype(np.float64)  # Microseconds since 1970."]
    return eject_numbers(kind, script, cells, training, lines=lines, made=made, options=OPTIONS, read=read)


def _waves_among(kind: "Date") -> bool:
    """Whether there are sines and cosines, which are not standardized."""
    return any(DateParts(kind.parts, kind.cyclic).are_waves)


def _parts(kind: "Date", script: Script) -> list[str]:
    """Return each part as code."""
    from hookline_columns.dates import microseconds_of

    functions = {"weekday": "day_of_week", "week": "iso_week"}
    made, has_both = [], kind.standardize and _waves_among(kind)
    for part in kind.parts:
        if part in UNITS:
            since = "whole[training].min()" if kind.since is None else f"{int(microseconds_of(kind.since)):_}"
            numbers = f"(whole - {since}) / {UNITS[part]:_}"
            made.append(f"{script.define(SCALED)}({numbers}, training)" if has_both else numbers)
            continue
        found = f"pc.{functions.get(part, part)}(times).to_numpy(zero_copy_only=False)"
        if kind.cyclic and part in PERIODS:
            script.define(WAVES)
            made.append(f"*waves({found}, {PERIODS[part]})")
        else:
            numbers = f"{found}.astype(np.float64)"
            made.append(f"{script.define(SCALED)}({numbers}, training)" if has_both else numbers)
    return made


def _read(kind: "Date", script: Script) -> list[str]:
    """Return the lines that make `times`, integers, of `cells`; they depend on the type of the cells."""
    from pyarrow import types

    example = script.example
    is_text = example is not None and types.is_string(example.type)
    local = [] if kind.timezone == "UTC" else [f'times = times.cast(pa.timestamp("us", {literal(kind.timezone)}))']
    local.append("times = pc.local_timestamp(times)")
    if is_text and kind.format is not None:
        lines = [f'times = pc.strptime(cells, format={literal(kind.format)}, unit="us")']
        if "%z" in kind.format:
            lines += ['times = times.cast(pa.timestamp("us", "UTC"))', *local]
        return [*lines, "times = times.cast(pa.int64())"]
    if is_text:
        texts = [cell for cell in example.to_pylist() if cell is not None]
        if all(re.search(rf":[0-9]+ ?{ZONE}$|:[0-9]+[.][0-9]+ ?{ZONE}$", cell) for cell in texts):
            return ['times = cells.cast(pa.timestamp("us", "UTC"))', *local, "times = times.cast(pa.int64())"]
        if all(re.fullmatch(CLOCK, cell) for cell in texts):
            lines = ['cells = pc.binary_join_element_wise("1970-01-01 ", cells, "")']
            return [*lines, 'times = cells.cast(pa.timestamp("us")).cast(pa.int64())']
    elif example is not None and types.is_time(example.type):
        return ['times = cells.cast(pa.time64("us")).cast(pa.int64())']
    elif example is not None and types.is_timestamp(example.type) and example.type.tz is not None:
        return ['times = cells.cast(pa.timestamp("us", cells.type.tz))', *local, "times = times.cast(pa.int64())"]
    elif example is None and kind.timezone != "UTC":
        raise cannot_be_written("It is not known whether the times have a time zone.", ("timezone",))
    return ['times = cells.cast(pa.timestamp("us")).cast(pa.int64())']
