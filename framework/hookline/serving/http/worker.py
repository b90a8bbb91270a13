"""Decide when and in which thread requests are predicted: those that wait are predicted together."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from hookline.serving.http.batched_predictor import BatchedPredictor
from hookline.serving.http.job import Job
from hookline.serving.http.json_body import GivenRows
from hookline.serving.http.limits import Limits
from hookline.serving.served import Served

LONGEST = 0.005
"""The number of seconds for which predictions may keep the loop from doing anything else."""

GROWTH = 1.25
"""The factor by which the time that a batch is expected to take grows at most with each batch."""


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
        self._predictor = BatchedPredictor(predictor, min(limits.joined_rows, predictor.batch_size))
        self._limits, self._begun = limits, begun
        self._loop = asyncio.get_running_loop()
        self._thread = ThreadPoolExecutor(1, "hookline-serve")
        self._waiting: deque[Job] = deque()
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
        job = Job(read, body)
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

    def _measured(self, jobs: Sequence[Job], magnitude: int) -> None:
        began = time.perf_counter()
        self._predictor.predict(jobs)
        took = time.perf_counter() - began
        # A single slow batch, during which another process had the processor, says little.
        self._seconds[magnitude] = min(took, self._seconds.get(magnitude, took) * GROWTH)

    def _done(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            if job.waiting is not None and not job.waiting.done():  # Otherwise, the client is gone.
                job.waiting.set_result(None)
        if self._waiting:
            self._loop.call_soon(self._next)
        else:
            self._is_busy = False


def _magnitude(jobs: Sequence[Job]) -> int:
    return sum(len(job.body) for job in jobs).bit_length()
