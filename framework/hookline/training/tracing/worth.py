"""Decide whether tracing earns back what it costs. These decisions depend on time, and no bit depends on them.

Costs and gains are measured in the time that Python takes in a step, so that they hold for slower and faster machines.
"""

from itertools import count

from hookline.plugins.stages import Run

TOO_SHORT = "the run is too short to earn back the cost of tracing"

TOO_SLOW = "a step takes so long that tracing saves little"

TOO_LITTLE = "a trace of the recorded operations would save less time than it costs"

WARM_UP = 2
"""The number of batches that the layers compute before the first one is recorded. Their shortest time counts."""

SLOWEST_STEP = 0.15
"""A step that takes longer, in seconds, is not traced: to record and compare some would take about a second."""

MOST_OF_PYTHON = 0.003
"""The largest time that Python takes in a step. In a longer step, the rest is computation."""

MOST_OF_OPERATION = 12e-6
"""The largest time that Python takes for a recorded operation, with its layer and with autograd."""

MOST_OF_COMPUTATION = 0.3
"""The part of the computation that faster operations are expected to save at most, before a step is recorded."""

COST_OF_FIRST = 45
"""What it costs to record a step and to compile its trace, in steps: both grow with the number of operations."""

COST_OF_FURTHER = 28
"""The same in a further training of a process, whose trace has mostly been compiled already."""

COST_OF_SHAPE = 14
"""The same for batches of another shape. Its trace runs compiled operations, and the layers are watched already."""

COST_OF_CHECKS = 6
"""What it costs to record and compare steps, in steps with their computation."""

MARGIN = 1.5
"""How many times its cost a trace must be expected to save. Both are estimates, and a trace that saves little more than
it costs is not missed."""

GAIN = 0.5
"""What a trace of the gradients saves, as a part of the time in Python."""

GAIN_WITH_UPDATES = 1.1
"""The same if the updates are traced, too, which take almost as long in Python as the gradients."""

GAIN_BETWEEN_CALLS = 1.6
"""What it saves in addition if the steps before are made in one call: one by the layers ends it, and all is compared
again after that."""

COST_OF_CALL = 0.4
"""What each call of several steps takes away from that. There are at least one or two in an epoch."""

LEAST_GAIN = 0.03
"""The part of the time that a trace must save to be used."""

trainings = count()
"""Counts the trainings of the process. Traces of trials, folds and seeds have the same text, which is compiled once."""


def is_first_training() -> bool:
    """Count a training, and say whether it is the first one of the process. After it, further ones are expected."""
    return next(trainings) == 0


def earns_its_cost(
    run: Run,
    seconds: float,
    share: float,
    *,
    with_updates: bool,
    is_first: bool,
    is_other_shape: bool = False,
    operations: int | None = None,
    saved: float | None = None,
) -> bool:
    """Whether there are enough steps left.

    Args:
        run: the run.
        seconds: how long the gradients of a batch take.
        share: the number of batches of the same shape in a step, on average. It is 1 if all batches have one shape, and
            may be larger if the optimizer evaluates each batch several times.
        with_updates: whether the updates are traced, too.
        is_first: whether nothing has been compiled yet, and the process has had no other training.
        is_other_shape: whether steps with batches of another shape are traced already.
        operations: the number of operations; `None` before they are recorded.
        saved: the seconds that faster operations save in a step; `None` before one is recorded.

    """
    remaining = steps_to_come(run)
    of_python = min(seconds, MOST_OF_PYTHON)
    if operations is not None:
        of_python = min(of_python, MOST_OF_OPERATION * operations)
    if with_updates:
        gain = GAIN_WITH_UPDATES - COST_OF_CALL / (run.steps_per_epoch or 1) + GAIN_BETWEEN_CALLS * is_other_shape
    else:
        gain = GAIN
    of_trace = COST_OF_SHAPE if is_other_shape else COST_OF_FIRST if is_first else COST_OF_FURTHER
    cost = of_trace * of_python + COST_OF_CHECKS * seconds
    of_computation = MOST_OF_COMPUTATION * (seconds - of_python) if saved is None else saved
    return (gain * of_python + of_computation) * share * remaining > MARGIN * cost


def can_earn_its_cost(run: Run) -> bool:
    """Whether there are enough steps, either if Python takes the whole time of a step or if it takes almost nothing.

    Otherwise, nothing needs to be measured. The answer is yes if the optimizer may evaluate a batch several times, or
    if the run has no known end.
    """
    if run.last_step is None or run.spec.optimizer.needs_closure:
        return True
    return any(earns_its_cost(run, seconds, 1.0, with_updates=True, is_first=False) for seconds in (1e-6, SLOWEST_STEP))


def steps_to_come(run: Run) -> int:
    """Estimate how many steps are still to come."""
    if run.last_step is None:  # It may last as long as it has lasted.
        return run.step
    remaining = run.last_step - run.step
    epochs = epochs_before_end(run)
    return remaining if epochs is None else min(remaining, epochs * (run.steps_per_epoch or 1))


def epochs_before_end(run: Run) -> int | None:
    """Estimate how many epochs follow at least, if a callback may end the run early; `None` if none does.

    Besides what the callback says, the run is expected to last as long as it has lasted.
    """
    several = [one.least_epochs for one in run.spec.callbacks if one.least_epochs is not None]
    return run.epoch + min(several) if several else None


def is_mostly_computation(seconds: float) -> bool:
    """Whether a step takes so long that tracing is not begun."""
    return seconds > SLOWEST_STEP


def is_faster(traced: float, by_layers: float) -> bool:
    """Whether a trace saves a part of the time that is worth it."""
    return traced < (1 - LEAST_GAIN) * by_layers
