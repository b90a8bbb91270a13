"""A file layer with faults: something happens at the N-th operation that changes a directory.

The operations are those of Python, which an audit hook sees before they happen: files that are opened for writing,
created, renamed or removed. Flushing to the disk, and the middle of writing a file, are further points.
"""

import os
import pathlib
import sys
from contextlib import contextmanager

CHANGING = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.chmod", "os.truncate", "os.link", "os.symlink"}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Faults:
    """Counts the operations in a directory, and calls a function with the number of each before it happens."""

    def __init__(self, directory, act):
        self.directory, self.act = os.fspath(directory), act
        self.number = 0
        self.is_on = False
        self.named = []
        """What each point is."""

    def point(self, what):
        """Count an operation."""
        if self.is_on:
            self.number += 1
            self.named.append(what)
            self.act(self.number)

    def audit(self, event, arguments):
        """See an operation before it happens."""
        if not self.is_on:
            return
        if event == "open":
            path, _, flags = arguments
            if isinstance(path, int) or not (flags or 0) & WRITING or not self._is_inside(path):
                return
        elif event not in CHANGING or not (self._is_inside(arguments[0]) or self._is_relative(event, arguments)):
            return
        self.point(f"{event} {pathlib.Path(arguments[0]).name}")

    def _is_inside(self, path):
        return isinstance(path, (str, os.PathLike)) and str(pathlib.Path(path).absolute()).startswith(self.directory)

    @staticmethod
    def _is_relative(event, arguments):
        """Whether an entry is removed in a directory that is open, as `shutil.rmtree` does."""
        return event in ("os.remove", "os.rmdir") and arguments[1] != -1


ACTIVE = []
"""The layers that are in use: an audit hook cannot be removed."""


def _audit(event, arguments):
    for faults in ACTIVE:
        faults.audit(event, arguments)


@contextmanager
def faulty(directory, act):
    """Use a faulty file layer for a directory inside the context."""
    if _audit not in _added:
        sys.addaudithook(_audit)
        _added.append(_audit)
    faults = Faults(directory, act)
    write_bytes, fsync = pathlib.Path.write_bytes, os.fsync

    def halting(path, data):
        """Write a file in two halves."""
        if not faults._is_inside(path):
            return write_bytes(path, data)
        half = len(data) // 2
        with path.open("wb", buffering=0) as file:
            file.write(data[:half])
            faults.point(f"middle of writing {path.name}")
            file.write(data[half:])
        return len(data)

    def flushing(descriptor):
        faults.point("fsync")

    pathlib.Path.write_bytes, os.fsync = halting, flushing
    ACTIVE.append(faults)
    faults.is_on = True
    try:
        yield faults
    finally:
        faults.is_on = False
        ACTIVE.remove(faults)
        pathlib.Path.write_bytes, os.fsync = write_bytes, fsync


_added = []
