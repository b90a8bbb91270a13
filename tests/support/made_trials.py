"""Trials of a study that nobody has trained, for pictures and pages."""

import math
import random

from hookline.runs.study import StudyPlan
from hookline.spec import Choices, Range, Space, TrialRecord
from hookline.tuning.pictures.trials import Trials

SPACE = Space(
    {
        "optimizer": Choices(
            choices=(
                {"type": "SGD", "lr": Range(low=0.001, high=1.0, log=True), "momentum": Range(low=0.0, high=0.9)},
                {"type": "Adam", "lr": Range(low=1e-5, high=0.1, log=True)},
            )
        ),
        "model.layers": Choices(choices=([8], [8, 8])),
        "model.dropout": Range(low=0.0, high=0.5, step=0.1),
        "data.$cost": Range(low=8, high=256, log=True),
        "data.batch_size": Choices(choices=(16, 32)),
    }
)


def made_trials(count, *, monitors=("validation/loss",), maximized=(False,), space=SPACE, epochs=6):
    """Trials with random values, of which every seventh was pruned, every ninth failed, and the last is infinite."""
    generator, records = random.Random(0), []  # noqa: S311 - It chooses values, not secrets.
    for number in range(1, count + 1):
        values = space.chosen(lambda one: _value(one.domain, generator))
        results = [generator.uniform(0.1, 1) for _ in monitors]
        record = TrialRecord(number=number, values=values, state="finished", results=results, epochs=epochs)
        if number % 9 == 0:
            record.state, record.results, record.reason = "failed", None, "The loss is NaN."
        elif number % 7 == 0 and len(monitors) == 1:
            record.state, record.epochs, record.reason = "pruned", 2, "It was worse than others."
        record.curve = {epoch: results[0] + 1 / epoch for epoch in range(1, record.epochs + 1)}
        record.seconds = 0.1 * number
        records.append(record)
    records[-1].results = [math.inf for _ in monitors]
    return Trials(records=records, plan=StudyPlan(trials=count, monitors=monitors, maximized=maximized), space=space)


def _value(domain, generator):
    if isinstance(domain, Choices):
        return generator.choice(domain.labels)
    if domain.steps is not None:
        return domain.value(generator.randint(0, domain.steps))
    return generator.uniform(domain.low, domain.high)
