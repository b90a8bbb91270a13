"""The record of a trial in a study."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from attrs import asdict, define, evolve, field

TrialState = Literal["running", "finished", "stopped", "pruned", "failed"]

ENDED: frozenset[TrialState] = frozenset({"finished", "stopped", "pruned", "failed"})
"""The states of a trial that is not run again."""


@define(kw_only=True)
class TrainingRecord:
    """A training of a trial: one of several if the trial is trained with several seeds, or on several folds."""

    seed: int
    """The seed."""
    fold: int | None = None
    """The index of the fold that is the validation split, if the trial is trained on all folds."""
    epoch: int
    """The epoch of the weights that it keeps."""
    results: Sequence[float]
    """The monitored numbers of these weights."""

    def to_json(self) -> dict[str, Any]:
        """The record as JSON values."""
        return {**asdict(self), "results": list(map(_in_json, self.results))}

    @classmethod
    def from_json(cls, table: Mapping[str, Any]) -> "TrainingRecord":
        """The record in JSON values. Raises a `TypeError` if they are not a record."""
        return cls(**{**table, "results": list(map(float, table["results"]))})


@define(kw_only=True)
class TrialRecord:
    """A trial of a study: the values that it tries, and how it ended."""

    number: int
    """Its number, from 1."""
    values: Mapping[str, Any]
    """The value of each parameter by name."""
    state: TrialState = "running"
    """How it ended: after all epochs, by a callback, by the tuner, or by an error."""
    results: Sequence[float] | None = None
    """The monitored numbers of the weights that it keeps, or the means over its trainings; `None` if it has none, or if
    they are not finite."""
    trainings: list[TrainingRecord] = field(factory=list)
    """Its trainings that have ended: one for each seed and each fold."""
    curve: dict[int, float] = field(factory=dict)
    """The first monitored number by epoch."""
    reason: str | None = None
    """Why it ended early."""
    seconds: float = 0.0
    """How long it took."""
    epochs: int = 0
    """The number of epochs that were trained."""
    together: int = 1
    """The number of trainings, of this trial and of others, that were computed together. If it is more than one, the
    numbers are those of the trial alone only up to rounding, unless it was trained again."""
    rounded: Sequence[float] | None = None
    """The results of a trial that was trained together with others, if it was trained again alone afterwards. The
    search knows these, so that it does not depend on which trial was the best one at some time."""
    attributes: dict[str, Any] = field(factory=dict)
    """What the search noted, as JSON values."""
    place: str | None = None
    """The machine and the directory in which it was trained, if the study has a storage that machines share."""

    @property
    def is_rounded(self) -> bool:
        """Whether the results are those of a trial that was trained together with others, and not again alone."""
        return self.together > 1 and self.rounded is None

    def as_searched(self) -> "TrialRecord":
        """The record with the results that a search knows."""
        return self if self.rounded is None else evolve(self, results=self.rounded)

    @property
    def has_ended(self) -> bool:
        """Whether it is not run again."""
        return self.state in ENDED

    def to_json(self) -> dict[str, Any]:
        """The record as JSON values; numbers that are not finite as strings."""
        curve = {str(epoch): _in_json(number) for epoch, number in self.curve.items()}
        trainings = [one.to_json() for one in self.trainings]
        attributes = _encoded(self.attributes)
        return {**asdict(self), "curve": curve, "trainings": trainings, "attributes": attributes}

    @classmethod
    def from_json(cls, table: Mapping[str, Any]) -> "TrialRecord":
        """The record in JSON values.

        Raises:
            TypeError: if they are not a record.
            KeyError: if the record of a training has no results.

        """
        curve = {int(epoch): float(number) for epoch, number in table.get("curve", {}).items()}
        trainings = [TrainingRecord.from_json(one) for one in table.get("trainings", [])]
        attributes = _decoded(table.get("attributes", {}))
        return cls(**{**table, "curve": curve, "trainings": trainings, "attributes": attributes})


def _in_json(number: float) -> float | str:
    """A number as JSON, which has no infinity."""
    return number if math.isfinite(number) else str(number)


def _encoded(value: Any) -> Any:
    """JSON values of a search, such as what a pruner has noted, whose numbers may be infinite."""
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)}
    if isinstance(value, Mapping):
        return {key: _encoded(one) for key, one in value.items()}
    return list(map(_encoded, value)) if isinstance(value, (list, tuple)) else value


def _decoded(value: Any) -> Any:
    """The values that were encoded."""
    if isinstance(value, dict):
        return float(value["float"]) if list(value) == ["float"] else {key: _decoded(one) for key, one in value.items()}
    return list(map(_decoded, value)) if isinstance(value, list) else value
