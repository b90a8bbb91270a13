"""How the commands print Hookline's warnings."""

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hookline.errors.exceptions import HooklineWarning
from hookline.errors.printing import printable, tell


@contextmanager
def told_warnings(source: str) -> Iterator[None]:
    """Print each Hookline warning once, in a line that names the spec. Show other warnings as usual."""
    usual = warnings.showwarning
    told: set[str] = set()

    def show(message: Warning | str, category: type[Warning], *where: Any, **others: Any) -> None:
        if not issubclass(category, HooklineWarning):
            usual(message, category, *where, **others)
        elif str(message) not in told:
            told.add(str(message))
            tell(f"{source}: {printable(str(message))} (a warning)", file=sys.stderr)

    with warnings.catch_warnings():
        warnings.simplefilter("always", HooklineWarning)
        warnings.showwarning = show
        yield
