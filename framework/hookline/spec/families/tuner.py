"""Tuners: which trials of a spec to train, in search of the best one."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol

from hookline.errors.option_errors import OptionError
from hookline.spec.options import Spec, option, spec
from hookline.spec.space.space import Space

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hookline.spec.space.record import TrialRecord

OF_TRIALS = ("parameters", "seconds")
"""The numbers that a tuner can monitor in addition to those of the log: the size of the model, and the time."""


class Search(Protocol):
    """A search for the best trial of a study: what a tuner builds."""

    def suggest(self, number: int, trials: "Sequence[TrialRecord]") -> "TrialRecord | None":
        """Return the record of a trial with the values to try, `space.chosen(...)`; `None` if all were tried.

        The answer must depend only on the seed and these arguments: a trial that was killed is run again, other
        processes may ask for other trials, and a study continues after a restart.

        Args:
            number: the number of the trial, from 1.
            trials: the trials with smaller numbers that have ended, in their order; then those that run at this moment
                or are chosen together with this one. The `state` of these is "running": they have values only.

        """

    def prunes(self, trials: "Sequence[TrialRecord]", record: "TrialRecord") -> str | None:
        """Return why to end a trial; `None` to continue it.

        It is called after each epoch of the first training but the last, and after each training but the last. In the
        first case, the record has a curve and no trainings.

        Args:
            trials: the trials with smaller numbers that have ended, in their order.
            record: the trial so far. What the search adds to its `attributes` is kept.

        """


@spec
class TunerSpec(Spec):
    """A search for the best values of some options: each trial trains the spec with other values."""

    family = "tuner"

    trials: int | None = option(default=None, minimum=1)
    """The total number of trials, over all restarts and workers. Default: all combinations of the space; a space with
    infinitely many needs a number."""
    monitor: str | tuple[str, ...] = "validation/loss"
    """The number to minimize or maximize, by its name in `metrics.jsonl`: that of the weights that the trial keeps; or
    "parameters", the size of the model, or "seconds". With several, the best trials are those that no other trial
    beats in all of them."""
    mode: Literal["min", "max"] | None = None
    """Whether lower ("min") or higher ("max") numbers are better. Default: according to the metric."""
    space: Space
    """The values to try by path, such as `optimizer.lr`: a range, `{ low = 1e-4, high = 1e-1, log = true }`, or an
    array of choices, `[16, 32, 64]`. A choice may be a whole table that contains further ranges and choices."""
    baseline: bool = True
    """Whether the first trial has the spec's own values, also if the space does not contain them. The best trial is
    compared with it."""
    synchronous: int = option(default=1, minimum=1)
    """The number of trials that are chosen together, without knowing the results of one another. A study with as many
    workers or fewer has the same trials, whichever of them trains which."""
    vectorize: int = option(default=1, minimum=1)
    """The largest number of trials that a process trains together, with one set of stacked weights, which is many times
    as fast for small models. They are chosen together, like `synchronous` ones, and share everything but the options
    of the optimizer, the seed, the fold and the probability of dropout; other trials are trained alone. All `seeds` and
    `folds` of a trial are trained together, too. The numbers agree with those of each trial alone up to rounding, and
    the best trial is trained again alone."""
    seeds: int = option(default=1, minimum=1)
    """The number of trainings of each trial, with consecutive seeds that begin with `run.seed`. The mean of their
    numbers is the result. The first training is the one that is kept."""
    folds: bool = False
    """Whether to train each trial on each fold of the data, with all seeds. The mean of their numbers is the result.
    The training on the fold of the spec is the one that is kept."""
    refit: bool = False
    """Whether to train once more after the search, with the best values, on training and validation rows together, for
    as many epochs as the best trial kept. Statistics are computed from these rows. The result is in `refit`, its spec
    is `refit.toml`, and it is deployed instead of the best trial."""
    keep: Literal["best", "all"] = "best"
    """Of which trials to keep the weights."""

    @property
    def monitors(self) -> tuple[str, ...]:
        """The monitored numbers."""
        return (self.monitor,) if isinstance(self.monitor, str) else self.monitor

    @property
    def total(self) -> int | None:
        """The number of trials; `None` if it is not limited."""
        size = self.space.size()
        return size if self.trials is None else self.trials

    def conflicts(self) -> "Iterator[OptionError]":
        """Yield the conflicts between options: an infinite number of trials, or nothing to monitor."""
        if self.total is None:
            message = "The space has infinitely many values: set the number of `trials`."
            yield OptionError("trials", message, against=[("space",)], id="missing-option")
        if not self.monitors or len(set(self.monitors)) < len(self.monitors):
            yield OptionError("monitor", "This must be the names of one or several different numbers.")
        elif self.vectorize > 1:
            yield from self._conflicts_of_stacks()
        if self.mode is not None and len(self.monitors) > 1:
            message = "This has no effect with several numbers, which are compared according to their metrics."
            yield OptionError("mode", message, against=[("monitor",)], id="unused-option")
        if self.refit and len(self.monitors) > 1:
            message = "With several monitored numbers, there is no single best trial to train again."
            yield OptionError("refit", message, against=[("monitor",)])

    def _conflicts_of_stacks(self) -> "Iterator[OptionError]":
        """Yield the conflicts between options if trials are trained together."""
        if 1 < self.synchronous < self.vectorize:
            message = f"Only {self.synchronous} trials are chosen together, so no more are trained together."
            yield OptionError("vectorize", message, against=[("synchronous",)])
        if "seconds" in self.monitors:
            message = 'Trials that are trained together do not have "seconds" of their own: remove one of the options.'
            yield OptionError("vectorize", message, against=[("monitor",)])

    @property
    def chosen_together(self) -> int:
        """The number of trials that are chosen together, without knowing the results of one another."""
        return max(self.synchronous, self.vectorize)

    def check(self, **sections: Any) -> None:
        """Raise a `ValueError` if it cannot tune a spec with these sections, by name, if all of them are valid."""

    def build(self, seed: int, maximized: Sequence[bool]) -> Search:
        """Return the search of a study with this seed. `maximized` says of each monitored number if higher is better.

        It is built once for each process that works on the study.
        """
        raise NotImplementedError(f"{type(self).__name__} has no `build`.")

    def importances(self, trials: "Sequence[TrialRecord]", maximized: Sequence[bool]) -> "Mapping[str, float]":
        """Return how important each parameter is for the results by name, as parts of 1; empty if it is not known.

        Args:
            trials: the trials that have ended, in their order.
            maximized: whether higher is better, for each monitored number.

        """
        return {}
