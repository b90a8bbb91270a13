"""The names of files that callbacks write to the run directory."""

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from hookline.errors import OptionError
from hookline.spec import CallbackSpec, WrapperSpec

if TYPE_CHECKING:
    from attrs import Attribute


def plain_name(suffix: str = "") -> "Callable[[object, Attribute[Any], str], None]":
    """Return a validator for the name of a file with this suffix in the run directory; without a suffix, of a
    directory.
    """
    # It must be directly in the run directory.
    pattern = rf"[\w-][\w. -]*{re.escape(suffix)}" if suffix else r"[\w-]([\w -]*[\w-])?"

    def validate(instance: object, attribute: "Attribute[Any]", value: str) -> None:
        if not re.fullmatch(pattern, value):
            what = f'file that ends in "{suffix}", without a directory' if suffix else "directory, without a dot"
            raise ValueError(f'"{value}" is not the plain name of a {what}.')

    return validate


def refuse_another(callback: CallbackSpec, option: str, callbacks: Sequence[WrapperSpec]) -> None:
    """Raise an `OptionError` if another callback of the same type has the same file name in this option."""
    name = getattr(callback, option)
    for other in callbacks:
        # Some file systems ignore case.
        if other is not callback and type(other) is type(callback) and getattr(other, option).lower() == name.lower():
            kind = type(other).__name__
            raise OptionError(option, f'Another {kind} also writes to "{name}": give each another `{option}`.')
