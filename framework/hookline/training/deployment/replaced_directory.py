"""Write a directory atomically: beside its place, flushed to the disk, then renamed."""

import ctypes
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hookline.errors.exceptions import FileError, HooklineError
from hookline.errors.unwritable import obstacle
from hookline.files.atomic import flush_to_disk

AT_CWD, EXCHANGE = -100, 2
"""Arguments of `renameat2` of Linux: paths relative to the current directory, and exchange both."""


@contextmanager
def replaced_directory(place: Path) -> Iterator[Path]:
    """Yield an empty directory to write to, and rename it to `place` at the end.

    If the block raises an error, the directory is deleted, and an existing `place` stays as it is. If the process is
    killed, `place` is either complete, unchanged or absent; the rest is deleted the next time.

    Raises:
        FileError: If a file cannot be written, for example because the disk is full.
        HooklineError: If another process is writing to the same place.

    """
    part = place.with_name(f".{place.name}.part")
    missing = [parent for parent in place.parents if not parent.exists()]
    try:
        with _locked(part, place):
            _restore(place)
            try:
                yield part
                flush_tree(part)
                _move(part, place)
            except BaseException:
                shutil.rmtree(part, ignore_errors=True)
                with suppress(OSError):  # Another process has put something into it.
                    for parent in missing:
                        parent.rmdir()
                raise
            shutil.rmtree(part, ignore_errors=True)  # What was in its place before.
            flush_to_disk(place.parent)
    except FileError as error:
        raise FileError(error.file.replace(str(part), str(place), 1), error.message) from error
    except OSError as error:
        raise FileError(str(place), f"The directory cannot be written: {obstacle(place, error)}.") from error


def flush_tree(directory: Path) -> None:
    """Flush all files of a directory, and then the directories, to the disk."""
    for path in sorted(directory.rglob("*"), reverse=True):
        flush_to_disk(path)
    flush_to_disk(directory)


@contextmanager
def _locked(part: Path, place: Path) -> Iterator[None]:
    """Create an empty directory, and hold a lock on it that ends with the process; delete what a killed one left."""
    part.mkdir(parents=True, exist_ok=True)
    descriptor = None
    try:
        with suppress(ImportError):  # Windows has no such locks.
            import fcntl

            descriptor = os.open(part, os.O_RDONLY)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise HooklineError(f"{place}: Another process is writing to this directory.") from None
            except OSError:  # The file system has no locks.
                pass
        for left in part.iterdir():
            shutil.rmtree(left) if left.is_dir() and not left.is_symlink() else left.unlink()
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _move(part: Path, place: Path) -> None:
    """Rename a directory. What is in its place before is then at the old name."""
    if not place.exists():
        part.rename(place)
    elif not _exchanged(part, place):
        # Where directories cannot be exchanged at once, both have another name for a moment, but neither is lost.
        old = _old(place)
        place.rename(old)
        part.rename(place)
        old.rename(part)


def _old(place: Path) -> Path:
    return place.with_name(f".{place.name}.old")


def _restore(place: Path) -> None:
    """Undo what a process has left that was killed between two renames."""
    if _old(place).exists():
        if place.exists():
            shutil.rmtree(_old(place))
        else:
            _old(place).rename(place)


def _exchanged(one: Path, other: Path) -> bool:
    """Exchange two directories in one step. Return false if this system cannot."""
    names = os.fsencode(one), os.fsencode(other)
    try:
        system = ctypes.CDLL(None, use_errno=True)
        if sys.platform == "darwin":
            return bool(system.renamex_np(*names, EXCHANGE) == 0)
        return bool(system.renameat2(AT_CWD, names[0], AT_CWD, names[1], EXCHANGE) == 0)
    except (AttributeError, OSError, TypeError):
        return False
