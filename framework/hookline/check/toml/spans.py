"""Where the keys and values of a TOML text are.

tomli reads a text without recording positions. To point at a value, the text that tomli accepted is scanned once more,
as lines of `key = value` and headers. The scanner relies on the text being valid and only finds where things begin and
end. The tests hold it against tomli for every file of the TOML conformance suite: each value, read by itself from its
span, is what tomli makes of it, and there are neither more nor fewer.
"""

import re
from contextlib import suppress

import tomli
from attrs import define, field

from hookline.errors.text import PathElement

KeyPath = tuple[PathElement, ...]
Span = tuple[int, int]

DEEPEST = 64
"""The maximum length of a path to a value. Specs need five or ten."""

MOST_DIGITS = 400
"""The maximum number of characters in a number. The largest float has 309 digits."""

STRING = (
    r'"""(?:[^"\\]|\\[\s\S]|"(?!""))*"{3,5}'
    r"|'''(?:[^']|'(?!''))*'{3,5}"
    r'|"(?!"")(?:[^"\\\n]|\\.)*"'
    r"|'(?!'')[^'\n]*'"
)
"""A string of TOML, as a regular expression."""

_BLANKS = re.compile(r"[ \t]*")
_GAP = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_KEY = re.compile(r"""[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'""")
_DOT = re.compile(r"[ \t]*\.[ \t]*")
_STRING = re.compile(STRING)
_PLAIN = re.compile(r"[^,\]}#\n]*[^,\]}#\n \t]|")
_ESCAPE = re.compile(r"\\([\s\S])")
_TIME_WITHOUT_SECONDS = re.compile(r"(?:^|[Tt ])\d\d:\d\d(?!:)")

_NEWER = "This is TOML 1.1, and most editors and tools read TOML 1.0"
_SEVERAL_LINES = (
    f"{_NEWER}: an inline table must be on one line. Use a header, such as [[model.layers]], for more lines."
)


class NotASpecError(ValueError):
    """A text that tomli reads, but that is not a spec: why, and where."""

    def __init__(self, message: str, start: int, end: int, *, id: str = "unsupported-syntax"):  # noqa: A002
        super().__init__(message)
        self.span = (start, end)
        self.id = id


@define
class Spans:
    """Where the keys and values of a text are, by path."""

    keys: dict[KeyPath, Span] = field(factory=dict)
    """The keys, including those in headers. A key that occurs in several places is where it occurs first."""
    values: dict[KeyPath, Span] = field(factory=dict)
    """The values. The value of a table with a header is the header, including its brackets."""
    in_order: list[tuple[KeyPath, Span]] = field(factory=list, repr=False)
    """All keys in the order of the text, including repeated ones."""


def scan(text: str) -> Spans:
    """The places of the keys and values in a text that tomli accepts.

    Raises:
        NotASpecError: if it is nested too deeply, has a number with too many digits, or is TOML 1.1 and not 1.0.

    """
    scanner = _Scanner(text)
    scanner.scan()
    return scanner.found


def scan_before(text: str, position: int) -> Spans:
    """The places of the keys and values before the position at which tomli stopped reading a text that is not TOML.

    Raises:
        NotASpecError: as `scan` does.

    """
    scanner = _Scanner(text[:position])
    with suppress(IndexError):  # The text may end anywhere, for example in an array.
        scanner.scan()
    return scanner.found


class _Scanner:
    def __init__(self, text: str):
        self.text = text
        self.at = 0
        self.found = Spans()
        self.section: KeyPath = ()
        self.elements: dict[KeyPath, int] = {}  # The number of elements so far in each array of tables.

    def scan(self) -> None:
        while self._skip(_GAP) < len(self.text):
            if self.text[self.at] == "[":
                self._header()
            else:
                self._key_and_value(self.section)

    def _skip(self, pattern: "re.Pattern[str]") -> int:
        """Move past what matches here."""
        match = pattern.match(self.text, self.at)
        if match is None:
            raise IndexError("The text ends in a string.")
        self.at = match.end()
        return self.at

    def _next(self, pattern: "re.Pattern[str]") -> str:
        """The character after what matches here."""
        return self.text[self._skip(pattern)]

    def _header(self) -> None:
        start, brackets = self.at, 2 if self.text.startswith("[[", self.at) else 1
        self.at += brackets
        path: KeyPath = ()
        keys = self._key()
        for index, (key, span) in enumerate(keys):
            path = (*path, key)
            self._note_key(path, span)
            if brackets == 2 and index == len(keys) - 1:
                self.elements[path] = self.elements.get(path, 0) + 1
            if path in self.elements:
                path = (*path, self.elements[path] - 1)
        self.at = self._skip(_BLANKS) + brackets
        self.section = path
        self._refuse_deep(path, start)
        self.found.values.setdefault(path, (start, self.at))

    def _key_and_value(self, path: KeyPath) -> None:
        for key, span in self._key():
            path = (*path, key)
            self._note_key(path, span)
        self.at = self._skip(_BLANKS) + 1
        self._skip(_BLANKS)
        self._value(path)

    def _key(self) -> list[tuple[str, Span]]:
        """The parts of a key with their spans."""
        parts = []
        self._skip(_BLANKS)
        while match := _KEY.match(self.text, self.at):
            parts.append((_decoded(match.group()), match.span()))
            self.at = match.end()
            if not (dot := _DOT.match(self.text, self.at)):
                break
            self.at = dot.end()
        return parts

    def _note_key(self, path: KeyPath, span: Span) -> None:
        self._refuse_deep(path, span[0])
        self.found.keys.setdefault(path, span)
        self.found.in_order.append((path, span))

    def _value(self, path: KeyPath) -> None:
        start = self.at
        self._refuse_deep(path, start)
        first = self.text[start]
        if first == "[":
            self._array(path)
        elif first == "{":
            self._inline_table(path)
        elif first in ('"', "'"):
            self._skip(_STRING)
            self._refuse_newer_escapes(start)
        else:
            self._skip(_PLAIN)
            if _TIME_WITHOUT_SECONDS.search(self.text[start : self.at]):
                raise NotASpecError(f"{_NEWER}: a time must have seconds.", start, self.at)
            if self.at - start > MOST_DIGITS:
                raise NotASpecError(
                    "This is not a spec: a number has too many digits.", start, self.at, id="size-limit"
                )
        self.found.values.setdefault(path, (start, self.at))

    def _array(self, path: KeyPath) -> None:
        self.at += 1
        index = 0
        while self._next(_GAP) != "]":
            self._value((*path, index))
            index += 1
            if self._next(_GAP) != ",":
                break
            self.at += 1
        self.at += 1

    def _inline_table(self, path: KeyPath) -> None:
        comma = None
        self.at += 1
        while self._next_in_line() != "}":
            self._key_and_value(path)
            if self._next_in_line() != ",":
                comma = None
                break
            comma = self.at
            self.at += 1
        if comma is not None:
            raise NotASpecError(f"{_NEWER}: no comma may follow the last value of an inline table.", comma, comma + 1)
        self.at += 1

    def _next_in_line(self) -> str:
        character = self._next(_BLANKS)
        if character in "\n#":
            raise NotASpecError(_SEVERAL_LINES, self.at, self.at + 1)
        return character

    def _refuse_deep(self, path: KeyPath, start: int) -> None:
        if len(path) > DEEPEST:
            message = f"This is not a spec: it is nested more than {DEEPEST} deep."
            raise NotASpecError(message, start, start + 1, id="size-limit")

    def _refuse_newer_escapes(self, start: int) -> None:
        if self.text[start] == "'":
            return
        for escape in _ESCAPE.finditer(self.text, start, self.at):
            if escape.group(1) in "ex":
                raise NotASpecError(f"{_NEWER}: write a character by its number as \\u001b.", *escape.span())


def _decoded(key: str) -> str:
    """The key without quotes and escapes."""
    if key[0] == "'" or (key[0] == '"' and "\\" not in key):
        return key[1:-1]
    if key[0] == '"':
        return str(next(iter(tomli.loads(f"{key} = 0"))))
    return key
