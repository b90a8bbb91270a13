import fcntl
import os

from run_directories import write_run
from small_training import small

import hookline
from hookline.runs.liveness import is_running, marked_as_running
from hookline.runs.side_by_side.summary import RunSummary


class Looking:
    """Looks at the run after each epoch."""

    def __init__(self):
        self.states = []

    @hookline.hookimpl
    def log(self, run, record):
        self.states.append(RunSummary(run.directory).state)
        return record


def test_a_run_is_running_until_its_training_ends(tmp_path):
    looking = Looking()
    trial = hookline.train(small(epochs=2), plugins=[looking], out=tmp_path / "run")
    assert looking.states == ["running", "running"]
    assert not is_running(trial.directory)
    assert RunSummary(trial.directory).state == "finished"


def test_a_mark_is_seen_by_several_and_ends(tmp_path):
    directory = write_run(tmp_path / "1", state=None)
    with marked_as_running(directory):
        assert [is_running(directory), is_running(directory)] == [True, True]
        assert RunSummary(directory).seconds >= 0
    assert not is_running(directory)
    assert not is_running(tmp_path / "none")


def test_a_run_is_marked_although_another_process_looks_at_it(tmp_path, monkeypatch):
    directory = write_run(tmp_path / "1", state=None)
    looking = os.open(directory, os.O_RDONLY)
    fcntl.flock(looking, fcntl.LOCK_SH)
    monkeypatch.setattr("hookline.runs.liveness.time.sleep", lambda _: fcntl.flock(looking, fcntl.LOCK_UN))
    with marked_as_running(directory):
        assert is_running(directory)
    os.close(looking)
