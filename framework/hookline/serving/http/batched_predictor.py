"""Predict several requests at once, such that each gets the answer that it would get alone."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import accumulate
from typing import Any

from attrs import define

from hookline.serving.http.job import Job
from hookline.serving.http.signature import signature
from hookline.serving.served import Served


@define(eq=False)
class _Unit:
    """Requests whose rows are prepared together."""

    jobs: list[Job]
    blocks: Sequence[Any] = ()

    @property
    def all_rows(self) -> list[Mapping[str, Any]]:
        """The rows of all requests."""
        return [row for job in self.jobs if job.given is not None for row in job.given.rows]


class BatchedPredictor:
    """Predicts the rows of several requests together."""

    def __init__(self, predictor: Served, most: int):
        """Set the model, and the maximum number of rows that are prepared and predicted at once."""
        self._predictor, self._most = predictor, most

    def predict(self, jobs: Sequence[Job]) -> None:
        """Predict requests together. If this fails, predict each alone, so that it fails only for its own rows."""
        for job in jobs:
            _catch([job], job.parse)
        units, others = self._few([job for job in jobs if job.error is None])
        for together in self._units(others):
            if self._prepare(together):
                units.append(together)
            elif len(together.jobs) > 1:
                units += [unit for job in together.jobs if self._prepare(unit := _Unit([job]))]
        if not self._apply(units) and (len(units) > 1 or len(units[0].jobs) > 1):
            for job in [job for unit in units for job in unit.jobs]:
                unit = _Unit([job])
                if self._prepare(unit):
                    self._apply([unit])

    def _few(self, jobs: list[Job]) -> tuple[list[_Unit], list[Job]]:
        """Prepare requests with few rows in the fast way, together if possible. Also return the other requests."""
        small = [job for job in jobs if job.count < self._most]
        others = [job for job in jobs if job.count >= self._most]
        units: list[_Unit] = []
        for together in _of_at_most(small, self._most):
            if (unit := self._prepared_fast(together)) is not None:
                units.append(unit)
                continue
            for job in together:
                alone = self._prepared_fast([job]) if len(together) > 1 else None
                if alone is None:
                    others.append(job)
                else:
                    units.append(alone)
        return units, others

    def _prepared_fast(self, jobs: list[Job]) -> _Unit | None:
        unit = _Unit(jobs)
        # An error of a component, such as a kind of column, belongs to the request that causes it: see `_prepare`.
        with suppress(Exception):
            unit.blocks = self._predictor.few(unit.all_rows) or ()
        return unit if unit.blocks else None

    def _units(self, jobs: Sequence[Job]) -> list[_Unit]:
        """Put together the requests whose cells have the same types, so that none is read differently."""
        units: list[_Unit] = []
        latest: dict[object, tuple[_Unit, int]] = {}
        for job in jobs:
            assert job.given is not None
            count = job.count
            key = signature(job.given.rows) if self._predictor.are_alike and count < self._most else None
            known = None if key is None else latest.get(key)
            if known is not None and known[1] + count <= self._most:
                known[0].jobs.append(job)
                latest[key] = known[0], known[1] + count
                continue
            units.append(_Unit([job]))
            if key is not None:
                latest[key] = units[-1], count
        return units

    def _prepare(self, unit: _Unit) -> bool:
        """Prepare the rows of a unit, and return whether they can be read."""

        def prepare() -> None:
            unit.blocks = self._predictor.prepared(unit.all_rows)

        return _catch(unit.jobs, prepare)

    def _apply(self, units: Sequence[_Unit]) -> bool:
        """Predict units, and return whether this succeeds."""

        def apply() -> None:
            found = iter(self._predictor.predicted([block for unit in units for block in unit.blocks], self._most))
            for unit in units:
                lines = [line for _ in unit.blocks for line in next(found)]
                ends = accumulate(job.count for job in unit.jobs)
                for job, end in zip(unit.jobs, ends, strict=True):
                    job.lines = lines[end - job.count : end]

        return _catch([job for unit in units for job in unit.jobs], apply)


def _of_at_most(jobs: Sequence[Job], most: int) -> Iterator[list[Job]]:
    """Yield requests in lists with at most this number of rows."""
    together: list[Job] = []
    rows = 0
    for job in jobs:
        if together and rows + job.count > most:
            yield together
            together, rows = [], 0
        together.append(job)
        rows += job.count
    if together:
        yield together


def _catch(jobs: Sequence[Job], action: Callable[[], object]) -> bool:
    """Call a function for requests, and return whether it succeeds. Otherwise each request gets the error."""
    error: Exception | None = None
    try:
        action()
    except Exception as caught:  # noqa: BLE001 - Whatever the code of a model raises, the server must continue.
        error = caught
    for job in jobs:
        job.error = error
    return error is None
