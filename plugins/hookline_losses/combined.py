"""A loss made of several."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hookline import (
    Batch,
    Data,
    DividedBy,
    Encoding,
    LossSpec,
    MisfitError,
    OptionError,
    Outputs,
    Spec,
    did_you_mean,
    enumerate_names,
    spec,
)

if TYPE_CHECKING:
    from collections.abc import Collection

    from torch import Tensor, nn


@spec
class WeightedLoss(Spec):
    """One of the losses, and how much it counts."""

    loss: LossSpec
    """The loss."""
    weight: float = 1.0
    """By what it is multiplied."""
    target: str | None = None
    """The target that it is given; left out, the one of its own name, or the only one."""
    output: str | None = None
    """The output of the model that it is given; left out, the one of its own name, or all that there is."""


@spec
class WeightedSum(LossSpec):
    """The weighted sum of several losses, each with a target and an output of its own.

    Every loss has a name, under which it is logged: "training/loss[species]". A model with `Heads` of these names gives
    each an output of its own, and data with targets of these names a target. A metric says which of them it judges,
    `target = "species"`.
    """

    losses: Mapping[str, WeightedLoss]
    """The losses by name."""

    def __attrs_post_init__(self) -> None:
        if not self.losses:
            raise OptionError("losses", "There must be at least one loss.")
        for name, part in self.losses.items():
            if part.loss.parts:
                raise OptionError("losses", "A part of a sum cannot be a sum itself.", name, "loss")
            if len(part.loss.inputs) > 1 or part.loss.encoding is None:
                kind = type(part.loss).__name__
                raise OptionError("losses", f"{kind} compares several outputs: it cannot be a part.", name, "loss")

    @property
    def encoding(self) -> Encoding | None:
        """Each part has its own."""
        return None

    @property
    def parts(self) -> Mapping[str, LossSpec]:
        """The losses by name."""
        return {name: part.loss for name, part in self.losses.items()}

    def encodings(self, targets: "Collection[str]") -> Mapping[str, Encoding]:
        """Each target is told as the part that takes it wants it; parts that share one must want the same."""
        encodings: dict[str, Encoding] = {}
        for name, part in self.losses.items():
            target = self._target(name, part, targets)
            [encoding] = part.loss.encodings([target]).values()
            common = encodings.setdefault(target, encoding).common(encoding)
            if common is None:
                raise ValueError(f'The losses that share the target "{target}" want it told in different ways.')
            encodings[target] = common
        if unused := sorted(set(targets) - set(encodings)):
            raise ValueError(f"No loss takes the target {enumerate_names(unused)}.")
        return encodings

    def build(self, data: Data) -> "nn.Module":
        """A module of the parts' criteria; it keeps what each of them gave last."""
        from torch import nn

        criterion = nn.Module()
        for name in self.losses:
            if not name or "." in name or hasattr(nn.ModuleDict, name):
                raise MisfitError(f'A part of a module cannot be called "{name}" in torch.', ("loss", "losses", name))
        parts = {name: part.loss.build(self._data(name, data)) for name, part in self.losses.items()}
        criterion.losses = nn.ModuleDict(parts)
        return criterion

    def compute(self, criterion: "nn.Module", outputs: Outputs, batch: Batch) -> "Tensor":
        """The sum of all losses, each times its weight, in their order; one for which no row counts adds nothing."""
        latest: dict[str, Tensor] = {}
        total: Any = None
        for name, part in self.losses.items():
            share = batch.shares.get(name, 1.0)
            if share is None:
                continue  # Of the other parts of the batch there is one that has rows that count.
            its_criterion, its_outputs, its_batch = self.part(name, criterion, outputs, batch)
            value = part.loss.compute(its_criterion, its_outputs, its_batch)
            if part.loss.divided_by == "weights":
                value = _counted(value, part.loss.divisor(its_criterion, its_batch))
            latest[name] = value.detach()
            weighted = part.weight * share * value
            total = weighted if total is None else total + weighted
        criterion.latest = latest  # type: ignore[assignment]
        return total

    def check(self, outputs: Outputs, batch: Batch, data: Data) -> None:
        """As each part says."""
        for name, part in self.losses.items():
            if isinstance(outputs, Mapping) and (part.output or name) not in outputs:
                near = did_you_mean(part.output or name, outputs)
                raise ValueError(f'The model gives no output "{part.output or name}".{near}')
            if part.output is not None and not isinstance(outputs, Mapping):
                raise ValueError(
                    f'The model gives one output, and {name} wants the one that is called "{part.output}".'
                )
            _, its_outputs, its_batch = self.part(name, None, outputs, batch)
            try:
                part.loss.check(its_outputs, its_batch, self._data(name, data))
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from None

    def doubts(self, model: "nn.Module", outputs: Outputs) -> "list[str]":
        """What the parts doubt, if they have the model's only output."""
        if isinstance(outputs, Mapping):
            return []
        return [doubt for part in self.losses.values() for doubt in part.loss.doubts(model, outputs)]

    @property
    def divided_by(self) -> DividedBy:
        """Nothing if all parts are sums; otherwise rows. The means of the parts themselves are logged exactly."""
        return "nothing" if {part.loss.divided_by for part in self.losses.values()} == {"nothing"} else "rows"

    def check_accumulation(self) -> None:
        """As each part says."""
        for name, part in self.losses.items():
            try:
                part.loss.check_accumulation()
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from None

    def divisor(self, criterion: "nn.Module", batch: Batch) -> "Tensor | float | None":
        """The number of rows, or `None` if all parts are sums; of a single part, its own."""
        if len(self.losses) == 1:
            [(name, part)] = self.losses.items()
            its_criterion, _, its_batch = self.part(name, criterion, {}, batch)
            return part.loss.divisor(its_criterion, its_batch)
        return None if self.divided_by == "nothing" else batch.rows

    def part(self, part: str | None, criterion: Any, outputs: Outputs, batch: Batch) -> "tuple[Any, Outputs, Batch]":
        """The criterion of a part, its output and its target."""
        if part is None:
            return criterion, outputs, batch
        weighted = self.losses[part]
        target = self._target(part, weighted, batch.targets)
        its_criterion = None if criterion is None else criterion.losses[part]
        its_batch = Batch(batch.inputs, {target: batch.targets[target]}, batch.lengths)
        return its_criterion, _of(outputs, weighted.output or part), its_batch

    def latest_parts(self, criterion: "nn.Module") -> "Mapping[str, Tensor]":
        """What each criterion gave last."""
        return criterion.latest  # type: ignore[return-value]

    def _target(self, name: str, part: WeightedLoss, targets: "Collection[str]") -> str:
        """The name of the target that a part is given."""
        wanted = part.target or name
        if wanted in targets:
            return wanted
        if part.target is None and len(targets) == 1:
            return next(iter(targets))
        raise ValueError(f'There is no target "{wanted}" for the loss {name}.{did_you_mean(wanted, targets)}')

    def _data(self, name: str, data: Data) -> Data:
        """What is known of the data, with a part's target alone."""
        from attrs import evolve

        target = self._target(name, self.losses[name], data.targets)
        return evolve(data, targets={target: data.targets[target]})


def _of(outputs: Outputs, name: str) -> Outputs:
    """The output of a name, of a model that gives several."""
    return outputs.get(name, {}) if isinstance(outputs, Mapping) else outputs


def _counted(value: "Tensor", divisor: "Tensor | float | None") -> "Tensor":
    """The loss, or 0 for a batch in which no row counts, of which it is 0 / 0; without waiting for the device."""
    import torch

    return torch.where(divisor > 0, value, 0.0) if isinstance(divisor, torch.Tensor) else value
