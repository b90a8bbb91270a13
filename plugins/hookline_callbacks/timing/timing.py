"""Measure where the time of an epoch goes."""

from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
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
"""The parts that are measured only in steps whose stages are measured separately."""


@spec
class Timing(CallbackSpec):
    """Measure where the time of each epoch goes, and write `timing.csv` and a summary `timing.txt` to the run
    directory.

    An epoch lasts from the request for its first batch to the end of its stage `log`. Its parts, in seconds, add up to
    the whole: waiting for `batches`; the stages `forward`, `loss`, `backward` and `step` of training, each without
    stages nested in it, as in LBFGS; `evaluate` and `log`, each with everything nested in it; and the `rest`. Listed
    first, Timing includes other callbacks in the stages that they wrap; listed last, it does not. With `every`, `first`
    or `last`, the stages of the other steps are summed as `other_steps`. An incomplete epoch is skipped. Times are not
    logged, so that the log stays reproducible.
    """

    unstackable = "it measures the steps of one model"
    only_observes = True
    is_part_of_model = False
    logs = ()
    writes_to = ("timing.csv", "timing.txt")
    connects_to = ()

    synchronize: bool = False
    """Synchronize with an accelerator at the start and end of each stage. Otherwise Timing adds no synchronization, and
    the time of a stage is that of launching its work; the first stage that waits for the work includes its time."""

    def check(self, callbacks: Sequence[WrapperSpec]) -> None:
        """Refuse a second Timing, which would write to the same files."""
        if next(other for other in callbacks if isinstance(other, Timing)) is not self:
            raise ValueError("Another Timing writes to the same files: remove one of them.")

    def build(self) -> object:
        """Return the callback, which owns the stopwatch."""
        return _Timing(self)


class _Timing:
    def __init__(self, spec: Timing):
        self._spec = spec
        self._watch = Stopwatch(spec.is_due if spec.is_limited else None)
        self._table: GrowingFile | None = None

    @hookimpl(wrapper=True)
    def prepare_data(self, run: Run) -> Generator[None, Data, Data]:
        """Wrap the training batches to measure how long they are waited for."""
        data = yield
        return evolve(data, training=TimedBatches(data.training, run, self._watch))

    @hookimpl(wrapper=True)
    def fit(self, run: Run) -> "Generator[None, nn.Module, nn.Module]":
        """Start the table, and write the summary when the training ends for any reason."""
        assert run.directory is not None, "The run directory is created before training."
        self._table = GrowingFile(run.directory / "timing.csv")
        if run.resumes_from is None:  # A run that is resumed has a table.
            parts = [name for name in PARTS if self._spec.is_limited or name != "other_steps"]
            self._table.add(_line(["epoch", "steps", "seconds", *parts]))
        if self._spec.synchronize and run.device.type != "cpu":
            self._watch.wait_for(run.device)
        began = self._watch.clock()
        try:
            return (yield)
        finally:
            whole = self._watch.clock() - began
            self._watch.part = NOTHING
            if self._watch.begun:  # A run whose state cannot be loaded keeps its summary.
                self._summarize(run, run.directory / "timing.txt", whole)

    def _summarize(self, run: Run, path: Path, whole: int) -> None:
        with OptionalFiles():
            write_file(path, _summary(run, self._spec, self._watch, whole))
            if epochs := self._watch.epochs:
                spent = {part: _spent(epochs, part) for part in epochs[0].parts}
                most = max(spent, key=spent.__getitem__)
                share = spent[most] / (_spent(epochs, "whole") or 1)
                run.note(f"Most of the time was spent in {most} ({share:.0%}): see {path}.")

    @hookimpl(wrapper=True)
    def forward(self) -> Generator[None, Outputs, Outputs]:
        """Count the time of the stage."""
        return (yield from self._counted(FORWARD))

    @hookimpl(wrapper=True)
    def loss(self) -> "Generator[None, Tensor, Tensor]":
        """Count the time of the stage."""
        return (yield from self._counted(LOSS))

    @hookimpl(wrapper=True)
    def backward(self) -> "Generator[None, Tensor, Tensor]":
        """Count the time of the stage."""
        return (yield from self._counted(BACKWARD))

    @hookimpl(wrapper=True)
    def step(self) -> Generator[None, bool, bool]:
        """Count the time of the stage."""
        return (yield from self._counted(STEP))

    @hookimpl(wrapper=True)
    def evaluate(self) -> Generator[None, Mapping[str, float], Mapping[str, float]]:
        """Count the time of the stage."""
        return (yield from self._counted(EVALUATE))

    @hookimpl(wrapper=True)
    def log(self, run: Run) -> Generator[None, Mapping[str, Any], Mapping[str, Any]]:
        """Count the time of the stage, and write the row of the epoch."""
        record = yield from self._counted(LOG)
        if run.is_inside_epoch:
            return record
        epoch = self._watch.end_epoch(run)
        times = map(_seconds, (epoch.whole, *epoch.parts.values()))
        assert self._table is not None, "`fit` runs before `log`."
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
    """Format nanoseconds as seconds with all digits, so that sums stay exact when read back."""
    return f"{time // 10**9}.{time % 10**9:09}"


def _line(cells: Sequence[str]) -> str:
    return ",".join(cells) + "\n"


def _summary(run: Run, spec: Timing, watch: Stopwatch, whole: int) -> str:
    """Return the summary of all epochs."""
    epochs = watch.epochs
    lines = [f"{run.spec.run.name}: {counted(len(epochs), 'epoch')} on {run.device}", "", *_table(epochs)]
    inside = sum(epoch.whole for epoch in epochs)
    outside = (whole - inside) / 1e9
    lines.append(f"The training took {whole / 1e9:.3f} s, of which {outside:.3f} s were outside these epochs.")
    if watch.begun > len(epochs):
        lines.append(f"Epoch {watch.begun} did not end and is skipped.")
    if run.device.type != "cpu" and not spec.synchronize:
        lines.append(
            "The time of a stage is that of launching its work: set `synchronize = true` to wait for the device."
        )
    return "\n".join(lines) + "\n"


def _table(epochs: Sequence[Epoch]) -> list[str]:
    """Return a row per part. The first epoch is separate, since it includes imports, allocations and autotuning."""
    if not epochs:
        return []
    later = epochs[1:]
    lines = [f"{'':11}{'seconds':>12}{'share':>9}{'first epoch':>14}"]
    lines[0] += f"{'later epoch':>15}{'step of it':>14}" if later else ""
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
