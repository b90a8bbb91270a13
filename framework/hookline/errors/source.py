"""Places in texts: from which character to which, and therefore the line and the column."""

from bisect import bisect_right
from functools import cached_property
from pathlib import Path

from attrs import field, frozen


@frozen(eq=False)
class Source:
    """A text that sets values of a spec: a file, or a `--set` option."""

    name: str
    """Its name in messages: the path of a file as the user gave it, or the option."""
    text: str = field(repr=False)
    """The text, with each line break normalized to one character, as TOML does."""
    directory: Path | None = None
    """The directory of the file; `None` if it is not a file."""
    is_quotable: bool = True
    """Whether messages may show its lines and values: see `hookline.check.toml.quotable`."""

    @property
    def home(self) -> Path:
        """The directory for relative paths in it: that of the file, or the current one for a `--set` option."""
        return self.directory or Path.cwd()

    @cached_property
    def line_starts(self) -> list[int]:
        """The index of each line's first character, cached because thousands of problems may need it."""
        starts = [0]
        while end := self.text.find("\n", starts[-1]) + 1:
            starts.append(end)
        return starts


@frozen
class Place:
    """A range of a text."""

    source: Source
    """The text."""
    start: int
    """The index of its first character."""
    end: int
    """The index after its last character."""

    @property
    def line(self) -> int:
        """The line on which it begins, counted from 1."""
        return bisect_right(self.source.line_starts, self.start)

    @property
    def column(self) -> int:
        """The column in which it begins, counted in characters from 1."""
        return self.start - self._line_start + 1

    @property
    def line_text(self) -> str:
        """The full line on which it begins."""
        text = self.source.text
        end = text.find("\n", self.start)
        return text[self._line_start : len(text) if end < 0 else end]

    @property
    def length(self) -> int:
        """The number of its characters on its first line."""
        end = self.source.text.find("\n", self.start)
        return (self.end if end < 0 else min(self.end, end)) - self.start

    @property
    def text(self) -> str:
        """The text in the range."""
        return self.source.text[self.start : self.end]

    @property
    def _line_start(self) -> int:
        return self.source.line_starts[self.line - 1]

    def __str__(self) -> str:
        """The place in the format of compilers, which editors and terminals can open."""
        return f"{self.source.name}:{self.line}:{self.column}" if self.source.directory else self.source.name
