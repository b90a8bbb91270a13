"""The text of a TOML file, read: its values, where they stand, and a sentence that points if it is not TOML."""

import re

import tomli

from hookline.check.toml.spans import NotASpecError, Path, Positions, Span, scan, scan_as_far
from hookline.check.toml.tree import Node, grown
from hookline.errors.diagnostic import Diagnostic
from hookline.errors.exceptions import SpecError
from hookline.errors.source import Place, Source
from hookline.errors.text import dotted

MOST_DIGITS = 400
"""How many signs a number has at most: the greatest float has 309 digits."""

_TWICE = re.compile(r"Cannot (overwrite|declare|mutate|redefine)|Duplicate inline table key")


def parsed(source: Source) -> Node:
    """The tree of a text.

    Raises:
        SpecError: if it is not TOML 1.0, or nested too deeply: with the place, and only the first one.

    """
    try:
        table = tomli.loads(source.text)
        positions = scan(source.text)
    except tomli.TOMLDecodeError as error:
        raise _not_toml(error, source) from None
    except NotASpecError as error:
        raise _error("unsupported-syntax", str(error), Place(source, *error.span)) from None
    except RecursionError:
        place = Place(source, *_too_deep(source.text))
        raise _error("size-limit", "This is nested more deeply than any spec.", place) from None
    except ValueError:
        raise _too_long(_longest_number(source.text, scan_as_far(source.text)), source) from None
    number = _longest_number(source.text, positions)
    if number[1] - number[0] > MOST_DIGITS:
        raise _too_long(number, source)
    return grown(table, positions, source)


def _error(id: str, message: str, place: Place, *related: Place, help: str = "") -> SpecError:  # noqa: A002
    found = Diagnostic(id, message, help=help, place=place, related_places=related)
    return SpecError([found], place.source.name)


def _not_toml(error: tomli.TOMLDecodeError, source: Source) -> SpecError:
    """What tomli says, with the place; of what stands there twice, both places."""
    if _TWICE.match(error.msg) and (twice := _twice(source, error.pos)):
        return twice
    if newer := _newer(source.text, error.pos):
        return _error("unsupported-syntax", str(newer), Place(source, *newer.span))
    from hookline.check.toml.syntax import explained  # Which a text that is TOML does without.

    fault = explained(source.text, error)
    against = [Place(source, *span) for span in fault.against]
    return _error("syntax", "This is not TOML.", Place(source, *fault.span), *against, help=fault.message)


def _newer(text: str, until: int) -> NotASpecError | None:
    """What is no spec before the place where tomli stopped, such as an inline table that goes over several lines.

    If only blanks stand between them they are one thing, and tomli's is told: a table without its } ends on its line.
    """
    try:
        scan(text, until)
    except NotASpecError as error:
        start, end = error.span
        if end <= until and text[start:until].strip():
            return error
    return None


def _twice(source: Source, until: int) -> SpecError | None:
    """The key that stands there again before `until`, and where it stood first."""
    in_order = [(path, span) for path, span in scan_as_far(source.text, until).in_order if span[0] < until]
    if not in_order:
        return None
    path, span = _repeated(source.text, in_order)
    first = _first(path, span, in_order)
    if first is None:
        return None
    name, (start, end) = first
    place, other = Place(source, *span), Place(source, start, end)
    what = "section" if place.line_text.lstrip().startswith("[") else "key"
    if name == path and {_brackets(place), _brackets(other)} == {"[", "[["}:
        header = dotted([key for key in path if isinstance(key, str)])
        message = f'"{header}" is either one table, with the header [{header}], or several, each with [[{header}]].'
        return _error("duplicate-key", message, place, other)
    if name == path:
        return _error("duplicate-key", f'The {what} "{dotted(path)}" stands here a second time.', place, other)
    message = (
        f'"{dotted(path)}" cannot be added here: "{dotted(name)}" is a value already, or a table that is complete.'
    )
    return _error("duplicate-key", message, place, other)


def _brackets(place: Place) -> str:
    """The brackets before the key that stands there, if it stands in a header."""
    line = place.line_text.lstrip()
    return "[[" if line.startswith("[[") else line[:1] if line.startswith("[") else ""


def _repeated(text: str, in_order: "list[tuple[Path, Span]]") -> "tuple[Path, Span]":
    """Of the keys up to that in which tomli found a repetition, the one that is repeated.

    It is the last one, unless that stands in the value of another key that was there before.
    """
    last, _ = in_order[-1]
    seen: set[Path] = set()
    outer: tuple[Path, Span] | None = None
    for path, span in in_order:
        has_a_value = text[span[1] :].lstrip(" \t")[:1] == "="
        if has_a_value and path in seen and path == last[: len(path)] and (outer is None or len(path) < len(outer[0])):
            outer = path, span
        seen.add(path)
    return outer or in_order[-1]


def _first(path: Path, span: Span, in_order: "list[tuple[Path, Span]]") -> "tuple[Path, Span] | None":
    """Where this path stood before, or else the longest path that leads to it."""
    for length in range(len(path), 0, -1):
        for other, place in in_order:
            if other == path[:length] and place[0] < span[0]:
                return other, place
    return None


def _too_deep(text: str) -> Span:
    try:
        scan(text)
    except NotASpecError as error:
        return error.span
    return 0, 0


def _longest_number(text: str, positions: Positions) -> Span:
    """Where the number with the most digits stands."""
    numbers = (span for span in positions.values.values() if text[span[0]] in "+-0123456789")
    return max(numbers, key=lambda span: span[1] - span[0], default=(0, 0))


def _too_long(span: Span, source: Source) -> SpecError:
    return _error("size-limit", "This is not a spec: no number has that many digits.", Place(source, *span))
