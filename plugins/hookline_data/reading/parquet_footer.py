"""Read the columns from the footer of a Parquet file, so that a check need not import pyarrow and NumPy.

The footer is a Thrift structure in the compact protocol. Everything but the schema is skipped. See
https://parquet.apache.org/docs/file-format/metadata and
https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md.
"""

from collections.abc import Iterator
from pathlib import Path

from attrs import frozen

LARGEST = 2**26
"""The largest footer in bytes."""

MOST_VALUES = 2**20
"""The largest number of values to read or skip, in about half a second; 100,000 columns have half as many."""

_STOP, _TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT, _UUID = 0, 1, 2, 3, 7, 8, 9, 10, 11, 12, 13
_SIZES = {_BYTE: 1, _DOUBLE: 8, _UUID: 16}
_SCHEMA, _REPETITION, _NAME, _CHILDREN, _CONVERTED_TYPE, _LOGICAL_TYPE = 2, 3, 4, 5, 6, 10
"""The numbers of the fields to read: the schema; of an element how often it occurs, its name, its number of children,
and what its bytes stand for, in the old and the new way."""
_REPEATED, _UTF8, _STRING = 2, 0, 1
"""The values of these fields: an element that occurs any number of times, and text in the old and the new way."""


class FooterError(ValueError):
    """Raised for a file without a readable footer."""


@frozen
class Element:
    """An element of the schema: a column, or a part of one."""

    name: str
    """The name."""
    children: int
    """How many of the following elements are its parts."""
    is_text: bool
    """Whether each cell is a text."""


def columns(path: Path) -> list[Element]:
    """Return the top-level columns of the schema.

    Raises:
        OSError: If the file cannot be read.
        FooterError: If it is not a Parquet file, or an encrypted one.

    """
    try:
        elements = _Thrift(_footer(path)).schema()
    except (IndexError, UnicodeDecodeError, RecursionError, MemoryError):
        raise FooterError("Its footer is damaged.") from None
    if not elements:
        raise FooterError("Its footer has no schema.")
    root, *rest = elements
    found, at = [], 0
    for _ in range(root.children):
        if at >= len(rest):
            raise FooterError("Its footer is damaged.")
        found.append(rest[at])
        inside = 1
        while inside and at < len(rest):  # The fields of a column follow it; skip them.
            inside += rest[at].children - 1
            at += 1
    return found


def _footer(path: Path) -> bytes:
    with path.open("rb") as file:
        size = file.seek(0, 2)
        if size < 12:
            raise FooterError("It is too short.")
        file.seek(size - 8)
        length, magic = int.from_bytes(file.read(4), "little"), file.read(4)
        if magic != b"PAR1":
            raise FooterError("Its footer is encrypted." if magic == b"PARE" else "It does not end with PAR1.")
        if length > min(size - 12, LARGEST):
            raise FooterError("Its footer is damaged.")
        file.seek(size - 8 - length)
        return file.read(length)


class _Thrift:
    """Reads consecutive values of the compact protocol."""

    def __init__(self, content: bytes):
        self.content = content
        self.at = 0
        self.values = 0

    def schema(self) -> list[Element]:
        """Return the elements of the schema."""
        for number, kind in self._fields():
            if number == _SCHEMA and kind == _LIST:
                size, _ = self._list()
                return [self._element() for _ in range(size)]
            self._pass(kind)
        return []

    def _element(self) -> Element:
        name, children, is_text, is_repeated = "", 0, False, False
        self._count()
        for number, kind in self._fields():
            if number == _NAME and kind == _BINARY:
                name = self._bytes(self._number()).decode()
            elif number == _LOGICAL_TYPE and kind == _STRUCT:
                for logical, inner in self._fields():
                    is_text = is_text or logical == _STRING
                    self._pass(inner)
            elif number in (_CHILDREN, _CONVERTED_TYPE, _REPETITION) and kind not in (_BINARY, _LIST, _STRUCT):
                value = self._signed()
                children = value if number == _CHILDREN else children
                is_text = is_text or (number == _CONVERTED_TYPE and value == _UTF8)
                is_repeated = is_repeated or (number == _REPETITION and value == _REPEATED)
            else:
                self._pass(kind)
        return Element(name, children, is_text and not is_repeated and not children)

    def _fields(self) -> Iterator[tuple[int, int]]:
        """Yield the number and kind of each field of a structure; the caller reads or skips its value."""
        number = 0
        while (head := self._bytes(1)[0]) & 15 != _STOP:
            number = number + (head >> 4) if head >> 4 else self._signed()
            yield number, head & 15

    def _pass(self, kind: int, *, in_list: bool = False) -> None:
        self._count()
        if kind in (_TRUE, _FALSE):
            self._bytes(int(in_list))  # In a structure the kind is the value.
        elif kind in _SIZES:
            self._bytes(_SIZES[kind])
        elif kind == _BINARY:
            self._bytes(self._number())
        elif kind in (_LIST, _SET):
            size, of = self._list()
            for _ in range(size):
                self._pass(of, in_list=True)
        elif kind == _MAP:
            size = self._number()
            kinds = self._bytes(1)[0] if size else 0
            self._refuse_longer(size)
            for _ in range(size):
                self._pass(kinds >> 4, in_list=True)
                self._pass(kinds & 15, in_list=True)
        elif kind == _STRUCT:
            for _, inner in self._fields():
                self._pass(inner)
        else:
            self._number()

    def _list(self) -> tuple[int, int]:
        """Return the size of a list and the kind of its elements."""
        head = self._bytes(1)[0]
        size = head >> 4 if head >> 4 < 15 else self._number()
        self._refuse_longer(size)
        return size, head & 15

    def _refuse_longer(self, size: int) -> None:
        """Raise an `IndexError` if there are more elements than bytes left: each has at least one."""
        if size > len(self.content) - self.at:
            raise IndexError("The list is longer than the footer.")

    def _count(self) -> None:
        self.values += 1
        if self.values > MOST_VALUES:
            raise FooterError(f"Its footer has more than {MOST_VALUES:,} values.")

    def _number(self) -> int:
        number = shift = 0
        while True:
            byte = self._bytes(1)[0]
            number |= (byte & 127) << shift
            if byte < 128 or shift > 63:
                return number
            shift += 7

    def _signed(self) -> int:
        number = self._number()
        return (number >> 1) ^ -(number & 1)

    def _bytes(self, count: int) -> bytes:
        if self.at + count > len(self.content):
            raise IndexError("The footer ends too soon.")
        self.at += count
        return self.content[self.at - count : self.at]
