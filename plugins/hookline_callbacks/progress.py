"""The progress display."""

import sys
import textwrap
from collections.abc import Generator, Mapping, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from hookline import Run, hookimpl
from hookline.data import Batch, Data, length_of
from hookline.errors import counted, echo, printable, printable_lines
from hookline.spec import CallbackSpec, option, spec
from hookline_callbacks.epoch_table import EpochTable

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
        for line in _introduction(run, data, model, optimizer, screen):
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


def _introduction(
    run: Run, data: Data, model: "nn.Module", optimizer: "optim.Optimizer", screen: int | None
) -> list[str]:
    """Return what will run, in lines that fit the screen, and an empty line."""
    spec = run.spec
    parameters = sum(parameter.numel() for parameter in model.parameters())
    splits = (("training", data.training), ("validation", data.validation), ("test", data.test))
    numbers = {name: f"{batches.rows:,}" for name, batches in splits if batches is not None}
    rows = ", ".join(f"{number if number != '0' else 'unknown'} for {name}" for name, number in numbers.items())
    epochs, known = counted(spec.run.epochs, "epoch"), length_of(data.training)
    steps = "an unknown number of steps" if known is None else counted(known, "step")
    limits = f", {spec.run.limits}" if spec.run.limits else ""
    first = f"{spec.run.name}: {epochs} of {steps}{limits} on {run.device}, seed {spec.run.seed}"
    reading = f"; {data.reading}" if data.reading else ""
    sections = {
        "data": f"{type(spec.data).__name__}, rows of {_inputs(data.example)}: {rows}{reading}",
        "model": f"{type(spec.model).__name__}, {parameters:,} parameters",
        "loss": _losses(run),
        "optimizer": f"{type(spec.optimizer).__name__}{_rate(optimizer)}",
    }
    return [
        *_wrapped(first, screen, "", "  "),
        *(line for name, text in sections.items() for line in _wrapped(text, screen, f"  {name:<9}  ", " " * 13)),
        *(line for group in _groups(optimizer) for line in _wrapped(group, screen, "    ", "      ")),
        "",
    ]


def _wrapped(text: str, width: int | None, indent: str, then: str) -> list[str]:
    """Wrap a text to the width of the screen, if there is one: `indent` precedes the first line, `then` the others."""
    if width is None:
        return [f"{indent}{text}"]
    text = printable(text)
    return textwrap.wrap(
        text, width, initial_indent=indent, subsequent_indent=then, break_long_words=False, break_on_hyphens=False
    )


def _losses(run: Run) -> str:
    """The types of the losses, with their names if they have any."""
    losses = run.objective.losses.items()
    return ", ".join(type(named.loss).__name__ + (f" ({name})" if name else "") for name, named in losses)


def _rate(optimizer: "optim.Optimizer") -> str:
    """Return the learning rate, if all groups have the same."""
    rates = {group["lr"] for group in optimizer.param_groups}
    return f", learning rate {float(rates.pop()):g}" if len(rates) == 1 else ""


def _groups(optimizer: "optim.Optimizer") -> list[str]:
    """Return a line per parameter group, if there are several: its name, size and individual options."""
    groups = optimizer.param_groups
    if len(groups) < 2:
        return []
    # Show the options that all groups have but with different values.
    common = set.intersection(*(set(group) for group in groups)) - {"params", "name"}
    last = groups[-1]
    differing = [name for name in last if name in common and any(group[name] != last[name] for group in groups)]
    names = [printable(str(group.get("name", f"group {index}"))) for index, group in enumerate(groups)]
    sizes = [f"{sum(tensor.numel() for tensor in group['params']):,}" for group in groups]
    own = ["".join(f", {name} {group[name]}" for name in differing) for group in groups]
    width, digits = max(map(len, names)), max(map(len, sizes))
    return [
        f"{name:<{width}}  {size:>{digits}} parameters{options}"
        for name, size, options in zip(names, sizes, own, strict=True)
    ]


def _inputs(example: Batch) -> str:
    """Describe a row of inputs, group by group: `4 numbers`, or `up to 40 × 8 numbers` for padded sequences."""
    groups = []
    for name, rows in example.inputs.items():
        sizes = " × ".join(f"{size:,}" for size in rows.shape[1:]) or "1"
        noun = "number" if rows.is_floating_point() else "integer"
        padded = "up to " if name in example.lengths else ""
        groups.append(f"{padded}{sizes} {noun}{'' if sizes == '1' else 's'}")
    if len(groups) == 1:
        return groups[0]
    named = [f"{name} ({group})" for name, group in zip(example.inputs, groups, strict=True)]
    return f"{', '.join(named[:-1])} and {named[-1]}"


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
