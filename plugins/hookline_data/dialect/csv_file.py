"""A CSV file and its dialect."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from attrs import frozen

from hookline_data.dialect.dialect import COMMAS, Dialect
from hookline_data.dialect.plain_text import is_stream, plain


@frozen
class CSVFile:
    """A CSV file and its dialect."""

    path: Path
    """The file."""
    dialect: Dialect = COMMAS
    """How it is written."""

    def open(self) -> BinaryIO:
        """Open the file as plain text in UTF-8."""
        file = self.path.open("rb")
        try:
            return plain(file, self.dialect, self.path)
        except BaseException:
            file.close()
            raise

    @contextmanager
    def for_arrow(self) -> Iterator[Any]:
        """Open the file for pyarrow, as plain text in UTF-8."""
        import pyarrow

        with self.open() as text:
            if is_stream(text):
                yield pyarrow.PythonFile(text, mode="r")
                return
        with pyarrow.OSFile(str(self.path)) as file:
            yield file
