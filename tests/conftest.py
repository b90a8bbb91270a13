"""Fixtures for all tests."""

import functools
import importlib.metadata
import os
import signal

import pytest
from hypothesis import settings

# Many tests run in parallel: each uses one core, and waiting threads must not spin.
# torch reads these when it is imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

# A shell starts jobs in the background without Ctrl-C, which tests of interruptions send.
signal.signal(signal.SIGINT, signal.default_int_handler)

pytest_plugins = ["pytester"]

settings.register_profile("sampled", deadline=None, max_examples=100)
settings.register_profile("exhaustive", deadline=None, max_examples=600)
settings.load_profile("sampled")  # `make test-all` loads the other one.

BLANK = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
    "0000000a49444154789c63f80f0001010100b138f6140000000049454e44ae426082"
)
"""A picture of one pixel."""


def write_blank(history, names, title, path, **options):
    """Write a blank image instead of the plot."""
    from hookline.files import write_file

    write_file(path, BLANK)


@functools.cache
def version_here(distribution):
    """The version of a package that no test replaces."""
    return importlib.metadata.distribution(distribution).version


@pytest.fixture(scope="session", autouse=True)
def _quick_trainings():
    """Skip the slowest parts of a small training, which are most of its time.

    They are drawing `loss.png`, flushing to the disk, and reading the versions of Hookline and torch for the plan and
    the result: these are read once for all tests.
    """
    versions = importlib.metadata.version

    def version(distribution):
        return (version_here if distribution in ("hookline", "numpy", "torch") else versions)(distribution)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hookline.runs.directory.draw_curves", write_blank)
        patch.setattr("os.fsync", lambda descriptor: None)
        patch.setattr("importlib.metadata.version", version)
        patch.setattr("hookline.runs.plan.plan.version", version)
        patch.setattr("hookline.runs.plan.used_plugins.version", version)
        yield


@pytest.fixture(scope="session", autouse=True)
def _traced_steps():
    """Trace every step that can be traced if the environment names a runner: `make test-traced` does so."""
    import tracing

    runner = os.environ.get("HOOKLINE_TEST_RUNNER")
    with pytest.MonkeyPatch.context() as patch:
        if runner:
            tracing.trace_everything(patch, runner)
        yield


@pytest.fixture(scope="session")
def python():
    """Runs processes of this interpreter that have imported torch: see `forked.Python`."""
    import forked

    interpreter = forked.Python()
    yield interpreter
    interpreter.stop()


@pytest.fixture
def _real_curves(monkeypatch):
    """Draw `loss.png` as in a real training."""
    from hookline.plots import draw_curves

    monkeypatch.setattr("hookline.runs.directory.draw_curves", draw_curves)
