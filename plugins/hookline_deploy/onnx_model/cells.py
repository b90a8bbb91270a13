"""Cells of JSON as the inputs of a deployed model. A cell that cannot be one is a `ValueError` with a sentence."""

import json
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hookline.errors import quoted_cell
from hookline.spec import MISSING_TIME

GREATEST = 2**63


def text_of(cell: Any) -> str:
    """Return a text without whitespace around it. Numbers and booleans are written as in a CSV file.

    >>> text_of(" a "), text_of(None), text_of(1), text_of(True)
    ('a', '', '1', 'true')
    """
    if cell is None:
        return ""
    if isinstance(cell, (bool, int, float)):
        return json.dumps(cell)
    if not isinstance(cell, str):
        raise ValueError("This is not a text.")
    return cell.strip()


def number_of(cell: Any) -> float:
    """Return a number; NaN for a missing one.

    >>> number_of("1.5"), number_of(True), number_of(None)
    (1.5, 1.0, nan)
    """
    if cell is None:
        return float("nan")
    if not isinstance(cell, (bool, int, float, str)):
        raise ValueError("This is not a number.")
    try:
        number = float(cell)
    except (ValueError, OverflowError):
        raise ValueError(f"{_quoted(cell)} is not a number.") from None
    if number - number != 0:
        raise ValueError(f"{_quoted(cell)} is not a finite number.")
    return number


def whole_of(cell: Any) -> int:
    """Return an integer."""
    if cell is None:
        raise ValueError("The cell is empty.")
    number = number_of(cell)
    whole = cell if type(cell) is int else int(number)
    if whole != number or not -GREATEST <= whole < GREATEST:
        raise ValueError(f"{_quoted(cell)} is not an integer.")
    return whole


def time_of(cell: Any, text: str | None, zone: str) -> int:
    """Return the microseconds since 1970 on the clocks of a zone, given text in ISO 8601 or in a format.

    >>> time_of("1970-01-02", None, "UTC"), time_of("02.01.1970", "%d.%m.%Y", "UTC"), time_of(5, None, "UTC")
    (86400000000, 86400000000, 5)
    """
    if cell is None or cell == "":
        return MISSING_TIME
    if type(cell) is int:
        return whole_of(cell)
    if not isinstance(cell, str):
        raise ValueError("This is not a date or time.")
    try:
        time = datetime.fromisoformat(cell.strip()) if text is None else datetime.strptime(cell.strip(), text)
    except ValueError:
        raise ValueError(f"{_quoted(cell)} is not a date or time{' in ISO 8601' if text is None else ''}.") from None
    if time.tzinfo is not None:
        time = time.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    return (time - datetime(1970, 1, 1)) // timedelta(microseconds=1)


def _quoted(cell: Any) -> str:
    return quoted_cell(cell) if isinstance(cell, str) else quoted_cell(json.dumps(cell))
