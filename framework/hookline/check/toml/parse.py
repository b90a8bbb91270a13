"""Parse the text of a TOML file into a tree, or report what is wrong and where."""

import re
from collections.abc import Collection

import tomli

from hookline.check.toml.spans import STRING, KeyPath, NotASpecError, Span, scan_before
from hookline.check.toml.text import Text
from hookline.check.toml.tree import Node, grown
from hookline.errors.diagnostic import Diagnostic
from hookline.errors.exceptions import SpecError
from hookline.errors.source import Place, Source
from hookline.errors.text import dotted

_DOUBTFUL = re.compile(
    r"(?<![\w.:+ -])[\w.:+ -]{401}"  # A number with too many digits.
    r"|\\[ex]|\d\d:\d\d|,[ \t]*\}"  # An escape, a time, or a comma before a brace, as only TOML 1.1 has them.
    rf"|\{{(?!(?:[^{{}}\n\"'#]|(?!\"\"\"|''')(?:{STRING}))*\}})"  # An inline table, perhaps on several lines.
)
"""Text that tomli accepts but a spec must not contain, or that resembles it; a scan decides. Rare in specs."""

_TWICE = re.compile(r"Cannot (overwrite|declare|mutate|redefine)|Duplicate inline table key")


def parsed(source: Source, lists: Collection[str] = ()) -> Node:
    """The tree of a text, in which the root keys `lists` are arrays of tables.

    Raises:
        SpecError: if it is not TOML 1.0, or nested too deeply: the first problem, with its place.

    """
    text = Text(source)
    try:
        root = grown(tomli.loads(source.text), text)
        is_doubtful = _DOUBTFUL.search(source.text) is not None
    except tomli.TOMLDecodeError as error:
        raise _not_toml(error, source, lists) from None
    except (ValueError, RecursionError):  # ValueError: Python converts only so many digits.
        root, is_doubtful = Node({}), True
    try:
        if is_doubtful:
            text.spans()
    except NotASpecError as error:
        raise _error(error.id, str(error), source, error.span) from None
    return root


def _error(id: str, message: str, source: Source, span: Span, *related: Span, help: str = "") -> SpecError:  # noqa: A002
    places = tuple(Place(source, *other) for other in related)
    found = Diagnostic(id, message, help=help, place=Place(source, *span), related_places=places)
    return SpecError([found], source.name)


def _not_toml(error: tomli.TOMLDecodeError, source: Source, lists: Collection[str]) -> SpecError:
    try:
        in_order = scan_before(source.text, error.pos).in_order
    except NotASpecError as newer:
        in_order = []
        start, end = newer.span
        # An inline table whose line ends where tomli stopped is not closed, rather than on several lines.
        if source.text[start : error.pos].strip():
            return _error(newer.id, str(newer), source, (start, end))
    if in_order and _TWICE.match(error.msg) and (twice := _twice(source, in_order, lists)):
        return twice
    from hookline.check.toml.syntax import explained  # Not needed for a text that is TOML.

    fault = explained(source.text, error)
    return _error("syntax", "This is not TOML.", source, fault.span, *fault.against, help=fault.message)


def _twice(source: Source, in_order: list[tuple[KeyPath, Span]], lists: Collection[str]) -> SpecError | None:
    """The last of these keys, which tomli refused, with the place where it occurs first."""
    path, span = _repeated(source.text, in_order)
    earlier = [(other, place) for other, place in in_order if place < span]
    # If the key itself is new, a key that leads to it already is a value.
    length = max((len(other) for other, _ in earlier if other == path[: len(other)]), default=0)
    first = next((place for other, place in earlier if other == path[:length]), None)
    if first is None:
        return None
    brackets = [_brackets(Place(source, *one)) for one in (span, first)]
    name = dotted(path)
    if length < len(path):
        outer = dotted(path[:length])
        message = f'"{name}" cannot be added here: "{outer}" already is a value or a complete table.'
    elif sorted(brackets) == ["[", "[["]:
        header = dotted([key for key in path if isinstance(key, str)])
        message = f'"{header}" is either one table, with the header [{header}], or several, each with [[{header}]].'
    else:
        message = f'The {"section" if brackets[0] else "key"} "{name}" is defined a second time here.'
    is_list = brackets == ["[", "["] and name in lists
    return _error("duplicate-key", message, source, span, first, help=f"For several, write [[{name}]]." * is_list)


def _brackets(place: Place) -> str:
    """The brackets of the header at this place; empty if its line is not a header."""
    return re.match(r"\s*(\[{0,2})", place.line_text)[1]  # type: ignore[index]


def _repeated(text: str, in_order: list[tuple[KeyPath, Span]]) -> tuple[KeyPath, Span]:
    """The last key, or, if that is part of the value of a repeated key, the repeated key."""
    last = in_order[-1]
    for length in range(1, len(last[0])):
        spans = [span for path, span in in_order if path == last[0][:length]]
        if len(spans) > 1 and re.compile(r"[ \t]*=").match(text, spans[-1][1]):
            return last[0][:length], spans[-1]
    return last
