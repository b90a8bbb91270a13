"""Lay out a table of runs on a terminal: columns that do not fit are left out and named below it."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal

from attrs import evolve, frozen

from hookline.cli.output.screen import filled, paragraph, text_width
from hookline.errors.printing import printable
from hookline.errors.text import counted
from hookline.runs.side_by_side.cells import aligned, metric_texts, number_text, seconds_text, setting_text
from hookline.runs.side_by_side.comparison import MISSING, Comparison
from hookline.spec.words import plural

Kind = Literal["attribute", "setting", "metric"]

GAP = 2
"""The number of spaces between columns."""

SHORTEST_RUN = 12
"""The number of characters at the end of a run's directory that are shown on any terminal."""

LONGEST_NUMBER = 10
"""The number of characters up to which a number is shown with all digits."""

MOST_NAMED = 6
"""The maximum number of columns that are named below the table."""


@frozen
class Column:
    """A column with its texts."""

    name: str
    """The full name."""
    heading: tuple[str, str]
    """The two lines of the heading."""
    texts: Sequence[str]
    """A text for each run."""
    is_right: bool
    """Whether it is aligned to the right."""
    kind: Kind

    @property
    def width(self) -> int:
        """The width in characters."""
        return max(map(text_width, (*self.heading, *self.texts)))


def columns_of(compared: Comparison, names: Sequence[str] | None = None) -> list[Column]:
    """All columns of a table: attributes, settings that differ, and metrics; or those with these full names."""
    if names is None:
        names = [*compared.attributes, *compared.settings, *compared.metrics]
    return [_column(compared, name) for name in names]


def _column(compared: Comparison, name: str) -> Column:
    values = [compared.value(run, name) for run in compared.runs]
    if name in ("run", "state"):
        return Column(name, ("", name), [printable(str(value)) for value in values], is_right=False, kind="attribute")
    if name == "epochs":
        texts = [
            str(run.epochs)
            if run.state == "finished" or run.planned_epochs is None
            else f"{run.epochs}/{run.planned_epochs}"
            if run.epochs is not None
            else ""
            for run in compared.runs
        ]
        return Column(name, ("", name), texts, is_right=True, kind="attribute")
    if name == "checkpoint":
        texts = ["" if value is MISSING else f"step {value:,}" for value in values]
        return Column(name, ("", name), texts, is_right=True, kind="attribute")
    if name == "seconds":
        return Column(name, ("", "time"), [seconds_text(value) for value in values], is_right=True, kind="attribute")
    if name in compared.metrics:
        split, slash, label = name.partition("/")
        heading = (split + slash, label) if slash else ("", name)
        return Column(name, heading, metric_texts(values), is_right=True, kind="metric")
    home, dot, last = name.rpartition(".")
    texts = aligned([printable(_setting(value)) for value in values])
    are_numbers = all(isinstance(value, (int, float)) for value in values if value is not MISSING)
    return Column(name, (printable(home + dot), printable(last)), texts, is_right=are_numbers, kind="setting")


def _setting(value: Any) -> str:
    """A setting; a number that a search has chosen with few digits."""
    is_long = isinstance(value, float) and len(str(value)) > LONGEST_NUMBER
    return number_text(value, 5) if is_long else setting_text(value)


def fitting(columns: Sequence[Column], width: int | None, compared: Comparison) -> list[Column]:
    """The columns that fit into a width, in their order: the run and its state always, then the most telling ones."""
    if width is None:
        return list(columns)
    run, state, *others = columns
    room = max(SHORTEST_RUN + GAP, width - state.width - GAP)
    cut = [text if len(text) <= room else f"…{text[len(text) - room + 1 :]}" for text in run.texts]
    chosen = [evolve(run, texts=cut), state]
    room -= chosen[0].width
    for column in _by_importance(others, compared):
        if column.width + GAP <= room:
            room -= column.width + GAP
            chosen.append(column)
    order = [column.name for column in columns]
    return sorted(chosen, key=lambda column: order.index(column.name))


def _by_importance(columns: Sequence[Column], compared: Comparison) -> list[Column]:
    """The first metric and some settings, then epochs, time and the metrics, then all other settings.

    A setting that only some of the runs have, such as an option of another optimizer, says less. Narrow columns come
    before wide ones, so that more of them fit.
    """
    metrics = [column for column in columns if column.kind == "metric"]
    attributes = [column for column in columns if column.kind == "attribute"]
    settings = sorted(
        (column for column in columns if column.kind == "setting"),
        key=lambda column: (
            sum(compared.setting(run, column.name) is MISSING for run in compared.runs),
            column.width,
        ),
    )
    first = [*metrics[:1], *settings[:3]]
    last = [column for column in (*attributes, *metrics[1:], *settings[3:]) if column not in first]
    return [*first, *last]


def lines(columns: Sequence[Column], width: int | None, compared: Comparison) -> Iterator[str]:
    """The lines of the table, and below it the columns that do not fit."""
    shown = fitting(columns, width, compared)
    headings = [[column.heading[row] for column in shown] for row in range(2)]
    rows = [[column.texts[index] for column in shown] for index in range(len(compared.runs))]
    for row in [*(heading for heading in headings if any(heading)), *rows]:
        cells = (filled(text, column.width, is_right=column.is_right) for text, column in zip(row, shown, strict=True))
        yield (" " * GAP).join(cells).rstrip()
    names_shown = {column.name for column in shown}
    hidden = [column for column in columns if column.name not in names_shown]
    if hidden:
        kinds = [(kind, sum(column.kind == kind for column in hidden)) for kind in ("setting", "metric", "attribute")]
        what = " and ".join(counted(number, kind) for kind, number in kinds if number and kind != "attribute")
        what = what or plural("column")
        names = ", ".join(column.name for column in hidden[:MOST_NAMED])
        more = ", …" if len(hidden) > MOST_NAMED else ""
        yield ""
        yield from paragraph(f"Not shown, for lack of space: {what} ({names}{more}). Choose with --columns.", width)
