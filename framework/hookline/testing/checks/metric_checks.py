"""Checks for metrics."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from attrs import evolve

from hookline.data.batches import Batches
from hookline.errors.text import counted
from hookline.plugins.stages import Run
from hookline.spec.families.loss.loss import LossSpec
from hookline.testing.checks.declaration_checks import replaced
from hookline.testing.components_under_test import Component
from hookline.testing.outcomes import refuse
from hookline.training.metrics import built_metric, evaluated_parts
from hookline.training.preparation import Prepared

if TYPE_CHECKING:
    from torch import Tensor

Evaluated = Sequence["tuple[Tensor, Tensor]"]
"""What a metric evaluates in each batch: predictions and true values."""


def is_independent_of_batches(component: Component) -> None:
    """Check that a metric does not depend on the batch size."""
    spec = component.needs()
    numbers = {}
    for size in (64, 5):
        data: Any = spec.data
        run, made = component.prepare(replaced(spec, data, evolve(data, batch_size=size)))
        batches = made.data.validation or made.data.test
        assert batches is not None, "The preflight rejects metrics without rows to evaluate."
        results = run.stages.evaluate(
            run=run, model=made.model, criterion=made.criterion, batches=batches, split="validation"
        )
        numbers[size] = results[component.example.label]
    one, other = numbers.values()
    if not (one == other or abs(one - other) <= 1e-5 * max(1.0, abs(one)) or (one != one and other != other)):
        refuse(
            f"{component.name} is {one:.6g} for rows in one batch, but {other:.6g} in batches of 5: `update` must "
            f"accumulate what `compute` needs for all rows, instead of averaging over batches."
        )
    if component.example.joins_batches or component.example.resets:
        assert batches is not None, "It was evaluated."
        pairs, loss = _evaluated_pairs(component, run, made, batches)
        if component.example.joins_batches:
            _joins_batches(component, run, pairs, loss)
        if component.example.resets:
            _resets(component, run, pairs, loss)


def _evaluated_pairs(component: Component, run: Run, made: Prepared, batches: Batches) -> tuple[Evaluated, LossSpec]:
    """Return what the metric evaluates in each batch, and the loss that predicts it."""
    import torch

    metric: Any = component.example
    parts = evaluated_parts(metric, run)
    pairs = []
    with torch.no_grad():
        for batch in batches.epoch(1):
            outputs = run.stages.forward(run=run, model=made.model, batch=batch)
            several = run.stages.predict(run=run, criterion=made.criterion, outputs=outputs, batch=batch)
            prediction = several[parts.key]
            pairs.append((getattr(prediction, parts.of_rows), getattr(prediction, parts.true)))
    return pairs, prediction.loss


def _joins_batches(component: Component, run: Run, pairs: Evaluated, loss: LossSpec) -> None:
    """Check that a metric with `joins_batches` is the same for the rows of several batches in one update."""
    import torch

    rows, true = (torch.cat(several) for several in zip(*pairs, strict=True))
    numbers = {}
    for size in (1, 2, 5, len(rows)):
        state = built_metric(component.example, run.spec, loss, rows)
        numbers[size] = _number(component, state, [*zip(rows.split(size), true.split(size), strict=True)])
    if len({repr(number) for number in numbers.values()}) > 1:
        shown = ", ".join(f"{number!r} in updates with {counted(size, 'row')}" for size, number in numbers.items())
        refuse(f"{component.name} is {shown}: do not set `joins_batches`, which promises the same number.")


def _resets(component: Component, run: Run, pairs: Evaluated, loss: LossSpec) -> None:
    """Check that the object of a metric with `resets` is the same as a new one after `reset`."""
    state = built_metric(component.example, run.spec, loss, pairs[-1][0])
    for some in (pairs, pairs[:1]):
        number = _number(component, state, some)
        expected = _number(component, built_metric(component.example, run.spec, loss, some[0][0]), some)
        if repr(number) != repr(expected):
            refuse(
                f"{component.name} is {number!r} after `reset`, but {expected!r} if its object is built anew: `reset` "
                f"must remove all rows, and `build` must not depend on the values or the number of the predictions."
            )
        state.reset()


def _number(component: Component, state: Any, pairs: Evaluated) -> float:
    metric: Any = component.example
    for pair in pairs:
        state.update(*metric.prepare(*pair))
    return float(state.compute())
