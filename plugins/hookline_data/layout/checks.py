"""Checks of the files that a spec names, before they are read: each error belongs to an option."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hookline.data import Encoding
from hookline.errors import (
    DataError,
    MismatchError,
    OptionError,
    enumerate_names,
    near_file,
    nearest,
    not_expanded,
)
from hookline.spec import Objective
from hookline_data.files import several
from hookline_data.files.given_path import GivenPath

ESCAPED = (
    "The name contains a control character, because a backslash in double quotes starts an escape sequence: use "
    "single quotes."
)
"""The advice for a file name with unprintable characters."""


def names_in(path: Path, option: str, names: Callable[[Path], list[str]]) -> list[str]:
    """Return the names that a file contains.

    Raises:
        OptionError: If the file cannot be read.

    """
    try:
        for file in () if isinstance(path, GivenPath) else several.of(path):
            _refuse_what_is_no_file(file, option, what="" if file is path else f"{file}: ")
        return names(path)
    except DataError as error:
        which = "" if str(error.file) == str(path) else f"{error.file}: "
        raise OptionError(option, f"{which}{error.message}", id=error.id) from None
    except OSError as error:  # The name is too long, or the directory is not readable.
        message = f"The file cannot be read: {error.strerror or error}."
        raise OptionError(option, message, id="unreadable-file") from None


def _refuse_what_is_no_file(path: Path, option: str, what: str) -> None:
    if not path.exists():
        hint = not_expanded(path) if path.name.isprintable() else ESCAPED
        if (fraction := _fraction(path.name)) is not None:
            hint = f"Write a fraction as a number, without quotes: {fraction}."
        near = None if hint else near_file(path)
        raise OptionError(option, f"{what}There is no such file.", id="missing-file", help=hint, near=near)
    if not path.is_file():  # A pipe or a device may be endless.
        message = f"{what}This is {'a directory' if path.is_dir() else 'not a regular file'}."
        help = several.of_directory(path) if path.is_dir() else ""  # noqa: A001
        raise OptionError(option, message, id="unreadable-file", help=help)


def _fraction(name: str) -> str | None:
    """Return a fraction that was written as text, or in percent, as a number.

    >>> _fraction(".2"), _fraction("0,2"), _fraction("20 %"), _fraction("2020.csv")
    ('0.2', '0.2', '0.2', None)
    """
    found = re.fullmatch(r"(\d*[.,]\d+|\d+(?=\s*%))\s*(%?)", name)
    if found is None:
        return None
    number = float(found[1].replace(",", "."))
    return f"{number / 100 if found[2] else number:g}"


def places(value: Any) -> Iterator[tuple[str, tuple[str | int, ...]]]:
    """Yield each name in an option that takes one, several or a table of them, with its path within the option."""
    if isinstance(value, str):
        yield value, ()
    elif isinstance(value, Mapping):
        for group, inner in value.items():
            yield from ((name, (group, *within)) for name, within in places(inner))
    elif value is not None:
        yield from ((name, (index,)) for index, name in enumerate(value))


def targets_of_loss(loss: Objective | None, targets: Collection[str]) -> Iterator[OptionError | MismatchError]:
    """Report a loss that does not take these targets, at the option `targets` or at that of the loss."""
    try:
        if loss is not None:
            loss.encodings(targets)
    except MismatchError as error:  # At an option of the loss.
        yield error
    except ValueError as error:
        target = error.path if isinstance(error, OptionError) else ()
        yield OptionError("targets", str(error), *target, on_key=bool(target), id="unfit-targets")


def weights_of_loss(loss: Objective | None, column: str | None) -> Iterator[OptionError]:
    """Report a loss whose rows cannot have weights."""
    for named in loss.losses.values() if loss is not None and column is not None else ():
        if not named.loss.takes_weights:
            message = f"{type(named.loss).__name__} cannot weight its rows: it has no `row_losses`. Remove this option."
            yield OptionError("weight_column", message, id="unfit-targets")


def encodings(loss: Objective, targets: Collection[str]) -> Mapping[str, Encoding]:
    """Return the encoding of each of these targets. Raise a `MismatchError` if the loss does not take them."""
    try:
        return loss.encodings(targets)
    except ValueError as error:
        target = error.path if isinstance(error, OptionError) else ()
        raise MismatchError(str(error), ("data", "targets", *target), id="unfit-targets") from None


def inputs_of_loss(loss: Objective | None, groups: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield each group of inputs that is probably a misspelled input of the loss, with the message.

    Other names are not an error: a model may take them and compute the inputs of the loss itself.
    """
    if loss is None:
        return
    wanted = loss.inputs
    missing = [name for name in wanted if name not in groups]
    meant = {group: nearest(group, missing) for group in groups if group not in wanted}
    if len(wanted) > 1 and len(meant) == len(missing) and set(meant.values()) == set(missing):
        takes = f"{loss.name_for(None)} takes {enumerate_names(wanted)}"
        for group, name in meant.items():
            yield group, f'{takes}, but the groups are {enumerate_names(groups)}. Did you mean "{name}"?'


@contextmanager
def within_source() -> Iterator[None]:
    """Add the option `source` to the paths of errors about another source."""
    try:
        yield
    except MismatchError as error:
        raise MismatchError(error.message, ("data", "source", *error.path[1:]), id=error.diagnostic.id) from None
    except DataError as error:
        raise error if error.option is None else error.changed(option=("source", *error.option)) from None
