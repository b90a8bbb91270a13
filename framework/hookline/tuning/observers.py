"""What a study adds to the run of a trial: shared data, and the record of its curve, by which it may be pruned."""

import random
from collections.abc import Callable, Generator, Mapping
from typing import TYPE_CHECKING, Any

from hookline.plugins.stages import Run, hookimpl
from hookline.spec.space.record import TrialRecord

if TYPE_CHECKING:
    from hookline.data.batches import Data


class SharedData:
    """Prepares the data once for all trials of a process that use the same.

    The batches of a split depend only on seed and epoch, so trials cannot affect one another.
    """

    def __init__(self) -> None:
        """Begin without data."""
        self._data: Data | None = None
        self._used: tuple[Any, ...] = ()
        self._generators: tuple[Any, ...] = ()

    @hookimpl
    def prepare_data(self, run: Run) -> "Data":
        """Return the data of the trial before if this one uses the same, and prepare it otherwise."""
        import numpy

        objective = run.objective.losses
        used = (run.spec.data, tuple(objective), tuple(one.loss for one in objective.values()), run.seed)
        used = (*used, str(run.device), run.spec.run.dtype, run.spec.model.members)
        if self._data is None or used != self._used:
            self._data = run.stages.inside(self, "prepare_data")(run=run)
            self._used = used
            self._generators = random.getstate(), numpy.random.get_state()
        else:
            run.is_source_read = True
            random.setstate(self._generators[0])
            numpy.random.set_state(self._generators[1])
        return self._data


class Curve:
    """Records the monitored number of each epoch, and ends the trial if the search prunes it."""

    def __init__(self, monitor: str, record: TrialRecord, prunes: Callable[[TrialRecord], str | None]):
        """Record into a record. `prunes` returns why to end the trial, or `None`."""
        self._monitor = monitor
        self._record = record
        self._prunes = prunes
        self.pruned: str | None = None
        """Why the trial was pruned."""

    @hookimpl(wrapper=True)
    def log(self, run: Run) -> Generator[None, Mapping[str, Any], Mapping[str, Any]]:
        """Record the number, and stop the run if it is not worth continuing."""
        logged = yield
        number = logged.get(self._monitor)
        if isinstance(number, (int, float)):
            self._record.curve[run.epoch] = float(number)
            is_last = run.epoch >= run.spec.run.epochs or run.stopped is not None
            if not is_last and (reason := self._prunes(self._record)) is not None:
                self.pruned = reason
                run.stop(reason)
        return logged
