"""The losses of a spec by name: their targets, and the outputs of the model that they take."""

from collections.abc import Collection, Mapping
from functools import cached_property
from typing import Any

from hookline.data.targets.encoding import Encoding, Target
from hookline.errors.option_errors import OptionError
from hookline.errors.suggestions import did_you_mean, nearest
from hookline.errors.text import enumerate_names
from hookline.spec.families.loss.loss import LossSpec
from hookline.spec.objective.named_loss import NamedLoss

ONLY = "target"
"""The key of the prediction of a loss without a name."""


class NamedLosses:
    """The loss of `[loss]`, which has no name, or the losses of `[losses]`."""

    def __init__(self, losses: Mapping[Any, LossSpec]):
        """Take the losses by name; a single one under `None` has no name."""
        self.losses: dict[str | None, NamedLoss] = {name: NamedLoss(name, loss) for name, loss in losses.items()}
        self.names: list[str] = [name for name in losses if name is not None]
        """The names of the losses in `[losses]`; empty for `[loss]`."""
        self._unnamed = self.losses.get(None)
        self._plain = self._unnamed.loss if self._unnamed is not None and self._unnamed.is_plain else None

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
        loss = self._plain
        return loss is not None and loss.divided_by == "rows" and type(loss).divisor is LossSpec.divisor

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
