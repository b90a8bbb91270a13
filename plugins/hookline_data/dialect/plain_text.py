"""A file as plain text in UTF-8: unpacked, decoded, without skipped lines and comments, block by block."""

import codecs
import io
import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from hookline.errors import DataError
from hookline_data.dialect.dialect import Dialect
from hookline_data.files import compressed
from hookline_data.reading.columns import Place

BLOCK = 2**20
"""How many bytes to read at once."""

LONGEST_LINE = 64 * 2**20
"""The largest number of bytes of a line, if lines are skipped."""


def is_stream(file: BinaryIO) -> bool:
    """Whether a text is not the file itself."""
    return isinstance(file, io.BufferedReader) and isinstance(file.raw, _Blocks)


def plain(file: BinaryIO, dialect: Dialect, place: Place) -> BinaryIO:
    """Return a file as plain text in UTF-8: unpacked, decoded, without comments and skipped lines.

    A file that already is plain text, except for a byte order mark, is returned as it is. Closing the text closes the
    file.

    Raises:
        DataError: While the text is read, if the file is damaged or has another encoding.

    """
    kind = compressed.kind_of(file)
    if kind is None and dialect.is_utf8 and not (dialect.comment or dialect.skip_rows or dialect.skipfooter):
        return file
    unpacked = compressed.unpacked(file, kind)
    blocks = _read(unpacked, place)
    blocks = _without_mark(blocks) if dialect.is_utf8 else _transcoded(blocks, dialect.encoding, place)
    if dialect.skip_rows or dialect.comment:
        blocks = _kept(_whole_lines(blocks, place), dialect.skip_rows, dialect.comment.encode())
    if dialect.skipfooter:
        blocks = _without_footer(_whole_lines(blocks, place), dialect.skipfooter)
    return io.BufferedReader(_Blocks(blocks, (unpacked, file)), BLOCK)


class _Blocks(io.RawIOBase):
    """A stream of blocks of bytes."""

    def __init__(self, blocks: Iterator[bytes], files: Iterable[BinaryIO]):
        super().__init__()
        self._blocks, self._files = blocks, files
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        while not self._rest:
            block = next(self._blocks, None)
            if block is None:
                return 0
            self._rest = memoryview(block)
        target = memoryview(buffer)  # type: ignore[arg-type]
        size = min(len(target), len(self._rest))
        target[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size

    def close(self) -> None:
        if not self.closed:
            for file in self._files:
                file.close()
        super().close()


def _read(file: BinaryIO, place: Place) -> Iterator[bytes]:
    while True:
        try:
            block = bytes(file.read(BLOCK))
        except Exception as error:  # Each decompressor has errors of its own.
            what = compressed.damage(error)
            if what is None:
                raise
            raise DataError(f"The file is damaged: {what}.", file=place) from None
        if not block:
            return
        yield block


def _without_mark(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the text without a byte order mark."""
    first = next(blocks, b"")
    while len(first) < len(codecs.BOM_UTF8) and (more := next(blocks, b"")):
        first += more
    yield first.removeprefix(codecs.BOM_UTF8)
    yield from blocks


def _transcoded(blocks: Iterable[bytes], encoding: str, place: Place) -> Iterator[bytes]:
    """Yield the text in UTF-8."""
    decoder = codecs.getincrementaldecoder(encoding)()
    is_first = True
    try:
        for block in blocks:
            text = decoder.decode(block)
            if is_first and text:
                text, is_first = text.removeprefix("\ufeff"), False
            yield text.encode()
        yield decoder.decode(b"", final=True).encode()
    except UnicodeError:
        message = f"The file is not {encoding} text. Set `encoding` to the encoding that it has."
        raise DataError(message, file=place) from None


def _whole_lines(blocks: Iterator[bytes], place: Place) -> Iterator[bytes]:
    """Yield blocks that end with a line; the last line may have no line break."""
    rest = b""
    for block in blocks:
        end = block.rfind(b"\n") + 1
        if end:
            yield rest + block[:end]
            rest = block[end:]
        else:
            rest += block
        if len(rest) > LONGEST_LINE:
            raise DataError(f"A line has more than {LONGEST_LINE // 2**20} MiB.", file=place)
    if rest:
        yield rest


def _kept(blocks: Iterable[bytes], skipped: int, comment: bytes) -> Iterator[bytes]:
    """Yield the lines after the first ones, without those that begin with a comment."""
    comments = re.compile(rb"^%b[^\n]*\n?" % re.escape(comment), re.MULTILINE) if comment else None
    for block in blocks:
        at = 0
        while skipped and at < len(block):
            end = block.find(b"\n", at)
            at, skipped = len(block) if end < 0 else end + 1, skipped - 1
        rest = block[at:] if at else block
        yield comments.sub(b"", rest) if comments and comment in rest else rest


def _without_footer(blocks: Iterable[bytes], lines: int) -> Iterator[bytes]:
    """Yield the lines except the last ones; blank lines do not count."""
    held = b""
    for block in blocks:
        held += block
        begin = _begin_of_last(held, lines)
        yield held[:begin]
        held = held[begin:]


def _begin_of_last(text: bytes, lines: int) -> int:
    r"""Return where the last lines of a text begin, of which this many are not blank; 0 if there are fewer.

    >>> _begin_of_last(b"a\n\nb\n\n", 1)
    2
    """
    end = len(text.rstrip(b"\r\n"))
    for _ in range(lines):
        end = len(text[: text.rfind(b"\n", 0, end) + 1].rstrip(b"\r\n")) if end else 0
    if not end:
        return 0
    return text.find(b"\n", end) + 1
