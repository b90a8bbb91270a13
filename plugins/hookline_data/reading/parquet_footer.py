"""Read the column names from the footer of a Parquet file, so that a check need not import pyarrow and NumPy.

The footer is a Thrift structure in the compact protocol. Everything but the names is skipped. See
https://parquet.apache.org/docs/file-format/metadata and
https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md.
"""

from collections.abc import Iterator
from pathlib import Path

LARGEST = 2**26
"""The largest footer in bytes."""

MOST_VALUES = 2**20
"""The largest number of values to read or skip, in about half a second; 100,000 columns have half as many."""

_STOP, _TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT, _UUID = 0, 1, 2, 3, 7, 8, 9, 10, 11, 12, 13
_SIZES = {_BYTE: 1, _DOUBLE: 8, _UUID: 16}
_SCHEMA, _NAME, _CHILDREN = 2, 4, 5
"""The numbers of the fields to read: the schema; the name of an element, and its number of children."""


class FooterError(ValueError):
    """Raised for a file without a readable footer."""


def column_names(path: Path) -> list[str]:
    """Return the names of the top-level columns of the schema.

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
    (_, columns), *rest = elements
    names, at = [], 0
    for _ in range(columns):
        if at >= len(rest):
            raise FooterError("Its footer is damaged.")
        names.append(rest[at][0])
        inside = 1
        while inside and at < len(rest):  # The fields of a column follow it; skip them.
            inside += rest[at][1] - 1
            at += 1
    return names


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

    def schema(self) -> list[tuple[str, int]]:
        """Return the elements of the schema: the name of each, and how many of the following ones are its children."""
        for number, kind in self._fields():
            if number == _SCHEMA and kind == _LIST:
                size, _ = self._list()
                return [self._element() for _ in range(size)]
            self._pass(kind)
        return []

    def _element(self) -> tuple[str, int]:
        name, children = "", 0
        self._count()
        for number, kind in self._fields():
            if number == _NAME and kind == _BINARY:
                name = self._bytes(self._number()).decode()
            elif number == _CHILDREN and kind not in (_BINARY, _LIST, _STRUCT):
                children = self._signed()
            else:
                self._pass(kind)
        return name, children

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
