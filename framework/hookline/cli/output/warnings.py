"""Print Hookline's warnings."""

import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from hookline.check.toml.document import Document
from hookline.cli.output.report import headline
from hookline.errors.diagnostic import Diagnostic
from hookline.errors.exceptions import HooklineWarning
from hookline.errors.printing import echo


@contextmanager
def printed_warnings(source: Document | str) -> Iterator[None]:
    """Print each Hookline warning about a spec or another file once, in a line with its place.

    Show other warnings as usual.
    """

    def show(found: Diagnostic) -> None:
        located = found if isinstance(source, str) else source.locate(found)
        echo(headline(located, source if isinstance(source, str) else source.source.name), file=sys.stderr)

    with _each_warning(show):
        yield


@contextmanager
def collected_warnings() -> Iterator[list[Diagnostic]]:
    """Collect Hookline's warnings, each once. Show other warnings as usual."""
    found: list[Diagnostic] = []
    with _each_warning(found.append):
        yield found


@contextmanager
def _each_warning(take: Callable[[Diagnostic], None]) -> Iterator[None]:
    usual = warnings.showwarning
    known: set[Diagnostic] = set()

    def show(message: Warning | str, category: type[Warning], *where: Any, **others: Any) -> None:
        if not isinstance(message, HooklineWarning):
            usual(message, category, *where, **others)
        elif message.diagnostic not in known:
            known.add(message.diagnostic)
            take(message.diagnostic)

    with warnings.catch_warnings():
        warnings.simplefilter("always", HooklineWarning)
        warnings.showwarning = show
        yield
