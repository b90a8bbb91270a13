"""The content of `result.json`: how a run ended, which weights it saved, and their numbers."""

import platform
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hookline.plugins.trial import SAVED
from hookline.runs.versions import version

if TYPE_CHECKING:
    from hookline.plugins.stages import Run
    from hookline.plugins.trial import Trial


def result(run: "Run", trial: "Trial") -> dict[str, Any]:
    """The content of `result.json`.

    `metrics` has only numbers of the saved weights. What the log says about a split with other weights, such as the
    mean training loss during the last epoch, is in `logged`, with the time of its measurement.
    """
    return {
        "name": trial.spec.run.name,
        "seed": trial.spec.run.seed,
        "state": trial.state,
        "error": trial.error,
        "stopped": trial.stopped,
        "epochs": trial.epochs,
        "steps": trial.steps,
        "seconds": round(trial.seconds, 3),
        "traced_steps": run.traced_steps.as_json(),
        "traced_evaluation": run.traced_evaluation.as_json(),
        "notes": list(trial.notes),
        "initialized_from": _provenance(run.state.initialized_from),
        "device": str(run.device),
        "weights": {
            "source": trial.weights.source,
            "epoch": trial.weights.epoch,
            "step": trial.weights.step,
            "is_mean": trial.weights.is_mean,
            "finite": not trial.not_finite,
        },
        "metrics": numbers_of_weights(trial),
        "logged": {
            split: {"measured": trial.measured[split], "metrics": numbers}
            for split, numbers in _by_split(trial).items()
            if trial.measured.get(split, SAVED) != SAVED
        },
        "deployed": [],
        "versions": versions(),
    }


def _provenance(made: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Which weights of another run it has begun with; the lock lists what was loaded."""
    if made is None:
        return None
    counts = {name: len(made[name]) for name in ("loaded", "other_shape", "missing")}
    return {**{name: made[name] for name in ("run", "weights", "epoch", "step", "fingerprint")}, **counts}


def numbers_of_weights(trial: "Trial") -> dict[str, dict[str, float]]:
    """The known loss and metrics of the saved weights by split."""
    return {split: numbers for split, numbers in _by_split(trial).items() if trial.measured.get(split) == SAVED}


def _by_split(trial: "Trial") -> dict[str, dict[str, float]]:
    splits: dict[str, dict[str, float]] = {}
    for name, value in trial.metrics.items():
        split, _, metric = name.partition("/")
        splits.setdefault(split, {})[metric] = value
    return splits


def versions() -> dict[str, str]:
    """The versions of the packages on which the results depend."""
    return {"python": platform.python_version(), **{name: version(name) for name in ("hookline", "torch", "numpy")}}
