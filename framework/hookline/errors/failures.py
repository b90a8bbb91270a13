"""What went wrong in the code of a plugin, told with the line in its file and never by a traceback."""

import importlib
import os
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hookline.errors.exceptions import HooklineError, PluginError

FAILURES = (Exception, SystemExit, GeneratorExit)
"""What counts as a failure of a plugin's code: every exception but `KeyboardInterrupt`, which a person causes.

A plugin that calls `sys.exit()` must not end the process without a word, and with the exit code of success.
"""


@contextmanager
def blamed(kind: type) -> Iterator[None]:
    """What a component is asked: a `ValueError` is its answer, and every other exception is a fault of its code.

    Raises:
        PluginError: for such a fault, with the component and the line.

    """
    try:
        yield
    except (HooklineError, ValueError):
        raise
    except FAILURES as error:
        raise PluginError(f"{kind.__name__} failed. {reason(error)}") from error


def reason(error: BaseException, file: str | None = None) -> str:
    """What went wrong, with the last line that had to do with it in a file, or in whatever was imported."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}, line {error.lineno}: {error.msg}."
    frames = traceback.extract_tb(error.__traceback__)
    inside = [frame for frame in frames if (_is_imported(frame.filename) if file is None else frame.filename == file)]
    place = f"{inside[-1].filename}, line {inside[-1].lineno}: " if inside else ""
    return f"{place}{type(error).__name__}: {error}".rstrip(": ")


def _is_imported(filename: str) -> bool:
    """Whether a file is neither of Hookline's core nor of Python itself."""
    own, standard, around = Path(__file__).parents[1], Path(os.__file__).parent, Path(filename).parents
    installed = standard / "site-packages" in around or standard / "dist-packages" in around
    of_python = Path(importlib.__file__).parent in around or (standard in around and not installed)
    return not filename.startswith("<") and own not in around and not of_python
