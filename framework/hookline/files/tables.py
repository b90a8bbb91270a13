"""Write CSV tables that spreadsheets can open without running formulas."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from hookline.files.atomic import write_file

FORMULA = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
"""The first characters of formulas: see https://owasp.org/www-community/attacks/CSV_Injection."""

NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?|[+-]?(inf|nan)")
"""A number, which is not a formula even if it begins with a sign."""


def no_formula(cell: str) -> str:
    """Prefix text with a ' if a spreadsheet would interpret it as a formula, which could run commands.

    >>> no_formula("=1+1"), no_formula("-1.5e-3"), no_formula("setosa")
    ("'=1+1", '-1.5e-3', 'setosa')
    """
    return f"'{cell}" if cell[:1] in FORMULA and cell and not NUMBER.fullmatch(cell) else cell


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a CSV table, and replace an existing one atomically."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(no_formula, header))
    writer.writerows(map(no_formula, row) for row in rows)
    write_file(path, text.getvalue())
