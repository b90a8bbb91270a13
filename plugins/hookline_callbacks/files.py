"""Files in the run directory that callbacks write: what they may be called, and that none is seen half written."""

import csv
import io
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hookline.errors import OptionError
from hookline.files import write_file
from hookline.spec import CallbackSpec, WrapperSpec

if TYPE_CHECKING:
    from attrs import Attribute

FORMULA = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
"""With what a formula begins: see https://owasp.org/www-community/attacks/CSV_Injection."""

NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?|[+-]?(inf|nan)")
"""A number, which begins with a sign and is no formula."""

OF_A_RUN = frozenset({"plugins", "safetensors", "loss.png", "learning_rate.png"})
"""What others write to the run directory."""


def plain_name(suffix: str = "") -> "Callable[[object, Attribute[Any], str], None]":
    """A validator: a file in the run directory itself that ends so, or without a suffix a directory."""
    # It lies in the run directory, and must be none of what is there already.
    pattern = rf"[\w-][\w. -]*{re.escape(suffix)}" if suffix else r"[\w-]([\w -]*[\w-])?"

    def validate(instance: object, attribute: "Attribute[Any]", value: str) -> None:
        if not re.fullmatch(pattern, value):
            what = f'file, without a directory, that ends in "{suffix}"' if suffix else "directory, without a dot"
            raise ValueError(f'"{value}" is not the plain name of a {what}.')
        if value.lower() in OF_A_RUN:
            raise ValueError(f'"{value}" is what Hookline writes itself: give it another name.')

    return validate


def refuse_another(callback: CallbackSpec, option: str, callbacks: Sequence[WrapperSpec]) -> None:
    """Raise an `OptionError` if another callback has the same name in an option with the name of a file."""
    name = getattr(callback, option)
    for other in callbacks:
        # On some machines upper and lower case are the same.
        if other is not callback and str(getattr(other, option, None)).lower() == name.lower():
            kind = f"{'Another ' if type(other) is type(callback) else ''}{type(other).__name__}"
            raise OptionError(option, f'{kind} writes to "{name}" too: give each a `{option}` of its own.')


def no_formula(cell: str) -> str:
    """A cell of a table that no spreadsheet takes for a formula, which could run commands: text gets a ' before it.

    >>> no_formula("=1+1"), no_formula("-1.5e-3"), no_formula("setosa")
    ("'=1+1", '-1.5e-3', 'setosa')
    """
    return f"'{cell}" if cell[:1] in FORMULA and cell and not NUMBER.fullmatch(cell) else cell


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a table, for spreadsheets and pandas; one that is there already is replaced at once."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(no_formula, header))
    writer.writerows(map(no_formula, row) for row in rows)
    write_file(path, text.getvalue())
