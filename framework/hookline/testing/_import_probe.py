"""A script that imports a plugin and prints the side effects of the import as JSON.

Arguments: the name of the module, its file, and `sys.path` as JSON.
"""

import contextlib
import importlib
import io
import json
import os
import random
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC
TELLING = {
    "os.mkdir": "makes a directory",
    "os.remove": "removes a file",
    "os.rename": "renames a file",
    "os.system": "runs a command",
    "os.exec": "runs a command",
    "os.posix_spawn": "runs a command",
    "subprocess.Popen": "runs a command",
    "shutil.rmtree": "removes a directory",
    "socket.connect": "opens a connection",
    "socket.bind": "opens a connection",
    "socket.getaddrinfo": "looks up a host name",
    "urllib.Request": "opens a connection",
}


def main(name: str, file: str, path: list[str]) -> dict[str, list[str]]:
    """Import the module with this name, or in this file, and all of its components."""
    sys.path[:] = path
    from hookline.plugins.sources.local import from_file

    happened: list[str] = []
    torch: list[str] = []
    listening = True

    def listen(event: str, arguments: tuple[Any, ...]) -> None:
        if not listening:
            return
        if event == "import" and arguments[0] == "torch":
            torch.append(_place(file))
        elif event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITING:
            if arguments[0] != os.devnull:
                happened.append(f"It opens {arguments[0]} for writing ({_place(file)}).")
        elif event in TELLING:
            happened.append(f"It {TELLING[event]}: {arguments[0]!s:.80} ({_place(file)}).")

    before = _state()
    printed = io.StringIO()
    sys.addaudithook(listen)
    with warnings.catch_warnings(record=True) as warned, contextlib.redirect_stdout(printed):
        warnings.simplefilter("always")
        with contextlib.redirect_stderr(printed):
            plugin = from_file(file) if name.startswith("hookline_file_") else importlib.import_module(name)
            _look_up(plugin)
    listening = False
    after = _state()
    happened += [f"It changes {what}." for what, state in before.items() if after[what] != state]
    if printed.getvalue().strip():
        happened.append(f'It prints "{printed.getvalue().strip().splitlines()[0]}".')
    happened += [f"It warns: {warning.message} ({warning.filename}, line {warning.lineno})." for warning in warned]
    return {"happened": happened, "torch": torch}


def _look_up(plugin: Any) -> None:
    """Load every component, as `hookline list` does."""
    from attrs import fields

    register = getattr(plugin, "register_specs", None)
    if register is None or isinstance(plugin, type):
        return
    components = register()
    for kind in components.values() if isinstance(components, Mapping) else components:
        fields(kind)


def _state() -> dict[str, Any]:
    """The state of the process, which a plugin must not change."""
    return {
        "the environment variables": dict(os.environ),
        "the state of `random`": random.getstate(),
        "the current directory": Path.cwd(),
        "`sys.path`": list(sys.path),
        "the handler of Ctrl-C": signal.getsignal(signal.SIGINT),
        "the running threads": [thread.name for thread in threading.enumerate()],
        "the trace and exception hooks": (sys.gettrace(), sys.excepthook, sys.displayhook),
    }


def _place(file: str) -> str:
    """The line of the plugin's own files that is currently running."""
    source = Path(file)
    package = source.parent if source.stem == "__init__" else None
    frames = [
        frame
        for frame in traceback.extract_stack()
        if frame.filename == file or (package is not None and package in Path(frame.filename).parents)
    ]
    return f"{frames[-1].filename}, line {frames[-1].lineno}" if frames else "in a module that it imports"


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(sys.argv[1], sys.argv[2], json.loads(sys.argv[3]))))
