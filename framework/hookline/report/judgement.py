"""A judgement: a sentence about a run, with its figures."""

from typing import Literal

from attrs import frozen

from hookline.runs.side_by_side.cells import number_text

LOSS, TRAINING_LOSS = "validation/loss", "training/loss"
"""The numbers whose curves are judged."""


@frozen
class Judgement:
    """A sentence about a run."""

    kind: str
    """What it is about, such as "overfitting"."""
    text: str
    """One or more sentences, with figures."""
    severity: Literal["warning", "note"] = "warning"


def short(value: float) -> str:
    """A number with four digits."""
    return number_text(value, 4)
