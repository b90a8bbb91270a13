"""Makes diabetes_unmeasured.csv of diabetes.csv: in one row the progression was not measured, and a sign stands for it.

python specs/data/make_diabetes_unmeasured.py
"""

import csv
from pathlib import Path

HERE = Path(__file__).parent
ROW = 1
"""The row, counted from 0."""
UNMEASURED = "9.96921e+36"
"""What files of the netCDF format have where nothing was measured. Its square is beyond what 32 bits can say."""


def main() -> None:
    """Read, write over one number, write."""
    with (HERE / "diabetes.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    rows[ROW][header.index("progression")] = UNMEASURED
    with (HERE / "diabetes_unmeasured.csv").open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])


if __name__ == "__main__":
    main()
