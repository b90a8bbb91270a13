"""A data source that is made of waves, a family of its own, and a callback that looks at single steps."""

import math
from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Any

from hookline import Run, hookimpl
from hookline.data import Data, in_memory
from hookline.spec import CallbackSpec, DataSpec, LossSpec, Spec, option, spec

if TYPE_CHECKING:
    from numpy.typing import NDArray


@hookimpl
def register_specs() -> list[type[Spec]]:
    """The data source, the waves and the callback."""
    return [Waves, Sine, Sawtooth, GreatestLoss]


class WaveSpec(Spec):
    """A wave: a family of this plugin's own, to which other plugins may add."""

    family = "wave"

    def at(self, time: "NDArray[Any]") -> "NDArray[Any]":
        """Its height at each of some times."""
        raise NotImplementedError


@spec
class Sine(WaveSpec):
    """A sine wave."""

    frequency: float = option(default=1.0, above=0)
    """How many periods there are in a unit of time."""
    amplitude: float = option(default=1.0, unbounded=True)
    """Its greatest height."""

    def at(self, time: "NDArray[Any]") -> "NDArray[Any]":
        """Its height at each of some times."""
        import numpy

        return self.amplitude * numpy.sin(2 * math.pi * self.frequency * time)


@spec
class Sawtooth(WaveSpec):
    """A wave that rises along a line, and falls at once."""

    period: float = option(default=1.0, above=0)
    """How long it rises."""

    def at(self, time: "NDArray[Any]") -> "NDArray[Any]":
        """Its height at each of some times."""
        return 2 * (time / self.period % 1) - 1


@spec
class Waves(DataSpec):
    """Sums of waves, with noise: what the sum is after some samples of it."""

    waves: tuple[WaveSpec, ...] = (Sine(),)
    """The waves."""
    window: int = option(default=8, minimum=1)
    """How many samples a row has."""
    rows: int = option(default=64, minimum=8)
    """How many rows there are; a quarter of them is for validation."""
    noise: float = option(default=0.01, minimum=0)
    """The standard deviation of the noise."""

    def prepare(self, run: Run, loss: LossSpec) -> Data:
        """Draw the noise, and cut the sum into rows."""
        import numpy
        import torch

        time = numpy.arange(self.rows + self.window) / 16
        noise = numpy.random.default_rng(run.spec.run.seed).normal(0, self.noise, len(time))
        heights = (sum(wave.at(time) for wave in self.waves) + noise).astype(numpy.float32)
        windows = numpy.lib.stride_tricks.sliding_window_view(heights, self.window)[: self.rows].copy()
        following = heights[self.window :]
        cut = self.rows - self.rows // 4
        splits = {"training": slice(0, cut), "validation": slice(cut, self.rows)}
        return in_memory(
            self,
            run,
            loss,
            {split: {"samples": torch.from_numpy(windows[rows])} for split, rows in splits.items()},
            {split: {"next": {"height": following[rows]}} for split, rows in splits.items()},
            source="waves",
        )


@spec
class GreatestLoss(CallbackSpec):
    """Logs the greatest loss of a step in each epoch."""

    def build(self) -> object:
        """The callback, which remembers the losses of an epoch."""
        return _GreatestLoss()


class _GreatestLoss:
    def __init__(self) -> None:
        self.losses: list[Any] = []

    @hookimpl(wrapper=True)
    def step(self, run: Run) -> Generator[None, bool, bool]:
        """Keep the loss as a tensor: reading its number would wait for the device."""
        answer = yield
        self.losses.append(run.loss)
        return answer

    def state_dict(self) -> dict[str, Any]:
        """The losses of the epoch so far."""
        return {"losses": self.losses}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue with these losses."""
        self.losses = list(state["losses"])

    @hookimpl(wrapper=True)
    def log(self) -> Generator[None, Mapping[str, Any], Mapping[str, Any]]:
        """Add the greatest."""
        record = yield
        greatest = max(float(loss) for loss in self.losses)
        self.losses.clear()
        return {**record, "training/greatest_loss": greatest}
