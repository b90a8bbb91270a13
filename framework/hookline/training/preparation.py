"""Build the parts of a training, up to the optimizer, and make its plan."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from attrs import fields, frozen

from hookline.data.batches import length_of
from hookline.errors.exceptions import HooklineError, MismatchError
from hookline.plugins.dispatch.limits import warn_of_idle
from hookline.plugins.stages import Run
from hookline.runs.plan.layers import Layer, recorded_layers
from hookline.runs.plan.plan import Plan, plan
from hookline.spec.training import TrainingSpec
from hookline.training.build.initialize_from import initialize_from
from hookline.training.deployment.before_training import check_deployments
from hookline.training.preflight.preflight import preflight
from hookline.training.run_setup import refuse_unused_rows

if TYPE_CHECKING:
    from torch import nn, optim

    from hookline.data.data import Data


def refuse_other_specs(spec: object) -> None:
    """Raise a `HooklineError` unless this is a spec."""
    if not isinstance(spec, TrainingSpec):
        raise HooklineError(f"`spec` must be a TrainingSpec, not {type(spec).__name__}: read one with `hookline.load`.")


@frozen(kw_only=True)
class Parts:
    """The parts of a training, after the preflight."""

    data: "Data"
    model: "nn.Module"
    criterion: "nn.Module"
    optimizer: "optim.Optimizer"
    layers: Sequence[Layer]


@frozen(kw_only=True)
class Prepared(Parts):
    """The same, with the plan."""

    plan: Plan


def _never(_: "Data") -> bool:
    return False


def prepared(run: Run) -> Prepared:
    """Build the parts of a training and make its plan. Nothing is written."""
    made = built_parts(run)
    planned = plan(run, made.data, made.model, made.criterion, made.optimizer, tuple(made.layers))
    return Prepared(plan=planned, **{one.name: getattr(made, one.name) for one in fields(Parts)})


def built_parts(run: Run, is_tried: "Callable[[Data], bool]" = _never) -> Parts:
    """Call the stages up to `select_optimizer` and run the preflight. Nothing is written.

    Args:
        run: the run.
        is_tried: whether the preflight has tried a step of another run with equal models, losses and metrics, given the
        data. Then it tries none, and `layers` of the result is empty.

    """
    stages = run.stages
    _seed(run)
    data = stages.prepare_data(run=run)
    refuse_unused_rows(run)
    run.raise_if_interrupted()
    run.steps_per_epoch, run.targets = length_of(data.training), data.targets
    warn_of_idle(run)
    _seed(run)
    model = stages.build_model(run=run, data=data)
    criterion = stages.select_loss(run=run, data=data)
    if run.spec.initialize_from is not None and run.state.initialized_from is None:
        run.state.initialized_from = initialize_from(run, model, criterion)
    with recorded_layers(model) as layers:
        preflight(run, data, model, criterion, is_tried=is_tried(data))
    check_deployments(run, data, model, criterion)
    run.raise_if_interrupted()
    optimizer = stages.select_optimizer(run=run, model=model, criterion=criterion)
    _refuse_other_parameters(optimizer, model, criterion)
    return Parts(data=data, model=model, criterion=criterion, optimizer=optimizer, layers=tuple(layers))


def _refuse_other_parameters(optimizer: "optim.Optimizer", model: "nn.Module", criterion: "nn.Module") -> None:
    """Raise a `MismatchError` if an optimizer, such as that of a plugin, would train neither the model nor the loss."""
    own = {id(parameter) for module in (model, criterion) for parameter in module.parameters()}
    if not any(id(parameter) in own for group in optimizer.param_groups for parameter in group["params"]):
        raise MismatchError(
            "The optimizer has no parameter of the model or of the loss, so nothing would be trained.", ("optimizer",)
        )


def _seed(run: Run) -> None:
    """Seed the generators of the run."""
    import torch

    if run.device.type == "cpu":
        # `torch.manual_seed` keeps a stack trace of each call for each kind of accelerator that is not in use.
        torch.default_generator.manual_seed(run.spec.run.seed)
    else:
        torch.manual_seed(run.spec.run.seed)
