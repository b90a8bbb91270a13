"""What the device does in some steps, as torch's profiler sees it."""

import os
import warnings
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Literal

from hookline import HooklineError, HooklineWarning, Run, hookimpl
from hookline.data import Data, Outputs
from hookline.errors import MisfitError, OptionError, counted
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
    """Looks at some steps with torch's profiler: when each operation ran, for how long, and on which device.

    It skips `skip_first` steps; then it waits, warms up and looks, for `wait`, `warmup` and `active` steps, `repeat`
    times. In the run directory it writes `profile/trace.json`, which https://ui.perfetto.dev and Chrome show, and
    `profile/table.txt`; if it looks several times, `trace-1.json`, `table-1.txt` and so on. In both the stages are the
    ranges `forward`, `loss`, `backward`, `step` and `evaluate`, around the operations that they ask for. Listed first,
    it has in them the other callbacks too. A step goes from the end of the step before to its own end, so that the
    first step of an epoch has the evaluation before it. What is looked at becomes slower, but computes the same.

    Source: https://docs.pytorch.org/docs/stable/profiler.html
    """

    logs = ()
    writes_to = ("profile/",)
    connects_to = ()
    unlimited = "In which steps it looks, `skip_first`, `wait`, `active` and `repeat` say."

    wait: int = option(default=1, minimum=0)
    """For how many steps it does nothing, each time."""
    warmup: int = option(default=1, minimum=0)
    """For how many steps it then looks without keeping anything, since the first ones are slower than usual."""
    active: int = option(default=3, minimum=1)
    """At how many steps it then looks. A few tell enough, and what is seen of many takes long to write."""
    repeat: int = option(default=1, minimum=0)
    """How many times it does so; 0, which is torch's own default, for as long as there are steps."""
    skip_first: int = option(default=0, minimum=0)
    """How many steps are skipped before all that."""
    record_shapes: bool = False
    """Whether the shapes of what goes into operations are kept, and rows of the table have operations of one shape."""
    profile_memory: bool = False
    """Whether it looks at what memory is allocated and freed."""
    with_stack: bool = False
    """Whether the trace has the Python functions with their files and lines, which makes it great and slow."""
    with_flops: bool = False
    """Whether the operations of matrix products and convolutions are counted."""
    sort_by: SortBy | None = None
    """By what the table is sorted, the greatest first; left out, by the time that an operation takes on the run's
    device without those that it calls."""
    row_limit: int = option(default=100, minimum=1)
    """How many rows the table has."""

    def __attrs_post_init__(self) -> None:
        if self.sort_by is not None and "memory" in self.sort_by and not self.profile_memory:
            raise OptionError("sort_by", "To sort by memory, look at it: `profile_memory = true`.")

    @property
    def before(self) -> int:
        """How many steps there are before the first that it looks at."""
        return self.skip_first + self.wait + self.warmup

    def check(self, callbacks: Sequence[WrapperSpec]) -> None:
        """Refuse a second profiler, of which torch can have one at a time."""
        if next(other for other in callbacks if isinstance(other, Profile)) is not self:
            raise ValueError("torch can have one profiler at a time: leave the other Profile out.")

    def build(self) -> object:
        """The callback, which has the profiler."""
        return _Profile(self)


class _Profile:
    def __init__(self, spec: Profile):
        self._spec = spec
        self._profiler: profile | None = None
        self._open = ExitStack()
        self._is_looking = False
        self._times = 0
        self._before = 0

    @hookimpl(wrapper=True)
    def prepare_data(self, run: Run) -> Generator[None, Data, Data]:
        """Refuse a training that ends before it would look, and a device that is not there."""
        data = yield
        place, steps = run.spec.place_of(self._spec), run.spec.run.epochs * len(data.training)
        if self._spec.before >= steps:
            message = f"It would look from step {self._spec.before + 1} on, and the training has {steps}."
            raise MisfitError(f"{message} Make `skip_first`, `wait` or `warmup` less.", place)
        if "cuda" in (self._spec.sort_by or "") and run.device.type == "cpu":
            raise MisfitError("On a CPU nothing can be sorted by what CUDA does.", (*place, "sort_by"))
        return data

    @hookimpl(wrapper=True)
    def fit(self, run: Run) -> "Generator[None, nn.Module, nn.Module]":
        """Begin; when the training ends before all steps have been looked at, keep what there is."""
        self._open = run.resources.enter_context(ExitStack())
        self._before = run.step
        self._begin(run)
        trained = yield
        self._open.close()
        if not self._times:
            message = f"Profile has seen nothing: the training ended after {counted(run.step, 'step')}, and it would "
            message += f"have looked from step {self._spec.before + 1} on."
            warnings.warn(HooklineWarning(message, id="no-effect"), stacklevel=2)
        return trained

    @hookimpl(wrapper=True)
    def forward(self) -> Generator[None, Outputs, Outputs]:
        """Let its range begin and end."""
        return (yield from self._range("forward"))

    @hookimpl(wrapper=True)
    def loss(self) -> "Generator[None, Tensor, Tensor]":
        """Let its range begin and end."""
        return (yield from self._range("loss"))

    @hookimpl(wrapper=True)
    def backward(self) -> "Generator[None, Tensor, Tensor]":
        """Let its range begin and end."""
        return (yield from self._range("backward"))

    @hookimpl(wrapper=True)
    def evaluate(self) -> Generator[None, Mapping[str, float], Mapping[str, float]]:
        """Let its range begin and end."""
        return (yield from self._range("evaluate"))

    @hookimpl(wrapper=True)
    def step(self) -> Generator[None, bool, bool]:
        """Let its range begin and end, and go on to the next step."""
        is_updated = yield from self._range("step")
        if self._profiler is not None:
            self._profiler.step()
            self._look_or_not()
            if self._times == self._spec.repeat > 0:
                self._open.close()  # A profiler that has seen all costs something in each step.
        return is_updated

    def _range(self, name: str) -> Generator[None, Any, Any]:
        if not self._is_looking:
            return (yield)
        from torch.profiler import record_function

        with record_function(name):
            return (yield)

    def _begin(self, run: Run) -> None:
        from torch.profiler import ProfilerActivity, profile, schedule

        spec = self._spec
        with warnings.catch_warnings(action="ignore"):  # That without `warmup` steps are slower, its sentence says.
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
        self._open.enter_context(_without_lines_of_its_own())
        self._open.enter_context(self._profiler)
        self._look_or_not()

    def _end(self) -> None:
        self._profiler, self._is_looking = None, False

    def _look_or_not(self) -> None:
        from torch.profiler import ProfilerAction

        assert self._profiler is not None
        looking = (ProfilerAction.RECORD, ProfilerAction.RECORD_AND_SAVE)
        self._is_looking = self._profiler.current_action in looking

    def _write(self, run: Run, profiler: "profile") -> None:
        """Write what it has seen this time, all of it or until the training ended, or warn that it cannot be done."""
        assert run.directory is not None, "It is made before training begins."
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
                if not part.is_file():  # torch says so in a line of its own, and goes on.
                    raise HooklineError(f"What Profile has seen cannot be written to {trace}.")
            write_file(table, self._table(run, profiler))
        except OSError as error:
            failure = f"What Profile has seen cannot be written to {home}: {error.strerror}."
        except HooklineError as error:
            failure = str(error)
        profiler.profiler = None  # Otherwise torch warns that the next time begins anew, as it must.
        if failure is not None:
            warnings.warn(HooklineWarning(failure, id="unwritten-file"), stacklevel=2)
            return
        steps = self._steps(profiler.step_num).rstrip(",")
        run.tell(f"Profile has seen {steps}: {trace} is for https://ui.perfetto.dev, and {table} is a table.")

    def _table(self, run: Run, profiler: "profile") -> str:
        spec = self._spec
        sort_by = spec.sort_by or ("self_cpu_time_total" if run.device.type == "cpu" else "self_cuda_time_total")
        rows = profiler.key_averages(group_by_input_shape=spec.record_shapes)
        text = rows.table(sort_by=sort_by, row_limit=spec.row_limit, max_name_column_width=None)
        steps = self._steps(profiler.step_num)
        return f"{run.spec.run.name}: {steps} on {run.device}, sorted by {sort_by}\n\n{text}"

    def _steps(self, ended: int) -> str:
        """Which steps it has seen this time, when so many have ended since it began."""
        spec = self._spec
        first = spec.before + (self._times - 1) * (spec.wait + spec.warmup + spec.active) + 1
        last = min(first + spec.active - 1, ended)
        if last < first:
            return f"step {first + self._before}, which did not end,"
        first, last = first + self._before, last + self._before
        return f"step {first}" if first == last else f"steps {first} to {last}"


@contextmanager
def _without_lines_of_its_own() -> Iterator[None]:
    """Let torch's profiler look without a word: it says when it does, between the lines of whoever shows progress."""
    level = "KINETO_LOG_LEVEL"
    if level in os.environ:
        yield
        return
    os.environ[level] = "99"  # Above all levels that there are; it is read when a profiler first looks.
    try:
        yield
    finally:
        del os.environ[level]
