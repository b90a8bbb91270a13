"""Stepwise schedules."""

from typing import Any

from attrs import Attribute

from hookline.spec import option, spec
from hookline_schedulers.base import TorchScheduler


def _rising(instance: object, attribute: "Attribute[Any]", value: tuple[int, ...]) -> None:
    if not value or list(value) != sorted(set(value)):
        raise ValueError("Milestones must be strictly increasing, and there must be at least one.")


@spec
class StepLR(TorchScheduler):
    """Multiplies the learning rate by `gamma` after every `step_size` epochs.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.StepLR.html
    """

    happens_after = ("step_size",)

    step_size: int = option(minimum=1)
    """The number of epochs (or steps) between two changes."""
    gamma: float = option(default=0.1, minimum=0)
    """The factor."""


@spec
class MultiStepLR(TorchScheduler):
    """Multiplies the learning rate by `gamma` at each milestone.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.MultiStepLR.html
    """

    happens_after = ("milestones",)

    milestones: tuple[int, ...] = option(minimum=1, validator=_rising)
    """The epochs (or steps) after which the learning rate changes."""
    gamma: float = option(default=0.1, minimum=0)
    """The factor."""
