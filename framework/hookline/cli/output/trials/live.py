"""The lines below the rows of trials on a terminal: the trials that are running, and a bar with the time left."""

import time
from typing import TYPE_CHECKING

from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from hookline.cli.output.trials.rows import TrialRows
from hookline.errors.printing import printable
from hookline.errors.text import counted
from hookline.plugins.signals import HINT
from hookline.runs.side_by_side.cells import number_text, seconds_text
from hookline.tuning.running import RunningTrial, RunningTrials

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

    from hookline.tuning.study import Study

MOST_RUNNING = 6
"""The maximum number of running trials that are shown."""


class LiveTrials:
    """What is below the rows. It reads the directory of the study whenever it is drawn, in a thread of its own."""

    def __init__(self, study: "Study", rows: TrialRows):
        """Show a study that goes on now."""
        self._study, self._rows = study, rows
        self._running = RunningTrials(study)
        self._began, self._before = time.monotonic(), len(study.ended)

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "RenderResult":
        if self._study.store.is_over():  # The signal handler has printed this where the block is drawn again.
            yield Text(HINT, style="yellow")
        found = self._running.found()
        for trial in found[:MOST_RUNNING]:
            yield Text(self._line(trial, options.max_width), no_wrap=True, overflow="ellipsis", style="cyan")
        if len(found) > MOST_RUNNING:
            yield Text(f"  and {counted(len(found) - MOST_RUNNING, 'trial')} more are running", style="cyan")
        ended, trials = len(self._study.ended), self._study.plan.trials
        left = self._time_left()
        text = Text(f"{ended} of {counted(trials, 'trial')}{f', {left} left' if left else ''}", no_wrap=True)
        bar = ProgressBar(total=max(1, trials), completed=ended, width=max(5, min(40, options.max_width - 36)))
        line = Table.grid(padding=(0, 2))
        line.add_row("", bar, text)
        yield line

    def _line(self, trial: RunningTrial, width: int) -> str:
        epochs = self._study.spec.run.epochs
        logged = f"epoch {trial.epoch} of {epochs}"
        if trial.result is not None:
            logged += f", {printable(self._study.plan.monitors[0])} {number_text(trial.result, 5)}"
        line = f"  {trial.number:>5}  running, {logged}  {self._rows.listed(trial.values)}"
        return line if len(line) < width else f"{line[: width - 2]}…"

    def _time_left(self) -> str:
        """How long the remaining trials will take if they take as long as those that have ended since the start."""
        ended = len(self._study.ended)
        if ended <= self._before or ended >= self._study.plan.trials:
            return ""
        each = (time.monotonic() - self._began) / (ended - self._before)
        return seconds_text(each * (self._study.plan.trials - ended))
