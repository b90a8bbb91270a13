"""Kinds of columns of numbers as functions that are fitted to the training rows."""

import re
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from hookline.script import Script, literal, refuse_other_options

SPACES = r"[ \x{a0}\x{2009}\x{202f}]"
"""The spaces between thousands."""

if TYPE_CHECKING:
    from hookline_columns.filled import FilledColumn

FILLS = {
    "mean": "np.mean(numbers[training][~is_missing[training]])",
    "median": "np.median(numbers[training][~is_missing[training]])",
}
"""What replaces missing cells."""

MOST_FREQUENT = [
    "values, counts = np.unique(numbers[training][~is_missing[training]], return_counts=True)",
    "fill = values[counts.argmax()]",
]

FORMAT = ("thousands", "decimal", "affixes")
"""The options of numbers in text."""


def eject_numbers(
    kind: "FilledColumn",
    script: Script,
    cells: str,
    training: str,
    *,
    lines: Sequence[str],
    made: str,
    options: Collection[str],
    read: Sequence[str] = ("numbers = cells.to_numpy().astype(np.float64)",),
) -> str:
    """Add the function of a kind of column, and return a call of it.

    Args:
        kind: the kind.
        script: takes the function.
        cells: the cells, as code.
        training: the indices of the training rows, as code.
        lines: the lines that learn from `known`, the numbers of the training rows.
        made: the transformed numbers, as code.
        options: the options that the lines have.
        read: the lines that make `numbers` of `cells`, NaN where a cell is missing.

    """
    refuse_other_options(kind, {"missing", "indicator", *FORMAT, *options})
    script.use("import numpy as np")
    body = [*_parsed(kind, script), *read]
    if kind.takes_missing:
        body.append("is_missing = np.isnan(numbers)")
        if kind.missing == "most_frequent":
            body += MOST_FREQUENT
        else:
            body.append(f"fill = {FILLS.get(str(kind.missing), repr(kind.missing))}")
        body.append("numbers = np.where(is_missing, fill, numbers)")
    if lines:
        body += [*(["known = numbers[training]"] if "known" in "".join(lines) else []), *lines]
    body.append(f"return np.column_stack([{made}, is_missing])" if kind.indicator else f"return {made}")
    if body[-1] == f"return {made}" and body[-2].startswith(f"{made} = "):
        body[-2:] = [f"return {body[-2].removeprefix(f'{made} = ')}"]
    name = function_name(type(kind).__name__)
    doc = documented(kind)
    arguments = "cells, training" if "training" in "\n".join(body) else "cells"
    name = function(script, name, arguments, doc, body)
    return f"{name}({cells}{f', {training}' if 'training' in arguments else ''})"


def _parsed(kind: "FilledColumn", script: Script) -> list[str]:
    """Return the lines that make numbers with separators and affixes text that pyarrow reads."""
    if not getattr(kind, "has_format", False):
        return []
    thousands, decimal, affixes = (getattr(kind, name) for name in FORMAT)
    script.use("import pyarrow as pa", "import pyarrow.compute as pc")
    lines = []
    if affixes:
        some = "|".join(map(re.escape, sorted(map(str.strip, affixes), key=len, reverse=True)))
        lines += [
            f'cells = pc.replace_substring_regex(cells, r"^([+-]?)\\s*(?:{some})\\s*([+-]?)", r"\\1\\2")',
            f'cells = pc.replace_substring_regex(cells, r"\\s*(?:{some})$", "")',
        ]
    if thousands == " ":
        lines.append(f'cells = pc.replace_substring_regex(cells, r"{SPACES}", "")')
    elif thousands:
        lines.append(f'cells = pc.replace_substring(cells, {literal(thousands)}, "")')
    if decimal != ".":
        lines.append(f'cells = pc.replace_substring(cells, {literal(decimal)}, ".")')
    return [*lines, "cells = cells.cast(pa.float64())"]


def function(script: Script, name: str, arguments: str, doc: str, lines: Sequence[str]) -> str:
    """Add a function to a script, and return its name."""
    text = "\n".join(f"    {line}" for line in lines)
    return script.define(f'def {name}({arguments}):\n    """{doc}"""\n{text}')


def documented(kind: object) -> str:
    """Return the first sentence of the documentation of a kind."""
    return (type(kind).__doc__ or "").strip().splitlines()[0]


def function_name(kind: str) -> str:
    """Return the name of a function for a class.

    >>> function_name("StandardScaler"), function_name("Log1p")
    ('standard_scaler', 'log1p')
    """
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", kind).lower()
