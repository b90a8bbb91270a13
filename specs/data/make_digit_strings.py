"""Write digit_strings.npz from digits.csv: strings of 2 to 5 handwritten digits, as sequences of columns of pixels.

    python specs/data/make_digit_strings.py

Each string consists of images side by side, read from left to right as a sequence of up to 40 columns with 8 pixels
each. No image occurs in the strings of two splits.
"""

import csv
from pathlib import Path

import numpy

HERE = Path(__file__).parent
SHORTEST, LONGEST, WIDTH = 2, 5, 8
STRINGS = {"training": 1500, "validation": 250, "test": 250}
IMAGES = {"training": 0.7, "validation": 0.15, "test": 0.15}


def main() -> None:
    """Join the images."""
    with (HERE / "digits.csv").open(newline="") as file:
        _, *rows = csv.reader(file)
    images = numpy.array([row[:-1] for row in rows], dtype=numpy.uint8).reshape(-1, 8, WIDTH)
    digits = numpy.array([row[-1] for row in rows], dtype=numpy.int8)
    random = numpy.random.default_rng(0)
    order = random.permutation(len(images))
    ends = (numpy.cumsum(list(IMAGES.values())) * len(images)).round().astype(int)
    parts = dict(zip(IMAGES, numpy.split(order, ends[:-1]), strict=True))

    # The images of each string. Positions after its end have none and are set to 0.
    chosen = numpy.concatenate([random.choice(parts[split], (count, LONGEST)) for split, count in STRINGS.items()])
    count = random.integers(SHORTEST, LONGEST + 1, size=len(chosen))
    is_there = numpy.arange(LONGEST) < count[:, None]
    # From (strings, digits, rows of pixels, columns) to (strings, columns of all digits, pixels of a column).
    columns = images[chosen].transpose(0, 1, 3, 2) * is_there[:, :, None, None].astype(numpy.uint8)
    numpy.savez_compressed(
        HERE / "digit_strings.npz",
        columns=columns.reshape(len(chosen), LONGEST * WIDTH, 8),
        columns_length=(count * WIDTH).astype(numpy.uint8),
        digits=numpy.where(is_there, digits[chosen], -1).astype(numpy.int8),
        images=numpy.where(is_there, chosen, -1).astype(numpy.int16),
        split=numpy.repeat(list(STRINGS), list(STRINGS.values())),
    )


if __name__ == "__main__":
    main()
