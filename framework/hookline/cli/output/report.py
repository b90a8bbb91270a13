"""Format diagnostics: as text with the line and a marker, as JSON, or for GitHub."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from attrs import frozen

from hookline.cli.output.screen import text_width
from hookline.errors.diagnostic import Diagnostic
from hookline.errors.printing import printable
from hookline.errors.source import Place, Source
from hookline.errors.text import counted, dotted

if TYPE_CHECKING:
    from typing import TextIO

WIDEST = 100
"""The maximum number of columns of a line that are shown."""

MOST_SHOWN = 100
"""The maximum number of problems of a spec that the text format shows."""

_BOLD, _RED, _YELLOW, _BLUE, _PLAIN = "\033[1m", "\033[31m", "\033[33m", "\033[34m", "\033[0m"


@frozen
class Paint:
    """Colors for a terminal, or none."""

    is_on: bool = False
    """Whether there are colors."""

    def __call__(self, text: str, *codes: str) -> str:
        """Return the text in these colors."""
        return f"{''.join(codes)}{text}{_PLAIN}" if self.is_on else text

    @classmethod
    def of(cls, stream: "TextIO", environment: "dict[str, str] | Any") -> "Paint":
        """Colors if the stream is a terminal and `NO_COLOR` is not set; see https://no-color.org."""
        if environment.get("FORCE_COLOR"):
            return cls(is_on=True)
        is_terminal = stream.isatty() and environment.get("TERM") != "dumb"
        return cls(is_on=is_terminal and not environment.get("NO_COLOR"))


def headline(diagnostic: Diagnostic, source: str, paint: Paint | None = None) -> str:
    """A diagnostic as one line in the style of mypy: the place, the message, and the id in brackets."""
    paint, diagnostic = paint or Paint(), diagnostic.public()
    where = paint(printable(str(diagnostic.place or source)), _BOLD)
    path = f" {printable(dotted(diagnostic.path))}:" if diagnostic.path else ""
    is_warning = diagnostic.severity == "warning"
    text = paint(printable(diagnostic.text), _YELLOW if is_warning else _RED)
    return f"{where}:{' warning:' if is_warning else ''}{path} {text}  [{diagnostic.id}]"


def rendered(diagnostic: Diagnostic, source: str, paint: Paint | None = None) -> str:
    """A diagnostic as lines of text: the headline, then the line of the place with a marker under it."""
    paint, diagnostic = paint or Paint(), diagnostic.public()
    lines = [headline(diagnostic, source, paint)]
    place = diagnostic.place
    if place is not None and _has_lines(place.source) and (place.end > place.start or place.line_text):
        lines += _excerpt(place, diagnostic.related_places, paint)
    return "\n".join(lines)


def _has_lines(source: Source) -> bool:
    """Whether lines of a source can be shown. A change on the command line has none beside itself."""
    return source.directory is not None and source.is_quotable


def shown(problems: Sequence[Diagnostic], source: str, paint: Paint | None = None) -> Iterator[str]:
    """The problems of a spec as text. If there are very many, only the first ones and the number of the others."""
    for problem in problems[:MOST_SHOWN]:
        yield rendered(problem, source, paint)
    if (more := len(problems) - MOST_SHOWN) > 0:
        yield f"{printable(source)}: {counted(more, 'more problem')}."


def _excerpt(place: Place, others: Iterable[Place], paint: Paint) -> Iterator[str]:
    """The lines of the place and of related places in the same text, in order, followed by those in other texts."""
    others = list(dict.fromkeys(other for other in others if other != place))
    here = sorted({place, *(other for other in others if other.source is place.source)}, key=lambda it: it.start)
    elsewhere = [other for other in others if other.source is not place.source]
    width = max(len(str(one.line)) for one in (place, *others))
    bar = paint("|", _BLUE)
    yield f"{'':{width}} {bar}"
    before: Place | None = None
    for one in (*here, *elsewhere):
        if one in elsewhere:
            yield f"{'':{width}} {paint('::', _BLUE)} {printable(str(one))}"
        elif before is not None and one.line > before.line + 1:
            yield paint("...", _BLUE)
        if before is None or one in elsewhere or one.line != before.line or len(one.line_text) > WIDEST:
            shown, _ = _underlined(one, "")
            yield f"{paint(f'{one.line:>{width}}', _BLUE)} {bar} {shown}"
        _, mark = _underlined(one, "^" if one is place else "-")
        yield f"{'':{width}} {bar} {paint(mark, _RED if one is place else _BLUE)}"
        before = one


def _underlined(place: Place, sign: str) -> tuple[str, str]:
    """The line of a place, or the part of a long line around it, and the marker under it."""
    start, text = place.column - 1, place.line_text
    first = max(0, start - WIDEST // 2) if len(text) > WIDEST else 0
    end = min(start + max(1, place.length), first + WIDEST)
    before, marked, after = (
        "".join(map(_shown, part)) for part in (text[first:start], text[start:end], text[end : first + WIDEST])
    )
    dots = "…" if first else ""
    rest = "…" if len(text) > first + WIDEST else ""
    blank = " " * (text_width(before) + len(dots))
    return f"{dots}{before}{marked}{after}{rest}".rstrip(), f"{blank}{sign * max(1, text_width(marked))}"


def _shown(letter: str) -> str:
    if letter == "\t":
        return "    "
    return letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}"


def as_json(problems: Iterable[tuple[str, Diagnostic]]) -> str:
    """Format the diagnostics of several specs as a JSON array of objects with id, place, path, message and help."""

    def located(place: Place | None, source: str) -> dict[str, Any]:
        if place is None:
            return {"file": source, "line": 1, "column": 1, "end_line": 1, "end_column": 1}
        end = Place(place.source, place.end, place.end)
        return {
            "file": place.source.name,
            "line": place.line,
            "column": place.column,
            "end_line": end.line,
            "end_column": end.column,
        }

    listed = [
        {
            "id": problem.id,
            "severity": problem.severity,
            **located(problem.place, source),
            "path": dotted(problem.path),
            "message": problem.message,
            "help": problem.help,
            "related": [located(other, source) for other in problem.related_places],
        }
        for source, problem in ((source, problem.public()) for source, problem in problems)
    ]
    return json.dumps(listed, indent=2)


def for_github(problem: Diagnostic, source: str) -> str:
    """A diagnostic as a workflow command, which GitHub shows beside the line of the file.

    See https://docs.github.com/actions/reference/workflow-commands-for-github-actions.
    """

    def escaped(text: str, *signs: str) -> str:
        text = "\n".join(map(printable, text.split("\n")))
        for sign in ("%", "\n", *signs):
            text = text.replace(sign, f"%{ord(sign):02X}")
        return text

    problem = problem.public()
    place = problem.place
    is_in_file = place is not None and place.source.directory is not None
    properties = {"file": place.source.name if place and is_in_file else source}
    if place is None:
        properties["line"] = "1"
    elif is_in_file:
        end = place.column + max(1, place.length)
        properties |= {"line": str(place.line), "col": str(place.column), "endColumn": str(end)}
    properties["title"] = dotted(problem.path) or "spec"
    listed = ",".join(f"{name}={escaped(value, ':', ',')}" for name, value in properties.items())
    return f"::{problem.severity} {listed}::{escaped(f'{problem.text} [{problem.id}]')}"
