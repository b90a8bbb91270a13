"""CSV files as a data source."""

import codecs
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hookline.errors import OptionError
from hookline.spec import option, spec
from hookline_data.dialect import first_rows, mistakes
from hookline_data.dialect.csv_file import CSVFile
from hookline_data.dialect.dialect import Dialect
from hookline_data.reading.columns import Wanted
from hookline_data.reading.csv import cells, complaints, header
from hookline_data.streamed_table import StreamedTable

if TYPE_CHECKING:
    import pyarrow

    from hookline_data.streaming.parts.part import PartReader


@spec
class CSV(StreamedTable):
    """A text file with one row per example, whose cells are separated by commas, semicolons, tabs or other characters.

    The file may be compressed by gzip, Zstandard, bzip2 or xz. Blank lines are ignored. Text in the target column is
    read as class names, which are sorted and numbered from 0. New rows for predictions are read with the same options.
    """

    reading_options = (
        *("path", "delimiter", "quote_char", "decimal_point", "encoding"),
        *("header", "names", "comment", "skip_rows", "skipfooter"),
    )
    has_single_cells = True

    delimiter: str = ","
    """The character between cells, such as `";"` or `"\\t"`."""
    quote_char: str = '"'
    """The character around cells that contain the delimiter, quotes or line breaks. Within such a cell, a quote is
    written twice. An empty string means that quotes are ordinary characters."""
    decimal_point: str = "."
    """The character before the fraction of a number."""
    encoding: str = "utf-8"
    """The encoding of the text, by its name in Python, such as "latin-1", "cp1252" or "utf-16". A byte order mark is
    ignored."""
    header: bool | None = None
    """Whether the first line contains the names of the columns. Without a header, they are called "f0", "f1" and so on,
    as in pyarrow, or according to `names`. Default: true, unless there are `names`."""
    names: tuple[str, ...] = ()
    """The names of all columns, in their order. With `header = true`, they replace those in the file."""
    comment: str | None = None
    """The beginning of lines to ignore, such as "#"."""
    skip_rows: int = option(default=0, minimum=0)
    """The number of lines to skip at the beginning of the file."""
    skipfooter: int = option(default=0, minimum=0)
    """The number of lines to skip at the end of the file, such as totals or a source. Blank lines do not count."""
    multiline: bool = False
    """Allow quoted cells of any number of lines. By default a cell of more than 4 lines is an error, because an
    unclosed quote would turn all rows up to the next quote into one cell."""

    def conflicts(self) -> Iterator[OptionError]:
        """Report characters and encodings that no file has."""
        yield from super().conflicts()
        for name in ("delimiter", "quote_char", "decimal_point"):
            sign = getattr(self, name)
            if len(sign) == 1 and sign.isascii() and sign not in "\r\n\0":
                continue
            if sign or name != "quote_char":
                yield OptionError(name, f"This must be one ASCII character, but it is {sign!r}.", id="invalid-value")
        if self.delimiter == self.quote_char:
            yield OptionError("quote_char", "The quote cannot be the delimiter.", against=[("delimiter",)])
        if self.decimal_point.isalnum() or self.decimal_point in "+-":
            yield OptionError("decimal_point", "This cannot be a character of a number.", id="invalid-value")
        if self.comment is not None and (not self.comment or "\n" in self.comment):
            yield OptionError("comment", 'This must be the beginning of a line, such as "#".', id="invalid-value")
        if not _is_encoding(self.encoding):
            help = 'Examples: "utf-8", "utf-16", "latin-1", "cp1252".'  # noqa: A001
            yield OptionError("encoding", "Python knows no such encoding of text.", id="invalid-value", help=help)
        if len(set(self.names)) < len(self.names):
            index = next(index for index, name in enumerate(self.names) if name in self.names[:index])
            yield OptionError("names", f'Two columns are named "{self.names[index]}".', index, id="invalid-value")

    @property
    def dialect(self) -> Dialect:
        """How the file is written."""
        return Dialect(
            delimiter=self.delimiter,
            quote_char=self.quote_char,
            decimal_point=self.decimal_point,
            encoding=self.encoding,
            header=not self.names if self.header is None else self.header,
            names=self.names,
            comment=self.comment or "",
            skip_rows=self.skip_rows,
            skipfooter=self.skipfooter,
        )

    def names_in_file(self, path: Path) -> list[str]:
        """Return the names in the header, or those that the options give to the columns."""
        mistakes.refuse(CSVFile(path, self.dialect))
        return header.column_names(path, self.dialect)

    def advice_about(self, names: Sequence[str]) -> str:
        """Return the advice to set `header = false` if the first line seems to be data."""
        is_data = self.dialect.header and not self.names and header.seems_to_lack_a_header(names)
        return header.NO_HEADER if is_data else ""

    def advice_about_text(self, cell: str) -> str:
        """Return the advice to set `decimal_point`, or a kind that reads thousands and signs."""
        return complaints.number_hint(cell, self.decimal_point).strip()

    def text_columns(self, path: Path, names: Sequence[str]) -> Mapping[str, tuple[int, str] | None]:
        """Return the columns that contain words in the first rows."""
        return first_rows.text_columns(CSVFile(path, self.dialect), names)

    def read_file(self, path: Path, wanted: Mapping[str, Wanted]) -> "pyarrow.Table":
        """Read the columns and convert their cells to the wanted types."""
        return cells.read(CSVFile(path, self.dialect), wanted, multiline=self.multiline)

    def parts_of(self, path: Path) -> "PartReader":
        """Return a reader of some megabytes of the file."""
        from hookline_data.streaming.parts.csv_parts import CSVParts  # Checking a spec does not need it.

        return CSVParts(path, self.dialect, multiline=self.multiline)


def _is_encoding(name: str) -> bool:
    try:
        return bool(codecs.lookup(name)._is_text_encoding)  # The attribute by which `bytes.decode` refuses others.
    except (LookupError, ValueError):
        return False
