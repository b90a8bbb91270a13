"""The columns of a Parquet file: their names, and which are text."""

import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from hookline.errors import DataError, shortened
from hookline_data.reading import parquet_footer
from hookline_data.reading.columns import Place
from hookline_data.reading.error_messages import as_sentences, one_line
from hookline_data.reading.parquet_footer import Element, FooterError

if TYPE_CHECKING:
    import pyarrow


def column_names(path: Path) -> list[str]:
    """Return the column names, without the unnamed index that pandas writes.

    Raises:
        DataError: If the file cannot be read, or if two columns have the same name.

    """
    names = [column.name for column in _columns(path) if not re.fullmatch(r"__index_level_\d+__", column.name)]
    if twice := sorted(name for name, times in Counter(names).items() if times > 1):
        raise DataError(f'Two columns are named "{shortened(twice[0])}".', file=path)
    return names


def text_columns(path: Path) -> list[str]:
    """Return the names of the columns of text.

    Raises:
        DataError: If the file cannot be read.

    """
    return [column.name for column in _columns(path) if column.is_text]


def _columns(path: Path) -> list[Element]:
    try:
        with as_sentences(path, sentence):
            return parquet_footer.columns(path)
    except FooterError as error:
        raise DataError(f"This is not a Parquet file. {error}", file=path) from None


def sentence(path: Place, error: "pyarrow.ArrowException") -> DataError:
    """Rephrase an error of pyarrow about a Parquet file."""
    return DataError(f"This is not a Parquet file. {one_line(error)}.", file=path)
