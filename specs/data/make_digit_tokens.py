"""Write digit_tokens.parquet from digits.csv: each image as the list of the 13 to 30 positions of its dark pixels.

python specs/data/make_digit_tokens.py
"""

import csv
from pathlib import Path

import numpy
import pyarrow
from pyarrow import parquet

HERE = Path(__file__).parent
DARK = 8
"""The minimum value of a dark pixel; white is 0, and black is 16."""


def main() -> None:
    """Find the dark pixels."""
    with (HERE / "digits.csv").open(newline="") as file:
        _, *rows = csv.reader(file)
    cells = numpy.array(rows, dtype=numpy.uint8)
    pixels, digit = cells[:, :-1], cells[:, -1]
    # Positions are counted row by row from 1, so that 0 can be the index of padding.
    dark = [(numpy.flatnonzero(image >= DARK) + 1).astype(numpy.uint8) for image in pixels]
    table = pyarrow.table({"dark": pyarrow.array(dark, pyarrow.list_(pyarrow.uint8())), "digit": digit})
    parquet.write_table(table, HERE / "digit_tokens.parquet")


if __name__ == "__main__":
    main()
