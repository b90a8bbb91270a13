"""End a process at a chosen operation on files, as a power failure or SIGKILL does."""

import os
import sys

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
