"""Checks for one family: data sources, distances, deployment targets."""

import tempfile
from pathlib import Path
from typing import Any

from hookline.data.batches import Batch, length_of
from hookline.testing.checks.training_checks import same
from hookline.testing.components_under_test import Component
from hookline.testing.kit_components import Kit
from hookline.testing.outcomes import refuse
from hookline.training.pipeline import train


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
