"""The mutable state of a run: one object of plain data that a checkpoint can save."""

from collections.abc import Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from attrs import asdict, define, field

if TYPE_CHECKING:
    from hookline.plugins.weights import Weights


@define(kw_only=True)
class RunState:
    """The progress of a run and its log.

    The implementation of `fit` writes `epoch`, `step` and `history`; a callback that puts other weights into the model
    writes `weights`. To read them, use the properties of the run with the same names, such as `run.step`.

    Attributes:
        epoch: the current epoch, counted from 1.
        step: the number of completed steps, over all epochs.
        history: the log so far: the record of each epoch, and of each validation inside an epoch.
        is_trained: whether training has ended.
        weights: which weights the model has when training has ended; `None` for those of the last step.
        stopped: why the training ends before its last epoch, or `None`.
        ends_now: whether it ends before its last epoch after the current step, and not after the epoch.
        notes: what callbacks have reported with `run.note`.
        seconds: how long the run has taken until it was saved, if it is resumed.
        initialized_from: which weights of another run it has begun with.

    """

    epoch: int = 0
    step: int = 0
    history: list[dict[str, Any]] = field(factory=list)
    is_trained: bool = False
    weights: "Weights | None" = None
    stopped: str | None = None
    ends_now: bool = False
    notes: list[str] = field(factory=list)
    seconds: float = 0.0
    initialized_from: dict[str, Any] | None = None

    def state_dict(self) -> dict[str, Any]:
        """Return a copy of the state: numbers, strings, lists and dictionaries."""
        return asdict(self)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore a state that `state_dict` returned."""
        from hookline.plugins.weights import Weights

        weights = state["weights"]
        values = {**deepcopy(dict(state)), "weights": None if weights is None else Weights(**weights)}
        for name, value in values.items():
            setattr(self, name, value)
