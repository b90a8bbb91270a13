"""The format of a CSV file: delimiter, quotes and decimal point."""

import codecs
import csv
from typing import Any

from attrs import frozen

PREFIX = "f"
"""What the names of columns begin with in a file without a header, as in pyarrow."""


@frozen(kw_only=True)
class Dialect:
    """The format of a CSV file. The defaults are those of a file in UTF-8 with commas and a header."""

    delimiter: str = ","
    """The character between cells."""
    quote_char: str = '"'
    """The character around cells that contain delimiters; empty for none."""
    decimal_point: str = "."
    """The character between the integer and the fraction of a number."""
    encoding: str = "utf-8"
    """The encoding of the text, by its name in Python."""
    header: bool = True
    """Whether the first line has the names of the columns."""
    names: tuple[str, ...] = ()
    """The names to use instead of those of the file."""
    comment: str = ""
    """The beginning of lines to skip; empty for none."""
    skip_rows: int = 0
    """The number of lines to skip at the beginning."""
    skipfooter: int = 0
    """The number of lines to skip at the end."""

    @property
    def is_utf8(self) -> bool:
        """Whether the text is in UTF-8, with or without a byte order mark."""
        return codecs.lookup(self.encoding).name in ("utf-8", "utf-8-sig")

    @property
    def quote(self) -> bytes:
        """The quote as a byte; empty if there are no quotes."""
        return self.quote_char.encode()

    def names_of(self, first_row: list[str]) -> list[str]:
        """Return the names of the columns, given the first row: the header, or a row of cells."""
        if self.names:
            return list(self.names)
        return first_row if self.header else [f"{PREFIX}{index}" for index in range(len(first_row))]

    @property
    def width(self) -> str:
        """The beginning of a clause about the number of columns."""
        return "`names` has" if self.names else "the header has" if self.header else "the first row has"

    def reader_options(self) -> dict[str, Any]:
        """Return the arguments of `csv.reader`."""
        if not self.quote_char:
            return {"delimiter": self.delimiter, "quoting": csv.QUOTE_NONE}
        return {"delimiter": self.delimiter, "quotechar": self.quote_char}

    def parse_options(self, *, newlines_in_values: bool, **options: Any) -> Any:
        """Return the options of pyarrow's parser."""
        from pyarrow.csv import ParseOptions

        return ParseOptions(
            delimiter=self.delimiter,
            quote_char=self.quote_char or False,
            newlines_in_values=newlines_in_values and bool(self.quote_char),
            **options,
        )


COMMAS = Dialect()
"""The default dialect."""
