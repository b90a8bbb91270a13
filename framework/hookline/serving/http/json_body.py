"""Rows in the body of a request: strict JSON, as far as a row can have it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from attrs import frozen

from hookline.errors.text import counted, shortened
from hookline.serving.http.limits import RefusedError

DEEPEST = 8
"""The largest number of lists and objects inside one another in a cell."""
SURROGATE = rb"\ud"
"""The beginning of an escape sequence for half of a character, which is a character only beside another one."""
LONGEST_KEY = 60
"""The largest number of characters of a key that a message quotes."""


@frozen
class GivenRows:
    """The rows of a request."""

    rows: Sequence[Mapping[str, Any]]
    """The rows."""
    is_single: bool
    """Whether the request was a single object, and not a list."""


def given_rows(body: bytes, most: int) -> GivenRows:
    """Return the rows in a body: an object, or a list of objects.

    Args:
        body: the body.
        most: the largest number of rows.

    Raises:
        RefusedError: If it is not JSON, has duplicate keys, NaN or infinity, or does not consist of rows.

    """
    given = _parsed(body)
    rows = [given] if isinstance(given, dict) else given
    if not isinstance(rows, list):
        raise RefusedError(422, "Send a row as an object, such as {…}, or several as a list of objects.")
    if not rows:
        raise RefusedError(422, "There are no rows.")
    if len(rows) > most:
        raise RefusedError(413, f"The request has {counted(len(rows), 'row')}, but may have {most:,}.")
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            kind = {list: "a list", str: "a text", type(None): "null", bool: "a boolean"}.get(type(row), "a number")
            raise RefusedError(422, f"Row {number} is {kind}, but must be an object with the columns by name.")
        _refuse_depth(row, number)
    return GivenRows(rows, isinstance(given, dict))


def _parsed(body: bytes) -> Any:
    try:
        given = json.loads(body.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_refuse_constant)
        if SURROGATE in body.lower():
            json.dumps(given, ensure_ascii=False).encode("utf-8")
    except RefusedError:
        raise
    except UnicodeDecodeError:
        raise RefusedError(400, "The request is not UTF-8.") from None
    except UnicodeEncodeError as error:
        half = ascii(error.object[error.start])[1:-1]
        raise RefusedError(400, f"The request has {half}, which is half of a character.") from None
    except RecursionError:
        raise RefusedError(400, "The request has too many lists or objects inside one another.") from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise RefusedError(400, f"The request is not JSON: {error.msg} ({place}).") from None
    except ValueError:  # Python refuses integers with thousands of digits.
        raise RefusedError(400, "The request has an integer with too many digits.") from None
    return given


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise RefusedError(400, f'An object has the key "{shortened(twice, LONGEST_KEY)}" twice.')
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise RefusedError(400, f"The request has {name}, which JSON does not have. A missing number is null.")


def _refuse_depth(row: Mapping[str, Any], number: int) -> None:
    """Raise a `RefusedError` if lists are nested too deeply: converting them would exhaust the stack."""
    level: list[Any] = [cell for cell in row.values() if isinstance(cell, (list, dict))]
    for _ in range(DEEPEST):
        if not level:
            return
        inner = (one for outer in level for one in (outer if isinstance(outer, list) else outer.values()))
        level = [one for one in inner if isinstance(one, (list, dict))]
    if level:
        raise RefusedError(422, f"Row {number} has more than {DEEPEST} lists or objects inside one another.")
