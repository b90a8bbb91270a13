"""Explain why a text is not TOML: what is wrong, where, and what to write.

tomli reports what it expected, and where. The text around that position shows what was probably meant: `slips`
has a row for each mistake.
"""

import re
from typing import TYPE_CHECKING

from attrs import frozen

from hookline.check.toml.slips import CURLY, LINES, meant
from hookline.check.toml.spans import STRING, Span
from hookline.errors.text import shortened

if TYPE_CHECKING:
    import tomli

LONGEST = 1000
"""The maximum number of characters before and after the position that are inspected. Some patterns are quadratic."""

_EXPECTED = {
    "Invalid value": "value",
    "Invalid date or datetime": "value",
    "Expected newline or end of document": "end",
    "Invalid statement": "start",
    "Expected '=' after a key": "=",
    "Invalid initial character for a key part": "key",
    "Expected ']": "header",
    "Unclosed array": "bracket",
    "Unclosed inline table": "bracket",
    "Unterminated string": "string",
    "Expected \"'": "string",
    "Illegal character": "string",
    "Found invalid character": "string",
    "Unescaped '\\' in a string": "escape",
    "Invalid hex value": "escape",
    "Escaped character is not": "character",
}
"""What tomli expected, by the start of its message."""

_TOKEN = re.compile(rf"#[^\n]*|{STRING}|\"\"\"|'''|[\"'\[\]{{}}]")
_KEY_OR_HEADER = re.compile(
    r"[ \t]*(?:[\w.\"'-]+[ \t]*="
    r"|\[\[?[ \t]*(?![\"'][^\"'\n]*[\"'][ \t]*\])[A-Za-z_\"'][^\[\]{},=\n]*\]\]?[ \t]*(#|\n|$))"
)
"""The start of a line with a key, or with a header that is not an array of one string."""


_CLOSED = {
    "[": ("array", "]"),
    "{": ("table", "}"),
    "[[": ("header", "]]"),
    **{quotes: ("string", quotes) for quotes in ("'", '"', "'''", '"""')},
}
"""What a bracket or quote opens, and what closes it."""


@frozen
class Fault:
    """What is wrong with a text that is not TOML."""

    message: str
    """Sentences: what is wrong, and what to write."""
    span: Span
    """Where it is."""
    against: tuple[Span, ...] = ()
    """The bracket or quote that is not closed there."""


def explained(text: str, error: "tomli.TOMLDecodeError") -> Fault:
    """What is wrong with a text for which tomli raises this error."""
    position = min(error.pos, len(text))
    expected = next((kind for begins, kind in _EXPECTED.items() if error.msg.startswith(begins)), "")
    if expected == "escape":
        position = min(text.rfind("\\", 0, position) + 2, position - (text[position - 1] == "\n"))
    opening = innermost(text, position)
    bracket = text[opening[0]] if opening else ""
    if expected == "string":
        return _string(text, position, opening)
    line = text.rfind("\n", 0, position) + 1
    if expected == "bracket" or (expected == "value" and bracket == "["):
        for start in (position, line):
            if _starts_anew(text, start) and (unclosed := innermost(text, start)):
                what, closing = _CLOSED[text[unclosed[0]]]
                end = min(start, len(text.rstrip()))
                return Fault(f"The {what} is not closed: {closing} is missing.", _one(text, end), (unclosed,))
    before = text[max(line, position - LONGEST) : position].replace("¦", "|")
    rest = text[position : min(_line_end(text, position), position + LONGEST)].partition("#")[0].rstrip(" \t")
    marked, kind = f"{before}¦{rest}", f"{expected} in {bracket}" if bracket else f"{expected} alone"
    row, match, sentence = next(
        (row, match, sentence)
        for row, pattern, sentence in (*LINES, ("", "", "{error.msg}."))
        if kind.startswith(row) and (match := re.search(pattern, marked))
    )
    spans = {name: _without_mark(match.span(name), len(before), position) for name in match.groupdict()}
    found = {name: text[start:end] for name, (start, end) in spans.items()}
    opening = spans.get("opening", opening)
    what, closing = _CLOSED[text[slice(*opening)]] if opening else ("", "")
    message = sentence.format(
        error=error,
        sign=text[position : position + 1],
        code=f"U+{ord(text[position]):04X}" if position < len(text) else "",
        key=shortened(re.split("[{,]", before)[-1].strip() or "lr"),
        what=what,
        closing=closing,
        raw=_in_single_quotes(text, opening),
        **{name: shortened(written) for name, written in found.items()},
    )
    rest_or_one = (position, position + len(rest)) if rest and row == "end" else _one(text, position)
    against = (opening,) if opening and "{closing}" in sentence else ()
    return Fault(message or meant(found["at"]), spans.get("at", rest_or_one), against)


def innermost(text: str, position: int) -> Span | None:
    """The innermost bracket or quote that is open at a position."""
    opened: list[Span] = []
    for token in _TOKEN.finditer(text, 0, position):
        mark = token.group()
        if mark in ("[", "{", "'", '"', "'''", '"""'):
            opened.append(token.span())
            if mark not in ("[", "{"):
                break
        elif mark in ("]", "}") and opened:
            opened.pop()
    return opened[-1] if opened else None


def _starts_anew(text: str, position: int) -> bool:
    """Whether a line with a key or a header starts there, or the text ends."""
    before = text[text.rfind("\n", 0, position) + 1 : position]
    return position >= len(text) or (not before.strip() and _KEY_OR_HEADER.match(text, position) is not None)


def _without_mark(span: Span, mark: int, position: int) -> Span:
    """A span of a line with the mark, which is at this position of the text, as a span of the text."""
    start, end = (position + index - mark - (index > mark) for index in span)
    return start, end


def _line_end(text: str, position: int) -> int:
    end = text.find("\n", position)
    return len(text) if end < 0 else end


def _one(text: str, position: int) -> Span:
    """The one character at a position; nothing at the end of the text."""
    return position, min(position + 1, len(text))


def _string(text: str, position: int, quote: Span | None) -> Fault:
    """A string is not closed, or contains a character that it must not contain."""
    character = text[position : position + 1]
    if quote is None or text[quote[0]] not in "\"'":
        return Fault("Control characters are not allowed in a comment.", _one(text, position))
    start, end = quote
    mark = text[start:end]
    line_end = _line_end(text, start)
    if len(mark) == 1 and (character in ("", "\n") or position > line_end):
        curly = next((letter for letter in text[end:line_end] if letter in CURLY), None)
        hint = f" A string ends with the quote that it starts with, not with {curly}." if curly else ""
        return Fault(f"The string is not closed on its line: {mark} is missing.{hint}", _one(text, line_end), (quote,))
    if character == "":
        return Fault(f"The string is not closed: {mark} is missing.", _one(text, len(text.rstrip())), (quote,))
    if character == "\r":
        message = "A carriage return alone is not allowed in a string; write \\r, in double quotes."
    else:
        message = f"Control characters are not allowed in a string; write \\u{ord(character):04x}, in double quotes."
    return Fault(message, _one(text, position))


def _in_single_quotes(text: str, opening: Span | None) -> str:
    """A sentence about backslashes, with the string as it is to be written if it is short."""
    whole = re.compile(r'"([^"\'\n]{1,60})"').match(text, opening[0]) if opening else None
    example = f": '{whole[1]}'" if whole else ""
    return f" Strings in single quotes keep their backslashes{example}."
