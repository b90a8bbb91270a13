"""A plot of the logged numbers during training."""

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
    """Plot logged numbers against the epochs, to a file in the run directory that is updated during training.

    Losses have their own panel, and numbers of different sizes have different panels. The plot is drawn between epochs
    within 5 % of the training time, and at the end of training. `every = 1` draws it after each epoch, however long
    that takes. List this callback first: it only sees numbers that callbacks and schedulers listed after it add.
    """

    only_observes = True
    logs = ()
    connects_to = ()

    numbers: tuple[str, ...] = ("training/loss", "validation/loss")
    """The names of the numbers in `metrics.jsonl`, or patterns such as "validation/*"."""
    yscale: Literal["linear", "log"] = "linear"
    """The scale of the y axes. A panel with numbers that are not positive stays linear."""
    file: str = option(default="loss_plot.png", validator=plain_name(".png"))
    """The name of the file in the run directory."""

    def check(self, objective: Objective, metrics: Sequence[MetricSpec], callbacks: Sequence[WrapperSpec]) -> None:
        """Refuse an empty plot, numbers that are never logged, and the file of another callback."""
        if not self.numbers:
            raise OptionError("numbers", "There must be at least one number to draw.")
        check_logged(self, "numbers", self.numbers, Logging(objective, metrics, callbacks))
        refuse_another(self, "file", callbacks)

    @property
    def writes_to(self) -> tuple[str, ...]:  # type: ignore[override]
        """The plot."""
        return (self.file,)

    def build(self) -> object:
        """Return the callback."""
        return _LossPlot(self)


class _LossPlot:
    def __init__(self, spec: LossPlot):
        self._spec = spec
        self._paced = Paced(spec)
        self._drawn: Sequence[Mapping[str, Any]] = ()
        self._has_looked = False

    @hookimpl(wrapper=True)
    def log(self, run: Run) -> Generator[None, Mapping[str, Any], Mapping[str, Any]]:
        """Draw all epochs up to this one, if time allows."""
        record = yield
        if not self._has_looked:
            self._look(list(record))
        self._paced.do(lambda: self._draw(run, [*run.history, record]))
        return record

    @hookimpl(wrapper=True)
    def fit(self, run: Run) -> "Generator[None, nn.Module, nn.Module]":
        """Draw the final plot when the training ends, even with an error."""
        try:
            return (yield)
        finally:
            if run.history and (run.history != self._drawn or run.weights is not None):
                with self._paced.files:
                    self._draw(run, run.history)

    def _draw(self, run: Run, history: Sequence[Mapping[str, Any]]) -> None:
        assert run.directory is not None, "The directory is created before training starts."
        names = list(dict.fromkeys(name for record in history for name in record if name not in ("epoch", "step")))
        chosen = selected_numbers(self._spec.numbers, names)
        epoch, step = (None, None) if run.weights is None else (run.weights.epoch, run.weights.step)
        path = run.directory / self._spec.file
        yscale = self._spec.yscale
        draw_curves(history, chosen, run.spec.run.name, path, yscale=yscale, kept_epoch=epoch, kept_step=step)
        self._drawn = list(history)

    def _look(self, names: Sequence[str]) -> None:
        """Warn about numbers that are not logged, unless the reason is a missing validation split."""
        self._has_looked = True
        for pattern in self._spec.numbers:
            if not pattern.startswith("validation/") and not selected_numbers([pattern], names):
                message = f'LossPlot should draw "{pattern}", which is not logged.{did_you_mean(pattern, names)}'
                warnings.warn(HooklineWarning(message, ("callbacks",), id="unlogged-number"), stacklevel=2)
