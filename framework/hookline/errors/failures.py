"""Report errors in the code of plugins by the line in their file, without a traceback."""

import importlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from hookline.errors.exceptions import HooklineError, PluginError, StageError
from hookline.errors.text import PathElement

FAILURES = (Exception, SystemExit, GeneratorExit)
"""The exceptions that count as a failure of a plugin's code: all but `KeyboardInterrupt`, which the user causes.

A plugin that calls `sys.exit()` must not silently end the process with the exit code of success.
"""


@contextmanager
def attributed_to(kind: type, path: Sequence[PathElement] | None = None) -> Iterator[None]:
    """Call code of a component. A `ValueError` is passed on; every other exception is a fault of the component.

    Raises:
        PluginError: for a fault, with the component and the line.
        StageError: for a fault if the path of the component is given, which the error then has.

    """
    try:
        yield
    except (HooklineError, ValueError):
        raise
    except FAILURES as error:
        message = f"{kind.__name__} failed. {reason(error)}"
        raise (PluginError(message) if path is None else StageError(message, path)) from error


def reason(error: BaseException) -> str:
    """The error in words, with the last line of the traceback in imported code."""
    place = place_of(error)
    return what(error) if place is None else f"{place[0]}, line {place[1]}: {what(error)}"


def what(error: BaseException) -> str:
    """The error in words, without its place."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.msg}."
    return f"{type(error).__name__}: {error}".rstrip(": ")


def place_of(error: BaseException, file: str | None = None) -> tuple[str, int | None] | None:
    """The file and the line of a syntax error, or of the last entry of the traceback in `file` or in imported code."""
    if isinstance(error, SyntaxError) and error.filename:
        return error.filename, error.lineno
    import traceback  # Most commands end without an error.

    frames = traceback.extract_tb(error.__traceback__)
    inside = [frame for frame in frames if (_is_imported(frame.filename) if file is None else frame.filename == file)]
    return (inside[-1].filename, inside[-1].lineno) if inside else None


def _is_imported(filename: str) -> bool:
    """Whether a file belongs neither to Hookline's core nor to Python itself."""
    own, standard, around = Path(__file__).parents[1], Path(os.__file__).parent, Path(filename).parents
    installed = standard / "site-packages" in around or standard / "dist-packages" in around
    of_python = Path(importlib.__file__).parent in around or (standard in around and not installed)
    return not filename.startswith("<") and own not in around and not of_python
