"""Write files atomically: each is written under a temporary name, flushed to the disk, then renamed.

Use these functions for everything you write to a run directory, in plugins too. If the process is killed or the disk is
full, a file with the final name is either complete, unchanged or absent.
"""

import csv
import io
import math
import os
import re
import time
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, cast

from hookline.errors.exceptions import FileError, HooklineWarning
from hookline.errors.unwritable import obstacle

if TYPE_CHECKING:
    from torch import Tensor, nn

_ERROR_NUMBER = re.compile(r"\(os error (\d+)\)")
"""How safetensors reports an error of the operating system."""

FORMULA = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
"""The first characters of formulas: see https://owasp.org/www-community/attacks/CSV_Injection."""

NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?|[+-]?(inf|nan)")
"""A number, which is not a formula even if it begins with a sign."""


APPENDING = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
"""How to open a file that grows. Only Windows distinguishes binary files."""

PERMISSIONS = 0o666
"""The permissions of any new file, of which the system removes those that the user masks."""


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """Yield a temporary path to write to, and rename it to `path` at the end.

    Use this for writers that open the file themselves. If the block raises an error, the temporary file is deleted and
    an existing file stays unchanged. The file gets the permissions of any new file.

    Raises:
        FileError: If the file cannot be written, for example because the disk is full.

    """
    with _renamed(path) as part:
        with part.open("wb") as file:
            permissions = os.fstat(file.fileno()).st_mode
        yield part
        part.chmod(permissions)  # Some libraries create files that only the owner can read.
        flush_to_disk(part)


@contextmanager
def _renamed(path: Path) -> Iterator[Path]:
    """Yield a temporary path, and rename it at the end; delete it if the block raises an error."""
    part = path.with_name(f".{path.name}.part")
    try:
        with refusing(path):
            yield part
            part.replace(path)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise


def write_file(path: Path, content: str | bytes) -> None:
    """Write a file with this content; text is encoded as UTF-8 with unchanged line endings.

    Raises:
        FileError: If the file cannot be written, for example because the disk is full.

    """
    with _renamed(path) as part, part.open("wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)
        file.flush()
        os.fsync(file.fileno())


def plain_name(name: str) -> str:
    """Return the name of a module, parameter or buffer without the prefix that `torch.compile` adds.

    >>> plain_name("_orig_mod.0.weight"), plain_name("encoder._orig_mod.bias"), plain_name("0.weight")
    ('0.weight', 'encoder.bias', '0.weight')
    """
    return ".".join(part for part in name.split(".") if part != "_orig_mod")


class _PlainlyNamed:
    """A wrapper of a module that has only a `state_dict`, which is all that saving needs."""

    def __init__(self, module: "nn.Module"):
        self._module = module

    def state_dict(self) -> "dict[str, Tensor]":
        """Return the tensors of the module by plain name."""
        return {plain_name(name): tensor for name, tensor in self._module.state_dict().items()}


def write_weights(path: Path, module: "nn.Module") -> None:
    """Write the parameters and buffers of a module to a safetensors file, by plain name.

    Shared tensors are written once.

    Raises:
        FileError: If the file cannot be written, for example because the disk is full.

    """
    from safetensors import SafetensorError
    from safetensors.torch import save_model

    with replaced(path) as part:
        try:
            save_model(cast("nn.Module", _PlainlyNamed(module)), str(part))
        except SafetensorError as error:
            if number := _ERROR_NUMBER.search(str(error)):
                raise OSError(int(number[1]), os.strerror(int(number[1]))) from error
            raise


def no_formula(cell: str) -> str:
    """Prefix text with a ' if a spreadsheet would interpret it as a formula, which could run commands.

    >>> no_formula("=1+1"), no_formula("-1.5e-3"), no_formula("setosa")
    ("'=1+1", '-1.5e-3', 'setosa')
    """
    return f"'{cell}" if cell[:1] in FORMULA and cell and not NUMBER.fullmatch(cell) else cell


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a CSV table, and replace an existing one atomically."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(no_formula, header))
    writer.writerows(map(no_formula, row) for row in rows)
    write_file(path, text.getvalue())


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
            error = _file_error(error.filename or "", error)
        if not isinstance(error, FileError):
            return False
        if not self._has_warned:
            self._has_warned = True
            warnings.warn(HooklineWarning(f"{error} {self._consequence}", id="unwritten-file"), stacklevel=2)
        return True


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
        self.path = path
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
        self._written = time.monotonic()
        if not self._waiting and not self._is_whole:
            return
        with self._optional:
            if self._is_whole:
                write_file(self.path, self._waiting)
            else:
                _append(self.path, self._waiting.encode())
            self._waiting, self._is_whole = "", False


def _append(path: Path, content: bytes) -> None:
    """Append all of the content or none of it."""
    try:  # The functions of the operating system, since this happens in each epoch.
        file = os.open(path, APPENDING, PERMISSIONS)
        try:
            size = os.fstat(file).st_size
            try:
                written = 0
                while written < len(content):
                    written += os.write(file, content[written:])
            except OSError:
                os.ftruncate(file, size)
                raise
        finally:
            os.close(file)
    except OSError as error:
        raise _file_error(path, error) from error


def flush_to_disk(path: Path) -> None:
    """Flush a file, or the entries of a directory, to the disk.

    The functions above flush each file but not its directory. Until the system does so, within seconds, a power failure
    may lose the whole file, but never part of it.
    """
    if os.name == "nt" and path.is_dir():
        return  # Windows cannot open directories.
    with refusing(path):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def refusing(path: Path) -> Iterator[None]:
    """Convert an `OSError` to a `FileError` with the path."""
    try:
        yield
    except OSError as error:
        raise _file_error(path, error) from error


def _file_error(path: object, error: OSError) -> FileError:
    return FileError(str(path), f"The file cannot be written: {obstacle(path, error)}.")
