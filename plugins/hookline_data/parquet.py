"""Parquet files as a data source."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hookline.spec import spec
from hookline_data.arrow_columns import parquet_columns
from hookline_data.arrow_columns.checked import checked_table
from hookline_data.files import kinds
from hookline_data.reading import parquet_names
from hookline_data.reading.columns import Wanted
from hookline_data.reading.error_messages import as_sentences
from hookline_data.reading.parquet_names import sentence
from hookline_data.streamed_table import StreamedTable

if TYPE_CHECKING:
    import pyarrow

    from hookline_data.streaming.parts.part import PartReader


@spec
class Parquet(StreamedTable):
    """A Parquet file with one row per example and columns of numbers, text or lists.

    Text in the target column is read as class names, which are sorted and numbered from 0. Booleans are read as 1 and
    0. A column of fixed-size lists counts as that many input columns. A column of variable-length lists must be the
    only one of its group of inputs: its sequences of numbers, or of fixed-size lists, are padded with 0, and their
    lengths are kept. With a `shape`, such as `[3, 32, 32]`, nested lists of this shape are images. Lists in the target
    column are a class or a number per step, and lists of lists one per pixel.
    """

    def names_in_file(self, path: Path) -> list[str]:
        """Return the column names, without the unnamed index that pandas writes."""
        with as_sentences(path, sentence):
            kinds.refuse_other(path, "Parquet")
        return parquet_names.column_names(path)

    def text_columns(self, path: Path, names: Sequence[str]) -> Mapping[str, tuple[int, str] | None]:
        """Return the columns of text, according to the schema of the file."""
        return dict.fromkeys(parquet_names.text_columns(path))

    def read_file(self, path: Path, wanted: Mapping[str, Wanted]) -> "pyarrow.Table":
        """Read the columns and cast them to the wanted types."""
        text = [name for name, column in wanted.items() if column.kind in ("text", "any")]
        with as_sentences(path, sentence):
            table = parquet_columns.read(path, list(wanted), text)
        return checked_table(table, wanted, path)

    def parts_of(self, path: Path) -> "PartReader":
        """Return a reader of row groups of the file."""
        from hookline_data.streaming.parts.parquet_parts import ParquetParts  # Checking a spec does not need it.

        return ParquetParts(path)
