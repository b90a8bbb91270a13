"""Where something stands: in which text, from which character to which, and so on which line and in which column."""

from bisect import bisect_right
from functools import cached_property
from pathlib import Path

from attrs import field, frozen


@frozen(eq=False)
class Source:
    """A text that sets values of a spec: a file, or a change on the command line."""

    name: str
    """What to call it in messages: the path of a file as it was given, or the option."""
    text: str = field(repr=False)
    """The text, with line breaks as TOML reads them: each is one character."""
    directory: Path | None = None
    """What relative paths in it are relative to; `None` if it is no file."""
    is_quotable: bool = True
    """Whether messages may show its lines and values: see `hookline.quotable`."""

    @cached_property
    def line_starts(self) -> list[int]:
        """The index of each line's first character. Thousands of problems ask for their lines."""
        starts = [0]
        while end := self.text.find("\n", starts[-1]) + 1:
            starts.append(end)
        return starts


@frozen
class Place:
    """A stretch of a text."""

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
        """The column in which it begins: characters, not bytes, counted from 1."""
        return self.start - self._line_start + 1

    @property
    def line_text(self) -> str:
        """The line on which it begins, whole."""
        text = self.source.text
        end = text.find("\n", self.start)
        return text[self._line_start : len(text) if end < 0 else end]

    @property
    def length(self) -> int:
        """How many characters of it stand on its first line."""
        end = self.source.text.find("\n", self.start)
        return (self.end if end < 0 else min(self.end, end)) - self.start

    @property
    def text(self) -> str:
        """What stands there."""
        return self.source.text[self.start : self.end]

    @property
    def _line_start(self) -> int:
        return self.source.line_starts[self.line - 1]

    def __str__(self) -> str:
        """The place as compilers write it, so that editors and terminals open it."""
        return f"{self.source.name}:{self.line}:{self.column}" if self.source.directory else self.source.name
