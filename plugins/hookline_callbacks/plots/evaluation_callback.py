"""The base of callbacks that write and draw the predictions of each evaluation."""

from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from hookline import Run, hookimpl
from hookline.data import Batch, Batches, Data
from hookline.errors import MismatchError
from hookline.spec import CallbackSpec, Prediction, spec
from hookline_callbacks.time_budget import Paced

if TYPE_CHECKING:
    from torch import nn


@spec
class WatchingSpec(CallbackSpec):
    """The base of their specs. They write to a directory in the run directory."""

    only_observes = True
    is_part_of_model = False
    logs = ()
    connects_to = ()

    directory: str = ""
    """The name of the directory in the run directory."""

    @property
    def writes_to(self) -> tuple[str, ...]:  # type: ignore[override]
        """The tables and pictures."""
        return (f"{self.directory}/",)


class Gathered(Protocol):
    """An object that gathers predictions during an evaluation."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing has been gathered."""

    def add(self, predicted: Mapping[str, Prediction], batch: Batch) -> None:
        """Add the predictions of a batch."""


class Watching:
    """The base of their built objects, which wrap `predict` to see the predictions of each evaluated batch."""

    def __init__(self, spec: WatchingSpec):
        """Start without data."""
        self._watching_spec = spec
        self._data: Data | None = None
        self._gathered: Gathered | None = None
        self._paced = Paced(spec)

    def _begin(self, run: Run, data: Data, split: str) -> Gathered | None:
        """Return an object that gathers the predictions of a split; `None` to skip the split."""
        raise NotImplementedError

    def _write(self, run: Run, batches: Batches, split: str, gathered: Gathered) -> None:
        """Write the gathered predictions."""
        raise NotImplementedError

    @hookimpl(wrapper=True)
    def evaluate(
        self, run: Run, batches: Batches, split: str
    ) -> Generator[None, Mapping[str, float], Mapping[str, float]]:
        """Gather the predictions of an evaluation, and write them."""
        assert self._data is not None, "The data is prepared before training starts."
        gathered = self._gathered = self._begin(run, self._data, split)
        try:
            evaluated = yield
        finally:
            self._gathered = None
        if gathered is not None:
            if gathered.is_empty:
                name = type(self._watching_spec).__name__
                message = f'{name} received no predictions: the answer to "evaluate" does not call the stage "predict".'
                raise MismatchError(message, run.spec.place_of(self._watching_spec))
            self._write(run, batches, split, gathered)
        return evaluated

    @hookimpl(wrapper=True)
    def predict(self, batch: Batch) -> Generator[None, Mapping[str, Prediction], Mapping[str, Prediction]]:
        """Gather the predictions of a batch."""
        predicted = yield
        if self._gathered is not None:
            self._gathered.add(predicted, batch)
        return predicted

    @hookimpl(wrapper=True)
    def fit(self) -> "Generator[None, nn.Module, nn.Module]":
        """Draw the picture of the last epoch when the training ends, even with an error."""
        try:
            return (yield)
        finally:
            self._paced.finish()

    def _path(self, run: Run, split: str) -> Path:
        """Return the path of the files of this evaluation, without a suffix."""
        assert run.directory is not None, "The directory is created before training starts."
        directory = run.directory / self._watching_spec.directory
        return directory / (split if run.is_trained else f"epoch-{run.epoch:04}")

    def _draw_later(self, run: Run, draw: Callable[[], None]) -> None:
        """Draw a picture when time allows; draw that of the trained model immediately."""
        if run.is_trained:
            with self._paced.files:
                draw()
        else:
            self._paced.do(draw)
