"""What the trace of a batch computes for several batches in one call."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from hookline.plugins.stages import Run
from hookline.spec.objective.objective import Term
from hookline.training.means.mean_losses import MeanLosses
from hookline.training.split_metrics import SplitMetrics
from hookline.training.tracing.passes.groups import Group
from hookline.training.tracing.passes.traced_batch import TracedBatch
from hookline.training.tracing.traced_step import Output

if TYPE_CHECKING:
    from torch import Tensor, nn


class TracedGroup(NamedTuple):
    """The losses and the predictions of the batches of a group."""

    run: Run
    criterion: "nn.Module"
    trace: TracedBatch
    group: Group
    found: "Sequence[Tensor]"
    """What the program returned."""

    def add_to(self, losses: MeanLosses, metrics: SplitMetrics) -> None:
        """Add the batches to the mean losses and the metrics of their split."""
        found, returned, objective = self.found, self.trace.returned, self.run.objective
        count = len(self.group.batches)
        width = len(found) // count
        values = [loss.item() for loss in found[::width]]
        if returned.is_plain:
            losses.add_several(values, [] if returned.divisor is None else [returned.divisor] * count)
        else:
            self._add_terms(values, [found[start : start + width] for start in range(0, len(found), width)], losses)
        if returned.parts is not None:
            parts = {part: found[output.index :: width] for part, output in returned.parts.items()}
            if self.trace.changes_state or not self.group.are_kept:
                parts = {part: _copies(several) for part, several in parts.items()}
            elif self.group.are_reused:
                shared = {part for part, output in returned.parts.items() if output.index in self.trace.of_inputs}
                parts = {part: _copies(several) if part in shared else several for part, several in parts.items()}
            metrics.add_parts(parts)
            return
        for number, batch in enumerate(self.group.copies()):
            of_model = _filled(returned.outputs, found[number * width : (number + 1) * width])
            metrics.add(objective.predict(self.criterion, of_model, batch, self.run.undo))

    def _add_terms(self, values: list[float], several: "Sequence[Sequence[Tensor]]", losses: MeanLosses) -> None:
        returned = self.trace.returned
        terms: list[Term] = []
        for value, outputs in zip(values, several, strict=True):
            terms = [Term(*[_filled(part, outputs) for part in term]) for term in returned.terms]
            losses.add(value, _filled(returned.divisor, outputs), terms)
        if terms:
            self.run.objective.keep_terms(self.criterion, terms)


def _copies(several: "Sequence[Tensor]") -> "Sequence[Tensor]":
    return [one.clone() for one in several]


def _filled(part: Any, outputs: "Sequence[Tensor]") -> Any:
    if isinstance(part, Output):
        return outputs[part.index]
    return {name: _filled(one, outputs) for name, one in part.items()} if isinstance(part, dict) else part
