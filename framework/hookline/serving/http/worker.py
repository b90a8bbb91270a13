"""What predicts: requests that wait are predicted together."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import accumulate
from typing import Any

from attrs import define, field

from hookline.serving.http.failures import refused
from hookline.serving.http.json_body import GivenRows
from hookline.serving.http.limits import Limits
from hookline.serving.http.signature import signature
from hookline.serving.served import Served

LONGEST = 0.005
"""The number of seconds for which predictions may keep the loop from doing anything else."""

GROWTH = 1.25
"""The factor by which the time that a batch is expected to take grows at most with each batch."""


@define(eq=False)
class _Job:
    """A request."""

    read: Callable[[bytes], GivenRows]
    body: bytes
    waiting: "asyncio.Future[None] | None" = None
    given: GivenRows | None = None
    error: BaseException | None = field(factory=lambda: RuntimeError("The request has not been predicted."))
    lines: Sequence[str] = ()

    def parse(self) -> None:
        """Read the rows."""
        self.given = self.read(self.body)

    @property
    def count(self) -> int:
        """The number of its rows."""
        return 0 if self.given is None else len(self.given.rows)

    def result(self) -> str:
        """Return the answer, an object for a single row, otherwise a list; or raise the error as a refusal."""
        if self.error is not None:
            raise refused(self.error)
        is_single = self.given is not None and self.given.is_single
        return self.lines[0] if is_single else f"[{', '.join(self.lines)}]"


@define(eq=False)
class _Unit:
    """Requests whose rows are prepared together."""

    jobs: list[_Job]
    blocks: Sequence[Any] = ()

    @property
    def all_rows(self) -> list[Mapping[str, Any]]:
        """The rows of all requests."""
        return [row for job in self.jobs if job.given is not None for row in job.given.rows]


class Worker:
    """Predicts requests, those that wait together. Create it in the loop whose coroutines call `predict`.

    A batch that takes milliseconds is predicted in the loop itself, because handing it to a thread and back would take
    longer than predicting it. Others are predicted in a thread, so that the loop goes on, and more requests wait.
    """

    def __init__(self, predictor: Served, limits: Limits, begun: Callable[[], int] | None = None):
        """Start without requests.

        Args:
            predictor: the model.
            limits: the limits.
            begun: returns the number of requests that have begun. If there is only one, it does not wait for others.

        """
        self._predictor, self._limits, self._begun = predictor, limits, begun
        self._most = min(limits.joined_rows, predictor.batch_size)
        self._loop = asyncio.get_running_loop()
        self._thread = ThreadPoolExecutor(1, "hookline-serve")
        self._waiting: deque[_Job] = deque()
        self._is_busy = False
        self._seconds: dict[int, float] = {}
        """How long the latest batch took, by the magnitude of its bytes."""

    async def predict(self, read: Callable[[bytes], GivenRows], body: bytes) -> str:
        """Return the predictions for rows as JSON.

        Args:
            read: returns the rows in a body, or raises a `RefusedError`. It is called when they are predicted, so that
                not all requests that wait take the memory of their rows.
            body: the body of the request.

        Raises:
            RefusedError: If they cannot be predicted.

        """
        job = _Job(read, body)
        is_alone = self._begun is not None and self._begun() <= 1 and not self._is_busy
        if is_alone and self._is_fast(magnitude := _magnitude([job])):
            self._measured([job], magnitude)
            return job.result()
        job.waiting = self._loop.create_future()
        self._waiting.append(job)
        if not self._is_busy:
            self._is_busy = True
            self._loop.call_soon(self._next)  # After the other requests that have just arrived.
        await job.waiting
        return job.result()

    def stop(self) -> None:
        """End the thread."""
        self._thread.shutdown()

    def _next(self) -> None:
        """Predict the next requests that wait."""
        jobs = [self._waiting.popleft() for _ in range(min(len(self._waiting), self._limits.joined_rows))]
        magnitude = _magnitude(jobs)
        if self._is_fast(magnitude):
            self._measured(jobs, magnitude)
            self._done(jobs)
        else:
            self._loop.run_in_executor(self._thread, self._measured, jobs, magnitude).add_done_callback(
                lambda _: self._done(jobs)
            )

    def _is_fast(self, magnitude: int) -> bool:
        """Whether requests with this number of bytes take so little time that the loop may wait for them."""
        return self._seconds.get(magnitude, LONGEST) < LONGEST

    def _measured(self, jobs: Sequence[_Job], magnitude: int) -> None:
        began = time.perf_counter()
        self._predict(jobs)
        took = time.perf_counter() - began
        # A single slow batch, during which another process had the processor, says little.
        self._seconds[magnitude] = min(took, self._seconds.get(magnitude, took) * GROWTH)

    def _done(self, jobs: Sequence[_Job]) -> None:
        for job in jobs:
            if job.waiting is not None and not job.waiting.done():  # Otherwise, the client is gone.
                job.waiting.set_result(None)
        if self._waiting:
            self._loop.call_soon(self._next)
        else:
            self._is_busy = False

    def _predict(self, jobs: Sequence[_Job]) -> None:
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

    def _few(self, jobs: list[_Job]) -> tuple[list[_Unit], list[_Job]]:
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

    def _prepared_fast(self, jobs: list[_Job]) -> _Unit | None:
        unit = _Unit(jobs)
        # An error of a component, such as a kind of column, belongs to the request that causes it: see `_prepare`.
        with suppress(Exception):
            unit.blocks = self._predictor.few(unit.all_rows) or ()
        return unit if unit.blocks else None

    def _units(self, jobs: Sequence[_Job]) -> list[_Unit]:
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


def _magnitude(jobs: Sequence[_Job]) -> int:
    return sum(len(job.body) for job in jobs).bit_length()


def _of_at_most(jobs: Sequence[_Job], most: int) -> Iterator[list[_Job]]:
    """Yield requests in lists with at most this number of rows."""
    together: list[_Job] = []
    rows = 0
    for job in jobs:
        if together and rows + job.count > most:
            yield together
            together, rows = [], 0
        together.append(job)
        rows += job.count
    if together:
        yield together


def _catch(jobs: Sequence[_Job], action: Callable[[], object]) -> bool:
    """Do something for requests, and return whether it succeeds. Otherwise they keep the error."""
    error: Exception | None = None
    try:
        action()
    except Exception as caught:  # noqa: BLE001 - Whatever the code of a model raises, the server must go on.
        error = caught
    for job in jobs:
        job.error = error
    return error is None
