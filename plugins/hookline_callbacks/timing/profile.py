"""Profiling with torch's profiler."""

import math
import warnings
from collections.abc import Generator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from hookline import HooklineWarning, Run, hookimpl
from hookline.data import Data, Outputs, length_of
from hookline.errors import MismatchError, OptionError, counted
from hookline.spec import CallbackSpec, WrapperSpec, option, spec
from hookline_callbacks.timing.profiler import Profiler

if TYPE_CHECKING:
    from torch import Tensor, nn

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
        self._profiler: Profiler | None = None

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
        profiler = self._profiler = Profiler(self._spec, run)
        trained = yield
        profiler.close()
        if not profiler.times:
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
        return is_updated

    def _range(self, name: str) -> Generator[None, Any, Any]:
        if self._profiler is None or not self._profiler.is_recording:
            return (yield)
        from torch.profiler import record_function

        with record_function(name):
            return (yield)
