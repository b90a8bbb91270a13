"""JSON lines: one object per line."""

import json
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any, BinaryIO

from hookline.errors import DataError
from hookline_data.dialect.dialect import COMMAS
from hookline_data.dialect.plain_text import plain
from hookline_data.new_rows.arrow.rows import chunk_of
from hookline_data.new_rows.chunks import BadCells, Chunk
from hookline_data.new_rows.python_rows import as_arrow
from hookline_data.new_rows.roles import Role
from hookline_data.reading.columns import Place
from hookline_data.reading.error_messages import as_sentences, one_line

if TYPE_CHECKING:
    import pyarrow

BLOCK = 4 * 2**20
"""How many bytes to read at once."""

LOOKED_AT = 1000
"""How many lines to search for the names of the columns."""


class JSONRows:
    """Rows of a file in JSON Lines format. A cell that a row lacks is missing."""

    def __init__(self, file: BinaryIO, place: Place):
        """Read the names from the first lines. The caller closes the file.

        Raises:
            DataError: If they are not objects.

        """
        self.place = place
        self._file = plain(file, COMMAS, place)
        with as_sentences(place, sentence):
            self._text, self._is_all = self._block(b"")
        names: dict[str, None] = {}
        for line in self._text.split(b"\n", LOOKED_AT)[:LOOKED_AT]:
            names |= dict.fromkeys(_object(line) or ())
        if not names:
            what = "This is not a file of JSON lines" if self._text.strip() else "The file is empty"
            raise DataError(f"{what}.", file=place)
        self.names = list(names)
        self._dates: set[str] = set()

    def chunks(self, roles: Mapping[str, Role], keep: Collection[str]) -> Iterator[Chunk]:
        """Yield the rows of one block of the file after the other."""
        kinds: dict[str, pyarrow.DataType] = {}
        text, is_all = self._text, self._is_all
        while True:
            end = len(text) if is_all else text.rfind(b"\n") + 1
            if text[:end].strip():
                with as_sentences(self.place, sentence):
                    chunk = self._read(text[:end], roles, keep)
                columns = {name: _with_floats(chunk.columns[name], role) for name, role in roles.items()}
                yield Chunk(chunk.rows, columns, self._of_one_type(chunk.kept, kinds), chunk.bad)
            if is_all:
                return
            with as_sentences(self.place, sentence):
                text, is_all = self._block(text[end:])

    def _block(self, rest: bytes) -> tuple[bytes, bool]:
        """Return the next block, and whether it is the last one; it has a whole line if there is one."""
        while True:
            more = self._file.read(BLOCK)
            rest += more
            if len(more) < BLOCK or b"\n" in more:
                return rest, len(more) < BLOCK

    def _read(self, text: bytes, roles: Mapping[str, Role], keep: Collection[str]) -> Chunk:
        import pyarrow
        from pyarrow import json as arrow_json

        kinds = {name: _type(role) for name, role in roles.items() if name not in keep}
        kinds |= dict.fromkeys(self._dates, pyarrow.string())
        schema = pyarrow.schema([(name, kind) for name, kind in kinds.items() if kind is not None])
        parsing = arrow_json.ParseOptions(
            explicit_schema=schema,
            unexpected_field_behavior="ignore" if set(schema.names) >= {*roles, *keep} else "infer",
            newlines_in_values=False,
        )
        try:
            table = arrow_json.read_json(
                pyarrow.py_buffer(text),
                read_options=arrow_json.ReadOptions(block_size=len(text) + 1),
                parse_options=parsing,
            )
        except pyarrow.ArrowInvalid:
            return self._read_by_line(text, roles, keep)
        if dates := {name for name in table.column_names if pyarrow.types.is_timestamp(table.column(name).type)}:
            self._dates |= dates  # Text that looks like dates stays text.
            return self._read(text, roles, keep)
        for name in dict.fromkeys([*roles, *keep]):
            if name not in table.column_names:
                table = table.append_column(name, pyarrow.nulls(table.num_rows))
        return chunk_of(table, roles, keep)

    def _read_by_line(self, text: bytes, roles: Mapping[str, Role], keep: Collection[str]) -> Chunk:
        """Read lines of which some are not JSON, or have cells of different types."""
        import numpy
        import pyarrow

        rows = [_object(line) for line in text.split(b"\n") if line.strip()]
        columns = {
            name: as_arrow([None if row is None else row.get(name) for row in rows])
            for name in dict.fromkeys([*roles, *keep])
        }
        bad = BadCells.where(
            None, numpy.array([row is None for row in rows]), lambda _: ("This line is not a JSON object.", None)
        )
        return chunk_of(pyarrow.table(columns), roles, keep, bad)

    def _of_one_type(
        self, kept: "Mapping[str, pyarrow.ChunkedArray]", kinds: "dict[str, pyarrow.DataType]"
    ) -> "dict[str, pyarrow.ChunkedArray]":
        """Cast columns to their types in the first block, since a writer expects one type."""
        import pyarrow

        found = {}
        for name, cells in kept.items():
            is_null = pyarrow.types.is_null(cells.type)
            kind = kinds.setdefault(name, pyarrow.string() if is_null else cells.type)
            try:
                found[name] = cells.cast(kind)
            except (pyarrow.ArrowInvalid, pyarrow.ArrowNotImplementedError):
                message = f'The column "{name}" has the type {cells.type}, but {kind} in the first rows.'
                raise DataError(message, file=self.place, columns=[name]) from None
        return found


def _type(role: Role) -> "pyarrow.DataType | None":
    """Return the type to read a column as; `None` for the type that the file gives it."""
    import pyarrow

    kind = {"number": pyarrow.float64(), "integer": pyarrow.int64()}.get(role.wanted.kind)
    if kind is None or role.size is None:
        return None
    if role.steps is not None:
        return pyarrow.list_(pyarrow.list_(kind) if role.steps else kind)
    return kind if role.size == 1 else pyarrow.list_(kind)


def _with_floats(cells: "pyarrow.ChunkedArray", role: Role) -> "pyarrow.ChunkedArray":
    """Return numbers as floats, which they may be in the next block."""
    if role.wanted.kind != "number":
        return cells
    kind = _floats(cells.type)
    return cells if kind == cells.type else cells.cast(kind)


def _floats(kind: "pyarrow.DataType") -> "pyarrow.DataType":
    import pyarrow
    from pyarrow import types

    if types.is_list(kind):
        return pyarrow.list_(_floats(kind.value_type))
    return pyarrow.float64() if types.is_integer(kind) or types.is_boolean(kind) else kind


def _object(line: bytes) -> dict[str, Any] | None:
    """Return the object in a line, or `None`."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def sentence(place: Place, error: "pyarrow.ArrowException") -> DataError:
    """Rephrase an error of pyarrow about JSON lines."""
    return DataError(f"This is not a file of JSON lines. {one_line(error)}.", file=place)
