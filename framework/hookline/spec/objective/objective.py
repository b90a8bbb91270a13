"""The objective: one loss, or the sum of several, each times its factor."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from hookline.data.batches import NOTHING_MORE, Batch, Outputs
from hookline.data.data import Data
from hookline.errors.exceptions import MismatchError
from hookline.errors.failures import attributed_to
from hookline.spec.families.loss.averages import rows_or_weights
from hookline.spec.families.loss.loss import LossSpec
from hookline.spec.objective.named_losses import ONLY, NamedLosses
from hookline.spec.objective.prediction import Prediction

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor, nn


class Term(NamedTuple):
    """The value of one loss of `[losses]` for a batch, or for a part of a batch."""

    name: str
    value: "Tensor"
    """The detached loss, without its factor."""
    divisor: "Tensor | float | None"
    """What it was divided by; `None` for a sum."""
    weighted: "Tensor"
    """The contribution to the sum over the parts of a batch: `value`, unless gradients are accumulated."""
    rows: "Tensor | int"
    """The number of rows, or the sum of their weights."""


class Objective(NamedLosses):
    """What is minimized: the loss of `[loss]`, or the sum of the losses of `[losses]`, each times its factor.

    Training and evaluation use this for one loss and for several. For `[loss]`, the criterion is that of the loss. For
    `[losses]`, it is a module with the criteria in `losses`; its `terms` are the values of the losses for the latest
    batch, for the log.
    """

    @classmethod
    def of(cls, loss: LossSpec | None, losses: Mapping[str, LossSpec] | None = None) -> "Objective":
        """Return the objective of these two sections, one of which is `None`."""
        return cls(dict(losses or {}) if loss is None else {None: loss})

    def build(self, data: Data) -> Any:
        """Return the criterion: that of the loss, or a module with the criteria of all losses.

        Raises:
            MismatchError: If a loss does not fit the data.
            StageError: If one of several losses fails; its path is that of the loss.

        """
        if self._unnamed is not None:
            return self._unnamed.loss.build(self._unnamed.data(data))
        from torch import nn

        criterion: Any = nn.Module()
        criterion.terms, criterion.ratios = [], {}
        criterion.losses = nn.ModuleDict()
        for name, named in self.losses.items():
            if not name or "." in name or hasattr(nn.ModuleDict(), name):
                raise MismatchError(f'torch does not allow "{name}" as the name of a submodule.', named.path)
            try:
                with attributed_to(type(named.loss), named.path):
                    criterion.losses[name] = named.loss.build(named.data(data))
            except MismatchError as error:
                raise named.located(error) from error.__cause__
        return criterion

    def compared(self, outputs: Outputs, batch: Batch) -> tuple[Outputs, Batch]:
        """Return the outputs and the batch as the losses compare them; those of an ensemble, with a row per member."""
        return outputs, batch

    def compute(self, criterion: Any, outputs: Outputs, batch: Batch) -> "Tensor":
        """Return the loss of a batch, a scalar tensor. A loss of `[losses]` that ignores all rows contributes 0."""
        is_weighted = batch.weights is not None
        if self._plain is not None:
            return (self._plain.weighted if is_weighted else self._plain.compute)(criterion, outputs, batch)
        if self._unnamed is not None:
            loss = self._unnamed.loss
            compute = loss.weighted if is_weighted else loss.compute
            return loss.factor * compute(*self._unnamed.given(criterion, outputs, batch))
        terms: list[Term] = []
        rows = rows_or_weights(batch)
        ratios = getattr(criterion, "ratios", {})  # Only while gradients are accumulated.
        total: Any = None
        for name, named in self.losses.items():
            its_criterion, its_outputs, its_batch = named.given(criterion, outputs, batch)
            divisor = named.loss.divisor(its_criterion, its_batch)
            try:
                compute = named.loss.weighted if is_weighted else named.loss.compute
                value = compute(its_criterion, _with_gradients(its_outputs, divisor), its_batch)
            except MismatchError as error:
                raise named.located(error) from error.__cause__
            value = _counted(value, divisor)
            ratio = ratios.get(name)
            factor = named.loss.factor if ratio is None else named.loss.factor * ratio
            total = factor * value if total is None else total + factor * value
            detached = value.detach()
            weighted = detached if ratio is None else ratio * detached
            terms.append(Term(str(name), detached, divisor, weighted, rows))
        criterion.terms = terms
        return total

    def terms(self, criterion: Any) -> list[Term]:
        """Return the values of the losses of `[losses]` for the latest batch; for `[loss]`, nothing."""
        return [] if self._unnamed is not None else getattr(criterion, "terms", [])

    def keep_terms(self, criterion: Any, terms: list[Term]) -> None:
        """Keep these values of the losses of `[losses]`, which were computed without `compute`."""
        criterion.terms = terms

    @property
    def changed_attributes(self) -> tuple[str, ...]:
        """The attributes of the criterion that `compute` and the accumulation of gradients change."""
        return () if self._unnamed is not None else ("terms", "ratios")

    def divisor(self, criterion: "nn.Module", batch: Batch) -> "Tensor | float | None":
        """Return what the loss of a batch was divided by; `None` for a sum. It weights the batch in averages."""
        if self.is_divided_by_rows:
            return rows_or_weights(batch)
        if self._plain is not None:
            return self._plain.divisor(criterion, batch)
        if len(self.losses) > 1:
            return None
        [named] = self.losses.values()
        its_criterion, _, its_batch = named.given(criterion, {}, batch)
        return named.loss.divisor(its_criterion, its_batch)

    def predict(
        self,
        criterion: "nn.Module",
        outputs: Outputs,
        batch: Batch,
        undo: "Mapping[str, Callable[[Tensor], Tensor] | None]" = NOTHING_MORE,
    ) -> dict[str, Prediction]:
        """Return the prediction of each loss by name; for `[loss]`, the name is "target".

        `undo` has for each target the function that returns its numbers in the original unit, or `None`; it is empty
        if no target is transformed.
        """
        return {
            name or ONLY: Prediction(
                named.loss,
                *named.given(criterion, outputs, batch),
                undo=undo.get(named.main_target(undo) or "") if undo else None,  # The name of a target is not empty.
            )
            for name, named in self.losses.items()
        }


def _with_gradients(outputs: Outputs, divisor: "Tensor | float | None") -> Outputs:
    """Return the outputs, detached if all rows of the batch are ignored: the gradient of 0 / 0 would be NaN."""
    import torch

    if not isinstance(divisor, torch.Tensor):
        return outputs
    if isinstance(outputs, Mapping):
        return {name: _with_gradients(output, divisor) for name, output in outputs.items()}  # type: ignore[misc]
    return torch.where(divisor > 0, outputs, outputs.detach())


def _counted(value: "Tensor", divisor: "Tensor | float | None") -> "Tensor":
    """Return the loss, or 0 instead of 0 / 0 if all rows of the batch are ignored, without synchronizing the device."""
    import torch

    return torch.where(divisor > 0, value, 0.0) if isinstance(divisor, torch.Tensor) else value
