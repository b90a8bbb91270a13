"""Pruners of Optuna: which trials to end early because their curve is worse than those of others.

As in Optuna, steps are counted from 0: the step of the first epoch is 0.
"""

from typing import TYPE_CHECKING, Any, ClassVar

from hookline.errors import OptionError
from hookline.spec import Spec, option, spec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from optuna.pruners import BasePruner


@spec
class PrunerSpec(Spec):
    """A pruner of Optuna."""

    family = "pruner"

    judges_trainings: ClassVar[bool] = False
    """Whether it judges a trial after each of its trainings, instead of after each epoch of the first one."""

    def options(self) -> dict[str, Any]:
        """Return the arguments of Optuna's pruner."""
        from attrs import asdict

        return {name: value for name, value in asdict(self, recurse=False).items() if value is not None}

    def build(self) -> "BasePruner":
        """Return Optuna's pruner of the same name with the options of the spec."""
        from optuna import pruners

        made: BasePruner = getattr(pruners, type(self).__name__)(**self.options())
        return made


@spec
class NopPruner(PrunerSpec):
    """Prune nothing, such as to compare with another pruner.

    Source: https://optuna.readthedocs.io/en/stable/reference/generated/optuna.pruners.NopPruner.html
    """


@spec
class MedianPruner(PrunerSpec):
    """Prune a trial whose best number so far is worse than the median of the other trials at the same step.

    Source: https://optuna.readthedocs.io/en/stable/reference/generated/optuna.pruners.MedianPruner.html
    """

    n_startup_trials: int = option(default=5, minimum=0)
    """The number of trials that must have finished before any is pruned."""
    n_warmup_steps: int = option(default=0, minimum=0)
    """The number of epochs in which no trial is pruned."""
    interval_steps: int = option(default=1, minimum=1)
    """The number of epochs between two decisions."""
    n_min_trials: int = option(default=1, minimum=1)
    """The number of trials with a number at the step that are needed to judge it."""


@spec
class PercentilePruner(MedianPruner):
    """Prune a trial whose best number so far is not in the best percentile of the other trials at the same step.

    Source: https://optuna.readthedocs.io/en/stable/reference/generated/optuna.pruners.PercentilePruner.html
    """

    percentile: float = option(minimum=0, maximum=100)
    """The percentage of the trials that are good enough."""


@spec
class SuccessiveHalvingPruner(PrunerSpec):
    """Continue only the best part of the trials at each rung (asynchronous successive halving).

    Source: https://optuna.readthedocs.io/en/stable/reference/generated/optuna.pruners.SuccessiveHalvingPruner.html
    """

    min_resource: int | None = option(default=None, minimum=1)
    """The step of the first rung. Default: a hundredth of the epochs of the first trials, at least 1."""
    reduction_factor: int = option(default=4, minimum=2)
    """One of so many trials passes a rung, and the next rung is so many times further."""
    min_early_stopping_rate: int = option(default=0, minimum=0)
    """The number of rungs that are left out at the beginning."""
    bootstrap_count: int = option(default=0, minimum=0)
    """The number of trials that must have reached a rung before one may pass it."""


@spec
class HyperbandPruner(PrunerSpec):
    """Several successive halvings side by side, which begin at different steps.

    Source: https://optuna.readthedocs.io/en/stable/reference/generated/optuna.pruners.HyperbandPruner.html
    """

    min_resource: int = option(default=1, minimum=1)
    """The step of the first rung."""
    max_resource: int | None = option(default=None, minimum=1)
    """The largest number of epochs. Default: the most that a trial has which reached the end."""
    reduction_factor: int = option(default=3, minimum=2)
    """One of so many trials passes a rung, and the next rung is so many times further."""
    bootstrap_count: int = option(default=0, minimum=0, only_with=("max_resource",))
    """The number of trials that must have reached a rung before one may pass it."""


@spec
class ThresholdPruner(PrunerSpec):
    """Prune a trial whose number is outside of bounds.

    Source: https://optuna.readthedocs.io/en/stable/reference/generated/optuna.pruners.ThresholdPruner.html
    """

    lower: float | None = option(default=None, unbounded=True)
    """The smallest good number. Default: there is none."""
    upper: float | None = option(default=None, unbounded=True)
    """The largest good number. Default: there is none."""
    n_warmup_steps: int = option(default=0, minimum=0)
    """The number of epochs in which no trial is pruned."""
    interval_steps: int = option(default=1, minimum=1)
    """The number of epochs between two decisions."""

    def conflicts(self) -> "Iterator[OptionError]":
        """Yield an error unless there is a bound, and a range between two of them."""
        if self.lower is None and self.upper is None:
            yield OptionError("upper", "Set `lower`, `upper` or both.", id="missing-option")
        elif self.lower is not None and self.upper is not None and self.lower >= self.upper:
            yield OptionError("upper", "`upper` must be greater than `lower`.", against=[("lower",)])


@spec
class PatientPruner(PrunerSpec):
    """Prune a trial only when its number has not improved for some epochs.

    Source: https://optuna.readthedocs.io/en/stable/reference/generated/optuna.pruners.PatientPruner.html
    """

    wrapped_pruner: PrunerSpec | None = None
    """The pruner that decides then. Default: the trial is pruned."""
    patience: int = option(minimum=0)
    """The number of epochs without improvement."""
    min_delta: float = option(default=0.0, minimum=0)
    """The smallest change that counts as an improvement."""

    @property
    def judges_trainings(self) -> bool:  # type: ignore[override]
        """Whether the wrapped pruner does."""
        return self.wrapped_pruner is not None and self.wrapped_pruner.judges_trainings

    def options(self) -> dict[str, Any]:
        """Return the arguments of Optuna's pruner."""
        wrapped = None if self.wrapped_pruner is None else self.wrapped_pruner.build()
        return {**super().options(), "wrapped_pruner": wrapped}


@spec
class WilcoxonPruner(PrunerSpec):
    """Prune a trial that is worse than the best one in the same trainings, by a test of Wilcoxon. For seeds and folds.

    It compares a trial after each of its trainings. The step of the first training is 0.

    Source: https://optuna.readthedocs.io/en/stable/reference/generated/optuna.pruners.WilcoxonPruner.html
    """

    judges_trainings = True

    p_threshold: float = option(default=0.1, minimum=0, maximum=1)
    """The p-value below which a trial is worse. A higher one prunes more trials."""
    n_startup_steps: int = option(default=2, minimum=0)
    """The number of trainings before which no trial is pruned."""
