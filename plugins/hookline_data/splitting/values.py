"""Splits that a column names, in its own words."""

import warnings
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from hookline import HooklineWarning
from hookline.errors import DataError, enumerate_names, quoted_cell
from hookline.spec import to_json
from hookline_data.reading.text_cells import is_text
from hookline_data.splitting.names import REST, SPLITS, UNUSED
from hookline_data.splitting.strata import codes_of
from hookline_data.splitting.times import Parted

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_NAMED = 5
"""The largest number of unknown values that a message names."""

USUAL = {
    "training": ("train", "training", "fit", "learn"),
    "validation": ("val", "valid", "validation", "dev", "development", "eval"),
    "test": ("test", "testing", "holdout"),
}
"""Words that usually name the splits."""


def by_values(cells: "NDArray[Any]", column: str, values: Mapping[str, tuple[str, ...]] | None) -> Parted:
    """Return the row numbers of each split that a column names; `values` are the cells for each split.

    Without them, the cells are the names of the splits.

    Raises:
        DataError: If a cell stands for no split, or if a split has no rows.

    """
    import numpy

    found, part_of_row = part_of_values(cells, column, values)
    rows = {split: numpy.flatnonzero(part_of_row == part) for part, split in enumerate((*SPLITS, UNUSED))}
    check_values(found, {split: len(chosen) for split, chosen in rows.items()}, column, values)
    unused = len(rows.pop(UNUSED))
    return Parted({split: chosen for split, chosen in rows.items() if len(chosen)}, {UNUSED: unused} if unused else {})


def part_of_values(
    cells: "NDArray[Any]", column: str, values: Mapping[str, tuple[str, ...]] | None
) -> "tuple[list[str], NDArray[Any]]":
    """Return the different cells, and for each row the index of its split in `SPLITS`; that of unused rows is 3.

    Raises:
        DataError: If a cell stands for no split.

    """
    import numpy

    found, code_of_row = codes_of(cells if is_text(cells) else cells.astype(str))
    different = found.tolist()
    split_of = {value: split for split, several in _names(values).items() for value in several}
    rest = split_of.pop(REST, None)
    unknown = [code for code, value in enumerate(different) if value not in split_of]
    if unknown and rest is None:
        _refuse(found, code_of_row, unknown, column, is_mapped=values is not None)
    parts = (*SPLITS, UNUSED)
    part_of_code = [parts.index(split_of.get(value, rest or UNUSED)) for value in different]
    return different, numpy.array(part_of_code, dtype=numpy.int8)[code_of_row]


def check_values(
    found: Collection[str], rows: Mapping[str, int], column: str, values: Mapping[str, tuple[str, ...]] | None
) -> None:
    """Check the different cells of all rows, and the number of rows of each split.

    Raises:
        DataError: If a split that must have rows has none.

    """
    if values is not None:
        _check_unseen(values, found, rows, column)
    if not rows["training"]:
        wanted = enumerate_names(_names(values)["training"], "or")
        raise DataError(
            f'The training split has no rows: no cell of the column "{column}" is {wanted}.', columns=[column]
        )


def _names(values: Mapping[str, tuple[str, ...]] | None) -> Mapping[str, tuple[str, ...]]:
    """Return the cells for each split; by default, the names of the splits."""
    return {name: (name,) for name in SPLITS} if values is None else values


def _refuse(
    found: "NDArray[Any]", code_of_row: "NDArray[Any]", unknown: list[int], column: str, *, is_mapped: bool
) -> None:
    """Raise the error about values that stand for no split, with the option that would allow them."""
    import numpy

    row = int(numpy.isin(code_of_row, unknown).argmax())
    cell = str(found[code_of_row[row]])
    others = [str(found[code]) for code in unknown if found[code] != cell]
    also = ""
    if others:
        more = f" and {len(others) - MOST_NAMED:,} more" if len(others) > MOST_NAMED else ""
        also = f" (also {', '.join(map(quoted_cell, others[:MOST_NAMED]))}{more})"
    if is_mapped:
        rest = to_json([cell, *others[: MOST_NAMED - 1]])
        remedy = (
            f"Add it to a split in `split_values`, or leave these rows out: `{UNUSED} = {rest}`, or "
            f'`{UNUSED} = "*"` for all other values.'
        )
    elif SPLITS[0] in found:  # Probably a misspelled name of a split.
        remedy = f"Use {enumerate_names(SPLITS, 'or')}, or map the values to splits with `split_values`."
    else:
        usual = {split: [v for v in map(str, found) if v.lower() in words] for split, words in USUAL.items()}
        shown = {split: given for split, given in usual.items() if given} if usual["training"] else {}
        table = ", ".join(f"{split} = {to_json(v[0] if len(v) == 1 else v)}" for split, v in shown.items())
        table = table or 'training = "…", test = "…"'
        remedy = (
            f"Use {enumerate_names(SPLITS, 'or')}, or say which values are which split: split_values = {{ {table} }}."
        )
    raise DataError(
        f"{quoted_cell(cell)} is not {'a value of `split_values`' if is_mapped else 'a split'}{also}. {remedy}",
        row=row + 1,
        columns=[column],
    )


def _check_unseen(
    values: Mapping[str, tuple[str, ...]], found: Collection[str], rows: Mapping[str, int], column: str
) -> None:
    """Refuse splits none of whose values occurs, and warn of single values that do not."""
    for split, several in values.items():
        unseen = [value for value in several if value not in found and value != REST]
        if split in SPLITS and not rows[split]:
            listed = f"{enumerate_names(sorted(found)[:MOST_NAMED])}{', …' if len(found) > MOST_NAMED else ''}"
            raise DataError(
                f'The {split} split has no rows: no cell of the column "{column}" is {enumerate_names(unseen, "or")}. '
                f"Its values are {listed}.",
                option=("split_values", split),
            )
        if unseen:
            message = f'{enumerate_names(unseen)} {"do" if len(unseen) > 1 else "does"} not occur in "{column}".'
            warnings.warn(HooklineWarning(message, ("data", "split_values", split), id="no-effect"), stacklevel=6)
