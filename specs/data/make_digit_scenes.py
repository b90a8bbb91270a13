"""Write digit_scenes.npz from digits.csv: two noisy digits side by side, and what each pixel and each column shows.

python specs/data/make_digit_scenes.py
"""

import csv
from pathlib import Path

import numpy

HERE = Path(__file__).parent
NOISE = 4


def main() -> None:
    """Put neighboring rows of the table side by side, and add noise."""
    with (HERE / "digits.csv").open(newline="") as file:
        _, *rows = csv.reader(file)
    images = numpy.array([row[:-1] for row in rows[:1200]], dtype=numpy.uint8).reshape(-1, 2, 8, 8)
    digits = numpy.array([row[-1] for row in rows[:1200]], dtype=numpy.int8).reshape(-1, 2)
    clean = numpy.concatenate([images[:, 0], images[:, 1]], axis=2)
    noise = numpy.random.default_rng(0).integers(-NOISE, NOISE + 1, clean.shape)
    noisy = (clean.astype(numpy.int64) + noise).clip(0, 16).astype(numpy.uint8)
    # A column without ink belongs to no digit.
    of_columns = numpy.where(clean.any(axis=1), digits.repeat(8, axis=1), -1).astype(numpy.int8)
    numpy.savez_compressed(
        HERE / "digit_scenes.npz",
        noisy=noisy[:, None],
        clean=clean[:, None],
        ink=(clean > 0).astype(numpy.uint8) + (clean > 8),
        columns=noisy.transpose(0, 2, 1).copy(),
        digits=of_columns,
    )


if __name__ == "__main__":
    main()
