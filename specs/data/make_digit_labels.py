"""Write digit_labels.npz from digits.csv: the same images, with labels derived from the digits.

python specs/data/make_digit_labels.py
"""

import csv
from pathlib import Path

import numpy

HERE = Path(__file__).parent
NEIGHBOURS = 10


def main() -> None:
    """Derive the labels."""
    with (HERE / "digits.csv").open(newline="") as file:
        _, *rows = csv.reader(file)
    pixels = numpy.array([row[:-1] for row in rows], dtype=numpy.uint8)
    digit = numpy.array([row[-1] for row in rows], dtype=numpy.uint8)
    numpy.savez_compressed(
        HERE / "digit_labels.npz",
        pixels=pixels,
        digit=digit,
        even=(digit % 2 == 0).astype(numpy.uint8),
        prime=numpy.isin(digit, (2, 3, 5, 7)).astype(numpy.uint8),
        has_loop=numpy.isin(digit, (0, 6, 8, 9)).astype(numpy.uint8),
        at_least_5=(digit >= 5).astype(numpy.uint8),
        neighbours=neighbours(pixels.astype(numpy.int64), digit),
    )


def neighbours(pixels: numpy.ndarray, digit: numpy.ndarray) -> numpy.ndarray:
    """For each image, the fraction of its ten nearest neighbors, by Euclidean distance, that shows each digit."""
    squares = (pixels**2).sum(axis=1)
    distances = squares[:, None] + squares[None, :] - 2 * pixels @ pixels.T
    numpy.fill_diagonal(distances, distances.max() + 1)
    nearest = numpy.argsort(distances, axis=1, kind="stable")[:, :NEIGHBOURS]
    counts = (digit[nearest][:, :, None] == numpy.arange(10)).sum(axis=1)
    return (counts / NEIGHBOURS).astype(numpy.float32)


if __name__ == "__main__":
    main()
