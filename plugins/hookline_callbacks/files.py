"""The names of files that callbacks write to the run directory."""

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from hookline.errors import OptionError
from hookline.spec import CallbackSpec, WrapperSpec

if TYPE_CHECKING:
    from attrs import Attribute

OF_A_RUN = frozenset({"plugins", "safetensors", "loss.png", "learning_rate.png"})
"""Names in the run directory that Hookline uses itself."""


def plain_name(suffix: str = "") -> "Callable[[object, Attribute[Any], str], None]":
    """Return a validator for the name of a file with this suffix in the run directory; without a suffix, of a
    directory.
    """
    # It must be directly in the run directory, and must not overwrite anything there.
    pattern = rf"[\w-][\w. -]*{re.escape(suffix)}" if suffix else r"[\w-]([\w -]*[\w-])?"

    def validate(instance: object, attribute: "Attribute[Any]", value: str) -> None:
        if not re.fullmatch(pattern, value):
            what = f'file that ends in "{suffix}", without a directory' if suffix else "directory, without a dot"
            raise ValueError(f'"{value}" is not the plain name of a {what}.')
        if value.lower() in OF_A_RUN:
            raise ValueError(f'"{value}" is reserved for Hookline: choose another name.')

    return validate


def refuse_another(callback: CallbackSpec, option: str, callbacks: Sequence[WrapperSpec]) -> None:
    """Raise an `OptionError` if another callback has the same file name in this option."""
    name = getattr(callback, option)
    for other in callbacks:
        # Some file systems ignore case.
        if other is not callback and str(getattr(other, option, None)).lower() == name.lower():
            kind = f"{'Another ' if type(other) is type(callback) else ''}{type(other).__name__}"
            raise OptionError(option, f'{kind} also writes to "{name}": give each another `{option}`.')
