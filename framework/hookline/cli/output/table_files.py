"""Tables written batch by batch: as CSV, Parquet or JSON Lines."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol

from hookline.cli.arguments.run_arguments import refuse_existing
from hookline.data.json_rows.texts import json_objects
from hookline.errors.exceptions import HooklineError
from hookline.errors.text import enumerate_names

if TYPE_CHECKING:
    import pyarrow


class TableWriter(Protocol):
    """Writes a table to a binary file that is open; the file stays open."""

    def __init__(self, file: IO[bytes], schema: "pyarrow.Schema"):
        """Begin a table with these columns."""

    def write(self, batch: "pyarrow.RecordBatch") -> None:
        """Write rows."""

    def close(self) -> None:
        """Complete the table."""


class CSVWriter:
    """Writes CSV in UTF-8 with a header. Texts are quoted only where CSV needs it; null is an empty cell."""

    def __init__(self, file: IO[bytes], schema: "pyarrow.Schema"):
        """Write the header."""
        self._file = file
        self._is_single = len(schema) == 1
        file.write((",".join(map(_quoted, schema.names)) + "\n").encode())

    def write(self, batch: "pyarrow.RecordBatch") -> None:
        """Write rows."""
        import pyarrow
        import pyarrow.csv

        if self._is_single and self._has_empty_cells(batch.column(0)):
            self._write_cells(batch)
            return
        buffer = pyarrow.BufferOutputStream()
        try:
            options = pyarrow.csv.WriteOptions(include_header=False, quoting_style="none")
            pyarrow.csv.write_csv(batch, buffer, options)
        except pyarrow.ArrowInvalid:  # A text contains a comma, a quote or a line break.
            self._write_cells(batch)
        else:
            self._file.write(buffer.getvalue())

    def _has_empty_cells(self, column: "pyarrow.Array[Any]") -> bool:
        """Whether a cell would be an empty line."""
        import pyarrow
        import pyarrow.compute as compute

        is_empty = compute.equal(column.cast(pyarrow.string()), "")
        return bool(column.null_count) or bool(compute.any(is_empty).as_py())

    def _write_cells(self, batch: "pyarrow.RecordBatch") -> None:
        """Quote the cells that need it. pyarrow quotes all texts or none, numbers that were kept from a CSV file too.

        An empty line would not be a row for most readers, so an empty cell in the only column is `""`.
        """
        import pyarrow
        import pyarrow.compute as compute

        columns = []
        for column in batch.columns:
            texts = column.cast(pyarrow.string())
            doubled = compute.replace_substring(texts, '"', '""')
            quoted = compute.binary_join_element_wise('"', doubled, '"', "")
            texts = compute.if_else(compute.match_substring_regex(texts, '[,"\r\n]'), quoted, texts)
            texts = compute.fill_null(texts, "")
            columns.append(compute.if_else(compute.equal(texts, ""), '""', texts) if self._is_single else texts)
        lines = compute.binary_join_element_wise(*columns, ",") if len(columns) > 1 else columns[0]
        self._file.write("".join(f"{line}\n" for line in lines.to_pylist()).encode())

    def close(self) -> None:
        """Nothing remains to be written."""


class ParquetWriter:
    """Writes Parquet with pyarrow. Each batch becomes a row group."""

    def __init__(self, file: IO[bytes], schema: "pyarrow.Schema"):
        """Begin the file."""
        import pyarrow.parquet

        self._writer = pyarrow.parquet.ParquetWriter(file, schema)

    def write(self, batch: "pyarrow.RecordBatch") -> None:
        """Write rows."""
        self._writer.write_batch(batch)

    def close(self) -> None:
        """Write the footer."""
        self._writer.close()


class JSONLinesWriter:
    """Writes an object of JSON on each line. Numbers that are not finite are null, since JSON has none."""

    def __init__(self, file: IO[bytes], schema: "pyarrow.Schema"):
        """Write to this file."""
        self._file = file

    def write(self, batch: "pyarrow.RecordBatch") -> None:
        """Write rows, without a Python object for each."""
        self._file.write("".join(f"{line}\n" for line in json_objects(batch)).encode())

    def close(self) -> None:
        """Nothing remains to be written."""


WRITERS: Mapping[str, Callable[[IO[bytes], "pyarrow.Schema"], TableWriter]] = {
    ".csv": CSVWriter,
    ".parquet": ParquetWriter,
    ".jsonl": JSONLinesWriter,
}
"""The writer for each suffix."""


def refuse_path(path: Path, *, may_overwrite: bool) -> None:
    """Raise a `HooklineError` if a table cannot be written to this path: such as one with another suffix."""
    if path.suffix.lower() not in WRITERS:
        raise HooklineError(f"{path}: The name of the file must end in {enumerate_names(WRITERS, 'or')}.")
    refuse_existing(path, force=may_overwrite)


def refuse_lists(schema: "pyarrow.Schema") -> None:
    """Raise a `HooklineError` if a column of a table cannot be written as CSV, because its cells are lists."""
    import pyarrow.types

    if nested := [field.name for field in schema if pyarrow.types.is_nested(field.type)]:
        raise HooklineError(
            f"The cells of {enumerate_names(nested)} are lists, which CSV does not have: write to a file that ends in "
            '".parquet" or ".jsonl".'
        )


def _quoted(text: str) -> str:
    """Return a cell of CSV, in quotes if it needs them."""
    return '"' + text.replace('"', '""') + '"' if any(letter in text for letter in ',"\r\n') or not text else text
