"""An estimate of the time of an epoch, from a few steps with a model that is discarded."""

import time
import warnings
from collections.abc import Iterator
from itertools import islice
from statistics import median
from typing import TYPE_CHECKING, Any

from hookline.data.batches import length_of
from hookline.plugins.dispatch.attribution import implementations
from hookline.plugins.stages import Run
from hookline.runs import devices
from hookline.training.preparation import Parts

if TYPE_CHECKING:
    from hookline.data.batches import Batch, Batches

MOST_STEPS = 20
"""The maximum number of steps to take, and of batches to evaluate."""

MOST_SECONDS = 1.0
"""The time after which no further step is taken."""


def seconds_of_epoch(run: Run, made: Parts) -> float | None:
    """Estimate the time of an epoch with its validation, from a few steps.

    The parameters change, so the model must not be used afterwards. The random number generators do not change. No
    wrapper of the stages `backward`, `step` and `evaluate` is called, which may write something.

    Returns:
        The seconds; `None` if the number of batches is unknown, or if the steps fail.

    """
    training, validation = length_of(made.data.training), made.data.validation
    if training is None:
        return None
    try:
        with devices.forked_generators(run.device), devices.uncompiled(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            seconds = training * _of_step(run, made)
            if validation is not None and (batches := length_of(validation)):
                every = run.spec.run.validate_every_epochs or 1
                seconds += batches * _of_evaluation(run, made, validation) / every
    except Exception:  # noqa: BLE001 - An estimate must not prevent training.
        return None
    return seconds


def _of_step(run: Run, made: Parts) -> float:
    """The median time of a few steps, reading included; the first one warms up unless it is the only one."""
    made.model.train()
    begin = time.perf_counter()
    end, times = begin + MOST_SECONDS, list[float]()
    for batch in islice(made.data.training.epoch(1), MOST_STEPS):
        outputs = run.stages.forward(run=run, model=made.model, batch=batch)
        loss = run.stages.loss(run=run, criterion=made.criterion, outputs=outputs, batch=batch)
        made.optimizer.zero_grad()
        loss.backward()
        if not run.spec.optimizer.needs_closure:
            made.optimizer.step()
        loss.item()
        now = time.perf_counter()
        times.append(now - begin)
        if now > end:
            break
        begin = now
    return median(times[1:] or times)


def _of_evaluation(run: Run, made: Parts, validation: "Batches") -> float:
    """The mean time of a few batches of an evaluation with its metrics; the second evaluation counts."""
    evaluate = implementations(run.stages.manager, "evaluate")[-1].function
    first = _First(validation)
    for _ in range(2):
        begin = time.perf_counter()
        evaluate(run=run, model=made.model, criterion=made.criterion, batches=first, split="validation")
        seconds = time.perf_counter() - begin
    return seconds / min(MOST_STEPS, length_of(validation) or 1)


class _First:
    """The first batches of a split."""

    def __init__(self, batches: "Batches"):
        self._batches = batches

    def epoch(self, number: int, start: int = 0) -> "Iterator[Batch]":
        """Yield the first batches."""
        return islice(self._batches.epoch(number, start), MOST_STEPS)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batches, name)
