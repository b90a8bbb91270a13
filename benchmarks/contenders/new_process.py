"""Forget what a process keeps of earlier traces, so that tracing costs what it costs in a new process."""

import itertools

from hookline.training.tracing import worth
from hookline.training.tracing.graphs import fastest, runners

KEPT = (runners.compiled, runners.compiled_python, fastest.fastest)
"""The functions that keep what depends on the operations of traces."""


def forget_traces() -> None:
    """Forget compiled traces and measured operations, and that there was a training."""
    for function in KEPT:
        function.cache_clear()
    worth.trainings = itertools.count()
