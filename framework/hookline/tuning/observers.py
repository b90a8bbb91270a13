"""What a study adds to the run of a trial: shared data, and the record of its curve, by which it may be pruned."""

import random
from collections.abc import Callable, Generator, Mapping
from typing import TYPE_CHECKING, Any

from attrs import evolve

from hookline.data.batches import Batch
from hookline.plugins.stages import Run, hookimpl
from hookline.spec.space.record import TrialRecord

if TYPE_CHECKING:
    from hookline.data.data import Data


MOST_BYTES = 2**28
"""How many bytes of data to keep for later trials, in addition to the data of the last one."""


class SharedData:
    """Prepares the data once for all trials of a process that use the same.

    The batches of a split depend only on seed and epoch, so trials cannot affect one another.
    """

    def __init__(self) -> None:
        """Begin without data."""
        self._known: list[tuple[tuple[Any, ...], Data, tuple[Any, ...]]] = []
        """What was prepared: on what it depends, the data, and the states of the random number generators then."""
        self._batched: dict[tuple[int, int], Data | None] = {}
        """The same rows in batches of another size, so that trials with this size have the same data."""

    @hookimpl
    def prepare_data(self, run: Run) -> "Data":
        """Return the data of an earlier trial if this one uses the same, and prepare it otherwise."""
        import numpy

        objective = run.objective.losses
        losses = tuple((name, one.loss) for name, one in objective.items())
        used = (run.spec.data, losses, run.spec.model.members, run.seed, str(run.device), run.spec.run.dtype)
        for known, data, generators in self._known:
            if (shared := self._shared(data, known, used)) is not None:
                run.is_source_read = True
                random.setstate(generators[0])
                numpy.random.set_state(generators[1])
                return shared
        while self._known and sum(_size(data) for _, data, _ in self._known) > MOST_BYTES:
            _, removed, _ = self._known.pop(0)
            self._batched = {key: other for key, other in self._batched.items() if key[0] != id(removed)}
        data = run.stages.inside(self, "prepare_data")(run=run)
        self._known.append((used, data, (random.getstate(), numpy.random.get_state())))
        return data

    def _shared(self, data: "Data", known: tuple[Any, ...], used: tuple[Any, ...]) -> "Data | None":
        """The data for a trial that uses the same, or other batches of the same rows; `None` if it does not."""
        if known == used:
            return data
        source = used[0]
        if not source.only_batches or type(known[0]) is not type(source) or known[1:] != used[1:]:
            return None
        if evolve(known[0], batch_size=source.batch_size) != source:
            return None
        key = id(data), source.batch_size
        if key not in self._batched:
            self._batched[key] = data.with_batch_size(source.batch_size)
        return self._batched[key]


def _size(data: "Data") -> int:
    """The number of bytes of the rows; more than is ever kept if they are not held in memory."""
    rows = [getattr(split, "all", None) for split in data.splits().values()]
    if not all(isinstance(one, Batch) for one in rows):
        return MOST_BYTES + 1
    groups = [group for one in rows if one is not None for group in (one.inputs, one.targets, one.lengths)]
    return sum(tensor.nbytes for group in groups for tensor in group.values())


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
        if run.is_inside_epoch:
            return logged
        number = logged.get(self._monitor)
        if isinstance(number, (int, float)):
            self._record.curve[run.epoch] = float(number)
            is_last = run.epoch >= run.last_epoch or run.stopped is not None
            if not is_last and (reason := self._prunes(self._record)) is not None:
                self.pruned = reason
                run.stop(reason)
        return logged
