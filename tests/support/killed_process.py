"""End a process at a chosen operation on files, as a power failure or SIGKILL does."""

import errno
import os
import sys

from hookline.errors import HooklineError

COUNTED = ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "ctypes.dlopen")
"""Audit events of operations on files: https://docs.python.org/3/library/audit_events.html."""


def files(place):
    """The content of all files in a directory by name; `None` if it does not exist."""
    if not place.exists():
        return None
    return {path.relative_to(place).as_posix(): path.read_bytes() for path in place.rglob("*") if path.is_file()}


def killed_at(number, function):
    """Run a function in a new process that ends without a warning at an operation on files; whether it did."""
    child = os.fork()
    if not child:
        done = 0

        def ending(event, _):
            nonlocal done
            if event in COUNTED:
                if done == number:
                    os._exit(9)
                done += 1

        sys.addaudithook(ending)
        function()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


def run_in_child(function):
    """Run a function in a new process, which must end well."""
    child = os.fork()
    if not child:
        code = 1
        try:
            function()
            code = 0
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def failing_at(number, function, place):
    """Run a function in a new process in which an operation on files in a directory fails, as on a full disk.

    Returns the name of the error of Hookline, empty if there is none, or `None` if there are fewer operations.
    """
    read, write = os.pipe()
    child = os.fork()
    if not child:
        done, failed = 0, False
        flush = os.fsync

        def fail():
            nonlocal done, failed
            done += 1
            if done == number + 1:
                failed = True
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        def failing(event, arguments):
            if event in COUNTED and arguments and str(arguments[0]).startswith(str(place)):
                fail()

        def flushing(descriptor):
            fail()
            flush(descriptor)

        sys.addaudithook(failing)
        os.fsync = flushing
        code, name = 1, ""
        try:
            function()
            code = 0
        except HooklineError as error:
            code, name = 0, type(error).__name__
        finally:
            os.write(write, (name if failed else "-").encode())
            os._exit(code)
    os.close(write)
    with os.fdopen(read) as pipe:
        name = pipe.read()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    return None if name == "-" else name
