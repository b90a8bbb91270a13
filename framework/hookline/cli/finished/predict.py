"""`hookline predict runs/iris/1 new.csv -o predictions.csv`."""

import argparse
import csv
import gc
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from hookline.cli.arguments.run_arguments import add_opening_arguments, add_run_argument, opened_run
from hookline.cli.commands import GOOD
from hookline.cli.output.first_rows import first_rows
from hookline.cli.output.rows_progress import estimated_rows, rows_progress
from hookline.cli.output.screen import paragraph, screen_width
from hookline.cli.output.table_files import WRITERS, CSVWriter, refuse_lists, refuse_path
from hookline.cli.output.warnings import printed_warnings
from hookline.errors.exceptions import HooklineError
from hookline.errors.printing import echo
from hookline.errors.text import counted
from hookline.plugins.signals import EXIT_CODE, EndedBySignal, raising, sentence
from hookline.plugins.sources.local import from_file

if TYPE_CHECKING:
    import pyarrow

    from hookline.trained.prediction_stream import PredictionStream

BAD_ROWS = 1
"""The exit code if rows could not be read and `--skip-bad-rows` was passed."""

ROWS_ON_SCREEN = 20
"""The largest number of rows that are shown on a terminal."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_run_argument(parser)
    parser.add_argument(
        "rows", metavar="ROWS", help="a CSV, Parquet, NPZ or JSON Lines file, or - for CSV from standard input"
    )
    parser.add_argument(
        "-o",
        "--out",
        metavar="FILE",
        help="the file to write: .csv, .parquet or .jsonl (default: the first rows on a terminal, otherwise CSV)",
    )
    parser.add_argument(
        "--columns",
        action="append",
        default=[],
        metavar="PARTS",
        help="what to write, such as prediction,probability; also probabilities, output and truth",
    )
    parser.add_argument(
        "--keep", action="append", default=[], metavar="NAMES", help="columns of the input to copy, such as id,name"
    )
    parser.add_argument(
        "--batch-size", type=int, metavar="ROWS", help="the number of rows to which to apply the model at once"
    )
    parser.add_argument(
        "--skip-bad-rows",
        action="store_true",
        help="leave the predictions of rows that cannot be read empty; the exit code is then 1",
    )
    parser.add_argument("--force", action="store_true", help="overwrite a file that exists")
    add_opening_arguments(parser)
    parser.add_argument("-q", "--quiet", action="store_true", help="print only errors and warnings")


def run(arguments: argparse.Namespace) -> int:
    """Predict the rows, and write or print the predictions."""
    out = None if arguments.out is None else Path(arguments.out)
    _refuse_arguments(arguments, out)
    gc.enable()
    plugins = [from_file(file) for file in arguments.plugin]
    with printed_warnings(str(Path(arguments.directory) / "spec.toml")):
        finished = opened_run(arguments, arguments.directory, arguments.trial, plugins)
        stream = finished.predictions(
            arguments.rows,
            columns=_names(arguments.columns),
            keep=_names(arguments.keep),
            batch_size=arguments.batch_size,
            skip_bad_rows=arguments.skip_bad_rows,
        )
        width = screen_width()
        total = None if arguments.quiet else estimated_rows(arguments.rows)
        with rows_progress(lambda: stream.rows, total, is_shown=not arguments.quiet):
            if out is not None:
                try:
                    _write_file(stream, out)
                except EndedBySignal as signal:
                    echo(sentence(signal.number), file=sys.stderr)
                    return EXIT_CODE + signal.number
            elif width is None:
                refuse_lists(stream.schema)
                _write(stream, CSVWriter(_output(), stream.schema))
            else:
                shown = stream.head(ROWS_ON_SCREEN)
                stream.count_rest()
        if out is not None and not arguments.quiet:
            echo(f"{counted(stream.rows, 'row')}. The predictions are in {out}")
        elif width is not None and out is None:
            _show(shown, stream.rows, width)
    if stream.unreadable:
        echo(f"{stream.error()}", "Their predictions are empty.", file=sys.stderr)
        return BAD_ROWS
    return GOOD


def _refuse_arguments(arguments: argparse.Namespace, out: Path | None) -> None:
    """Raise an error for an output that cannot be written, and if the run comes after the rows."""
    if out is not None:
        refuse_path(out, may_overwrite=arguments.force)
    if Path(arguments.directory).is_file() and Path(arguments.rows).is_dir():
        raise HooklineError(
            f"Pass the run first, and then the rows: `hookline predict {arguments.rows} {arguments.directory}`."
        )


def _show(first: "pyarrow.Table", rows: int, width: int) -> None:
    """Print the first rows, and how many there are."""
    echo(*first_rows(first, width))
    if rows > first.num_rows:
        more = f"{first.num_rows} of {counted(rows, 'row')}. Pass `-o FILE` to write all of them."
        echo("", *paragraph(more, width))


def _names(lists: Sequence[str]) -> list[str]:
    """Split lists of names at commas; a name with a comma is in quotes, as in CSV."""
    return [name.strip() for row in csv.reader(lists, skipinitialspace=True) for name in row if name.strip()]


def _write_file(stream: "PredictionStream", path: Path) -> None:
    """Write all predictions to a file. An error or a signal leaves an existing file as it is."""
    from hookline.files.atomic import replaced

    if path.suffix.lower() == ".csv":
        refuse_lists(stream.schema)
    with raising(), replaced(path) as part, part.open("wb") as file:
        _write(stream, WRITERS[path.suffix.lower()](file, stream.schema))


def _write(stream: "PredictionStream", writer: Any) -> None:
    with closing(writer):  # After an error, too: pyarrow would complain about a closed file later.
        for batch in stream:
            writer.write(batch)


def _output() -> IO[bytes]:
    """Return standard output for bytes: what is written to a pipe is data, and in UTF-8 everywhere."""
    sys.stdout.flush()
    return sys.stdout.buffer
