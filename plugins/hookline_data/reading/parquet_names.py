"""The column names of a Parquet file."""

import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from hookline.errors import DataError, shortened
from hookline_data.reading import parquet_footer
from hookline_data.reading.columns import Place
from hookline_data.reading.error_messages import as_sentences, one_line
from hookline_data.reading.parquet_footer import FooterError

if TYPE_CHECKING:
    import pyarrow


def column_names(path: Path) -> list[str]:
    """Return the column names, without the unnamed index that pandas writes.

    Raises:
        DataError: If the file cannot be read, or if two columns have the same name.

    """
    try:
        with as_sentences(path, sentence):
            found = parquet_footer.column_names(path)
    except FooterError as error:
        raise DataError(f"This is not a Parquet file. {error}", file=path) from None
    names = [name for name in found if not re.fullmatch(r"__index_level_\d+__", name)]
    if twice := sorted(name for name, times in Counter(names).items() if times > 1):
        raise DataError(f'Two columns are named "{shortened(twice[0])}".', file=path)
    return names


def sentence(path: Place, error: "pyarrow.ArrowException") -> DataError:
    """Rephrase an error of pyarrow about a Parquet file."""
    return DataError(f"This is not a Parquet file. {one_line(error)}.", file=path)
