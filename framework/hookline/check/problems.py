"""What is raised for a value of a document that is wrong, and the problems that it is told as."""

from collections.abc import Iterator
from typing import Any

from cattrs import (
    AttributeValidationNote,
    ClassValidationError,
    ForbiddenExtraKeysError,
    IterableValidationError,
    IterableValidationNote,
)

from hookline.check.suggest import MissingOption, MissingType, Unclear, UnknownOption
from hookline.errors.exceptions import OptionError, PluginError, Problem
from hookline.errors.text import PathElement, dotted

Keys = tuple[PathElement, ...]

INVALID = (ClassValidationError, IterableValidationError, ValueError, PluginError)
"""What is raised for a value that is wrong: by hooks, and by cattrs for what is inside of it.

A `PluginError` is a fault in the code of a component: it is a problem where that stands, beside all others."""


HEADER = "…"
"""Stands in the message of a `HeaderError` for the names in the header."""


class HeaderError(ValueError):
    """A table where several are wanted, or several where one is: its message says how many brackets the header has."""


class MissingTypeError(ValueError):
    """A component of which nothing says what it is."""


def problems_in(error: BaseException, kind: Any, path: Keys) -> Iterator[Problem | Unclear]:
    """The problems in what cattrs raised, each with its path."""
    if isinstance(error, (ClassValidationError, IterableValidationError)):
        kind = error.cl
        for part in error.exceptions:
            here, part_kind = path, kind
            for note in getattr(part, "__notes__", ()):
                if isinstance(note, AttributeValidationNote):
                    here, part_kind = (*path, note.name), note.type
                elif isinstance(note, IterableValidationNote):
                    here, part_kind = (*path, note.index), note.type
            yield from problems_in(part, kind if isinstance(part, KeyError) else part_kind, here)
    elif isinstance(error, ForbiddenExtraKeysError):
        yield from (UnknownOption(error.cl, (*path, key)) for key in error.extra_fields)
    elif isinstance(error, KeyError):
        yield MissingOption(kind, path)
    elif isinstance(error, OptionError):
        yield problem_of(error, path)
    elif isinstance(error, HeaderError):
        yield Problem(str(error).replace(HEADER, dotted([key for key in path if isinstance(key, str)])), path)
    elif isinstance(error, MissingTypeError):
        yield MissingType(str(error), path)
    else:
        yield Problem(str(error), path)


def problem_of(error: OptionError, path: Keys) -> Problem:
    """The problem at the option that an error names, in what stands at the path."""
    against = tuple((*path, *other) for other in error.against)
    return Problem(str(error), (*path, *error.path), on_key=error.on_key, against=against)
