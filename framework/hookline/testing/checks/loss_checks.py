"""Checks of losses: gradients, reductions, parts of a batch, and shapes."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from attrs import evolve, fields

from hookline.errors.exceptions import HooklineError
from hookline.errors.failures import FAILURES, reason
from hookline.spec.objective.objective import Objective
from hookline.testing.checks.declaration_checks import replaced
from hookline.testing.components_under_test import Component
from hookline.testing.outcomes import NotApplicable, refuse
from hookline.training.accumulation import parts

if TYPE_CHECKING:
    from torch import Tensor, nn

    from hookline.data.batches import Batch, Outputs
    from hookline.data.data import Data


DIRECTIONS = 4
"""The number of random directions along which gradients are checked."""
STEP = 1e-8
"""The step of finite differences. It is small, so that it rarely crosses a kink, such as that of ReLU."""


class _Case:
    """A loss with a batch and the outputs of a model, in double precision."""

    def __init__(self, component: Component, loss: Any = None):
        import torch

        self.loss = component.example if loss is None else loss
        spec = component.needs()
        if component.example is not spec.loss:
            raise NotApplicable("It is part of another loss.")
        self._run, made = component.prepare(replaced(spec, component.example, self.loss))
        self.data: Data = made.data
        self.criterion: nn.Module = made.criterion.double().eval()
        self.model: nn.Module = made.model.double().eval()
        batch: Batch = next(iter(made.data.training.epoch(1)))
        self.batch = batch.changed(lambda tensor: tensor.double() if tensor.is_floating_point() else tensor)
        with torch.no_grad():
            try:
                self.outputs = self.modeled()
            except FAILURES as error:
                what = "The model of the training cannot be computed in double precision, which the check needs."
                raise NotApplicable(f"{what} {reason(error)}") from None
            try:
                self.value(self.outputs)
            except FAILURES as error:
                refuse(
                    f"{component.name} cannot be computed in double precision: give every tensor that it creates the "
                    f"`dtype` of the outputs. {reason(error)}"
                )

    def modeled(self) -> "Outputs":
        """The outputs of the model for the batch."""
        with _the_same_draws():
            outputs: Outputs = self._run.stages.forward(run=self._run, model=self.model, batch=self.batch)
        return outputs

    def value(self, outputs: "Outputs", batch: "Batch | None" = None) -> "Tensor":
        """The loss of these outputs."""
        with _the_same_draws():
            return self.loss.compute(self.criterion, outputs, batch or self.batch)


@contextmanager
def _the_same_draws() -> Iterator[None]:
    """Draw the same random numbers each time inside the context: finite differences of noise are meaningless."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


def changed(outputs: "Outputs", change: "Callable[[Tensor], Tensor]") -> "Outputs":
    """Apply a function to each output."""
    if isinstance(outputs, Mapping):
        return {name: change(tensor) for name, tensor in outputs.items()}
    return change(outputs)


def has_correct_gradients(component: Component) -> None:
    """Check that the gradients match finite differences along random directions in parameter space."""
    import torch

    case = _Case(component)
    parameters = [parameter for module in (case.model, case.criterion) for parameter in module.parameters()]
    value = case.value(case.modeled())
    try:
        found = torch.autograd.grad(value, parameters, allow_unused=True)
    except RuntimeError as error:
        refuse(f"{component.name} has no gradients: use only torch functions to compute it. {error}")
    gradients = [None if gradient is None else gradient.to_dense() for gradient in found]
    generator = torch.Generator().manual_seed(0)
    for _ in range(DIRECTIONS):
        way = [torch.randn(parameter.shape, generator=generator, dtype=torch.double) for parameter in parameters]
        computed = sum(
            float((gradient * along).sum())
            for gradient, along in zip(gradients, way, strict=True)
            if gradient is not None
        )
        values = []
        for distance in (STEP, -2 * STEP, STEP):  # Forward, backward, and back to the start.
            with torch.no_grad():
                for parameter, along in zip(parameters, way, strict=True):
                    parameter.add_(along, alpha=distance)
                values.append(float(case.value(case.modeled())))
        difference = (values[0] - values[1]) / (2 * STEP)
        if abs(computed - difference) > 1e-4 * max(1.0, abs(difference)):
            refuse(
                f"The gradients of {component.name} do not match its values: {computed:.6g} along a direction in which "
                f"finite differences give {difference:.6g}. Use only torch functions to compute it, without "
                f"`detach`, `item`, rounding or an incorrect custom backward."
            )


def adds_up_over_parts(component: Component) -> None:
    """Check that the losses of two halves add up to the loss of the batch, as `divided_by` declares."""
    import torch

    case = _Case(component)
    try:
        case.loss.check_accumulation()
    except ValueError as error:
        raise NotApplicable(str(error)) from None
    whole = case.value(case.outputs)
    size = -(-case.batch.rows // 2)
    halves = [changed(case.outputs, itemgetter(slice(first, first + size))) for first in (0, size)]
    total: Any = 0.0
    split = parts(Objective.of(case.loss), case.criterion, case.batch, 2)
    for outputs, (part, share) in zip(halves, split, strict=True):
        total += share * case.value(outputs, part)
    if not torch.allclose(torch.as_tensor(total, dtype=torch.double), whole, rtol=1e-6, atol=1e-9):
        refuse(
            f"The loss of a batch, {whole:.6g}, differs from that of its two halves with {component.name}, "
            f'{total:.6g}: set `divided_by = "nothing"` in the class if it is a sum over rows; '
            f'`divided_by = "weights"` and a `divisor` that returns the total weight of a batch if rows have weights; '
            f"or reject `run.accumulate` in `check_accumulation`."
        )


def has_consistent_reductions(component: Component) -> None:
    """Check that for a batch with each row twice the sum doubles and the mean stays the same."""
    import torch

    if not any(option.name == "reduction" for option in fields(component.kind)):
        raise NotApplicable("It has no option `reduction`.")
    for reduction, times in (("mean", 1), ("sum", 2)):
        try:
            loss = evolve(component.example, reduction=reduction)
        except ValueError:
            raise NotApplicable(f'It has no reduction "{reduction}".') from None
        case = _Case(component, loss)
        once = case.value(case.outputs)
        twice = case.value(changed(case.outputs, _doubled), case.batch.changed(_doubled))
        if not torch.allclose(twice, times * once, rtol=1e-6, atol=1e-9):
            refuse(
                f'With the reduction "{reduction}" {component.name} is {once:.6g} for a batch, but {twice:.6g} '
                f"instead of {times * once:.6g} for a batch with each row twice."
            )
        divisor = loss.divisor(case.criterion, case.batch)
        if (divisor is None) != (reduction == "sum"):
            refuse(f'`divided_by` of {component.name} must be "nothing" for the reduction "sum" and only for it.')


def _doubled(tensor: "Tensor") -> "Tensor":
    import torch

    return torch.cat([tensor, tensor])


def refuses_wrong_shapes(component: Component) -> None:
    """Check that the loss rejects outputs that torch would broadcast against the targets."""
    case = _Case(component)
    if not case.batch.targets or isinstance(case.outputs, Mapping):
        raise NotApplicable("It compares several outputs.")
    rows = case.batch.rows
    wrong = {
        "one dimension too many": case.outputs.unsqueeze(-1),
        "one row too few": case.outputs[: rows - 1],
        "one row only": case.outputs[:1],
    }
    for what, outputs in wrong.items():
        try:
            case.loss.check(outputs, case.batch, case.data)
            case.value(outputs)
        except (HooklineError, ValueError, RuntimeError, IndexError, TypeError, AssertionError):
            continue
        refuse(
            f"{component.name} accepts outputs of shape {tuple(outputs.shape)}, {what}, for targets of "
            f"shape {tuple(case.batch.target.shape)}, which torch broadcasts: raise a ValueError in `check`."
        )
