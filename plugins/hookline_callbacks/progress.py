"""The progress display."""

import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from hookline import Run, hookimpl
from hookline.data import Data
from hookline.errors import echo, printable_lines
from hookline.spec import CallbackSpec, option, spec
from hookline_callbacks.epoch_table import EpochTable
from hookline_callbacks.introduction import introduction

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console
    from torch import nn, optim

    from hookline import TrainingSpec

WITHOUT_BAR = 55
"""The largest width in characters of the numbers beside the bar."""


@spec
class Progress(CallbackSpec):
    """Show what will run, a row per epoch, and on a terminal a bar with loss and speed.

    The command line adds it unless you pass `--quiet`. Without a terminal it prints plain lines.
    """

    only_observes = True
    logs = ()
    writes_to = ()
    connects_to = ()

    refresh_per_second: float = option(default=4.0, above=0, maximum=30)
    """How often per second to redraw the bar."""

    def build(self) -> object:
        """Return the display of one run."""
        return _Display(self)


class _Display:
    """Draws from a separate thread that reads the run, without work in the training loop."""

    __hookline_name__ = "Progress"

    def __init__(self, spec: Progress):
        self._spec = spec
        self._console: Console | None = None
        self._table = EpochTable()
        self._has_rows = False
        self._is_closed = False
        self._printed: WeakKeyDictionary[Run, int] = WeakKeyDictionary()

    @hookimpl(wrapper=True)
    def fit(
        self, run: Run, data: Data, model: "nn.Module", optimizer: "optim.Optimizer"
    ) -> "Generator[None, nn.Module, nn.Module]":
        """Print what will run, show the bar, and print the remaining messages of callbacks at the end."""
        self._table, self._has_rows = EpochTable(), False
        if sys.stdout.isatty():
            from rich.console import Console

            self._console = Console()
        screen = None if self._console is None else self._console.width
        for line in introduction(run, data, model, optimizer, screen):
            self._print(line)
        bar = nullcontext() if self._console is None else _bar(run, self._console, self._spec.refresh_per_second)
        with bar:
            trained = yield
        self._print_messages_below(run)
        return trained

    @hookimpl(wrapper=True)
    def tune(self, run: Run) -> "Generator[None, TrainingSpec | None, TrainingSpec | None]":
        """Print messages between two trials."""
        chosen = yield
        self._print_messages_below(run)
        return chosen

    @hookimpl(wrapper=True)
    def deploy(self, run: Run) -> "Generator[None, Sequence[Path], Sequence[Path]]":
        """Print messages about the deployment."""
        paths = yield
        self._print_messages_below(run)
        return paths

    @hookimpl(wrapper=True)
    def log(self, run: Run) -> Generator[None, Mapping[str, Any], Mapping[str, Any]]:
        """Print the messages of callbacks and the row of the epoch."""
        record = yield
        has_messages = self._print_messages(run)
        if has_messages and not self._has_rows:
            self._print("")
        self._has_rows = True
        screen = None if self._console is None else self._console.width
        self._print("\n".join(self._table.lines(record, screen)), is_row=True)
        return record

    def _print_messages(self, run: Run) -> bool:
        """Print new messages, and return whether there were any."""
        # A display that is passed from Python sees several runs when a spec is tuned.
        messages = run.notes[self._printed.get(run, 0) :]
        for message in messages:
            self._print(message)
        self._printed[run] = len(run.notes)
        return bool(messages)

    def _print_messages_below(self, run: Run) -> None:
        """Print new messages, if any, below an empty line."""
        if len(run.notes) > self._printed.get(run, 0):
            self._print("")
        self._print_messages(run)

    def _print(self, line: str, *, is_row: bool = False) -> None:
        if self._is_closed:
            return
        try:
            if self._console is None:
                echo(line, flush=True)
            else:
                # Rows are never cut off: one either fits the screen, or contains a number wider than the screen.
                self._console.print(printable_lines(line), markup=False, highlight=False, soft_wrap=is_row)
        except OSError:
            self._is_closed = True  # Standard output was closed; keep training.


def _bar(run: Run, console: "Console", refresh_per_second: float) -> Any:
    """Return a bar that reads its values from the run and disappears at the end."""
    from rich.progress import BarColumn, Progress as RichProgress, ProgressColumn, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class Position(ProgressColumn):
        """Reads the run whenever the bar is redrawn."""

        def render(self, task: Any) -> Text:
            bar.update(task.id, completed=run.step, total=run.last_step)
            loss = "" if run.loss is None else f"  loss {float(run.loss):.4g}"
            speed = "" if not task.speed else f"  {task.speed:,.0f} steps/s"
            return Text(f"epoch {run.epoch}/{run.last_epoch}{loss}{speed}", no_wrap=True, overflow="ellipsis")

    bar = RichProgress(
        TextColumn("  "),
        BarColumn(bar_width=max(5, min(40, console.width - WITHOUT_BAR))),
        Position(),
        TimeRemainingColumn(),
        console=console,
        refresh_per_second=refresh_per_second,
        transient=True,
    )
    bar.add_task("training", total=None)
    return bar
