"""Python processes without the time that they need to import torch.

A server imports torch once and forks itself for each process. What a process imports, sets, prints and returns is its
own, as if `python -m …` or `python -c …` had started it. A test about imports or about the start of Python needs a
process that really starts: `subprocess.run`.
"""

import atexit
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path
from types import ModuleType, SimpleNamespace

PRELOADED = ("torch._dynamo", "pyarrow.csv", "hookline.cli.main", "hookline.training.pipeline")


class Python:
    """Stands for an interpreter. Its server starts with the first process."""

    def __init__(self, executable=sys.executable):
        self.executable = str(executable)
        self._server = None

    def run(self, *words, **options):
        """Run a process until it ends, as `subprocess.run` does with captured text."""
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            code = self.start(*words, stdout=out, stderr=err, **options).wait()
            for file in (out, err):
                file.seek(0)
            return SimpleNamespace(returncode=code, stdout=out.read().decode(), stderr=err.read().decode())

    def start(self, *words, stdout, stderr, cwd=None, env=None):
        """Start a process: `-m` and a module or `-c` and code, and its arguments. The files are its output."""
        client, server = socket.socketpair()
        request = {"words": list(map(str, words)), "cwd": str(cwd or Path.cwd()), "env": dict(env or os.environ)}
        with tempfile.TemporaryFile() as described, server:
            described.write(json.dumps(request).encode())
            described.seek(0)
            files = [server.fileno(), described.fileno(), stdout.fileno(), stderr.fileno()]
            socket.send_fds(self._connection(), [b"\n"], files)
        return Process(client)

    def _connection(self):
        if self._server is None:
            own, its = socket.socketpair()
            command = [self.executable, __file__, str(its.fileno())]
            quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
            self._server = (subprocess.Popen(command, pass_fds=[its.fileno()], **quiet), own)
            its.close()
        return self._server[1]

    def stop(self):
        """End the server."""
        if self._server is not None:
            process, connection = self._server
            connection.close()
            process.wait()
            self._server = None


class Process:
    """A running process."""

    def __init__(self, connection):
        self._connection = connection
        self._connection.settimeout(120)
        self.pid = self._read()
        self.returncode = None

    def _read(self):
        received = b""
        while not received.endswith(b"\n"):
            part = self._connection.recv(1)
            assert part, "The server has ended."
            received += part
        return int(received)

    def poll(self):
        """The exit code, or `None` if it is running."""
        if self.returncode is None:
            has_ended, _, _ = select.select([self._connection], [], [], 0)
            return self.wait() if has_ended else None
        return self.returncode

    def send_signal(self, number):
        os.kill(self.pid, number)

    def wait(self):
        """The exit code, or minus the signal that ended it."""
        if self.returncode is None:
            self.returncode = self._read()
            self._connection.close()
        return self.returncode


def serve(connection):
    """Fork for each request. Returns the request in the new process, and `None` in the server when the client ends."""
    waiting = set()
    while True:
        message, files, *_ = socket.recv_fds(connection, 1, 4)
        waiting = {process for process in waiting if not os.waitpid(process, os.WNOHANG)[0]}
        if not message:
            for process in waiting:  # A test that failed has not ended its process.
                os.killpg(process, signal.SIGKILL)
                os.waitpid(process, 0)
            return None
        if not (process := os.fork()):
            connection.close()
            return _forked(*files)
        waiting.add(process)
        for file in files:
            os.close(file)


def _forked(reply, described, *outputs):
    """Return the request in a new process. This process waits for its end, so that the server need not."""
    os.setpgid(0, 0)
    if child := os.fork():
        os.write(reply, f"{child}\n".encode())
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        os.write(reply, f"{code}\n".encode())
        os._exit(0)
    os.close(reply)
    for number, file in enumerate(outputs, 1):
        os.dup2(file, number)
        os.close(file)
    with os.fdopen(described) as file:
        return json.load(file)


def become(request):
    """Do what Python does with these arguments."""
    kind, what, *sys.argv[1:] = request["words"]
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    added = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:1] = [request["cwd"] if kind == "-m" else "", *filter(None, added)]
    signal.signal(signal.SIGINT, signal.default_int_handler)  # A shell makes background processes ignore it.
    sys.stdout = sys.__stdout__ = os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.__stderr__ = os.fdopen(2, "w", buffering=1, errors="backslashreplace", closefd=False)
    if kind == "-m":
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        sys.argv[0] = "-c"
        sys.modules["__main__"] = ModuleType("__main__")
        exec(compile(what, "<string>", "exec"), vars(sys.modules["__main__"]))  # noqa: S102 - As `python -c` does.


def leave(function, argument):
    """Call a function and end the process as Python does, but without freeing the memory, which takes a second."""
    code = 0
    try:
        function(argument)
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
        if code and not isinstance(error.code, int):
            print(error.code, file=sys.stderr)  # noqa: T201 - As Python does.
    except BaseException:  # noqa: BLE001 - As Python does.
        traceback.print_exc()
        code = 1
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
    except OSError:
        code = 120
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    for module in PRELOADED:
        importlib.import_module(module)
    gc.freeze()  # A collection in a new process would copy all of this.
    asked = serve(socket.socket(fileno=int(sys.argv[1])))
    if asked is not None:
        leave(become, asked)
