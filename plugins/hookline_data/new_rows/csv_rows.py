"""CSV files and standard input, block by block. Cells are read as numbers, and as text where that fails."""

import codecs
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

from hookline.errors import DataError, counted
from hookline_data.dialect.dialect import COMMAS, Dialect
from hookline_data.dialect.plain_text import is_stream, plain
from hookline_data.new_rows.chunks import BadCells, Chunk
from hookline_data.new_rows.roles import Role
from hookline_data.reading.columns import Place, cell_error
from hookline_data.reading.csv import header as csv_header
from hookline_data.reading.csv.cells import null_values
from hookline_data.reading.csv.complaints import sentence
from hookline_data.reading.csv.format import LONGEST_ROW, MOST_CELL_LINES, WRITTEN_FALSE, WRITTEN_TRUE
from hookline_data.reading.csv.quotes import scan
from hookline_data.reading.error_messages import as_sentences

if TYPE_CHECKING:
    import pyarrow

BLOCK = 4 * 2**20
"""How many bytes to read at once: enough for pyarrow to divide them among threads, and little memory."""

_BOOLEAN = re.compile(rf"invalid value '\s*({'|'.join((*WRITTEN_TRUE, *WRITTEN_FALSE))})\s*'")


class CSVRows:
    """Rows of a CSV file, which may be endless and cannot be read twice."""

    def __init__(
        self, file: BinaryIO, place: Place, *, multiline: bool, dialect: Dialect = COMMAS, block: int | None = None
    ):
        """Read the header. The caller closes the file. `block` is the number of bytes to read at once
        (default: `BLOCK`).

        Raises:
            DataError: If there is none.

        """
        self.place = place
        self.dialect = dialect
        self._file = plain(file, dialect, place)
        self._most_lines = None if multiline else MOST_CELL_LINES
        self._rows = 0
        self._booleans: set[str] = set()
        with as_sentences(place, sentence):
            header = csv_header.read_header(self._file, place, dialect)
            self.names = csv_header.names_in(header, place, dialect)
        self._begin = b"" if dialect.header else header.removeprefix(codecs.BOM_UTF8)
        self._block = block or BLOCK
        self.can_seek = not is_stream(self._file)
        """Whether the text is the file itself, so that `position` is one in the file."""
        self.position = len(header) - len(self._begin)
        """The number of bytes of the text before the rows that have not been read."""

    def chunks(self, roles: Mapping[str, Role], keep: Collection[str]) -> Iterator[Chunk]:
        """Yield the rows of one block of the file after the other.

        Raises:
            DataError: If the file is not a table, or if a quote is probably a mistake.

        """
        if lists := [name for name, role in roles.items() if role.is_list]:
            message = f'"{lists[0]}" holds lists, which a CSV file cannot. Use Parquet, JSON lines or Python objects.'
            raise DataError(message, file=self.place, columns=lists)
        text, size, is_all = self._begin, self._block, False
        while not is_all:
            with as_sentences(self.place, sentence):
                more = self._file.read(size)
                is_all = len(more) < size
            text, more = text + more, b""
            with as_sentences(self.place, sentence):
                chunk, end = self._first_rows(text, roles, keep, is_all=is_all)
            self.position += end
            if chunk is not None:
                self._rows += chunk.rows
                yield chunk
            elif len(text) > LONGEST_ROW:
                message = f"The row has more than {LONGEST_ROW // 2**20} MiB. There may be an unclosed quote."
                raise DataError(f"row {self._rows + 1}: {message}", file=self.place, row=self._rows + 1)
            text = text[end:]
        if not self._rows:
            raise DataError("The file has a header but no rows.", file=self.place)

    def _first_rows(
        self, text: bytes, roles: Mapping[str, Role], keep: Collection[str], *, is_all: bool
    ) -> tuple[Chunk | None, int]:
        """Return the rows at the beginning of a text that are complete, and where they end."""
        import pyarrow

        end = len(text) if is_all else text.rfind(b"\n") + 1
        quote = self.dialect.quote
        has_quotes = bool(quote) and text.find(quote, 0, end) >= 0
        if has_quotes and text.count(quote, 0, end) % 2:
            end = self._end_of_rows(text, end, is_all=is_all)
        if not text[:end].strip():
            return None, end
        try:
            table = self._read(text, end, roles, keep, has_quotes=has_quotes)
            complete = end if self._has_a_line_for_each(text, end, table.num_rows) else None
        except pyarrow.ArrowInvalid as error:
            if _BOOLEAN.search(str(error)):
                self._find_booleans(text, end, roles, keep)
            table, complete = None, None
        if has_quotes and complete is None:
            complete = self._end_of_rows(text, end, is_all=is_all)
            if complete != end:
                table, end = None, complete
        if not text[:end].strip():
            return None, end
        strict = [name for name, role in roles.items() if _is_numeric(role) and not role.wanted.may_be_missing]
        if table is None or any(table.column(name).null_count for name in strict if name not in keep):
            return self._read_as_text(text, end, roles, keep), end
        return self._chunk(table, roles, keep), end

    def _chunk(
        self, table: "pyarrow.Table", roles: Mapping[str, Role], keep: Collection[str], bad: Sequence[BadCells] = ()
    ) -> Chunk:
        import pyarrow

        columns = {name: table.column(name) for name in roles}
        for name, cells in columns.items():
            if pyarrow.types.is_boolean(cells.type):
                columns[name] = cells.cast("int64").cast("int64" if roles[name].wanted.kind == "integer" else "float64")
        return Chunk(table.num_rows, columns, {name: table.column(name) for name in keep}, bad)

    def _read(
        self, text: bytes, end: int, roles: Mapping[str, Role], keep: Collection[str], *, has_quotes: bool
    ) -> "pyarrow.Table":
        """Read numbers as numbers, and all other columns as text."""
        import pyarrow
        from pyarrow import csv

        kinds = {"number": pyarrow.float64(), "integer": pyarrow.int64()}
        types = {name: kinds[role.wanted.kind] for name, role in roles.items() if _is_numeric(role)}
        types |= dict.fromkeys(self._booleans & set(types), pyarrow.bool_())
        types |= dict.fromkeys(keep, pyarrow.string())
        return csv.read_csv(
            pyarrow.py_buffer(memoryview(text)[:end]),
            read_options=csv.ReadOptions(column_names=self.names),
            parse_options=self.dialect.parse_options(newlines_in_values=has_quotes),
            convert_options=self._converting(roles, keep, types),
        )

    def _converting(
        self, roles: Mapping[str, Role], keep: Collection[str], types: "Mapping[str, pyarrow.DataType]"
    ) -> Any:
        import pyarrow
        from pyarrow import csv

        wanted = list(dict.fromkeys([*roles, *keep])) or self.names[:1]
        return csv.ConvertOptions(
            include_columns=wanted,
            column_types={**dict.fromkeys(wanted, pyarrow.string()), **types},
            true_values=list(WRITTEN_TRUE),
            false_values=list(WRITTEN_FALSE),
            decimal_point=self.dialect.decimal_point,
            null_values=null_values({mark for role in roles.values() for mark in role.wanted.missing}),
        )

    def _read_as_text(self, text: bytes, end: int, roles: Mapping[str, Role], keep: Collection[str]) -> Chunk:
        """Read all columns as text, and the other rows where a row has too few or too many cells."""
        import numpy
        import pyarrow
        from pyarrow import csv

        found: dict[int, int] = {}

        def note(row: "csv.InvalidRow") -> str:
            found[row.number - 1] = row.actual_columns
            return "skip"

        table = csv.read_csv(
            pyarrow.py_buffer(memoryview(text)[:end]),
            # A single thread counts rows.
            read_options=csv.ReadOptions(column_names=self.names, use_threads=False, block_size=end + 1),
            parse_options=self.dialect.parse_options(newlines_in_values=True, invalid_row_handler=note),
            convert_options=self._converting(roles, keep, {}),
        )
        if not found:
            return self._chunk(table, roles, keep)
        is_uneven = numpy.zeros(table.num_rows + len(found), dtype=bool)
        is_uneven[list(found)] = True
        order = numpy.cumsum(~is_uneven) - 1
        table = table.take(pyarrow.array(order, mask=is_uneven))
        bad = BadCells.where(
            None,
            is_uneven,
            lambda row: (f"It has {counted(found[row], 'cell')}, but {self.dialect.width} {len(self.names)}.", None),
        )
        return self._chunk(table, roles, keep, bad)

    def _find_booleans(self, text: bytes, end: int, roles: Mapping[str, Role], keep: Collection[str]) -> None:
        """Remember the columns of numbers whose first cell is True or False, so that they are read as such."""
        import pyarrow
        from pyarrow import compute

        rows = self._read_as_text(text, end, roles, keep)
        words = pyarrow.array((*WRITTEN_TRUE, *WRITTEN_FALSE))
        self._booleans = {
            name
            for name, role in roles.items()
            if _is_numeric(role)
            and name not in keep
            and compute.all(compute.is_in(compute.utf8_trim(rows.columns[name], " \t"), value_set=words)).as_py()
        }

    def _has_a_line_for_each(self, text: bytes, end: int, rows: int) -> bool:
        """Whether each row is one line, so that no quote has turned several lines into a cell."""
        return rows == text.count(b"\n", 0, end) + (text[end - 1 : end] != b"\n")

    def _end_of_rows(self, text: bytes, end: int, *, is_all: bool) -> int:
        """Return where the last complete row ends. Each line is scanned: this is slow, but exact."""
        lines = text[:end].splitlines(keepends=True)

        def error(row: int, column: int, message: str) -> DataError:
            name = self.names[column - 1] if column <= len(self.names) else str(column)
            return cell_error(self.place, row - 1, name, message=message)

        decoded = (line.rstrip(b"\r\n").decode("latin-1") + "\n" for line in lines)
        complete = scan(decoded, self._most_lines, self._rows, error, is_all=is_all, dialect=self.dialect)
        return sum(map(len, lines[:complete]))


def _is_numeric(role: Role) -> bool:
    return role.wanted.kind in ("number", "integer")
