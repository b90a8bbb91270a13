"""The objective: one loss, or the sum of several, each times its factor."""

from collections.abc import Collection, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from hookline.data.batches import NOTHING_MORE, Batch, Data, Outputs
from hookline.data.targets.encoding import Encoding, Target
from hookline.errors.exceptions import MismatchError
from hookline.errors.failures import attributed_to
from hookline.errors.option_errors import OptionError
from hookline.errors.suggestions import did_you_mean, nearest
from hookline.errors.text import enumerate_names
from hookline.spec.families.loss.averages import rows_or_weights
from hookline.spec.families.loss.loss import LossSpec
from hookline.spec.objective.named_loss import NamedLoss
from hookline.spec.objective.prediction import Prediction

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor, nn

ONLY = "target"
"""The key of the prediction of a loss without a name."""


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


class Objective:
    """What is minimized: the loss of `[loss]`, or the sum of the losses of `[losses]`, each times its factor.

    Training and evaluation use this for one loss and for several. For `[loss]`, the criterion is that of the loss. For
    `[losses]`, it is a module with the criteria in `losses`; its `terms` are the values of the losses for the latest
    batch, for the log.
    """

    def __init__(self, losses: Mapping[Any, LossSpec]):
        """Take the losses by name; a single one under `None` has no name."""
        self.losses: dict[str | None, NamedLoss] = {name: NamedLoss(name, loss) for name, loss in losses.items()}
        self.names: list[str] = [name for name in losses if name is not None]
        """The names of the losses in `[losses]`; empty for `[loss]`."""
        self._unnamed = self.losses.get(None)
        self._plain = self._unnamed.loss if self._unnamed is not None and self._unnamed.is_plain else None

    @classmethod
    def of(cls, loss: LossSpec | None, losses: Mapping[str, LossSpec] | None = None) -> "Objective":
        """Return the objective of these two sections, one of which is `None`."""
        return cls(dict(losses or {}) if loss is None else {None: loss})

    @property
    def path(self) -> tuple[str, ...]:
        """The path of its section in the spec, or of the loss if there is only one."""
        return next(iter(self.losses.values())).path if len(self.losses) == 1 else ("losses",)

    @cached_property
    def _is_sum(self) -> bool:
        """Whether all losses are sums, which are not divided by anything."""
        return all(named.loss.divided_by == "nothing" for named in self.losses.values())

    @cached_property
    def is_divided_by_rows(self) -> bool:
        """Whether the loss of each batch is divided by its rows, or by the sum of their weights."""
        if len(self.losses) > 1:
            return not self._is_sum
        return self._plain is not None and self._plain.divided_by == "rows"

    @property
    def corrected(self) -> Mapping[str, float]:
        """The factors of the losses whose mean over a split is not their mean over its rows, by name.

        The mean of the total over rows would depend on the batch size for these. The logged total uses their own mean
        instead.
        """
        if len(self.losses) == 1 or self._is_sum:
            return {}
        return {
            name: named.loss.factor
            for name, named in self.losses.items()
            if name is not None and named.loss.divided_by != "rows"
        }

    def named(self, target: str | None) -> NamedLoss:
        """Return the loss with this name, as in the option `target` of a metric; for `None`, the only loss.

        Raises:
            OptionError: If there is no such loss, or if there are several and `target` is `None`. It names the option.

        """
        if self._unnamed is not None and target is not None:
            raise OptionError("target", f"{type(self._unnamed.loss).__name__} has one target: remove `target`.")
        if target is None and len(self.losses) == 1:
            return next(iter(self.losses.values()))
        if target is None:
            message = f"There are several losses: set `target` to {enumerate_names(self.names, 'or')}."
            raise OptionError("target", message, id="missing-option")
        if target not in self.losses:
            message, meant = f'There is no loss "{target}" in [losses].', did_you_mean(target, self.names)
            raise OptionError("target", message, id="invalid-value", help=meant.strip())
        return self.losses[target]

    def key(self, target: str | None) -> str:
        """Return the key of the prediction of that loss in the answer of the stage `predict`."""
        return self.named(target).name or ONLY

    def prediction_keys(self) -> list[str]:
        """Return the keys of all predictions."""
        return [name or ONLY for name in self.losses]

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the outputs that losses with several outputs take.

        The model is applied separately to each group of inputs with one of these names.
        """
        if self._plain is not None:
            return self._plain.inputs
        several = [named.outputs() for named in self.losses.values() if len(named.loss.inputs) > 1]
        names = tuple(dict.fromkeys(output for outputs in several for output in outputs.values()))
        return names or ("input",)

    def encodings(self, targets: Collection[str]) -> Mapping[str, Encoding]:
        """Return the encoding of each of the targets with these names. Losses that share a target need the same one.

        Raises:
            MismatchError: If the option `target` of a loss is not among them.
            ValueError: If the losses take other targets; an `OptionError` names the wrong target.

        """
        if self._unnamed is not None and self._unnamed.takes_all_targets:
            return self._unnamed.loss.encodings(targets)
        encodings: dict[str, Encoding] = {}
        for named in self.losses.values():
            if named.loss.target is not None:
                named.target(targets)
        self._refuse_misspelled(targets)
        for named in self.losses.values():
            if (target := named.target(targets)) is None:
                continue
            [encoding] = named.loss.encodings([target]).values()
            common = encodings.setdefault(target, encoding).common(encoding)
            if common is None:
                raise ValueError(f'The losses that share the target "{target}" need different encodings.')
            encodings[target] = common
        if unused := sorted(set(targets) - set(encodings)):
            raise OptionError(unused[0], f"No loss takes the target {enumerate_names(unused)}.")
        return encodings

    def name_for(self, target: str | None) -> str:
        """Return the type of the loss that takes this target; for `None`, of the loss that takes several outputs."""
        losses = list(self.losses.values())
        if target is None:
            taking = [named for named in losses if len(named.loss.inputs) > 1]
        else:
            taking = [named for named in losses if target in (named.loss.target, named.name)]
        return type((taking or losses)[0].loss).__name__

    def _refuse_misspelled(self, targets: Collection[str]) -> None:
        """Raise an `OptionError` for a target that no loss takes, if a loss lacks a target with a similar name."""
        losses = self.losses.values()
        wanted = {str(named.loss.target or named.name) for named in losses if named.loss.encoding is not None}
        missing = wanted.difference(targets)
        for target in sorted(set(targets) - wanted) if len(targets) > 1 else ():
            if (near := nearest(target, missing)) is not None:
                takes, given = enumerate_names(sorted(wanted)), enumerate_names(targets)
                message = f'The losses take {takes}, but the targets are {given}. Did you mean "{near}"?'
                raise OptionError(target, message)

    def output_sizes(self, targets: Mapping[str, Target] | None = None) -> Mapping[str, int]:
        """Return how many numbers the losses take of each output of the model, by its name, where they say it.

        Args:
            targets: what the training rows say about each target. Without them, all sizes are 1.

        """
        sizes: dict[str, int] = {}
        for named in self.losses.values():
            if (size := named.output_size(targets)) is not None:
                for output in named.outputs().values():
                    sizes.setdefault(output, 1 if targets is None else size)
        return sizes

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
