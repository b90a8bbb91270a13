"""Decide whether the trace of an evaluation earns back what it costs. No bit depends on it."""

from typing import TYPE_CHECKING

from hookline.data.batches import length_of
from hookline.plugins.stages import Run
from hookline.training.tracing import worth

if TYPE_CHECKING:
    from hookline.data.batches import Batches

COST_OF_FIRST = 16
"""What it costs to record a batch and to make its program, in the time that Python takes for a batch."""

COST_OF_FURTHER = 10
"""The same for batches of another shape, whose program has the same text."""

COST_OF_CHECKS = 9
"""What it costs besides that, in batches: the recorded one, and those that are evaluated both ways."""

MOST_OF_PYTHON = 0.0005
"""The largest time that Python takes for a batch. In a longer one, the rest is computation, which is not saved."""

GAIN = 0.7
"""The part of the time in Python that a trace usually saves."""


def batches_to_come(run: Run, split: str, batches: "Batches", position: int) -> int:
    """Estimate how many batches of evaluations are still to come.

    Args:
        run: the run.
        split: the split that is evaluated.
        batches: its batches.
        position: how many of them have been evaluated in this pass.

    """
    length = length_of(batches) or position
    return length - position + length * _passes_to_come(run, split)


def _passes_to_come(run: Run, split: str) -> int:
    """The number of passes over the validation split that follow the present one, if the run does not end early."""
    if split != "validation" or run.state.is_trained:
        return 0
    spec = run.spec.run
    if spec.validate_every_steps is not None:
        return max(0, worth.steps_to_come(run)) // spec.validate_every_steps
    least, epochs = worth.epochs_before_end(run), max(0, spec.epochs - run.epoch)
    return (epochs if least is None else min(epochs, least)) // (spec.validate_every_epochs or 1)


def earns_its_cost(seconds: float, count: float, *, is_first: bool = True) -> bool:
    """Whether a trace earns back its cost.

    Args:
        seconds: how long the layers take for a batch.
        count: how many batches of the same shape are to come.
        is_first: whether no trace exists yet.

    """
    of_python = min(seconds, MOST_OF_PYTHON)
    cost = (COST_OF_FIRST if is_first else COST_OF_FURTHER) * of_python + COST_OF_CHECKS * seconds
    return GAIN * of_python * count > worth.MARGIN * cost


def can_earn_its_cost(run: Run, split: str, batches: "Batches") -> bool:
    """Whether a trace may earn back its cost if all batches to come have one shape and are not mostly computation.

    Otherwise nothing needs to be measured. If the number of batches is not known, the answer is yes.
    """
    return length_of(batches) is None or earns_its_cost(MOST_OF_PYTHON, batches_to_come(run, split, batches, 0))
