"""Format the values of a table of runs: the numbers of a column with the same number of decimals."""

import math
from collections.abc import Sequence
from typing import Any

from hookline.runs.side_by_side.comparison import MISSING
from hookline.spec.dump import as_toml

LONGEST = 32
"""The maximum number of characters of a setting in a table."""

DIGITS, MOST_DECIMALS, MOST_RATIO = 4, 6, 1000
"""The significant digits of the smallest metric of a column. Up to this number of decimals and this ratio between the
largest and the smallest, all metrics of a column have the same number of decimals."""


LEAST_WITH_EXPONENT = 1e7
"""The smallest number that is shortened with an exponent."""


def metric_texts(values: Sequence[Any]) -> list[str]:
    """The metrics of a column as texts, with the same number of decimals unless their sizes differ too much.

    >>> metric_texts([0.96666, 0.1, MISSING, 12.5])
    ['0.9667', '0.1000', '', '12.5000']
    >>> metric_texts([12345.678, float("nan")])
    ['12345.7', 'nan']
    """
    finite = [abs(value) for value in values if value is not MISSING and math.isfinite(value)]
    smallest, largest = min((value for value in finite if value), default=1.0), max(finite, default=1.0)
    decimals: int | None = None
    if largest < MOST_RATIO * smallest and smallest > 10.0**-MOST_DECIMALS and largest < LEAST_WITH_EXPONENT:
        # 0.97 and 1.00 have the same number of decimals.
        decimals = max(1, DIGITS - 1 - math.floor(math.log10(smallest)))
    return aligned([_metric(value, decimals) for value in values])


def _metric(value: Any, decimals: int | None) -> str:
    if value is MISSING:
        return ""
    if not math.isfinite(value):
        return str(value)
    return f"{value:#.{DIGITS}g}".removesuffix(".") if decimals is None else f"{value:.{decimals}f}"


def number_text(value: float, digits: int, *, trim: bool = True) -> str:
    """A number with this many significant digits. Below ten million, it has all digits before the decimal point.

    `trim` leaves out zeros at the end.

    >>> number_text(369583.94, 5), number_text(0.012345678, 4), number_text(-27194.3, 4), number_text(7.3941e7, 5)
    ('369584', '0.01235', '-27194', '7.3941e+07')
    >>> number_text(0.5, 4), number_text(0.5, 4, trim=False)
    ('0.5', '0.5000')
    """
    text = f"{value:.{digits}g}" if trim else f"{value:#.{digits}g}".removesuffix(".")
    return f"{value:.0f}" if "e+" in text and abs(value) < LEAST_WITH_EXPONENT else text


def setting_text(value: Any, longest: int = LONGEST) -> str:
    """A setting as a text: strings without quotes, other values as in TOML; a long one is shortened in its middle.

    >>> setting_text(0.01), setting_text(["Linear", "ReLU"]), setting_text([0.9, 0.999]), setting_text(MISSING)
    ('0.01', 'Linear, ReLU', '[0.9, 0.999]', '')
    """
    if value is MISSING:
        return ""
    if isinstance(value, list) and all(isinstance(element, str) for element in value):
        text = ", ".join(value) or "none"
    else:
        text = value if isinstance(value, str) else as_toml(value)
    if len(text) <= longest:
        return text
    end = (longest - 1) // 2
    return f"{text[: longest - 1 - end]}…{text[-end:]}"


def aligned(texts: Sequence[str]) -> list[str]:
    """Pad numbers on the right so that their decimal points are below each other; other texts stay.

    >>> aligned(["0.001", "0.01", "1"])
    ['0.001', '0.01 ', '1    ']
    """
    if not all(text.replace(".", "", 1).removeprefix("-").isdecimal() for text in texts if text):
        return list(texts)
    decimals = [len(text) - text.index(".") if "." in text else 0 for text in texts]
    most = max(decimals, default=0)
    return [text + " " * (most - own) if text else "" for text, own in zip(texts, decimals, strict=True)]


def seconds_text(seconds: Any) -> str:
    """A time in seconds: with a decimal if it is short, otherwise in minutes or hours.

    >>> [seconds_text(value) for value in (3.1671, 75.2, 7322, MISSING)]
    ['3.2 s', '1:15 min', '2:02 h', '']
    """
    if seconds is MISSING or not math.isfinite(seconds):
        return ""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02} min"
    minutes = round(whole / 60)
    return f"{minutes // 60}:{minutes % 60:02} h"
