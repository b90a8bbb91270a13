"""The definitions of pruners, for curves to minimize: whether to end a trial after an epoch. Written without Optuna.

A trial is its number from 1, its curve so far, and whether it was pruned. Steps are counted from 0.
"""

import math
from statistics import quantiles
from zlib import crc32

from attrs import define, field


@define
class Trial:
    number: int
    curve: list[float] = field(factory=list)
    is_pruned: bool = False
    rungs: list[float] = field(factory=list)
    """The value at each rung that it has reached."""

    @property
    def step(self):
        return len(self.curve) - 1


def is_due(step, warmup, interval):
    return step >= warmup and (step - warmup) % interval == 0


def percentile_pruner(percentile, n_startup_trials=5, n_warmup_steps=0, interval_steps=1, n_min_trials=1):
    """Prune if the best value so far is not among the best part of the others at this step."""

    def prunes(trial, others):
        ended = [one for one in others if not one.is_pruned]
        if len(ended) < max(1, n_startup_trials) or not is_due(trial.step, n_warmup_steps, interval_steps):
            return False
        at_step = [one.curve[trial.step] for one in ended if len(one.curve) > trial.step]
        if len(at_step) < n_min_trials:
            return False
        numbers = sorted(number for number in at_step if not math.isnan(number))
        own = [number for number in trial.curve if not math.isnan(number)]
        if not own:
            return True
        return min(own) > linear_percentile(numbers, percentile)

    return prunes


def linear_percentile(numbers, percentile):
    """The percentile of sorted numbers, interpolated linearly."""
    if len(numbers) == 1 or percentile in (0, 100):
        return numbers[0 if percentile < 100 else -1]
    return quantiles(numbers, n=100, method="inclusive")[round(percentile) - 1]


def median_pruner(**options):
    return percentile_pruner(50, **options)


def successive_halving(min_resource, reduction_factor=4, min_early_stopping_rate=0, bootstrap_count=0):
    """At each rung, go on only if the value is among the best of those that have reached it, one of the factor."""

    def prunes(trial, others):
        while trial.step >= min_resource * reduction_factor ** (min_early_stopping_rate + len(trial.rungs)):
            value, rung = trial.curve[-1], len(trial.rungs)
            if math.isnan(value):
                return True
            trial.rungs.append(value)
            there = sorted([one.rungs[rung] for one in others if len(one.rungs) > rung] + [value])
            good = max(1, len(there) // reduction_factor)
            if len(there) <= bootstrap_count or value > there[good - 1]:
                return True
        return False

    return prunes


def hyperband(max_resource, min_resource=1, reduction_factor=3, bootstrap_count=0):
    """Successive halvings side by side, of which each begins a rung later; the number of a trial decides its bracket."""
    brackets = math.floor(math.log(max_resource / min_resource, reduction_factor)) + 1
    shares = [math.ceil(brackets * reduction_factor**left / (left + 1)) for left in reversed(range(brackets))]
    places = [bracket for bracket, share in enumerate(shares) for _ in range(share)]

    def bracket_of(trial):
        return places[crc32(f"hookline_{trial.number - 1}".encode()) % len(places)]

    def prunes(trial, others):
        bracket = bracket_of(trial)
        halving = successive_halving(min_resource, reduction_factor, bracket, bootstrap_count)
        return halving(trial, [one for one in others if bracket_of(one) == bracket])

    return prunes


def threshold_pruner(lower=-math.inf, upper=math.inf, n_warmup_steps=0, interval_steps=1):
    """Prune if the value is not between two bounds."""

    def prunes(trial, _):
        value = trial.curve[-1]
        return is_due(trial.step, n_warmup_steps, interval_steps) and not lower <= value <= upper

    return prunes


def patient_pruner(patience, min_delta=0.0, wrapped=lambda *_: True):
    """Ask another pruner only if the best value of the last epochs is worse than that before them."""

    def prunes(trial, others):
        before, after = trial.curve[: -patience - 1], trial.curve[-patience - 1 :]
        return bool(before) and min(before) + min_delta < min(after) and wrapped(trial, others)

    return prunes


def ends_of(curves, prunes):
    """The number of epochs of each trial, and whether it was pruned, in order."""
    trials, ends = [], []
    for number, curve in enumerate(curves, 1):
        trial = Trial(number)
        for epoch, value in enumerate(curve, 1):
            trial.curve.append(value)
            # After the last epoch there is nothing to end.
            if epoch < len(curve) and prunes(trial, trials):
                trial.is_pruned = True
                break
        trials.append(trial)
        ends.append((len(trial.curve), trial.is_pruned))
    return ends
