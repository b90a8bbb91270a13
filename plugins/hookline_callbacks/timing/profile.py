"""Profiling with torch's profiler."""

import math
import os
import warnings
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Literal

from hookline import HooklineError, HooklineWarning, Run, hookimpl
from hookline.data import Data, Outputs, length_of
from hookline.errors import MismatchError, OptionError, counted
from hookline.files import replaced, write_file
from hookline.spec import CallbackSpec, WrapperSpec, option, spec

if TYPE_CHECKING:
    from torch import Tensor, nn
    from torch.profiler import profile

SortBy = Literal[
    "cpu_time",
    "cpu_time_total",
    "self_cpu_time_total",
    "cpu_memory_usage",
    "self_cpu_memory_usage",
    "cuda_time",
    "cuda_time_total",
    "self_cuda_time_total",
    "cuda_memory_usage",
    "self_cuda_memory_usage",
    "count",
]


@spec
class Profile(CallbackSpec):
    """Profile some steps with torch's profiler: when each operation ran, for how long, and on which device.

    It skips `skip_first` steps, then waits, warms up and records for `wait`, `warmup` and `active` steps, `repeat`
    times. It writes `profile/trace.json`, for https://ui.perfetto.dev and Chrome, and `profile/table.txt` to the run
    directory, or `trace-1.json`, `table-1.txt` and so on with several repetitions. The stages `forward`, `loss`,
    `backward`, `step` and `evaluate` are ranges around their operations. List Profile first to include other callbacks
    in them. A step lasts from the end of the previous step to its own end, so that the first step of an epoch includes
    the preceding evaluation. Profiling slows steps down but does not change their results.

    Source: https://docs.pytorch.org/docs/stable/profiler.html
    """

    unstackable = "it records the steps of one model"
    only_observes = True
    is_part_of_model = False
    logs = ()
    writes_to = ("profile/",)
    connects_to = ()
    unlimited = "Use `skip_first`, `wait`, `active` and `repeat` to set the steps to profile."

    wait: int = option(default=1, minimum=0)
    """The number of steps to wait in each repetition."""
    warmup: int = option(default=1, minimum=0)
    """The number of steps to profile without recording, since the first ones are slower than usual."""
    active: int = option(default=3, minimum=1)
    """The number of steps to record. A few are enough, and many take long to write."""
    repeat: int = option(default=1, minimum=0)
    """The number of repetitions; 0, torch's default, repeats as long as there are steps."""
    skip_first: int = option(default=0, minimum=0)
    """The number of steps to skip at the beginning."""
    record_shapes: bool = False
    """Record the shapes of operation inputs, and group rows of the table by shape."""
    profile_memory: bool = False
    """Record the allocation and release of memory."""
    with_stack: bool = False
    """Record Python functions with files and lines, which makes the trace large and profiling slow."""
    with_flops: bool = False
    """Estimate the FLOPs of matrix products and convolutions."""
    sort_by: SortBy | None = None
    """The column to sort the table by, in descending order. Default: the time of an operation on the run's device,
    without the operations that it calls."""
    row_limit: int = option(default=100, minimum=1)
    """The number of rows of the table."""

    def __attrs_post_init__(self) -> None:
        if self.sort_by is not None and "memory" in self.sort_by and not self.profile_memory:
            raise OptionError("sort_by", "To sort by memory, set `profile_memory = true`.")

    @property
    def before(self) -> int:
        """The number of steps before the first recorded step."""
        return self.skip_first + self.wait + self.warmup

    def check(self, callbacks: Sequence[WrapperSpec]) -> None:
        """Refuse a second profiler, since torch supports one at a time."""
        if next(other for other in callbacks if isinstance(other, Profile)) is not self:
            raise ValueError("torch supports one profiler at a time: remove the other Profile.")

    def build(self) -> object:
        """Return the callback, which owns the profiler."""
        return _Profile(self)


class _Profile:
    def __init__(self, spec: Profile):
        self._spec = spec
        self._profiler: profile | None = None
        self._open = ExitStack()
        self._is_recording = False
        self._times = 0
        self._before = 0

    @hookimpl(wrapper=True)
    def prepare_data(self, run: Run) -> Generator[None, Data, Data]:
        """Refuse a training that ends before the first recorded step, and a device that does not exist."""
        data = yield
        place, length = run.spec.place_of(self._spec), length_of(data.training)
        if length is not None and self._spec.before >= (
            steps := min(run.spec.run.epochs * length, run.spec.run.max_steps or math.inf)
        ):
            message = (
                f"Profile would start to record in step {self._spec.before + 1}, but the training has only {steps} "
                "steps."
            )
            raise MismatchError(f"{message} Reduce `skip_first`, `wait` or `warmup`.", place)
        if "cuda" in (self._spec.sort_by or "") and run.device.type == "cpu":
            raise MismatchError("The run is on a CPU, so there is no CUDA column to sort by.", (*place, "sort_by"))
        return data

    @hookimpl(wrapper=True)
    def fit(self, run: Run) -> "Generator[None, nn.Module, nn.Module]":
        """Start the profiler; if the training ends early, write the data so far."""
        self._open = run.resources.enter_context(ExitStack())
        self._before = run.step
        self._begin(run)
        trained = yield
        self._open.close()
        if not self._times:
            message = f"Profile recorded nothing: the training ended after {counted(run.step, 'step')}, but it would "
            message += f"have started in step {self._spec.before + 1}."
            warnings.warn(HooklineWarning(message, id="no-effect"), stacklevel=2)
        return trained

    @hookimpl(wrapper=True)
    def forward(self) -> Generator[None, Outputs, Outputs]:
        """Record the range of the stage."""
        return (yield from self._range("forward"))

    @hookimpl(wrapper=True)
    def loss(self) -> "Generator[None, Tensor, Tensor]":
        """Record the range of the stage."""
        return (yield from self._range("loss"))

    @hookimpl(wrapper=True)
    def backward(self) -> "Generator[None, Tensor, Tensor]":
        """Record the range of the stage."""
        return (yield from self._range("backward"))

    @hookimpl(wrapper=True)
    def evaluate(self) -> Generator[None, Mapping[str, float], Mapping[str, float]]:
        """Record the range of the stage."""
        return (yield from self._range("evaluate"))

    @hookimpl(wrapper=True)
    def step(self) -> Generator[None, bool, bool]:
        """Record the range of the stage, and advance to the next step."""
        is_updated = yield from self._range("step")
        if self._profiler is not None:
            self._profiler.step()
            self._update_is_recording()
            if self._times == self._spec.repeat > 0:
                self._open.close()  # A finished profiler still has a cost in each step.
        return is_updated

    def _range(self, name: str) -> Generator[None, Any, Any]:
        if not self._is_recording:
            return (yield)
        from torch.profiler import record_function

        with record_function(name):
            return (yield)

    def _begin(self, run: Run) -> None:
        from torch.profiler import ProfilerActivity, profile, schedule

        spec = self._spec
        with warnings.catch_warnings(action="ignore"):  # The description of `warmup` covers torch's warning.
            steps = schedule(
                wait=spec.wait,
                warmup=spec.warmup,
                active=spec.active,
                repeat=spec.repeat,
                skip_first=spec.skip_first,
            )
        of_devices = {"cuda": ProfilerActivity.CUDA, "xpu": ProfilerActivity.XPU}
        others = [of_devices[run.device.type]] if run.device.type in of_devices else []
        self._profiler = profile(
            activities=[ProfilerActivity.CPU, *others],
            schedule=steps,
            on_trace_ready=lambda profiler: self._write(run, profiler),
            record_shapes=spec.record_shapes,
            profile_memory=spec.profile_memory,
            with_stack=spec.with_stack,
            with_flops=spec.with_flops,
        )
        self._open.callback(self._end)
        self._open.enter_context(_silenced())
        self._open.enter_context(self._profiler)
        self._update_is_recording()

    def _end(self) -> None:
        self._profiler, self._is_recording = None, False

    def _update_is_recording(self) -> None:
        from torch.profiler import ProfilerAction

        assert self._profiler is not None
        recording = (ProfilerAction.RECORD, ProfilerAction.RECORD_AND_SAVE)
        self._is_recording = self._profiler.current_action in recording

    def _write(self, run: Run, profiler: "profile") -> None:
        """Write the recorded data, complete or not, or warn that it cannot be written."""
        assert run.directory is not None, "The run directory is created before training."
        spec, self._times = self._spec, self._times + 1
        number = "" if spec.repeat == 1 else f"-{self._times}"
        home = run.directory / "profile"
        trace, table = home / f"trace{number}.json", home / f"table{number}.txt"
        failure: str | None = None
        try:
            home.mkdir(exist_ok=True)
            with replaced(trace) as part:
                part.unlink()
                profiler.export_chrome_trace(str(part))
                if not part.is_file():  # torch only prints a message.
                    raise HooklineError(f"The profile cannot be written to {trace}.")
            write_file(table, self._table(run, profiler))
        except OSError as error:
            failure = f"The profile cannot be written to {home}: {error.strerror}."
        except HooklineError as error:
            failure = str(error)
        profiler.profiler = None  # Otherwise torch warns that the next repetition starts from scratch.
        if failure is not None:
            warnings.warn(HooklineWarning(failure, id="unwritten-file"), stacklevel=2)
            return
        steps = self._steps(profiler.step_num).rstrip(",")
        run.note(f"Profile recorded {steps}: open {trace} in https://ui.perfetto.dev, or read {table}.")

    def _table(self, run: Run, profiler: "profile") -> str:
        spec = self._spec
        sort_by = spec.sort_by or ("self_cpu_time_total" if run.device.type == "cpu" else "self_cuda_time_total")
        rows = profiler.key_averages(group_by_input_shape=spec.record_shapes)
        text = rows.table(sort_by=sort_by, row_limit=spec.row_limit, max_name_column_width=None)
        steps = self._steps(profiler.step_num)
        return f"{run.spec.run.name}: {steps} on {run.device}, sorted by {sort_by}\n\n{text}"

    def _steps(self, ended: int) -> str:
        """Name the recorded steps, given how many steps have ended since the start."""
        spec = self._spec
        first = spec.before + (self._times - 1) * (spec.wait + spec.warmup + spec.active) + 1
        last = min(first + spec.active - 1, ended)
        if last < first:
            return f"step {first + self._before}, which did not end,"
        first, last = first + self._before, last + self._before
        return f"step {first}" if first == last else f"steps {first} to {last}"


@contextmanager
def _silenced() -> Iterator[None]:
    """Silence torch's profiler, which would print lines between those of the progress display."""
    level = "KINETO_LOG_LEVEL"
    if level in os.environ:
        yield
        return
    os.environ[level] = "99"  # Above all existing levels; read when a profiler first records.
    try:
        yield
    finally:
        del os.environ[level]
