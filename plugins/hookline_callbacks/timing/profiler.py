"""torch's profiler during a training, and the files that it writes."""

import os
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from hookline import HooklineError, HooklineWarning, Run
from hookline.files import replaced, write_file

if TYPE_CHECKING:
    from torch.profiler import profile

    from hookline_callbacks.timing.profile import Profile


class Profiler:
    """torch's profiler with the options of a `Profile`. It writes each repetition to the run directory."""

    def __init__(self, spec: "Profile", run: Run):
        """Start to profile. The profiler stops when it is closed, and at the end of the run at the latest."""
        self._spec, self._run = spec, run
        self._before = run.step
        self._open = run.resources.enter_context(ExitStack())
        self._profiler: profile | None = self._new_profiler()
        self.times = 0
        """The number of repetitions that have been recorded."""
        self.is_recording = False
        """Whether the current step is recorded."""
        self._open.callback(self._end)
        self._open.enter_context(_silenced())
        self._open.enter_context(self._profiler)
        self._update_is_recording()

    def step(self) -> None:
        """Advance to the next step."""
        if self._profiler is None:
            return
        self._profiler.step()
        self._update_is_recording()
        if self.times == self._spec.repeat > 0:
            self.close()  # A finished profiler still has a cost in each step.

    def close(self) -> None:
        """Stop, and write the data of a repetition that is not complete."""
        self._open.close()

    def _new_profiler(self) -> "profile":
        from torch.profiler import ProfilerActivity, profile, schedule

        spec, device = self._spec, self._run.device.type
        with warnings.catch_warnings(action="ignore"):  # The description of `warmup` covers torch's warning.
            steps = schedule(
                wait=spec.wait,
                warmup=spec.warmup,
                active=spec.active,
                repeat=spec.repeat,
                skip_first=spec.skip_first,
            )
        of_devices = {"cuda": ProfilerActivity.CUDA, "xpu": ProfilerActivity.XPU}
        others = [of_devices[device]] if device in of_devices else []
        return profile(
            activities=[ProfilerActivity.CPU, *others],
            schedule=steps,
            on_trace_ready=self._write,
            record_shapes=spec.record_shapes,
            profile_memory=spec.profile_memory,
            with_stack=spec.with_stack,
            with_flops=spec.with_flops,
        )

    def _end(self) -> None:
        self._profiler, self.is_recording = None, False

    def _update_is_recording(self) -> None:
        from torch.profiler import ProfilerAction

        assert self._profiler is not None
        recording = (ProfilerAction.RECORD, ProfilerAction.RECORD_AND_SAVE)
        self.is_recording = self._profiler.current_action in recording

    def _write(self, profiler: "profile") -> None:
        """Write the recorded data, complete or not, or warn that it cannot be written."""
        run, spec = self._run, self._spec
        assert run.directory is not None, "The run directory is created before training."
        self.times += 1
        number = "" if spec.repeat == 1 else f"-{self.times}"
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
            write_file(table, self._table(profiler))
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

    def _table(self, profiler: "profile") -> str:
        run, spec = self._run, self._spec
        sort_by = spec.sort_by or ("self_cpu_time_total" if run.device.type == "cpu" else "self_cuda_time_total")
        rows = profiler.key_averages(group_by_input_shape=spec.record_shapes)
        text = rows.table(sort_by=sort_by, row_limit=spec.row_limit, max_name_column_width=None)
        steps = self._steps(profiler.step_num)
        return f"{run.spec.run.name}: {steps} on {run.device}, sorted by {sort_by}\n\n{text}"

    def _steps(self, ended: int) -> str:
        """Name the recorded steps, given how many steps have ended since the start."""
        spec = self._spec
        first = spec.before + (self.times - 1) * (spec.wait + spec.warmup + spec.active) + 1
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
