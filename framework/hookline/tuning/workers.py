"""Several processes that work on a study on this machine."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from typing import IO

from hookline.errors.exceptions import HooklineError
from hookline.plugins.signals import Interruption
from hookline.runs.study import STORAGE
from hookline.spec.space.record import TrialRecord
from hookline.tuning.study import Study

MOST_STARTED = 5
"""How many processes are started for each worker, in place of those that were killed, before a trial ends."""

LAST_BYTES = 2**14
"""How much is read of what a process has printed."""


def work_together(
    study: Study,
    workers: int,
    interruption: Interruption,
    on_end: Callable[[TrialRecord], None],
    plugins: Sequence[str] = (),
    url: str | None = None,
) -> None:
    """Train the trials of a study in several processes, until all have ended, or until an interruption.

    A process that is killed is replaced; its trial is run again with the same number and values.

    Args:
        study: the study.
        workers: the number of processes.
        interruption: records whether to end. The processes get the same signal from the terminal.
        on_end: called for each trial that has ended.
        plugins: the plugin files of the command line.
        url: the URL of the storage that has the trials, if it is not the directory.

    Raises:
        HooklineError: if the processes fail, with what the last one has printed.

    """
    words = [sys.executable, "-m", "hookline", "tune", "--resume", str(study.root), "--quiet"]
    words += [word for file in plugins for word in ("--plugin", file)]
    threads = str(max(1, (os.cpu_count() or 1) // workers))
    environment = {"OMP_NUM_THREADS": threads, **os.environ}
    if url is not None:
        environment[STORAGE] = url  # A password in it must not be on a command line.
    started = 0
    running: dict[subprocess.Popen[bytes], IO[bytes]] = {}
    """The processes, each with the file of what it prints. Nobody reads a pipe meanwhile, which would become full."""
    failure = ""
    try:
        with study.ending_with(interruption):
            while not study.is_complete and interruption.number is None:
                ended = len(study.ended)
                study.report(on_end)
                started = started if len(study.ended) == ended else 0
                for process in [process for process in running if process.poll() is not None]:
                    failure = _printed(running.pop(process)) or failure
                    # One that starts while the server of a storage restarts is replaced.
                    if process.returncode > 0 and not study.is_complete and not study.is_remote:
                        raise HooklineError(failure or f"A worker ended with the exit code {process.returncode}.")
                if not running and started >= workers * MOST_STARTED:
                    raise HooklineError(f"The workers of the study end again and again. {failure}".rstrip())
                while len(running) < workers and started < workers * MOST_STARTED and not study.is_complete:
                    printed: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - It is closed when the process has ended.
                    running[subprocess.Popen(words, env=environment, stderr=printed)] = printed  # noqa: S603
                    started += 1
                time.sleep(study.store.pause)
    finally:
        for process in running:
            if interruption.number is not None or not study.is_complete:
                process.terminate()
        for process, printed in running.items():
            process.wait()
            printed.close()
    with study.ending_with(interruption):
        study.report(on_end)


def _printed(file: IO[bytes]) -> str:
    """The end of what a process has printed, whose file is closed."""
    with file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - LAST_BYTES))
        return file.read().decode(errors="replace").strip()
