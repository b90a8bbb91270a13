"""SIGKILL for a worker of a study every two seconds: no trial is lost, counted twice or stuck, and the total is exact.

A study in a directory has eight workers. One in a PostgreSQL database has two machines, each with a directory and four
workers, and its server crashes once. All is compared with a study of one worker that was never killed.
"""

import os
import random
import signal
import sys
import tempfile
import time
import traceback
import warnings
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from unittest import mock

import postgres
from tuning import tuned

import hookline
from exactness.result import Result
from exactness.runs import in_process, without_plots
from hookline.check.load import Loader
from hookline.check.toml import document as documents
from hookline.plugins.manager import Plugins
from hookline.runs.study import records_of
from hookline.spec.dump import plain
from hookline.spec.training import SEVERAL
from hookline.tuning.directory_store import DirectoryClaim
from hookline.tuning.joining import connected, join_study
from hookline.tuning.opening import new_study

STUCK = 120
"""The number of seconds without the end of a trial after which a study counts as stuck."""


def undrawn():
    """Draw no pictures of studies, which take longer than the trials."""
    return mock.patch("hookline.tuning.finishing.draw", mock.Mock(return_value=None))


def told(root):
    """What the directory of a study has of each trial, except for times and places."""
    records = records_of(root)
    return {one.number: (list(one.values.items()), one.state, one.results, one.curve) for one in records}


class Workers:
    """The processes that work on a study."""

    def __init__(self, place, spec, server):
        """Create the study in a process of its own, with a directory for each machine."""
        self.place, self.server = place, server
        self.url = None if server is None else server.url
        self.roots = [place / name for name in (["one"] if server is None else ["one", "two"])]
        self.log, self.ends = place / "log", place / "ends"
        self.ends.touch()
        self.running = {}
        self._begun = 0
        self.problem = None

        def create():
            loader = Loader()
            with connected(self.url, Plugins()) as storage:
                for root in self.roots:
                    if storage is None:
                        new_study(spec, loader, documents.from_table(plain(spec, Path()), lists=SEVERAL), root)
                    else:
                        join_study(storage, place.name, loader, like=spec, creates=True, out=root)

        if in_process(create, self.log):
            self.problem = self.log.read_text()

    @property
    def ended(self):
        """The number of each trial that a worker has ended, once for each time."""
        return list(map(int, self.ends.read_text().split()))

    def start(self):
        """Start a worker in a forked process."""
        root = self.roots[self._begun % len(self.roots)]
        self._begun += 1
        log = self.place / f"log-{self._begun}"
        child = os.fork()
        if child:
            self.running[child] = log
            return
        code = 1
        try:
            file = log.open("w")
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
            sys.stdout = sys.stderr = file  # pytest has replaced them.
            warnings.simplefilter("ignore")
            with self._noting_ends():
                self.go_on(root)
            code = 0
        except BaseException:  # noqa: BLE001 - The exit code says so.
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)

    def _noting_ends(self):
        """Note the number of each trial that this process has ended, once its record counts."""
        kind = DirectoryClaim
        if self.server is not None:
            from hookline_tune.postgresql.trials import RowClaim

            kind = RowClaim
        usual = kind.write

        def write(claim, record):
            counts = usual(claim, record)
            if counts and record.has_ended:
                with self.ends.open("a") as file:
                    file.write(f"{record.number}\n")
            return counts

        return mock.patch.object(kind, "write", write)

    def go_on(self, root):
        """Work in a directory."""
        hookline.tune(resume=root, storage=self.url)

    def kill(self, child):
        """Kill a worker."""
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        del self.running[child]

    def look(self):
        """Remove the workers that have ended."""
        for child in list(self.running):
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                printed = self.running.pop(child).read_text()
                if code := os.waitstatus_to_exitcode(status):
                    if "cannot be reached" in printed:  # It started while the server was down.
                        self.start()
                    else:
                        self.problem = f"A worker ended with {code}: {printed[-900:]}"


def work(workers, result, *, trials, number, seconds, seed=0):
    """Let so many workers work until all trials have ended, and kill one again and again. Return what is wrong."""
    chance, kills, crashes, counted = random.Random(seed), 0, 0, 0  # noqa: S311 - No secret.
    while len(workers.running) < number:
        workers.start()
    moved = killed = time.monotonic()
    while workers.running and workers.problem is None:
        time.sleep(0.02)
        workers.look()
        now = time.monotonic()
        if len(workers.ended) > counted:
            counted, moved = len(workers.ended), now
        if now - moved > STUCK:
            workers.problem = f"It is stuck after {counted} trials."
        if workers.server is not None and not crashes and counted > trials // 2:
            crashes += 1
            workers.server.stop()
            workers.server.start()
        is_moving = moved > killed  # Under load, workers may not even have begun.
        if workers.running and counted < trials - number and is_moving and now - killed >= seconds:
            workers.kill(chance.choice(list(workers.running)))
            workers.start()
            kills, killed = kills + 1, time.monotonic()
    for child in list(workers.running):
        workers.kill(child)
    for name, count in (("kills", kills), ("crashes of the server", crashes)):
        result.counts[name] = result.counts.get(name, 0) + count
    return workers.problem


RANDOM = {"trials": 1000}
"""A search that does not depend on the results."""

TOGETHER = {"trials": 200, "type": "Optuna", "synchronous": 4, "sampler": {"type": "TPESampler", "n_startup_trials": 4}}
"""A search that depends on the results, but not on the number of workers, as four trials are chosen together."""


def prove(searches=(RANDOM, TOGETHER), number=8, seconds=2.0, servers=None):
    """Prove it in a directory, and in a database if PostgreSQL is installed."""
    result = Result("studies")
    with without_plots(), undrawn(), ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="exactness-")))
        for index, search in enumerate(searches):
            spec, place = tuned(epochs=1, **search), home / str(index)
            place.mkdir()
            # Here, so that forked processes need not import anything.
            hookline.tune(spec, out=place / "reference")
            for server in servers or [None, *([] if postgres.MISSING else [stack.enter_context(postgres.running())])]:
                _prove(spec, server, place, result, number, seconds)
    return result


def _prove(spec, server, home, result, number, seconds):
    """Compare a study whose workers are killed with the reference."""
    name = f"{type(spec.tune).__name__} in a {'directory' if server is None else 'database'}"
    place = home / name
    place.mkdir()
    trials = spec.tune.trials
    workers = Workers(place, spec, server)
    problem = workers.problem or work(workers, result, trials=trials, number=number, seconds=seconds)
    if problem:
        result.add(name, problem)
        return
    expected, ended = told(home / "reference"), workers.ended
    for root in workers.roots:
        # The last worker of a machine may have been killed before the last trial of the others.
        if in_process(partial(workers.go_on, root), workers.log):
            result.add(name, workers.log.read_text())
        found = told(root)
        for one in range(1, trials + 1):
            times = ended.count(one)
            wrong = found.get(one) != expected[one] or times > 1
            result.add(f"{name}, trial {one}", f"{found.get(one)}, ended {times} times" if wrong else None)
        if found.keys() != expected.keys():
            result.add(name, f"{len(found)} trials instead of {trials}")
        if hookline.load(root / "best.toml") != hookline.load(home / "reference" / "best.toml"):
            result.add(name, "another best.toml")
