"""The objective: one loss, or the sum of several, each times its factor."""

from collections.abc import Collection, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from hookline.data.batches import Batch, Data, Outputs
from hookline.data.targets.encoding import Encoding
from hookline.errors.exceptions import MisfitError
from hookline.errors.option_errors import OptionError
from hookline.errors.text import did_you_mean, enumerate_names, nearest
from hookline.spec.families.loss import LossSpec
from hookline.spec.objective.named_loss import NamedLoss
from hookline.spec.objective.prediction import Prediction

if TYPE_CHECKING:
    from torch import Tensor, nn

ONLY = "target"
"""What the prediction of a loss without a name is called."""


class Term(NamedTuple):
    """What one loss of `[losses]` was for a batch, or for a part of one."""

    name: str
    value: "Tensor"
    """The loss, detached, without its factor."""
    divisor: "Tensor | float | None"
    """What it was divided by; `None` for a sum."""
    weighted: "Tensor"
    """`value` as it is added up over the parts of a batch; the same, unless gradients are accumulated."""
    rows: int
    """The number of rows."""


class Objective:
    """What is minimized: the loss of `[loss]`, or the sum of those of `[losses]`, each times its factor.

    Everything that trains or evaluates uses this, whether there is one loss or several. The criterion of `[loss]` is
    that of its loss. The criterion of `[losses]` is a module with theirs in `losses`; in `terms` it keeps what each of
    them was for the latest batch, which is logged.
    """

    def __init__(self, losses: Mapping[Any, LossSpec]):
        """Take the losses by name; a single one under `None` has no name."""
        self.losses: dict[str | None, NamedLoss] = {name: NamedLoss(name, loss) for name, loss in losses.items()}
        self._unnamed = self.losses.get(None)
        self._plain = self._unnamed.loss if self._unnamed is not None and self._unnamed.is_plain else None

    @classmethod
    def of(cls, loss: LossSpec | None, losses: Mapping[str, LossSpec] | None = None) -> "Objective":
        """The objective of these two sections, of which one is `None`."""
        return cls(dict(losses or {}) if loss is None else {None: loss})

    @property
    def names(self) -> list[str]:
        """The names of the losses of `[losses]`; none for `[loss]`."""
        return [name for name in self.losses if name is not None]

    @cached_property
    def _is_sum(self) -> bool:
        """Whether all losses are sums, of which none is divided by anything."""
        return all(named.loss.divided_by == "nothing" for named in self.losses.values())

    @property
    def corrected(self) -> Mapping[str, float]:
        """The factors of the losses whose mean over a split is not the mean over its rows, as that of their sum is.

        The latter depends on the batch size: the logged sum has their own mean in its place.
        """
        if len(self.losses) == 1 or self._is_sum:
            return {}
        return {
            name: named.loss.factor
            for name, named in self.losses.items()
            if name is not None and named.loss.divided_by != "rows"
        }

    def named(self, target: str | None) -> NamedLoss:
        """The loss with this name, as a metric's option `target` gives it; without one, the only loss.

        Raises:
            ValueError: if there is no such loss, or if there are several and none is named.

        """
        if self._unnamed is not None and target is not None:
            raise ValueError(f"{type(self._unnamed.loss).__name__} has one target: leave out `target`.")
        if target is None and len(self.losses) == 1:
            return next(iter(self.losses.values()))
        if target is None:
            raise ValueError(f"There are several targets: `target` says which, {enumerate_names(self.names, 'or')}.")
        if target not in self.losses:
            raise ValueError(f'There is no target "{target}".{did_you_mean(target, self.names)}')
        return self.losses[target]

    def key(self, target: str | None) -> str:
        """The key of the prediction of that loss in the answer of the stage `predict`."""
        return self.named(target).name or ONLY

    @property
    def inputs(self) -> tuple[str, ...]:
        """The outputs of losses that take several: groups of inputs with these names are each given to the model."""
        if self._plain is not None:
            return self._plain.inputs
        several = [named.outputs() for named in self.losses.values() if len(named.loss.inputs) > 1]
        names = tuple(dict.fromkeys(output for outputs in several for output in outputs.values()))
        return names or ("input",)

    def encodings(self, targets: Collection[str]) -> Mapping[str, Encoding]:
        """How each of the targets with these names is encoded. Losses that share one must want the same encoding.

        Raises:
            ValueError: if the losses take others; an `OptionError` names the target that is wrong.

        """
        if self._unnamed is not None and self._unnamed.takes_all_targets:
            return self._unnamed.loss.encodings(targets)
        encodings: dict[str, Encoding] = {}
        self._refuse_misspelt(targets)
        for named in self.losses.values():
            if (target := named.target(targets)) is None:
                continue
            [encoding] = named.loss.encodings([target]).values()
            common = encodings.setdefault(target, encoding).common(encoding)
            if common is None:
                raise ValueError(f'The losses that share the target "{target}" need different encodings of it.')
            encodings[target] = common
        if unused := sorted(set(targets) - set(encodings)):
            raise OptionError(unused[0], f"No loss takes the target {enumerate_names(unused)}.")
        return encodings

    def name_for(self, target: str | None) -> str:
        """The type of the loss that takes a target, or without one of the loss that takes several outputs."""
        losses = list(self.losses.values())
        if target is None:
            taking = [named for named in losses if len(named.loss.inputs) > 1]
        else:
            taking = [named for named in losses if target in (named.loss.target, named.name)]
        return type((taking or losses)[0].loss).__name__

    def _refuse_misspelt(self, targets: Collection[str]) -> None:
        """Raise an `OptionError` for a target that no loss takes, if a loss lacks one with a similar name."""
        losses = self.losses.values()
        wanted = {str(named.loss.target or named.name) for named in losses if named.loss.encoding is not None}
        missing = wanted.difference(targets)
        for target in sorted(set(targets) - wanted) if len(targets) > 1 else ():
            if (near := nearest(target, missing)) is not None:
                takes, given = enumerate_names(sorted(wanted)), enumerate_names(targets)
                message = f'The losses take {takes}, and these are {given}. Did you mean "{near}"?'
                raise OptionError(target, message)

    def build(self, data: Data) -> Any:
        """The criterion: that of the loss, or a module with those of all losses.

        Raises:
            MisfitError: if one does not fit the data.

        """
        if self._unnamed is not None:
            return self._unnamed.loss.build(self._unnamed.data(data))
        from torch import nn

        criterion: Any = nn.Module()
        criterion.terms, criterion.ratios = [], {}
        criterion.losses = nn.ModuleDict()
        for name, named in self.losses.items():
            if not name or "." in name or hasattr(nn.ModuleDict, name):
                raise MisfitError(f'A part of a module cannot be called "{name}" in torch.', named.path)
            try:
                criterion.losses[name] = named.loss.build(named.data(data))
            except MisfitError as error:
                raise named.located(error) from error.__cause__
        return criterion

    def compute(self, criterion: Any, outputs: Outputs, batch: Batch) -> "Tensor":
        """The loss of a batch: a scalar tensor. A loss of `[losses]` for which no row counts adds 0."""
        if self._plain is not None:
            return self._plain.compute(criterion, outputs, batch)
        if self._unnamed is not None:
            loss = self._unnamed.loss
            return loss.factor * loss.compute(*self._unnamed.given(criterion, outputs, batch))
        terms: list[Term] = []
        total: Any = None
        for name, named in self.losses.items():
            its_criterion, its_outputs, its_batch = named.given(criterion, outputs, batch)
            divisor = named.loss.divisor(its_criterion, its_batch)
            try:
                value = named.loss.compute(its_criterion, _with_gradients(its_outputs, divisor), its_batch)
            except MisfitError as error:
                raise named.located(error) from error.__cause__
            value = _counted(value, divisor)
            ratio = criterion.ratios.get(name)  # Only while gradients are accumulated.
            factor = named.loss.factor if ratio is None else named.loss.factor * ratio
            total = factor * value if total is None else total + factor * value
            detached = value.detach()
            weighted = detached if ratio is None else ratio * detached
            terms.append(Term(str(name), detached, divisor, weighted, batch.rows))
        criterion.terms = terms
        return total

    def terms(self, criterion: Any) -> list[Term]:
        """What each loss of `[losses]` was for the latest batch; none for `[loss]`, which is the whole objective."""
        return [] if self._unnamed is not None else getattr(criterion, "terms", [])

    def divisor(self, criterion: "nn.Module", batch: Batch) -> "Tensor | float | None":
        """What the loss of a batch was divided by, or `None` for a sum: losses of batches are averaged by it."""
        if self._plain is not None:
            return self._plain.divisor(criterion, batch)
        if len(self.losses) > 1:
            return None if self._is_sum else batch.rows
        [named] = self.losses.values()
        its_criterion, _, its_batch = named.given(criterion, {}, batch)
        return named.loss.divisor(its_criterion, its_batch)

    def predict(self, criterion: "nn.Module", outputs: Outputs, batch: Batch) -> dict[str, Prediction]:
        """The prediction of each loss by its name; that of `[loss]` is called "target"."""
        return {
            name or ONLY: Prediction(named.loss, *named.given(criterion, outputs, batch))
            for name, named in self.losses.items()
        }


def _with_gradients(outputs: Outputs, divisor: "Tensor | float | None") -> Outputs:
    """The outputs, through which no gradient flows for a batch in which no row counts: of 0 / 0 it would be NaN."""
    import torch

    if not isinstance(divisor, torch.Tensor):
        return outputs
    if isinstance(outputs, Mapping):
        return {name: _with_gradients(output, divisor) for name, output in outputs.items()}  # type: ignore[misc]
    return torch.where(divisor > 0, outputs, outputs.detach())


def _counted(value: "Tensor", divisor: "Tensor | float | None") -> "Tensor":
    """The loss, or 0 for a batch in which no row counts, of which it is 0 / 0; without waiting for the device."""
    import torch

    return torch.where(divisor > 0, value, 0.0) if isinstance(divisor, torch.Tensor) else value
