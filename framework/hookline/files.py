"""Files under their final names only when they are complete: written beside, flushed to the disk, then renamed.

Whoever writes to a run directory uses these functions, plugins too. If the process is killed at any moment, or the disk
is full, a file with its final name is either the complete old one, the complete new one, or not there.
"""

import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from hookline.errors.exceptions import FileError, HooklineWarning

if TYPE_CHECKING:
    from torch import nn

_ERROR_NUMBER = re.compile(r"\(os error (\d+)\)")
"""How safetensors reports an error of the operating system."""


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """Inside, write to the path that is given; at the end that file gets its final name, `path`.

    For writers that open the file themselves. If an error is raised inside, nothing is left of it, and a file that was
    there before stays as it was. The file has the permissions of any new file.

    Raises:
        FileError: if the operating system refuses it, for example since the disk is full.

    """
    part = path.with_name(f".{path.name}.part")
    try:
        with _refused(path):
            with part.open("wb") as file:
                permissions = os.fstat(file.fileno()).st_mode
            yield part
            part.chmod(permissions)  # Some libraries create a file that only its owner can read.
            flush_to_disk(part)
            part.replace(path)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise


def write_file(path: Path, content: str | bytes) -> None:
    """Write a file with this content; text is encoded as UTF-8, and its line ends stay as they are.

    Raises:
        FileError: if the operating system refuses it, for example since the disk is full.

    """
    with replaced(path) as part:
        part.write_bytes(content.encode() if isinstance(content, str) else content)


def write_weights(path: Path, module: "nn.Module") -> None:
    """Write the parameters and buffers of a module as safetensors; tensors that are shared are written once.

    Raises:
        FileError: if the operating system refuses it, for example since the disk is full.

    """
    from safetensors import SafetensorError
    from safetensors.torch import save_model

    with replaced(path) as part:
        try:
            save_model(module, str(part))
        except SafetensorError as error:
            if number := _ERROR_NUMBER.search(str(error)):
                raise OSError(int(number[1]), os.strerror(int(number[1]))) from error
            raise


class OptionalFiles:
    """A context in which a file that cannot be written is a warning, so that it does not end a training.

    Enter one object as often as you write: it warns the first time only. The rest of the block is skipped. Other errors
    are raised as usual.
    """

    def __init__(self, consequence: str = "Training continues without it."):
        """Begin; the consequence is a sentence that follows the reason."""
        self._consequence = consequence
        self._has_warned = False

    def __enter__(self) -> None:
        """Begin to write."""

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
    """A text file to which complete lines are added while a run trains. It is not flushed to the disk each time.

    Lines that cannot be written, for example since the disk is full, do not end the training: the first time a warning
    says so, and they are written with those that follow.
    """

    def __init__(self, path: Path):
        """Begin with what the file contains; it is created with the first lines."""
        self.path = path
        self._waiting = ""
        self._is_whole = False
        self._optional = OptionalFiles("Training continues, and it is tried again.")

    def add(self, lines: str) -> None:
        """Add lines, each with its line end."""
        self._waiting += lines
        self._write()

    def replace(self, content: str) -> None:
        """Replace the whole content, atomically."""
        self._waiting, self._is_whole = content, True
        self._write()

    def _write(self) -> None:
        with self._optional:
            if self._is_whole:
                write_file(self.path, self._waiting)
            else:
                with _refused(self.path):
                    _append(self.path, self._waiting.encode())
            self._waiting, self._is_whole = "", False


def _append(path: Path, content: bytes) -> None:
    """Append all of the content or nothing."""
    with path.open("ab", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        try:
            written = 0
            while written < len(content):
                written += file.write(content[written:])
        except OSError:
            file.truncate(size)
            raise


def flush_to_disk(path: Path) -> None:
    """Wait until a file, or the names in a directory, are on the disk.

    The functions above do so with each file, and not with its directory: until the system does that, within seconds, a
    power failure may take away the whole file, but no part of it.
    """
    if os.name == "nt" and path.is_dir():
        return  # Windows does not open directories.
    with _refused(path):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def _refused(path: Path) -> Iterator[None]:
    """An error of the operating system becomes one that names the file."""
    try:
        yield
    except OSError as error:
        raise _file_error(path, error) from error


def _file_error(path: object, error: OSError) -> FileError:
    return FileError(str(path), f"The file cannot be written: {error.strerror or error}.")
