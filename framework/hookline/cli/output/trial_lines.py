"""Show the trials of a study: a row for each that ends, and on a terminal a bar with the time left."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from hookline.cli.output.screen import paragraph, screen_width
from hookline.errors.printing import echo, printable_lines
from hookline.errors.text import counted
from hookline.plugins.signals import sentence
from hookline.runs.study import BEST
from hookline.spec.dump import as_toml
from hookline.spec.space.record import TrialRecord

if TYPE_CHECKING:
    from hookline.tuning.study import Study

INDENT = " " * 8
"""Precedes further lines of a row."""


class TrialDisplay:
    """Prints trials as they end. As a context manager, it shows the bar."""

    def __init__(self, study: "Study"):
        """Show the trials of a study."""
        self._study = study
        self._bar: Any = None
        self._task: Any = None
        self._is_active = False

    def __enter__(self) -> "TrialDisplay":
        plan, tuner = self._study.plan, type(self._study.tuner).__name__
        goal = ", ".join(
            f"{'highest' if up else 'lowest'} {name}" for name, up in zip(plan.monitors, plan.maximized, strict=True)
        )
        self._is_active = True
        first = f"{self._study.spec.run.name}: {counted(plan.trials, 'trial')} by {tuner} for the {goal}"
        before = f", in which {counted(len(self._study.ended), 'trial')} ended before" if self._study.ended else ""
        place = f"Study in {self._study.root}{before}"
        if plan.storage is not None:
            place += f". Its trials are in {plan.storage}, study {plan.study}"
        self._print(*(line for text in (first, place) for line in paragraph(text, screen_width(), then="  ")), "")
        if sys.stdout.isatty():
            self._begin_bar()
        return self

    def _begin_bar(self) -> None:
        from rich import progress
        from rich.console import Console

        console = Console()
        width = max(5, min(40, console.width - 40))
        columns = (
            progress.TextColumn("  trials"),
            progress.BarColumn(bar_width=width),
            progress.MofNCompleteColumn(),
            progress.TimeRemainingColumn(),
        )
        self._bar = progress.Progress(*columns, console=console, transient=True)
        self._task = self._bar.add_task("trials", total=self._study.plan.trials, completed=len(self._study.ended))
        self._bar.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
        self._is_active = False

    def add(self, record: TrialRecord) -> None:
        """Print the row of a trial that has ended."""
        if not self._is_active:
            return
        is_best = any(one.number == record.number for one in self._study.best)
        self._print(*row(record, self._study.plan.trials, screen_width(), is_best=is_best))
        if self._bar is not None:
            self._bar.update(self._task, completed=len(self._study.ended), total=self._study.plan.trials)

    def _print(self, *lines: str) -> None:
        if self._bar is None:
            echo(*lines, flush=True)
        else:
            for line in lines:
                self._bar.console.print(printable_lines(line), markup=False, highlight=False, soft_wrap=True)

    def print_result(self, interrupted: int | None, deployed: Sequence[Path]) -> None:
        """Print the best trials, and what is notable about the study."""
        from hookline.tuning.findings import findings

        study, width = self._study, screen_width()
        echo("")
        for line in result(study):
            echo(*paragraph(line, width, then="  "))
        for finding in findings(study):
            echo(*paragraph(finding, width, then="  "))
        echo(*(f"  deployed {path}" for path in deployed))
        if interrupted is not None:
            echo(sentence(interrupted), f"Go on with `hookline tune --resume {study.root}`.")


def result(study: "Study") -> Iterator[str]:
    """The best trials of a study, and where they are."""
    ended = f"{len(study.ended)} of {counted(study.plan.trials, 'trial')} ended"
    best = study.best
    if not best:
        yield f"{ended}, none of them with a result. The study is in {study.root}"
        return
    for record in best:
        numbers = ", ".join(
            f"{name} {number:.6g}" for name, number in zip(study.plan.monitors, record.results or (), strict=True)
        )
        which = "Best" if len(study.plan.monitors) == 1 else "On the front"
        yield f"{which}: trial {record.number}, {numbers}; {shown(record.values)}"
    yield f"{ended}. The best spec is {study.root / BEST}"


def row(record: TrialRecord, trials: int, width: int | None, *, is_best: bool) -> list[str]:
    """The row of a trial: number, state, results, time and values; and why it ended early."""
    digits = len(str(trials))
    numbers = "  ".join(f"{number:<9.5g}" for number in record.results or ()) or " " * 9
    first = (
        f"{record.number:>{digits}}  {record.state:<8}  {numbers} {'*' if is_best else ' '} {record.seconds:>6.1f} s  "
    )
    lines = paragraph(f"{first}{shown(record.values)}", width, then=INDENT)
    if record.state in ("pruned", "failed") and record.reason:
        lines += paragraph(record.reason.splitlines()[0], width, indent=INDENT)
    return lines


def shown(values: Mapping[str, Any]) -> str:
    """The values of a trial, each with the shortest name that is clear."""
    if not values:
        return "the spec's own values"
    names = {name: name.rpartition(".")[2] for name in values}
    short = list(names.values())
    texts = {name: _text(value) for name, value in values.items()}
    return ", ".join(
        f"{names[name] if short.count(names[name]) == 1 and not names[name].isdecimal() else name} {text}"
        for name, text in texts.items()
    )


def _text(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else value if isinstance(value, str) else as_toml(value)
