"""Write images of `digits.csv` as PNG files to `digit_images/`, a folder for each digit, and list them in `labels.csv`.

    python specs/data/make_digit_images.py
    python specs/data/make_digit_images.py all FOLDER

The first command writes the first 12 images of each of the digits 0, 1 and 2, which are in the repository; the second
one writes all images of all digits to another folder. A pixel of 0 to 16 becomes a gray value of 0 to 255.
"""

import csv
import sys
from collections import Counter
from pathlib import Path

import numpy
from PIL import Image

HERE = Path(__file__).parent
DIGITS, COUNT = ("0", "1", "2"), 12


def main() -> None:
    """Write the images."""
    is_small = sys.argv[1:2] != ["all"]
    folder = HERE / "digit_images" if is_small else Path(sys.argv[2])
    counts: Counter[str] = Counter()
    with (HERE / "digits.csv").open(encoding="utf-8", newline="") as file:
        _, *rows = csv.reader(file)
    labels = []
    for *pixels, digit in rows:
        if is_small and (digit not in DIGITS or counts[digit] == COUNT):
            continue
        gray = numpy.array(pixels, dtype=float).reshape(8, 8) * 255 / 16
        name = f"{digit}/{counts[digit]:03}.png"
        (folder / digit).mkdir(parents=True, exist_ok=True)
        Image.fromarray(numpy.round(gray).astype(numpy.uint8)).save(folder / name)
        labels.append((name, digit, round(float(gray.mean()), 2)))
        counts[digit] += 1
    with (folder / "labels.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([("file", "digit", "ink"), *sorted(labels)])


if __name__ == "__main__":
    main()
