"""Write diabetes_unmeasured.csv from diabetes.csv, with one missing measurement represented by a fill value.

python specs/data/make_diabetes_unmeasured.py
"""

import csv
from pathlib import Path

HERE = Path(__file__).parent
ROW = 1
"""The row, counted from 0."""
UNMEASURED = "9.96921e+36"
"""The fill value of the netCDF format. Its square overflows float32."""


def main() -> None:
    """Replace one number."""
    with (HERE / "diabetes.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    rows[ROW][header.index("progression")] = UNMEASURED
    with (HERE / "diabetes_unmeasured.csv").open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])


if __name__ == "__main__":
    main()
