"""Files in the run directory that callbacks write: what they may be called, and that none is seen half written."""

import csv
import io
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hookline import CallbackSpec, OptionError, TrainingSpec, write_file

if TYPE_CHECKING:
    from attrs import Attribute

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


def refuse_another(callback: CallbackSpec, option: str, spec: TrainingSpec) -> None:
    """Raise an `OptionError` if another callback has the same name in an option with the name of a file."""
    name = getattr(callback, option)
    for other in spec.callbacks:
        # On some machines upper and lower case are the same.
        if other is not callback and str(getattr(other, option, None)).lower() == name.lower():
            kind = f"{'Another ' if type(other) is type(callback) else ''}{type(other).__name__}"
            raise OptionError(option, f'{kind} writes to "{name}" too: give each a `{option}` of its own.')


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a table, for spreadsheets and pandas; one that is there already is replaced at once."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    write_file(path, text.getvalue())
