"""Files that are written during a training, which continues if they cannot be written."""

import math
import os
import time
import warnings
from pathlib import Path

from hookline.errors.exceptions import FileError, HooklineWarning
from hookline.files.atomic import file_error, write_file

APPENDING = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
"""How to open a file that grows. Only Windows distinguishes binary files."""

PERMISSIONS = 0o666
"""The permissions of any new file, of which the system removes those that the user masks."""


class OptionalFiles:
    """A context manager that turns the failure to write a file into a warning, so that training continues.

    Reuse one object for every write: it warns only the first time. The rest of the block is skipped. Other errors
    propagate.
    """

    def __init__(self, consequence: str = "Training continues without it."):
        """Set the sentence that follows the reason in the warning."""
        self._consequence = consequence
        self._has_warned = False

    def __enter__(self) -> None:
        """Enter the context."""

    def __exit__(self, _: object, error: BaseException | None, __: object) -> bool:
        """Warn if a file could not be written."""
        if isinstance(error, OSError):
            error = file_error(error.filename or "", error)
        if not isinstance(error, FileError):
            return False
        self.warn(error)
        return True

    def warn(self, error: FileError) -> None:
        """Warn that a file could not be written."""
        if not self._has_warned:
            self._has_warned = True
            warnings.warn(HooklineWarning(f"{error} {self._consequence}", id="unwritten-file"), stacklevel=3)


class GrowingFile:
    """A text file that grows by complete lines during a run. It is not flushed to the disk each time.

    If lines cannot be written, for example because the disk is full, training continues: a warning is issued the first
    time, and the lines are written together with the next ones.
    """

    def __init__(self, path: Path, pause: float = 0.0):
        """Keep the content of an existing file; a new file is created with the first lines.

        Args:
            path: the file.
            pause: lines wait for this number of seconds since the last ones were written, and for `write`.

        """
        self.path, self._name = path, str(path)
        self._pause = pause
        self._written = -math.inf
        self._waiting = ""
        self._is_whole = False
        self._optional = OptionalFiles("Training continues, and writing is retried.")

    def add(self, lines: str) -> None:
        """Append lines, each with its line ending."""
        self._waiting += lines
        if not self._pause or time.monotonic() - self._written > self._pause:
            self.write()

    def replace(self, content: str) -> None:
        """Replace the whole content atomically."""
        self._waiting, self._is_whole = content, True
        self.write()

    def write(self) -> None:
        """Write the lines that wait."""
        if self._pause:
            self._written = time.monotonic()
        if not self._waiting and not self._is_whole:
            return
        try:
            if self._is_whole:
                write_file(self.path, self._waiting)
            else:
                _append(self._name, self._waiting.encode())
            self._waiting, self._is_whole = "", False
        except FileError as error:
            self._optional.warn(error)


def _append(path: str, content: bytes) -> None:
    """Append all of the content or none of it."""
    try:  # The functions of the operating system, since this happens in each epoch.
        file, written = os.open(path, APPENDING, PERMISSIONS), 0
        try:
            while written < len(content):
                written += os.write(file, content[written:] if written else content)
        except OSError:
            if written:
                os.ftruncate(file, os.fstat(file).st_size - written)
            raise
        finally:
            os.close(file)
    except OSError as error:
        raise file_error(path, error) from error
