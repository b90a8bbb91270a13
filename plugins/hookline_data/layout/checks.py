"""What can be told of the files that a spec names before they are read: each error with the option that it is of."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from hookline.data import target_encodings
from hookline.errors import DataError, MisfitError, OptionError, enumerate_names, nearest
from hookline.spec import LossSpec

MOST_FILES = 1000
"""How many files of a directory are looked at, if one is not there."""


ESCAPED = (
    "A backslash in double quotes has made a control character of the letter behind it: in single quotes both stay as "
    "they are."
)
"""What to say of the name of a file that cannot be read aloud."""


def names_in(path: Path, option: str, names: Callable[[Path], list[str]]) -> list[str]:
    """The names that a file has.

    Raises:
        OptionError: if they cannot be read.

    """
    try:
        _refuse_what_is_no_file(path, option)
        return names(path)
    except DataError as error:
        raise OptionError(option, error.message, id=error.id) from None
    except OSError as error:  # A name that is too long, or a directory that one may not look into.
        message = f"The file cannot be read: {error.strerror or error}."
        raise OptionError(option, message, id="unreadable-file") from None


def _refuse_what_is_no_file(path: Path, option: str) -> None:
    if not path.exists():
        hint = "" if path.name.isprintable() else ESCAPED
        if re.fullmatch(r"\d*\.\d+", path.name):
            hint = f"A fraction is a number, without quotes: {path.name}."
        near = None if hint else _near(path)
        raise OptionError(option, "There is no such file.", id="missing-file", help=hint, near=near)
    if not path.is_file():  # A pipe or a device may have no end.
        message = f"This is {'a directory' if path.is_dir() else 'not a file that can be read twice'}."
        raise OptionError(option, message, id="unreadable-file")


def _near(path: Path) -> Path | None:
    """The file or directory that was probably meant by one that is not there."""
    for place, *rest in ((path,), (path.parent, path.name)):  # Either its own name is wrong, or its directory's.
        if place.parent.is_dir():
            siblings = (file.name for file in islice(place.parent.iterdir(), MOST_FILES))
            name = nearest(place.name, siblings)
            near = None if name is None else place.with_name(name).joinpath(*rest)
            return near if near is not None and near.is_file() else None
    return None


def places(value: Any) -> Iterator[tuple[str, tuple[str | int, ...]]]:
    """Each of the names in an option, which is one, several, or a table of these; and where in the option it stands."""
    if isinstance(value, str):
        yield value, ()
    elif isinstance(value, Mapping):
        for group, inner in value.items():
            yield from ((name, (group, *within)) for name, within in places(inner))
    elif value is not None:
        yield from ((name, (index,)) for index, name in enumerate(value))


def targets_of_loss(loss: LossSpec | None, targets: Collection[str], option: str = "targets") -> Iterator[OptionError]:
    """The error of a loss that does not take these targets."""
    try:
        if loss is not None:
            target_encodings(loss, targets)
    except MisfitError as error:
        target = error.path[2:]
        yield OptionError(option, error.message, *target, on_key=bool(target), id="unfit-targets")


def inputs_of_loss(loss: LossSpec | None, groups: Collection[str]) -> Iterator[tuple[str, str]]:
    """Each group of inputs whose name is misspelt for a loss that takes several, and the sentence that says so.

    Other names are no error: a model that is given all groups at once may itself give outputs of those of the loss.
    """
    wanted = () if loss is None else loss.inputs
    missing = [name for name in wanted if name not in groups]
    meant = {group: nearest(group, missing) for group in groups if group not in wanted}
    if len(wanted) > 1 and len(meant) == len(missing) and set(meant.values()) == set(missing):
        takes = f"{type(loss).__name__} takes {enumerate_names(wanted)}"
        for group, name in meant.items():
            yield group, f'{takes}, and these are {enumerate_names(groups)}. Did you mean "{name}"?'
