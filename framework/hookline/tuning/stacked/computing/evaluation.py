"""Evaluate the models of all members of a stack at once."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from attrs import define, field

from hookline.data.batches import Batch, Outputs
from hookline.data.data import Data
from hookline.plugins.dispatch.attribution import implementations
from hookline.plugins.manager import BUILT_IN
from hookline.plugins.stages import Run, hookimpl
from hookline.training.means.mean_losses import MeanLosses
from hookline.training.tracing.shapes import shape_of
from hookline.tuning.stacked.computing.batches import Together, epoch_of, splits_of
from hookline.tuning.stacked.computing.criterion import Criterion
from hookline.tuning.stacked.computing.layers.network import Network
from hookline.tuning.stacked.computing.losses import LossTable
from hookline.tuning.stacked.computing.repeated import Repeated
from hookline.tuning.stacked.computing.rows import Rows

if TYPE_CHECKING:
    from torch import Tensor, nn

    from hookline.data.batches import Batches

MOST_BYTES = 2**28
"""The largest size of the outputs of all members of a split that are kept for their metrics."""


@define(eq=False, kw_only=True)
class Evaluation:
    """The outputs and losses of all members for each split, computed when the first of them is evaluated."""

    network: Network
    criterion: Criterion
    rows: Rows
    run: Run
    """The run of a member."""
    data: Sequence[Data]
    """The data of each member."""
    trained: "Sequence[tuple[nn.Module, nn.Module]]"
    """The model and the criterion of each member."""
    keeps_outputs: bool
    """Whether a member needs its outputs, such as for metrics."""
    _known: dict[str, "tuple[LossTable, list[Outputs]] | None"] = field(factory=dict, init=False)
    _repeated: Repeated = field(init=False)
    _outputs: dict[Hashable, "Outputs"] = field(factory=dict, init=False)
    """Outputs for batches of each shape."""

    def __attrs_post_init__(self) -> None:
        """Make what traces the evaluations."""
        noise = self.network.noise
        self._repeated = Repeated(run=self.run, noise=noise, function=self._losses, known=lambda: self.rows.all)

    def has(self, member: int, *trained: "nn.Module") -> bool:
        """Whether these are the model and the criterion of a member, with the stacked weights."""
        pairs = zip(trained, self.trained[member], strict=True)
        return all(one is own for one, own in pairs) and self.rows.has(member)

    def forget(self) -> None:
        """Compute everything again, since the weights have changed."""
        self._known.clear()

    def losses(self, member: int, split: str, epoch: int) -> MeanLosses | None:
        """The mean losses of a member for a split; `None` if its model must be evaluated alone."""
        known = self._of(split, epoch)
        if known is None:
            return None
        losses = MeanLosses(self.criterion.objective)
        known[0].add_to(losses, member)
        return losses

    def outputs(self, member: int, split: str, epoch: int) -> Iterator[Outputs] | None:
        """The outputs of a member for each batch of a split; `None` if its model must be evaluated alone."""
        known = self._of(split, epoch)
        return None if known is None else (_row(outputs, member) for outputs in known[1])

    def _of(self, split: str, epoch: int) -> "tuple[LossTable, list[Outputs]] | None":
        if split not in self._known:
            self._known[split] = self._computed(split, epoch)
        return self._known[split]

    def _computed(self, split: str, epoch: int) -> "tuple[LossTable, list[Outputs]] | None":
        import torch

        table, kept, size = LossTable(), list[Outputs](), 0
        with torch.no_grad():
            for group in self._repeated.groups(epoch_of(splits_of(self.data, split), epoch)):
                several = [self._empty(together) for together in group] if self.keeps_outputs else []
                losses = self._repeated(group, [list(_tensors(outputs)) for outputs in several] or None)
                table.add(losses, group, self.criterion)
                kept += several
                size += sum(one.nbytes for outputs in several for one in _tensors(outputs))
                if size > MOST_BYTES:
                    return None
        return table, kept

    def _losses(self, together: Together, kept: "Sequence[Tensor]") -> "Tensor":
        """Compute the losses of a batch, and write the outputs into tensors, if there are any."""
        outputs = self.network(together.inputs(), training=False)
        if kept:
            for target, output in zip(kept, _tensors(outputs), strict=True):
                target.copy_(output)
        return self.criterion(outputs, together).rows(self.criterion.objective.names)

    def _empty(self, together: Together) -> Outputs:
        """Empty tensors for the outputs of a batch."""
        shape = together.is_shared, shape_of(together.batch)
        if shape not in self._outputs or shape[1] is None:
            self._outputs[shape] = self.network(together.inputs(), training=False)
        return _like(self._outputs[shape])


class Evaluator:
    """The plugin of a member that answers `evaluate` with what is computed for all members."""

    def __init__(self) -> None:
        """Begin before the member is in a stack; then its model is evaluated alone."""
        self._evaluation: Evaluation | None = None
        self._member = 0
        self._outputs: Iterator[Outputs] | None = None
        self._others: dict[str, bool] = {}
        self.training_rows: Batches | None = None
        """The rows of the training split in order, once the trained model is evaluated."""

    def join(self, evaluation: Evaluation | None, member: int) -> None:
        """Evaluate the model as this member from now on; `None` to evaluate it alone."""
        self._evaluation, self._member = evaluation, member

    @hookimpl
    def evaluate(
        self, run: Run, model: "nn.Module", criterion: "nn.Module", batches: "Batches", split: str
    ) -> Mapping[str, float] | None:
        """Return the losses, and the metrics of the outputs that are computed for all members."""
        evaluation = self._evaluation
        # Another plugin may put other weights into the model for the evaluation.
        if evaluation is None or self._has_others(run, "evaluate"):
            return None
        own = self.training_rows if split == "training" else evaluation.data[self._member].splits().get(split)
        if batches is not own or not evaluation.has(self._member, model, criterion):
            return None
        if not self.needs_outputs(run):
            losses = evaluation.losses(self._member, split, run.epoch)
            return None if losses is None else losses.values()
        self._outputs = evaluation.outputs(self._member, split, run.epoch)
        try:
            answer: Mapping[str, float] = run.stages.inside(self, "evaluate")(
                run=run, model=model, criterion=criterion, batches=batches, split=split
            )
        finally:
            self._outputs = None
        return answer

    @hookimpl
    def forward(self, run: Run, model: "nn.Module", batch: Batch) -> "Outputs | None":
        """Return the next outputs in an evaluation."""
        return None if self._outputs is None else next(self._outputs)

    def needs_outputs(self, run: Run) -> bool:
        """Whether an evaluation needs more than the losses."""
        return bool(run.spec.metrics) or self._has_others(run, "predict")

    def _has_others(self, run: Run, stage: str) -> bool:
        """Whether plugins other than the built-in ones implement a stage."""
        if stage not in self._others:
            found = implementations(run.stages.manager, stage)
            self._others[stage] = any(one.plugin is not self and one.plugin_name not in BUILT_IN for one in found)
        return self._others[stage]


def _row(outputs: Outputs, member: int) -> Outputs:
    if isinstance(outputs, Mapping):
        return {name: _row(output, member) for name, output in outputs.items()}  # type: ignore[misc]
    return outputs[member]


def _like(outputs: Outputs) -> Outputs:
    import torch

    if isinstance(outputs, Mapping):
        return {name: _like(output) for name, output in outputs.items()}  # type: ignore[misc]
    return torch.empty_like(outputs)


def _tensors(outputs: Outputs) -> "Iterator[Tensor]":
    if isinstance(outputs, Mapping):
        for output in outputs.values():
            yield from _tensors(output)
    else:
        yield outputs
