"""A picture of the training while it trains."""

import warnings
from collections.abc import Generator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from hookline import HooklineWarning, Run, hookimpl
from hookline.errors import OptionError, did_you_mean
from hookline.plots import draw_curves
from hookline.spec import CallbackSpec, MetricSpec, Objective, WrapperSpec, option, spec
from hookline.training import Logging, check_logged, selected_numbers
from hookline_callbacks.files import plain_name, refuse_another
from hookline_callbacks.time_budget import Paced

if TYPE_CHECKING:
    from torch import nn


@spec
class LossPlot(CallbackSpec):
    """Draws what is logged, over epochs: a picture in the run directory to look at while the model trains.

    Losses have a panel of their own, and numbers of different sizes have different ones. It is drawn between epochs,
    as often as that takes up to 5 % of the time, and when the training ends, with all epochs and all numbers.
    `every = 1` draws it after each epoch, however long that takes. List it first: what callbacks and schedulers add to
    the record is seen by those that are listed before them.
    """

    logs = ()
    connects_to = ()

    numbers: tuple[str, ...] = ("training/loss", "validation/loss")
    """The names of the numbers in `metrics.jsonl`, or patterns such as "validation/*"."""
    yscale: Literal["linear", "log"] = "linear"
    """Whether numbers are drawn as they are, or by their logarithms; those that are not all greater than 0 as they
    are."""
    file: str = option(default="loss_plot.png", validator=plain_name(".png"))
    """The name of the file in the run directory."""

    def check(self, objective: Objective, metrics: Sequence[MetricSpec], callbacks: Sequence[WrapperSpec]) -> None:
        """Refuse to draw nothing, or what is never logged, or to the file of another one."""
        if not self.numbers:
            raise OptionError("numbers", "There must be a number that is drawn.")
        check_logged(self, "numbers", self.numbers, Logging(objective, metrics, callbacks))
        refuse_another(self, "file", callbacks)

    @property
    def writes_to(self) -> tuple[str, ...]:  # type: ignore[override]
        """The picture."""
        return (self.file,)

    def build(self) -> object:
        """The callback, which knows how many epochs are drawn."""
        return _LossPlot(self)


class _LossPlot:
    def __init__(self, spec: LossPlot):
        self._spec = spec
        self._paced = Paced(spec)
        self._drawn: Sequence[Mapping[str, Any]] = ()
        self._has_looked = False

    @hookimpl(wrapper=True)
    def log(self, run: Run) -> Generator[None, Mapping[str, Any], Mapping[str, Any]]:
        """Draw all epochs up to this one, if there is time for it."""
        record = yield
        if not self._has_looked:
            self._look(list(record))
        self._paced.do(lambda: self._draw(run, [*run.history, record]))
        return record

    @hookimpl(wrapper=True)
    def fit(self, run: Run) -> "Generator[None, nn.Module, nn.Module]":
        """Draw what has not been drawn when the training ends, also by an error, or was added afterwards."""
        try:
            return (yield)
        finally:
            if run.history and (run.history != self._drawn or run.weights is not None):
                with self._paced.files:
                    self._draw(run, run.history)

    def _draw(self, run: Run, history: Sequence[Mapping[str, Any]]) -> None:
        assert run.directory is not None, "It is made before training begins."
        names = list(dict.fromkeys(name for record in history for name in record if name not in ("epoch", "step")))
        chosen = selected_numbers(self._spec.numbers, names)
        kept = None if run.weights is None else run.weights.epoch
        path = run.directory / self._spec.file
        draw_curves(history, chosen, run.spec.run.name, path, yscale=self._spec.yscale, kept_epoch=kept)
        self._drawn = list(history)

    def _look(self, names: Sequence[str]) -> None:
        """Warn of what is not there, unless data without a validation split is the reason."""
        self._has_looked = True
        for pattern in self._spec.numbers:
            if not pattern.startswith("validation/") and not selected_numbers([pattern], names):
                message = f'LossPlot draws "{pattern}", which is not logged.{did_you_mean(pattern, names)}'
                warnings.warn(HooklineWarning(message, ("callbacks",), id="unlogged-number"), stacklevel=2)
