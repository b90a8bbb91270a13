"""The objective as lines of torch: the criterion, the loss of a batch, and what the outputs predict."""

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from attrs import evolve

from hookline.plugins.stages import Run
from hookline.runs.devices import forked_generators
from hookline.script.lines import BatchNames, LossLines, PredictionNames
from hookline.script.python import literal
from hookline.script.script import Script
from hookline.script.written import cannot_be_written, refuse_inherited_lines
from hookline.spec.families.metric import MetricSpec
from hookline.spec.objective.ensemble import EnsembleObjective
from hookline.spec.objective.named_loss import NamedLoss
from hookline.spec.objective.objective import Objective
from hookline.spec.objective.prediction import Prediction
from hookline.training.build.build import unchanged_embeddings

if TYPE_CHECKING:
    from hookline.training.preparation import Prepared


COUNTED = '''
def counted_loss(criterion, outputs, y, count):
    """Return a loss, or 0 with gradients of 0 if all rows are ignored: it would be 0 / 0."""
    return criterion(outputs, y) if count else 0.0 * outputs.sum()
'''


class ObjectiveLines:
    """The lines of the loss of `[loss]`, or of the sum of those of `[losses]`."""

    def __init__(self, run: Run, script: Script, made: "Prepared"):
        """Take the run, and what was built for it."""
        self.objective: Objective = run.objective
        self.script, self.criterion, self.batch = script, made.criterion, script.batch
        outputs, self.examples = _example(run, made)
        self.has_several_outputs = isinstance(outputs, Mapping)
        """Whether the model returns several outputs by name."""
        self.names: list[str] = self.objective.names
        """The names of the losses of `[losses]`; empty for `[loss]`."""
        self.accumulate: int = run.spec.run.accumulate
        """The number of parts in which each batch is processed."""
        self._predictions: dict[str, str | None] = {}
        self.metrics: dict[str, str] = {}
        """An expression for each metric, by its name in the results."""

    @property
    def members(self) -> int | None:
        """The number of members of an ensemble."""
        return self.objective.members if isinstance(self.objective, EnsembleObjective) else None

    @cached_property
    def terms(self) -> dict[str, LossLines]:
        """The lines of each loss of `[losses]`, by its name."""
        return {str(name): self.of(named) for name, named in self.objective.losses.items()} if self.names else {}

    @property
    def has_counts(self) -> bool:
        """Whether the losses of `[losses]` are divided by different numbers, which are noted for each."""
        different = any(one.is_tensor for one in self.terms.values()) or bool(self.objective.corrected)
        return bool(self.names) and (different or self.accumulate > 1)

    def of(self, named: NamedLoss, outputs: str = "outputs", batch: BatchNames | None = None) -> LossLines:
        """Return the lines of one loss."""
        criterion: Any = self.criterion
        called = "criterion"
        if named.name is not None:
            called, criterion = f"criterion[{literal(named.name)}]", criterion.losses[named.name]
        return named.loss.eject(
            self.script,
            criterion,
            called=called,
            outputs=self.taken(named, outputs),
            batch=self._batch_of(named, batch),
        )

    def _batch_of(self, named: NamedLoss, batch: BatchNames | None = None) -> BatchNames:
        batch = batch or self.batch
        return batch if named.takes_all_targets else batch.only(named.target(batch.targets))

    def taken(self, named: NamedLoss, outputs: str) -> str:
        """Return the outputs that a loss takes, as code."""
        if named.is_plain or (named.name is None and named.loss.output is None):
            return outputs
        names = named.outputs()
        if len(names) == 1:
            return f"{outputs}[{literal(next(iter(names.values())))}]" if self.has_several_outputs else outputs
        if all(argument == name for argument, name in names.items()):
            return outputs
        return "{" + ", ".join(f"{literal(key)}: {outputs}[{literal(name)}]" for key, name in names.items()) + "}"

    @property
    def build(self) -> str:
        """The statement that builds the criterion."""
        self.script.use("from torch import nn")
        if not self.names:
            [named] = self.objective.losses.values()
            return f"criterion = {self.script.moved(self.of(named).build)}"
        lines = ["criterion = nn.ModuleDict(", "    {"]
        lines += [f"        {literal(name)}: {lines.build}," for name, lines in self.terms.items()]
        return "\n".join([*lines, "    }", self.script.moved(")")])

    def statements(self, outputs: str = "outputs", batch: BatchNames | None = None) -> tuple[list[str], str]:
        """Return the lines before the loss of a batch, and the loss as an expression."""
        if not self.names:
            [named] = self.objective.losses.values()
            return [], _times(named.loss.factor, self.of(named, outputs, batch).loss)
        if self.accumulate > 1 and self.objective.corrected:
            message = "Losses that are divided by different numbers have no lines for the parts of a batch."
            raise cannot_be_written(message, ("run", "accumulate"))
        terms, counts = [], []
        for name, named in self.objective.losses.items():
            lines = self.of(named, outputs, batch)
            loss = lines.loss
            if lines.may_be_zero and self.batch.weights is None:
                called, _, given = loss.removesuffix(")").partition("(")
                loss = f"{self.script.define(COUNTED)}({called}, {given}, counts[{literal(name)}])"
            terms.append(f"    {literal(name)}: {loss},")
            counts += [] if lines.count is None else [f"{literal(name)}: {lines.count}"]
        noted = [f"counts = {{{', '.join(counts)}}}"] if self.has_counts else []
        total = " + ".join(
            _times(named.loss.factor, f"terms[{literal(name)}]") for name, named in self.objective.losses.items()
        )
        return [*noted, "terms = {", *terms, "}"], total

    def divisor(self) -> LossLines:
        """Return lines whose `divisor` is that of the objective."""
        if len(self.objective.losses) == 1:
            [named] = self.objective.losses.values()
            return self.of(named)
        if self.objective._is_sum:
            return LossLines(build="", loss="", divisor=None)
        weights = self.batch.weights
        divisor = self.batch.rows if weights is None else f"{weights}.sum()"
        is_tensor = weights is not None
        return LossLines(build="", loss="", divisor=divisor, is_tensor=is_tensor, may_be_zero=is_tensor)

    def metric(self, metric: MetricSpec) -> None:
        """Add the lines of a metric."""
        named = self.objective.named(metric.target)
        refuse_inherited_lines(named.loss, "eject_predictions", ("predictions", "scores", "truth"))
        called = "criterion" if named.name is None else f"criterion[{literal(named.name)}]"
        predicted: PredictionNames = named.loss.eject_predictions(
            self.script, called=called, outputs=self.taken(named, "outputs"), batch=self._batch_of(named)
        )
        if self.members is not None:
            predicted = of_members(predicted, self.members)
        predicted = evolve(predicted, example=self.examples[self.objective.key(metric.target)])
        self.metrics[metric.label] = metric.eject(self.script, named.loss, predicted)
        self._predictions.setdefault(predicted.predictions, named.name)

    def named_predictions(self) -> dict[str, str]:
        """Return the predictions that several metrics evaluate, each with a name."""
        found = {}
        for code, name in self._predictions.items():
            if sum(metric.count(code) for metric in self.metrics.values()) > 1 and not code.isidentifier():
                found[code] = "predicted" if name is None else f"predicted_{name}"
        return found


def _times(factor: float, code: str) -> str:
    """Return an expression times a factor."""
    return code if factor == 1.0 else f"{literal(factor)} * {code}"


def of_members(predicted: PredictionNames, members: int) -> PredictionNames:
    """Return the mean predictions of the members of an ensemble."""
    rows = predicted.predictions.replace("outputs", "outputs.flatten(0, 1)")
    mean = f"{rows}.unflatten(0, (-1, {members})).mean(dim=1)"
    return evolve(predicted, predictions=mean, scores=mean)


def _example(run: Run, made: "Prepared") -> tuple[Any, Mapping[str, Prediction]]:
    """Return the outputs for an example of a batch, and the predictions for each loss."""
    import torch

    model, criterion, batch = made.model.eval(), made.criterion.eval(), made.data.example
    with torch.no_grad(), forked_generators(run.device), unchanged_embeddings(model):
        outputs = run.stages.forward(run=run, model=model, batch=batch)
        return outputs, run.stages.predict(run=run, criterion=criterion, outputs=outputs, batch=batch)
