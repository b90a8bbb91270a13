"""The errors that are raised for invalid values of a document, and the diagnostics made from them."""

from collections.abc import Iterator
from typing import Any

from cattrs import (
    AttributeValidationNote,
    ClassValidationError,
    ForbiddenExtraKeysError,
    IterableValidationError,
    IterableValidationNote,
)

from hookline.check.unclear import MissingOption, Unclear, UnknownOption
from hookline.errors.diagnostic import Diagnostic, Keys
from hookline.errors.exceptions import PluginError
from hookline.errors.option_errors import InvalidValueError, OptionError
from hookline.errors.text import dotted

INVALID = (ClassValidationError, IterableValidationError, ValueError, PluginError)
"""The errors for invalid values: from hooks, and from cattrs for nested values.

A `PluginError` is a fault in the code of a component. It is reported at the component, beside all other problems."""


class HeaderError(ValueError):
    """Raised for one table instead of several, or several instead of one. The path gives the right header."""

    def __init__(self, message: str, *, are_several: bool):
        """Create the error from what was found and expected, and whether several tables are expected."""
        super().__init__(message)
        self.are_several = are_several


def problems_in(error: BaseException, kind: Any, path: Keys) -> Iterator[Diagnostic | Unclear]:
    """The diagnostics of an error that cattrs raised, each with its path."""
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
    elif isinstance(error, (InvalidValueError, OptionError)):
        yield error.diagnostic.within(*path)
    elif isinstance(error, HeaderError):
        header = dotted([key for key in path if isinstance(key, str)])
        help_text = (
            f"Write each with double brackets: [[{header}]]."
            if error.are_several
            else f"Write a single table, without brackets around it, or with single brackets in its header: [{header}]."
        )
        yield Diagnostic("wrong-type", str(error), path, help_text)
    else:
        fault = isinstance(error, PluginError)
        yield Diagnostic("plugin-failure" if fault else "invalid-value", str(error), path)
