"""Show the trials of a study: a row for each that ends, on a terminal what is running, and the result."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from hookline.cli.output.screen import paragraph, screen_width
from hookline.cli.output.trials.rows import ROUNDED, TrialRows, listed, paragraph_of_values, short_names
from hookline.errors.printing import echo, printable_lines
from hookline.errors.text import counted
from hookline.plugins.signals import sentence
from hookline.runs.side_by_side.cells import number_text
from hookline.runs.study import BEST
from hookline.spec.space.record import TrialRecord

if TYPE_CHECKING:
    from hookline.tuning.refitting import Refit
    from hookline.tuning.study import Study

MOST_BEST = 10
"""The maximum number of trials on the front that are printed."""


class TrialDisplay:
    """Prints trials as they end. As a context manager, it shows what is running."""

    def __init__(self, study: "Study"):
        """Show the trials of a study."""
        self._study = study
        self._rows = TrialRows(study.plan, study.tuner.space, screen_width())
        self._live: Any = None
        self._is_active = False
        self._shown: set[int] = set()

    def __enter__(self) -> "TrialDisplay":
        plan, tuner = self._study.plan, type(self._study.tuner).__name__
        goal = " and the ".join(
            f"{'highest' if up else 'lowest'} {name}" for name, up in zip(plan.monitors, plan.maximized, strict=True)
        )
        self._is_active, self._shown = True, set(self._study.ended)
        first = f"{self._study.spec.run.name}: {counted(plan.trials, 'trial')} by {tuner} for the {goal}"
        before = f", in which {counted(len(self._study.ended), 'trial')} ended before" if self._study.ended else ""
        place = f"Study in {self._study.root}{before}"
        if plan.storage is not None:
            place += f". Its trials are in {plan.storage}, study {plan.study}"
        self._print(*(line for text in (first, place) for line in paragraph(text, screen_width(), then="  ")))
        if not self._study.is_complete:
            self._print("", *self._rows.heading())
            if sys.stdout.isatty():
                self._begin_live()
        return self

    def _begin_live(self) -> None:
        from rich.console import Console
        from rich.live import Live

        from hookline.cli.output.trials.live import LiveTrials

        shown = LiveTrials(self._study, self._rows)
        self._live = Live(shown, console=Console(), transient=True, refresh_per_second=4)
        self._live.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None
        self._is_active = False

    def add(self, record: TrialRecord) -> None:
        """Print the row of a trial that has ended."""
        if not self._is_active:
            return
        # Several trials may have ended since the last row: it is compared with those that the rows above show.
        self._shown.add(record.number)
        best = self._study.plan.best([one for one in self._study.records if one.number in self._shown])
        is_best = any(one.number == record.number for one in best)
        style = {"failed": "red", "pruned": "dim"}.get(record.state)
        self._print(*self._rows.row(record, is_best=is_best), style="bold green" if is_best else style)

    def _print(self, *lines: str, style: str | None = None) -> None:
        if self._live is None:
            echo(*lines, flush=True)
            return
        for line in lines:
            self._live.console.print(printable_lines(line), markup=False, highlight=False, soft_wrap=True, style=style)

    def print_result(self, interrupted: int | None, deployed: Sequence[Path]) -> None:
        """Print the best trials, and what is notable about the study."""
        from hookline.tuning.findings import findings

        study, width = self._study, screen_width()
        echo("")
        for line in result(study):
            echo(*paragraph_of_values(line, width, "", "  "))
        for finding in findings(study):
            echo(*paragraph(finding, width, then="  "))
        echo(*(f"  deployed {path}" for path in deployed))
        storage = " --storage URL" if study.is_remote else ""
        if interrupted is not None:
            echo(sentence(interrupted), f"Resume it with `hookline tune --resume {study.root}{storage}`.")


def refit_lines(made: "Refit", width: int | None) -> Iterator[str]:
    """The training on training and validation rows, and what was deployed of it."""
    yield from paragraph(str(made), width, then="  ")
    yield from (f"  deployed {path}" for path in made.deployed)


def result(study: "Study") -> Iterator[str]:
    """The best trials of a study, and where they are."""
    from hookline.tuning.page.page import PAGE

    ended = f"{len(study.ended)} of {counted(study.plan.trials, 'trial')} ended"
    best, names = study.best, short_names(study.tuner.space)
    if not best:
        yield f"{ended}, none of them with a result. The study is in {study.root}"
        return
    for record in best[:MOST_BEST]:
        numbers = ", ".join(
            f"{name} {number_text(number, 6)}"
            for name, number in zip(study.plan.monitors, record.results or (), strict=True)
        )
        which = "Best" if len(study.plan.monitors) == 1 else "On the front"
        yield f"{which}: trial {record.number}, {numbers}; {listed(names, record.values)}"
    if len(best) > MOST_BEST:
        yield f"and {counted(len(best) - MOST_BEST, 'other trial')} on the front"
    if any(record.is_rounded for record in study.records):
        again = "" if any(record.is_rounded for record in best) else " The best trial was trained again alone."
        yield f"{ROUNDED} marks trials that were trained together: their numbers are exact up to rounding.{again}"
    yield f"{ended}. The best spec is {study.root / BEST}"
    if (study.root / PAGE).is_file():
        yield f"Open {study.root / PAGE} in a browser to see the trials."
