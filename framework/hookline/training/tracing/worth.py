"""Decide whether tracing earns back what it costs. These decisions depend on time, and no bit depends on them."""

from hookline.plugins.stages import Run

WARM_UP = 2
"""The number of batches that the layers compute before the first one is recorded. Their shortest time counts."""

SLOWEST_STEP = 0.05
"""A step that takes longer, in seconds, is mostly computation: without Python, it would hardly be faster."""

COST = 0.003
"""What it costs to trace a step, in seconds, besides the time that grows with its number of operations."""

COST_IN_STEPS = 35
"""What it costs besides that, in steps."""

GAIN = 0.5
"""The part of the time of a step that tracing usually saves."""

LEAST_GAIN = 0.03
"""The part of the time that a trace must save to be used."""


def earns_its_cost(run: Run, seconds: float, share: float, *, are_whole: bool) -> bool:
    """Whether there are enough steps left.

    Args:
        run: the run.
        seconds: how long a step takes.
        share: the part of the steps so far whose batches had the same shape.
        are_whole: whether the updates are traced, too.

    """
    remaining = run.step if run.last_step is None else run.last_step - run.step
    return GAIN * seconds * share * remaining > COST + COST_IN_STEPS * seconds


def is_mostly_computation(seconds: float) -> bool:
    """Whether a step takes so long that tracing is not begun."""
    return seconds > SLOWEST_STEP


def is_faster(traced: float, by_layers: float) -> bool:
    """Whether a trace saves a part of the time that is worth it."""
    return traced < (1 - LEAST_GAIN) * by_layers
