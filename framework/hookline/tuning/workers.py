"""Several processes that work on a study on this machine."""

import os
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from attrs import define, field

from hookline.errors.exceptions import HooklineError
from hookline.plugins.signals import Interruption
from hookline.runs.study import STORAGE
from hookline.spec.space.record import TrialRecord
from hookline.tuning.study import Study

MOST_STARTED = 5
"""How many processes are started for each worker, in place of those that were killed, before a trial ends."""

MOST_LINES = 200
"""How many of the last lines of a process that fails are shown."""

WARNING = ": warning: "
"""What marks the line of a warning."""


def work_together(
    study: Study,
    workers: int,
    interruption: Interruption,
    on_end: Callable[[TrialRecord], None],
    plugins: Sequence[str] = (),
    url: str | None = None,
    on_warning: Callable[[str], None] = lambda _: None,
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
        on_warning: called for each different warning of the processes, a line as a command prints it.

    Raises:
        HooklineError: if the processes fail, with what the last one has printed.

    """
    threads = str(max(1, (os.cpu_count() or 1) // workers))
    environment = {"OMP_NUM_THREADS": threads, **os.environ}
    if url is not None:
        environment[STORAGE] = url  # A password in it must not be on a command line.
    with TemporaryDirectory() as folder:
        processes = _Processes(study, workers, command(study, plugins), environment, Path(folder), on_warning)
        try:
            with study.ending_with(interruption):
                while not study.is_complete and interruption.number is None:
                    ended = len(study.ended)
                    study.report(on_end)
                    processes.replace_ended(is_progress=len(study.ended) > ended)
                    time.sleep(study.store.pause)
        finally:
            processes.end(is_early=interruption.number is not None or not study.is_complete)
    with study.ending_with(interruption):
        study.report(on_end)


def command(study: Study, plugins: Sequence[str]) -> list[str]:
    """Return the command line of a worker."""
    words = [sys.executable, "-m", "hookline", "tune", "--resume", str(study.root), "--quiet"]
    return words + [word for file in plugins for word in ("--plugin", file)]


@define(eq=False)
class _Worker:
    """A process that works on a study."""

    process: "subprocess.Popen[bytes]"
    printed: Path
    """The file of what it prints. A pipe that is not read in time would block it."""
    others: deque[str] = field(factory=lambda: deque(maxlen=MOST_LINES))
    """The last lines that it has printed, except warnings."""
    _read: int = 0
    """How many bytes of the file have been read."""

    def warnings(self) -> Iterator[str]:
        """The warnings that it has printed since the last call."""
        with self.printed.open("rb") as file:
            file.seek(self._read)
            text = file.read()
        whole = text[: text.rfind(b"\n") + 1]
        self._read += len(whole)
        for line in whole.decode(errors="replace").splitlines():
            if WARNING in line:
                yield line
            else:
                self.others.append(line)


@define(eq=False)
class _Processes:
    """The processes of a study, of which those that were killed are replaced."""

    study: Study
    workers: int
    """How many run at the same time."""
    words: Sequence[str]
    """The command line of each."""
    environment: Mapping[str, str]
    folder: Path
    """For what they print."""
    on_warning: Callable[[str], None]
    """Called for each different warning that they print."""
    started: int = 0
    """How many were started since a trial has ended."""
    failure: str = ""
    """What the last one that failed has printed, without warnings."""
    running: list[_Worker] = field(factory=list)
    _warnings: set[str] = field(factory=set, init=False)
    _names: Iterator[int] = field(factory=count, init=False)

    def replace_ended(self, *, is_progress: bool) -> None:
        """Start as many processes as are missing. Raises a `HooklineError` if they fail."""
        most = self.workers * MOST_STARTED
        self.started = 0 if is_progress else self.started
        for worker in list(self.running):
            code = worker.process.poll()  # Before its last lines are read.
            self._report_warnings(worker)
            if code is None:
                continue
            self.running.remove(worker)
            self.failure = "\n".join(worker.others).strip() or self.failure
            # One that starts while the server of a storage restarts is replaced.
            if code > 0 and not self.study.is_complete and not self.study.is_remote:
                raise HooklineError(self.failure or f"A worker ended with the exit code {code}.")
        if not self.running and self.started >= most:
            raise HooklineError(f"The workers of the study end again and again. {self.failure}".rstrip())
        while len(self.running) < self.workers and self.started < most and not self.study.is_complete:
            self._start()

    def end(self, *, is_early: bool) -> None:
        """Wait until all processes have ended, after a signal if they must end early."""
        for worker in self.running if is_early else ():
            worker.process.terminate()
        for worker in self.running:
            worker.process.wait()
            self._report_warnings(worker)

    def _start(self) -> None:
        printed = self.folder / f"{next(self._names)}.txt"
        with printed.open("wb") as file:
            self.running.append(_Worker(subprocess.Popen(self.words, env=self.environment, stderr=file), printed))  # noqa: S603
        self.started += 1

    def _report_warnings(self, worker: _Worker) -> None:
        """Report the new warnings of a process, except those that another one has printed before."""
        for line in worker.warnings():
            if line not in self._warnings:
                self._warnings.add(line)
                self.on_warning(line)
