"""Forget what a process keeps of earlier traces, so that tracing costs what it costs in a new process."""

import itertools

from hookline.training.tracing import worth
from hookline.training.tracing.graphs import fastest
from hookline.training.tracing.graphs.running import in_python, in_torchscript

KEPT = (in_torchscript.compiled, in_python.compiled_python, fastest.fastest)
"""The functions that keep what depends on the operations of traces."""


def forget_traces() -> None:
    """Forget compiled traces and measured operations, and that there was a training."""
    for function in KEPT:
        function.cache_clear()
    worth.trainings = itertools.count()
