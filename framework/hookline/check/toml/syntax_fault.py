"""What is wrong with a text that is not TOML, and what stands around the place where that was noticed."""

from attrs import frozen

from hookline.check.toml.spans import Span, scan_as_far


@frozen
class Fault:
    """What is wrong with a text that is not TOML."""

    message: str
    """Sentences: what is wrong, and what to write."""
    span: Span
    """Where it stands."""
    against: tuple[Span, ...] = ()
    """Where that begins which it ends too early, or does not end."""


def line_start(text: str, position: int) -> int:
    """Where the line begins on which this stands."""
    return text.rfind("\n", 0, position) + 1


def line_end(text: str, position: int) -> int:
    """Where that line ends."""
    end = text.find("\n", position)
    return len(text) if end < 0 else end


def one(text: str, position: int) -> Span:
    """The one sign that stands there, or the end of the text."""
    return position, min(position + 1, len(text))


def rest_of_line(text: str, position: int) -> str:
    """What stands on the line from there, without a comment."""
    return text[position : line_end(text, position)].partition("#")[0].rstrip()


def innermost(text: str, position: int) -> Span | None:
    """The innermost bracket or quote that is open there."""
    return next(reversed(scan_as_far(text, position).opened), None)
