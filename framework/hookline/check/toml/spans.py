"""Where the keys and values of a TOML text stand.

tomli reads a text and does not tell where anything stood. So the text that it has accepted is gone through once more,
as lines of `key = value` and headers: what is right is known by then, and only where it begins and ends is looked for.
The tests compare both, for all files of the TOML conformance suite: each value, read by itself from its place, is what
tomli makes of it, and there are neither more nor fewer.
"""

import re
from contextlib import suppress

import tomli
from attrs import define, field

from hookline.errors.text import PathElement

Path = tuple[PathElement, ...]
Span = tuple[int, int]

DEEPEST = 64
"""How many keys and indices may lead to a value: a spec has five or ten."""

_BLANKS = re.compile(r"[ \t]*")
_GAP = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_KEY = re.compile(r"""[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'""")
_DOT = re.compile(r"[ \t]*\.[ \t]*")
_STRING = re.compile(
    r'"""(?:[^"\\]|\\[\s\S]|"(?!""))*"{3,5}'
    r"|'''(?:[^']|'(?!''))*'{3,5}"
    r'|"(?!"")(?:[^"\\\n]|\\.)*"'
    r"|'(?!'')[^'\n]*'"
)
_PLAIN = re.compile(r"[^,\]}#\n]*[^,\]}#\n \t]")
_ESCAPE = re.compile(r"\\([\s\S])")
_TIME_WITHOUT_SECONDS = re.compile(r"(?:^|[Tt ])\d\d:\d\d(?!:)")

_NEWER = "This is TOML 1.1, and most editors and tools read TOML 1.0"


class NotASpecError(ValueError):
    """A text that tomli reads and that is no spec: says why, and where."""

    def __init__(self, message: str, start: int, end: int):
        super().__init__(message)
        self.span = (start, end)


class _NotClosedError(NotASpecError):
    """A string that is not over where tomli stopped: nothing behind that is looked at."""


@define
class Positions:
    """Where the keys and values of a text stand, by the path that leads to each."""

    keys: dict[Path, Span] = field(factory=dict)
    """The keys, and those in headers. One that stands in several places is where it stands first."""
    values: dict[Path, Span] = field(factory=dict)
    """The values. That of a table with a header is the header, brackets included."""
    in_order: list[tuple[Path, Span]] = field(factory=list, repr=False)
    """All keys in the order of the text, also those that stand there again."""
    opened: list[Span] = field(factory=list, repr=False)
    """The brackets and quotes of values that are not closed, the innermost last: none in a text that is TOML."""


def scan(text: str, until: int | None = None) -> Positions:
    """Where the keys and values of a text stand which tomli accepts, or accepts up to the character `until`.

    Raises:
        NotASpecError: if it is nested more deeply than specs are, or if it is TOML 1.1 and not 1.0.

    """
    return _Scanner(text, len(text) if until is None else until).scan()


def scan_as_far(text: str, until: int | None = None) -> Positions:
    """Where the keys and values of a text stand, as far as it is a spec, at most up to the character `until`."""
    scanner = _Scanner(text, len(text) if until is None else until)
    with suppress(NotASpecError):
        scanner.scan()
    return scanner.found


class _Scanner:
    def __init__(self, text: str, until: int):
        self.text = text
        self.until = until
        self.at = 0
        self.found = Positions()
        self.section: Path = ()
        self.elements: dict[Path, int] = {}  # How many elements each array of tables has so far.

    def scan(self) -> Positions:
        with suppress(_NotClosedError):
            while self._skip(_GAP) < self.until:
                before = self.at
                if self.text[self.at] == "[":
                    self._header()
                else:
                    self._key_and_value(self.section)
                if self.at == before:
                    break  # Only in a text that tomli did not accept as a whole.
        return self.found

    def _skip(self, pattern: "re.Pattern[str]") -> int:
        """Go on behind what matches here, if anything does."""
        if match := pattern.match(self.text, self.at):
            self.at = match.end()
        return self.at

    def _header(self) -> None:
        start, is_array = self.at, self.text.startswith("[[", self.at)
        self.at += 2 if is_array else 1
        path: Path = ()
        keys = self._key()
        for index, (key, span) in enumerate(keys):
            path = (*path, key)
            self._note_key(path, span)
            if is_array and index == len(keys) - 1:
                self.elements[path] = self.elements.get(path, 0) + 1
            if path in self.elements:
                path = (*path, self.elements[path] - 1)
        self._skip(_BLANKS)
        self.at += 2 if is_array else 1
        self.section = path
        self.found.values.setdefault(path, (start, self.at))

    def _key_and_value(self, path: Path) -> None:
        for key, span in self._key():
            path = (*path, key)
            self._note_key(path, span)
        self.at = self._skip(_BLANKS) + 1
        self._skip(_BLANKS)
        self._value(path)

    def _key(self) -> list[tuple[str, Span]]:
        """The parts of a key, and where they stand."""
        parts = []
        self._skip(_BLANKS)
        while match := _KEY.match(self.text, self.at):
            parts.append((_decoded(match.group()), match.span()))
            self.at = match.end()
            if not (dot := _DOT.match(self.text, self.at)):
                break
            self.at = dot.end()
        return parts

    def _note_key(self, path: Path, span: Span) -> None:
        if len(path) > DEEPEST:
            raise NotASpecError(f"This is nested more than {DEEPEST} deep, which no spec is.", *span)
        self.found.keys.setdefault(path, span)
        self.found.in_order.append((path, span))

    def _value(self, path: Path) -> None:
        start = self.at
        if len(path) > DEEPEST:
            raise NotASpecError(f"This is nested more than {DEEPEST} deep, which no spec is.", start, start + 1)
        first = self.text[start : start + 1]
        if first == "[":
            self._array(path)
        elif first == "{":
            self._inline_table(path)
        elif first in ('"', "'"):
            self._string()
            self._refuse_newer_escapes(start)
        else:
            self._skip(_PLAIN)
            if _TIME_WITHOUT_SECONDS.search(self.text[start : self.at]):
                raise NotASpecError(f"{_NEWER}: a time has seconds.", start, self.at)
        self.found.values.setdefault(path, (start, self.at))

    def _string(self) -> None:
        start = self.at
        if self._skip(_STRING) == start or self.at > self.until:  # Only in a text that tomli did not accept.
            is_multiline = self.text.startswith(('"""', "'''"), start)
            self.found.opened.append((start, start + (3 if is_multiline else 1)))
            raise _NotClosedError("This text is not closed.", *self.found.opened[-1])

    def _array(self, path: Path) -> None:
        self.found.opened.append((self.at, self.at + 1))
        self.at += 1
        index = 0
        while self._skip(_GAP) < self.until and self.text[self.at] != "]":
            before = self.at
            self._value((*path, index))
            index += 1
            if self._skip(_GAP) < len(self.text) and self.text[self.at] == ",":
                self.at += 1
            elif self.at == before:
                return
        self._close()

    def _inline_table(self, path: Path) -> None:
        self.found.opened.append((self.at, self.at + 1))
        self.at += 1
        after_comma = False
        while self._skip(_BLANKS) < self.until and self.text[self.at] != "}":
            before = self.at
            if self.text[self.at] in "\n#":
                raise NotASpecError(
                    f"{_NEWER}: an inline table stands on one line. A table with a header, such as "
                    f"[[model.layers]], may take many.",
                    self.at,
                    self.at + 1,
                )
            self._key_and_value(path)
            after_comma = self._skip(_BLANKS) < len(self.text) and self.text[self.at] == ","
            if after_comma:
                comma = self.at
                self.at += 1
            elif self.at == before:
                return
        if after_comma and self.at < self.until:
            raise NotASpecError(f"{_NEWER}: in an inline table no comma stands after the last value.", comma, comma + 1)
        self._close()

    def _close(self) -> None:
        """Go on behind the bracket that closes, if it is there."""
        if self.at < self.until:
            self.found.opened.pop()
        self.at += 1

    def _refuse_newer_escapes(self, start: int) -> None:
        if self.text[start] == "'":
            return
        for escape in _ESCAPE.finditer(self.text, start, self.at):
            if escape.group(1) in "ex":
                raise NotASpecError(f"{_NEWER}: characters by number are written as \\u001b.", *escape.span())


def _decoded(key: str) -> str:
    """The key that is written so."""
    if key[0] == "'" or (key[0] == '"' and "\\" not in key):
        return key[1:-1]
    if key[0] == '"':
        return str(next(iter(tomli.loads(f"{key} = 0"))))
    return key
