"""The lines that build model, criterion and optimizer."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from hookline.ejection.initialize_lines import add_weights_of_run
from hookline.ejection.objective_lines import ObjectiveLines
from hookline.plugins.stages import Run
from hookline.script.script import Script
from hookline.script.written import refuse_inherited_lines
from hookline.spec.families.model import ModelSpec
from hookline.spec.parameters import divided, named_parameters
from hookline.training.preparation import Prepared

if TYPE_CHECKING:
    from torch import nn

Collecting = Callable[..., AbstractContextManager[None]]


def add_model(
    script: Script,
    run: Run,
    made: Prepared,
    model: ModelSpec,
    collecting: Collecting,
    objective: ObjectiveLines,
) -> None:
    """Add the lines of model, initializations, criterion and optimizer."""
    script.use("import torch")
    script.add("model", "torch.manual_seed(SEED)")
    with collecting(script, "model"):
        refuse_inherited_lines(model)
        expression = script.layer(model, made.model)
        script.add(
            "model",
            f"model = {script.moved(expression)}" if not run.spec.initialize else f"model = {expression}",
            apart=False,
        )
    _add_initializations(script, run, made.model, collecting)
    if not script.problems:
        script.add("model", objective.build, apart=False)
        with collecting(script):
            add_weights_of_run(script, run, made.criterion)
    with collecting(script, "optimizer"):
        refuse_inherited_lines(run.spec.optimizer)
        expression = run.spec.optimizer.eject(script, script.trained, made.optimizer)
        script.add("model", f"optimizer = {expression}", apart=False)


def _add_initializations(script: Script, run: Run, model: "nn.Module", collecting: Collecting) -> None:
    """Add the statements that initialize parameters, rule by rule, in torch's order."""
    rules: Any = run.spec.initialize
    *groups, _ = divided(named_parameters(model), rules)
    for index, (rule, group) in enumerate(zip(rules, groups, strict=True)):
        with collecting(script, "initialize", index):
            refuse_inherited_lines(rule)
            if len(group) == 1:
                script.add("model", rule.eject(script, script.parameter(group[0].name)), apart=False)
            else:
                names = ", ".join(f'"{one.name}"' for one in group)
                statement = rule.eject(script, "model.get_parameter(name)")
                script.add("model", f"for name in [{names}]:\n    {statement}", apart=False)
    if rules and script.device != "cpu":
        script.add("model", "model.to(device)", apart=False)
