"""The stages before training: data, model, criterion and optimizer, each built by its component in the spec."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hookline import hookimpl
from hookline.data import input_groups
from hookline.errors import MismatchError, SpecError, enumerate_names
from hookline.spec import divided, named_parameters
from hookline.training import build_and_apply, is_applied_to_each

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from torch import nn, optim

    from hookline import Run
    from hookline.data import Data
    from hookline.spec import InitializationSpec, Objective


@hookimpl(trylast=True)
def prepare_data(run: Run) -> Data:
    """Read and split the data with the data source of the spec, or the rows that were passed to `hookline.train`."""
    source = run.source
    if run.given is not None:  # Files are checked with the spec.
        problems = [
            problem.diagnostic if isinstance(problem, MismatchError) else problem.diagnostic.within("data")
            for problem in source.check(run.objective)
        ]
        if problems:
            raise SpecError(problems, "spec")
    return source.prepare(run, run.objective)


@hookimpl(trylast=True)
def build_model(run: Run, data: Data) -> nn.Module:
    """Build the model of the spec for one row of the data, and apply the initializations of the spec.

    The model is built on the CPU, so that a seed leads to the same parameters on every device; if the inputs are on the
    "meta" device, it is built there.
    """
    row = data.example.slice(0, 1).changed(lambda tensor: tensor.clone() if tensor.is_meta else tensor.clone().cpu())
    inputs, groups = list(row.inputs.values()), input_groups(data)
    if is_applied_to_each(row.inputs, run.objective.inputs):
        inputs, groups = inputs[:1], groups[:1]
    try:
        sized = run.spec.model.sized(run.objective.output_sizes(data.targets))
        model, _ = build_and_apply(sized, *inputs, lengths=row.lengths or None, groups=groups)
    except MismatchError as error:
        message = f"{error.message}{_hint_about_groups(row.inputs, run.objective)}"
        raise MismatchError(message, error.path, id=error.diagnostic.id).within("model") from error.__cause__
    _initialize(model, run.spec.initialize)
    return model.to(run.device)


def _hint_about_groups(groups: Collection[str], objective: Objective) -> str:
    """Return a sentence about the names of the groups of inputs if only their number fits the loss."""
    wanted = objective.inputs
    if len(groups) != len(wanted) or len(groups) == 1 or is_applied_to_each(groups, wanted):
        return ""
    takes = f"{objective.name_for(None)} takes {enumerate_names(wanted)}"
    given = "the model is applied separately to groups of inputs with these names"
    return f" {takes}: {given}, but takes {enumerate_names(groups)} together."


def _initialize(model: nn.Module, rules: Sequence[InitializationSpec]) -> None:
    """Reinitialize parameters, rule by rule, and within a rule in torch's order."""
    try:
        *groups, _ = divided(named_parameters(model), rules)
    except MismatchError as error:
        raise error.within("initialize") from None
    for index, (rule, group) in enumerate(zip(rules, groups, strict=True)):
        for parameter in group:
            try:
                rule.initialize(parameter.tensor)
            except (ValueError, RuntimeError, NotImplementedError) as error:
                name, shape = type(rule).__name__, tuple(parameter.tensor.shape)
                message = f'{name} cannot initialize "{parameter.name}" of shape {shape}. {str(error).rstrip(".")}.'
                if len(shape) < 2:
                    message += ' Select others with `parameters`, such as "*weight".'
                raise MismatchError(message, ("initialize", index)) from error
    _clear_padding(model, {id(parameter.tensor) for group in groups for parameter in group})


def _clear_padding(model: nn.Module, initialized: Collection[int]) -> None:
    """Set the padding vectors of embeddings to 0, as torch does: they are not trained."""
    import torch
    from torch import nn

    for module in model.modules():
        if not isinstance(module, (nn.Embedding, nn.EmbeddingBag)) or module.padding_idx is None:
            continue
        if id(module.weight) in initialized:
            with torch.no_grad():
                module.weight[module.padding_idx].zero_()


@hookimpl(trylast=True)
def select_loss(run: Run, data: Data) -> nn.Module:
    """Build the criterion of the spec."""
    from torch import nn

    criterion: object = run.objective.build(data)
    if not isinstance(criterion, nn.Module):
        given = f"the class {criterion.__name__}" if isinstance(criterion, type) else f"a {type(criterion).__name__}"
        raise MismatchError(
            f"`build` of {run.objective.name_for(None)} must return an nn.Module, not {given}.", run.objective.path
        )
    return criterion.to(run.device)


@hookimpl(trylast=True)
def select_optimizer(run: Run, model: nn.Module, criterion: nn.Module) -> optim.Optimizer:
    """Build the optimizer of the spec over all parameters of model and criterion."""
    parameters = named_parameters(model, criterion)
    if not parameters:
        raise MismatchError("Neither the model nor the loss has parameters to train.", ("model",))
    try:
        return run.spec.optimizer.build_for(parameters)
    except MismatchError as error:
        raise error.within("optimizer") from None
    except (ValueError, RuntimeError) as error:
        raise MismatchError(f"{type(run.spec.optimizer).__name__}: {error}.", ("optimizer",)) from error
