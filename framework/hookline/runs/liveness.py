"""Find out if a process trains a run: it holds a lock of the operating system, which ends with the process."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ATTEMPTS, PAUSE = 50, 0.01
"""How often to try to lock a run that another process has locked, and how many seconds to wait in between."""


@contextmanager
def marked_as_running(directory: Path) -> Iterator[bool]:
    """Mark the run in a directory as running, until the context or the process ends, for whatever reason.

    Yields false if another process has marked it.

    The mark is a lock on the directory, whose files may be replaced. Where the file system or the operating system has
    no such locks, it is left out.
    """
    descriptor = _opened(directory)
    is_alone = True
    try:
        if descriptor is not None:
            # `is_running` in another process holds the lock for a moment.
            for _ in range(ATTEMPTS):
                if is_alone := _is_locked(descriptor, exclusive=True):
                    break
                time.sleep(PAUSE)
        yield is_alone
    finally:
        if descriptor is not None:
            os.close(descriptor)  # This ends the lock.


def is_running(directory: Path) -> bool:
    """Whether a process is known to train the run. A process on another machine may be unknown."""
    descriptor = _opened(directory)
    if descriptor is None:
        return False
    try:
        return not _is_locked(descriptor, exclusive=False)
    finally:
        os.close(descriptor)


def _opened(directory: Path) -> int | None:
    try:
        return os.open(directory, os.O_RDONLY | os.O_DIRECTORY) if os.name != "nt" else None
    except OSError:
        return None


def _is_locked(descriptor: int, *, exclusive: bool) -> bool:
    """Lock without waiting. Return false if another process holds the lock, and true otherwise."""
    try:
        import fcntl
    except ImportError:  # Windows
        return True
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # The file system has no locks.
        return True
    return True
