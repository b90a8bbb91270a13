"""Write whole files: each has its final name only once it is complete."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hookline.errors.exceptions import FileError
from hookline.errors.unwritable import obstacle


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
        raise file_error(path, error) from error


def file_error(path: object, error: OSError) -> FileError:
    """Return the error about a file that cannot be written."""
    return FileError(str(path), f"The file cannot be written: {obstacle(path, error)}.")
