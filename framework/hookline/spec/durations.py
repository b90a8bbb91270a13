"""Durations in a spec, such as "12h" or "1d6h30m"."""

import re
from typing import Annotated

from hookline.errors.option_errors import InvalidValueError

Duration = Annotated[str, "duration"]
"""The type of an option whose value is a duration."""

UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
"""The seconds in each unit."""

PATTERN = re.compile("".join(rf"(?:(\d+(?:\.\d+)?){unit})?" for unit in UNITS))

_IN_WORDS = re.compile(
    r"(\d+(?:\.\d+)?)\s*(d(?:ays?)?|h(?:ours?|rs?)?|m(?:in(?:ute)?s?)?|s(?:ec(?:ond)?s?)?)(?![a-z])", re.IGNORECASE
)


def seconds_of(duration: str) -> float:
    """Return the seconds of a duration: numbers of days, hours, minutes and seconds, in this order.

    >>> seconds_of("90s"), seconds_of("1.5h"), seconds_of("1d6h30m")
    (90.0, 5400.0, 109800.0)

    Raises:
        ValueError: If it is not a duration, or zero.

    """
    found = PATTERN.fullmatch(duration)
    parts = found.groups() if found is not None else ()
    total = sum(float(part) * unit for part, unit in zip(parts, UNITS.values(), strict=False) if part is not None)
    if not total:
        message = (
            f'"{duration}" is not a duration: write days, hours, minutes and seconds, such as "12h", "1d6h" or "90s".'
        )
        meant = _meant(duration)
        raise InvalidValueError("invalid-value", message, "" if meant is None else f'Did you mean "{meant}"?')
    return total


def _meant(text: str) -> str | None:
    """The duration in a text with spaces, or with units in words.

    >>> _meant("90 minutes"), _meant("1 day, 6 hrs"), _meant("soon")
    ('90m', '1d6h', None)
    """
    short = "".join(found[1] + found[2][0].lower() for found in _IN_WORDS.finditer(text))
    is_whole = not _IN_WORDS.sub("", text).strip(" ,")
    return short if short and is_whole and short != text and PATTERN.fullmatch(short) else None
