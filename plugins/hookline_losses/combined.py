"""A loss made of several."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hookline.data import Batch, Data, Encoding, Outputs
from hookline.errors import MisfitError, OptionError, did_you_mean, enumerate_names, nearest
from hookline.spec import DividedBy, LossSpec, spec
from hookline_losses.weighted_loss import WeightedLoss

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from torch import Tensor, nn


@spec
class WeightedSum(LossSpec):
    """The weighted sum of several losses, each with a target and an output of its own.

    Every loss has a name, under which it is logged: "training/loss[species]". A model with `Heads` of these names gives
    each an output of its own, and data with targets of these names a target. A metric says which of them it judges,
    `target = "species"`. A loss that takes several outputs, as TripletMarginLoss or GaussianNLLLoss, is given those
    that it names.
    """

    losses: Mapping[str, WeightedLoss]
    """The losses by name."""

    def __attrs_post_init__(self) -> None:
        if not self.losses:
            raise OptionError("losses", "There must be at least one loss.")
        for name, part in self.losses.items():
            if part.loss.parts:
                raise OptionError("losses", "A part of a sum cannot be a sum itself.", name, "loss")
            if part.loss.encoding is None and part.target is not None:
                kind = type(part.loss).__name__
                raise OptionError("losses", f"{kind} takes no target: leave it out.", name, "target")
            try:
                part.outputs(name)
            except OptionError as error:
                raise error.within("losses", name) from None

    @property
    def encoding(self) -> Encoding | None:
        """Each part has its own."""
        return None

    @property
    def inputs(self) -> tuple[str, ...]:
        """The outputs of those parts that take several: groups of inputs of these names are each given to the model."""
        several = [part.outputs(name) for name, part in self.losses.items() if len(part.loss.inputs) > 1]
        names = tuple(dict.fromkeys(output for outputs in several for output in outputs.values()))
        return names or ("input",)

    @property
    def parts(self) -> Mapping[str, LossSpec]:
        """The losses by name."""
        return {name: part.loss for name, part in self.losses.items()}

    @property
    def factors(self) -> Mapping[str, float]:
        """The weights by name."""
        return {name: part.weight for name, part in self.losses.items()}

    def encodings(self, targets: "Collection[str]") -> Mapping[str, Encoding]:
        """Each target is told as the part that takes it wants it; parts that share one must want the same."""
        encodings: dict[str, Encoding] = {}
        self._refuse_misspelt(targets)
        for name, part in self.losses.items():
            if (target := self._target(name, targets)) is None:
                continue
            [encoding] = part.loss.encodings([target]).values()
            common = encodings.setdefault(target, encoding).common(encoding)
            if common is None:
                raise ValueError(f'The losses that share the target "{target}" want it told in different ways.')
            encodings[target] = common
        if unused := sorted(set(targets) - set(encodings)):
            raise OptionError(unused[0], f"No loss takes the target {enumerate_names(unused)}.")
        return encodings

    def build(self, data: Data) -> "nn.Module":
        """A module of the parts' criteria; it keeps what each of them gave last."""
        from torch import nn

        criterion = nn.Module()
        for name in self.losses:
            if not name or "." in name or hasattr(nn.ModuleDict, name):
                raise MisfitError(f'A part of a module cannot be called "{name}" in torch.', ("loss", "losses", name))
        criterion.losses = nn.ModuleDict()
        for name, part in self.losses.items():
            try:
                criterion.losses[name] = part.loss.build(self._data(name, data))
            except MisfitError as error:
                raise _of_part(name, error) from error.__cause__
        return criterion

    def compute(self, criterion: "nn.Module", outputs: Outputs, batch: Batch) -> "Tensor":
        """The sum of all losses, each times its weight, in their order; one for which no row counts adds nothing."""
        latest: dict[str, Tensor] = {}
        divisors: dict[str, Tensor | float | None] = {}
        total: Any = None
        for name, part in self.losses.items():
            share = batch.shares.get(name, 1.0)
            if share is None:
                continue  # Of the other parts of the batch there is one that has rows that count.
            its_criterion, its_outputs, its_batch = self.part(name, criterion, outputs, batch)
            divisor = part.loss.divisor(its_criterion, its_batch) if part.loss.divided_by == "weights" else None
            try:
                value = part.loss.compute(its_criterion, _with_gradients(its_outputs, divisor), its_batch)
            except MisfitError as error:
                raise _of_part(name, error) from error.__cause__
            if divisor is not None:
                divisors[name] = divisor
                value = _counted(value, divisor)
            latest[name] = value.detach()
            weighted = part.weight * share * value
            total = weighted if total is None else total + weighted
        criterion.latest = latest  # type: ignore[assignment]
        criterion.latest_divisors = divisors  # type: ignore[assignment]
        return total

    def check(self, outputs: Outputs, batch: Batch, data: Data) -> None:
        """As each part says."""
        for name, part in self.losses.items():
            for argument, output in part.outputs(name).items():
                if isinstance(outputs, Mapping) and output not in outputs:
                    message = f'The model gives no output "{output}".{did_you_mean(output, outputs)}'
                    raise OptionError("losses", message, name, *part.place_of(argument))
            if part.output is not None and not isinstance(outputs, Mapping):
                wanted = enumerate_names(part.outputs(name).values())
                message = f"The model gives one output, and {name} wants what is called {wanted}."
                raise OptionError("losses", message, name, "output")
            _, its_outputs, its_batch = self.part(name, None, outputs, batch)
            try:
                part.loss.check_outputs(its_outputs)
                part.loss.check(its_outputs, its_batch, self._data(name, data))
            except OptionError as error:
                raise error.within("losses", name, "loss") from None
            except ValueError as error:
                against = [] if part.output is None else [("losses", name, "output")]
                raise OptionError("losses", str(error), name, "loss", against=against) from None

    def doubts(self, model: "nn.Module", outputs: Outputs) -> "Iterator[str]":
        """What the parts doubt, each of which is given what of the model gives its outputs."""
        for name, part in self.losses.items():
            try:
                doubts = list(part.loss.doubts(part.heads(name, model, outputs), part.taken(name, outputs)))
            except OptionError as error:
                raise error.within("losses", name, "loss") from None
            except ValueError as error:
                raise OptionError("losses", str(error), name, "loss") from None
            yield from (f"{name}: {doubt}" for doubt in doubts)

    def doubts_of_data(self, data: Data) -> "Iterator[str]":
        """What the parts doubt, each of which is given its own target."""
        for name, part in self.losses.items():
            yield from (f"{name}: {doubt}" for doubt in part.loss.doubts_of_data(self._data(name, data)))

    @property
    def divided_by(self) -> DividedBy:
        """As all of the parts, if they agree; otherwise rows, and what is logged is corrected by `factors`."""
        kinds = {part.loss.divided_by for part in self.losses.values()}
        return kinds.pop() if kinds == {"nothing"} or len(self.losses) == 1 else "rows"

    def check_accumulation(self) -> None:
        """As each part says."""
        for name, part in self.losses.items():
            try:
                part.loss.check_accumulation()
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from None

    def divisor(self, criterion: "nn.Module", batch: Batch) -> "Tensor | float | None":
        """Of a single part, its own; otherwise as for every loss."""
        if len(self.losses) == 1:
            [(name, part)] = self.losses.items()
            its_criterion, _, its_batch = self.part(name, criterion, {}, batch)
            return part.loss.divisor(its_criterion, its_batch)
        return super().divisor(criterion, batch)

    def part(self, part: str | None, criterion: Any, outputs: Outputs, batch: Batch) -> "tuple[Any, Outputs, Batch]":
        """The criterion of a part, or of the only one, its output and its target."""
        if part is None and len(self.losses) == 1:
            [part] = self.losses
        if part is None:
            return criterion, outputs, batch
        target = self._target(part, batch.targets)
        targets = {} if target is None else {target: batch.targets[target]}
        its_criterion = None if criterion is None else criterion.losses[part]
        return its_criterion, self.losses[part].taken(part, outputs), Batch(batch.inputs, targets, batch.lengths)

    def latest_parts(self, criterion: "nn.Module") -> "Mapping[str, Tensor]":
        """What each criterion gave last."""
        return criterion.latest  # type: ignore[return-value]

    def latest_divisors(self, criterion: "nn.Module") -> "Mapping[str, Tensor | float | None]":
        """What the parts that are divided by weights were divided by last."""
        return criterion.latest_divisors  # type: ignore[return-value]

    def _target(self, name: str, targets: "Collection[str]") -> str | None:
        """The name of the target that a part is given; `None`, if it takes none."""
        part = self.losses[name]
        if part.loss.encoding is None:
            return None
        wanted = part.target or name
        if wanted in targets:
            return wanted
        if part.target is None and len(targets) == 1:
            return next(iter(targets))
        raise ValueError(f'There is no target "{wanted}" for the loss {name}.{did_you_mean(wanted, targets)}')

    def _refuse_misspelt(self, targets: "Collection[str]") -> None:
        """Refuse a target that no loss takes, if a loss misses one whose name is much alike."""
        wanted = {part.target or name for name, part in self.losses.items() if part.loss.encoding is not None}
        missing = wanted.difference(targets)
        for target in sorted(set(targets) - wanted) if len(targets) > 1 else ():
            if (near := nearest(target, missing)) is not None:
                takes, given = enumerate_names(sorted(wanted)), enumerate_names(targets)
                message = f'The losses take {takes}, and these are {given}. Did you mean "{near}"?'
                raise OptionError(target, message)

    def _data(self, name: str, data: Data) -> Data:
        """What is known of the data, with a part's target alone."""
        from attrs import evolve

        target = self._target(name, data.targets)
        return evolve(data, targets={} if target is None else {target: data.targets[target]})


def _of_part(name: str, error: MisfitError) -> MisfitError:
    """The error of a loss that believes to be the whole one, with the place of the part."""
    _, *option = error.path or ("loss",)
    return MisfitError(error.message, ("loss", "losses", name, "loss", *option))


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
