"""Where the time of an epoch goes."""

from collections.abc import Generator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import evolve

from hookline import Run, hookimpl
from hookline.data import Data, Outputs
from hookline.errors import counted
from hookline.files import GrowingFile, OptionalFiles, write_file
from hookline.spec import CallbackSpec, WrapperSpec, spec
from hookline_callbacks.timing.stopwatch import (
    BACKWARD,
    EVALUATE,
    FORWARD,
    LOG,
    LOSS,
    NOTHING,
    PARTS,
    STEP,
    Epoch,
    Stopwatch,
    TimedBatches,
)

if TYPE_CHECKING:
    from torch import Tensor, nn

OF_A_STEP = ("forward", "loss", "backward", "step")
"""The parts whose time is that of the steps in which stages are told apart."""


@spec
class Timing(CallbackSpec):
    """Measures where the time of each epoch goes: `timing.csv` in the run directory, and all of it in `timing.txt`.

    An epoch lasts from asking for its first batch to the end of its stage `log`. Its parts, in seconds, add up to that:
    waiting for `batches`; the stages `forward`, `loss`, `backward` and `step` of training, each without those that are
    asked inside of it, as LBFGS does; `evaluate` and `log`, each with all that is inside of it; and the `rest`. Listed
    first, it counts the time of the other callbacks for the stages that they wrap; listed last, it does not. With
    `every`, `first` or `last` the stages of the other steps are not told apart: they are `other_steps` together. An
    epoch that did not end is left out. The record has nothing of it, and stays the same from run to run.
    """

    logs = ()
    writes_to = ("timing.csv", "timing.txt")
    connects_to = ()

    synchronize: bool = False
    """Whether an accelerator is waited for wherever a stage begins and ends. If it is not, nothing waits for it more
    than otherwise, and the time of a stage is that of giving the work to the device; whoever waits for the work first
    has its time."""

    def check(self, callbacks: Sequence[WrapperSpec]) -> None:
        """Refuse a second one, which would write to the same files."""
        if next(other for other in callbacks if isinstance(other, Timing)) is not self:
            raise ValueError("Another Timing writes to the same files: leave one of them out.")

    def build(self) -> object:
        """The callback, which has the stopwatch."""
        return _Timing(self)


class _Timing:
    def __init__(self, spec: Timing):
        self._spec = spec
        self._watch = Stopwatch(spec.is_due if spec.is_limited else None)
        self._table: GrowingFile | None = None

    @hookimpl(wrapper=True)
    def prepare_data(self, run: Run) -> Generator[None, Data, Data]:
        """Have the batches of training tell when they are waited for."""
        data = yield
        return evolve(data, training=TimedBatches(data.training, run, self._watch))

    @hookimpl(wrapper=True)
    def fit(self, run: Run) -> "Generator[None, nn.Module, nn.Module]":
        """Begin the table; when the training ends, however it does, write what it took in all."""
        assert run.directory is not None, "It is made before training begins."
        if self._spec.synchronize and run.device.type != "cpu":
            self._watch.wait_for(run.device)
        parts = [name for name in PARTS if self._spec.is_limited or name != "other_steps"]
        self._table = GrowingFile(run.directory / "timing.csv")
        self._table.add(_line(["epoch", "steps", "seconds", *parts]))
        began = self._watch.clock()
        try:
            return (yield)
        finally:
            whole = self._watch.clock() - began
            self._watch.part = NOTHING
            text = run.directory / "timing.txt"
            with OptionalFiles():
                write_file(text, _told(run, self._spec, self._watch, whole))
                if epochs := self._watch.epochs:
                    spent = {part: _spent(epochs, part) for part in epochs[0].parts}
                    most = max(spent, key=spent.__getitem__)
                    share = spent[most] / (_spent(epochs, "whole") or 1)
                    run.tell(f"Most of the time went to {most}, {share:.0%} of it: {text} tells where the rest went.")

    @hookimpl(wrapper=True)
    def forward(self) -> Generator[None, Outputs, Outputs]:
        """Count the time for it."""
        return (yield from self._counted(FORWARD))

    @hookimpl(wrapper=True)
    def loss(self) -> "Generator[None, Tensor, Tensor]":
        """Count the time for it."""
        return (yield from self._counted(LOSS))

    @hookimpl(wrapper=True)
    def backward(self) -> "Generator[None, Tensor, Tensor]":
        """Count the time for it."""
        return (yield from self._counted(BACKWARD))

    @hookimpl(wrapper=True)
    def step(self) -> Generator[None, bool, bool]:
        """Count the time for it."""
        return (yield from self._counted(STEP))

    @hookimpl(wrapper=True)
    def evaluate(self) -> Generator[None, Mapping[str, float], Mapping[str, float]]:
        """Count the time for it."""
        return (yield from self._counted(EVALUATE))

    @hookimpl(wrapper=True)
    def log(self, run: Run) -> Generator[None, Mapping[str, Any], Mapping[str, Any]]:
        """Count the time for it, and write the row of the epoch."""
        record = yield from self._counted(LOG)
        epoch = self._watch.end_epoch(run)
        assert run.directory is not None, "It is made before training begins."
        times = map(_seconds, (epoch.whole, *epoch.parts.values()))
        assert self._table is not None, "Training has begun."
        self._table.add(_line([str(epoch.number), str(epoch.steps), *times]))
        return record

    def _counted(self, part: int) -> Generator[None, Any, Any]:
        watch = self._watch
        if watch.part >= EVALUATE:
            return (yield)
        outer = watch.enter(part)
        try:
            return (yield)
        finally:
            watch.enter(outer)


def _seconds(time: int) -> str:
    """Nanoseconds as seconds, with all digits, so that what adds up does so when it is read back."""
    return f"{time // 10**9}.{time % 10**9:09}"


def _line(cells: Sequence[str]) -> str:
    return ",".join(cells) + "\n"


def _told(run: Run, spec: Timing, watch: Stopwatch, whole: int) -> str:
    """All epochs together, for people."""
    epochs = watch.epochs
    lines = [f"{run.spec.run.name}: {counted(len(epochs), 'epoch')} on {run.device}", "", *_table(epochs)]
    inside = sum(epoch.whole for epoch in epochs)
    outside = (whole - inside) / 1e9
    lines.append(f"The training took {whole / 1e9:.3f} s, of which {outside:.3f} s were outside of these epochs.")
    if watch.begun > len(epochs):
        lines.append(f"Epoch {watch.begun} did not end, and is left out.")
    if run.device.type != "cpu" and not spec.synchronize:
        lines.append(
            "The time of a stage is that of giving the work to the device: `synchronize = true` waits until it is done."
        )
    return "\n".join(lines) + "\n"


def _table(epochs: Sequence[Epoch]) -> list[str]:
    """A row for each part. The first epoch stands apart: in it much is imported, allocated and chosen."""
    if not epochs:
        return []
    later = epochs[1:]
    lines = [f"{'':11}{'seconds':>12}{'share':>9}{'first epoch':>14}"]
    lines[0] += f"{'a later one':>15}{'a step of it':>14}" if later else ""
    for name in (*epochs[0].parts, "whole"):
        time = _spent(epochs, name)
        share = time / (_spent(epochs, "whole") or 1)
        line = f"{name:11}{time / 1e9:12.4f}{share:9.1%}{_spent(epochs[:1], name) / 1e6:11.3f} ms"
        if later:
            line += f"{_spent(later, name) / len(later) / 1e6:12.3f} ms"
        steps = sum(epoch.measured if name in OF_A_STEP else epoch.steps for epoch in later)
        if steps and name in (*OF_A_STEP, "batches", "whole"):
            line += f"{_spent(later, name) / steps / 1e3:11.1f} µs"
        lines.append(line)
    return [*lines, ""]


def _spent(epochs: Sequence[Epoch], part: str) -> int:
    return sum(epoch.whole if part == "whole" else epoch.parts[part] for epoch in epochs)
