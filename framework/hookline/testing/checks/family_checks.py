"""Checks for one family: data sources, metrics, distances, deployment targets."""

import tempfile
from pathlib import Path
from typing import Any

from attrs import evolve

from hookline.data.batches import Batch, Batches, length_of
from hookline.errors.text import counted
from hookline.plugins.stages import Run
from hookline.testing.checks.declaration_checks import replaced
from hookline.testing.checks.training_checks import same
from hookline.testing.components_under_test import Component
from hookline.testing.kit_components import Kit
from hookline.testing.outcomes import refuse
from hookline.training.metrics import built_metric, evaluated_parts
from hookline.training.pipeline import train
from hookline.training.preparation import Prepared


def keeps_its_order(component: Component) -> None:
    """Check that the batches of a data source depend only on seed and epoch, from any position."""
    _, made = component.prepare(component.needs())
    batches = made.data.training
    epochs = {number: list(batches.epoch(number)) for number in (1, 2)}
    again = {number: list(batches.epoch(number)) for number in (2, 1)}
    if not all(_equal(epochs[number], again[number]) for number in epochs):
        refuse(
            f"The batches of {component.name} differ when an epoch is repeated: their order must depend only on seed "
            f"and epoch, as with `hookline.data.permutation`."
        )
    length = length_of(batches)
    if length not in (None, len(epochs[1])) or (batches.rows and sum(batch.rows for batch in epochs[1]) > batches.rows):
        refuse(
            f"{component.name} promises {length} batches with {batches.rows} rows in total for an epoch, but "
            f"yields {len(epochs[1])} batches with {sum(batch.rows for batch in epochs[1])} rows."
        )
    middle = max(1, len(epochs[1]) // 2)
    if not _equal(list(batches.epoch(1, middle)), epochs[1][middle:]):
        refuse(f"The batches of {component.name} from the middle of an epoch differ from those of the whole epoch.")


def accepts_valid_data(component: Component) -> None:
    """Check that `check` of a data source accepts data that can be used for training."""
    spec = component.needs()
    if problems := list(component.example.check(spec.objective)):
        refuse(f"`check` of {component.name} rejects data that can be used for training. {problems[0]}")


def _equal(one: list[Batch], other: list[Batch]) -> bool:
    def plain(batch: Batch) -> list[dict[str, Any]]:
        weights = {} if batch.weights is None else {"weights": batch.weights}
        return [dict(batch.inputs), dict(batch.targets), dict(batch.lengths), weights]

    return same([plain(batch) for batch in one], [plain(batch) for batch in other])


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
    if component.example.joins_batches:
        assert batches is not None, "It was evaluated."
        _joins_batches(component, run, made, batches)


def _joins_batches(component: Component, run: Run, made: Prepared, batches: Batches) -> None:
    """Check that a metric with `joins_batches` is the same for the rows of several batches in one update."""
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
        rows, true = (torch.cat(several) for several in zip(*pairs, strict=True))
        numbers = {}
        for size in (1, 2, 5, len(rows)):
            state = built_metric(metric, run.spec, prediction.loss, rows)
            for pair in zip(rows.split(size), true.split(size), strict=True):
                state.update(*metric.prepare(*pair))
            numbers[size] = float(state.compute())
    if len({repr(number) for number in numbers.values()}) > 1:
        shown = ", ".join(f"{number!r} in updates with {counted(size, 'row')}" for size, number in numbers.items())
        refuse(f"{component.name} is {shown}: do not set `joins_batches`, which promises the same number.")


def measures_rows(component: Component) -> None:
    """Check that a distance returns one number for each row, with correct gradients."""
    import torch

    distance = component.example.build()
    generator = torch.Generator().manual_seed(0)
    one, other = (torch.randn(5, 3, dtype=torch.double, generator=generator).requires_grad_() for _ in range(2))
    measured = distance(one, other)
    if measured.shape != (5,):
        refuse(
            f"{component.name} returns shape {tuple(measured.shape)} for two tensors of shape (5, 3): it must return "
            f"the distance of each pair of rows, shape (5,)."
        )
    try:
        torch.autograd.gradcheck(distance, (one, other), eps=1e-6, atol=1e-5, rtol=1e-3)
    except RuntimeError:
        refuse(f"The gradients of {component.name} do not match finite differences of its values.")


def writes_into_the_run(component: Component) -> None:
    """Check that a deployment target writes files, and only inside the run directory."""
    spec = component.needs()
    with tempfile.TemporaryDirectory(prefix="hookline-") as place:
        beside = [Kit(), *component.plugin.beside(spec.plugins)]
        trial = train(spec, plugins=beside, out=Path(place) / "run")
        if not trial.deployed:
            refuse(f"{component.name} returns no path of a file that it has written.")
        for path in trial.deployed:
            if not Path(path).exists():
                refuse(f"{component.name} returns {path}, which does not exist.")
            if Path(place).resolve() not in Path(path).resolve().parents:
                refuse(f"{component.name} writes to {path}, outside the run directory.")
