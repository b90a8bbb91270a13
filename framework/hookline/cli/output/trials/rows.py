"""The rows of trials: with a column for each parameter if there is room, and with a list of values otherwise."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from attrs import field, frozen

from hookline.cli.output.screen import filled, paragraph, text_width
from hookline.errors.printing import printable
from hookline.runs.side_by_side.cells import number_text, seconds_text
from hookline.runs.study import StudyPlan
from hookline.spec.space.domains import Choices
from hookline.spec.space.record import TrialRecord
from hookline.spec.space.space import Parameter, Space

WIDEST = 160
"""The largest width of a table without a terminal."""

ROUNDED = "~"
"""Precedes the results of trials that were trained together with others: they are those of the trial alone up to
rounding."""

LEAST_LIST = 45
"""The smallest width of a list of values beside the other columns; a narrower one is below them."""

MOST_STEPS = 100
"""The number of steps of a range up to which the width of each value is known."""

GAP = "  "


@frozen
class Column:
    """A column with its texts."""

    heading: tuple[str, str]
    """The two lines of the heading."""
    text: Callable[[TrialRecord], str]
    least: int = 0
    """The smallest width."""
    is_right: bool = False

    @property
    def width(self) -> int:
        """The width in columns of a terminal."""
        return max(self.least, *map(text_width, self.heading))


@frozen
class TrialRows:
    """Lays out the rows of a study."""

    plan: StudyPlan
    space: Space
    width: int | None
    """The width of the terminal; `None` without one."""
    columns: Sequence[Column] = field(init=False)
    """The columns before the values."""
    names: Mapping[str, Sequence[Parameter]] = field(init=False)
    """The parameters by short name."""
    of_values: Sequence[Column] = field(init=False)
    """A column for each parameter; parameters of different choices with the same name share one."""
    is_table: bool = field(init=False)
    """Whether there is room for all columns."""

    @columns.default
    def _columns(self) -> list[Column]:
        digits = len(str(self.plan.trials))
        made = [
            Column(("", "trial"), lambda one: str(one.number), digits, is_right=True),
            Column(("", "state"), lambda one: one.state, 8),
        ]
        for index, name in enumerate(self.plan.monitors):
            split, slash, label = name.partition("/")
            heading = (f"{split}{slash}", label) if slash else ("", name)
            made.append(Column(heading, lambda one, index=index: _result(one, index), 9, is_right=True))  # type: ignore[misc]
        made += [
            Column(("", "epochs"), lambda one: str(one.epochs), is_right=True),
            Column(("", "time"), lambda one: seconds_text(one.seconds), 7, is_right=True),
        ]
        return made

    @names.default
    def _names(self) -> dict[str, list[Parameter]]:
        return short_names(self.space)

    @of_values.default
    def _of_values(self) -> list[Column]:
        return [_column(name, group) for name, group in self.names.items()]

    @is_table.default
    def _is_table(self) -> bool:
        columns = [*self.columns, *self.of_values]
        wide = sum(column.width for column in columns) + len(GAP) * (len(columns) - 1) + 2
        return wide <= (WIDEST if self.width is None else self.width)

    def heading(self) -> list[str]:
        """The lines above the rows."""
        shown = [*self.columns, *(self.of_values if self.is_table else ())]
        lines = [_line(shown, [column.heading[row] for column in shown], " ") for row in range(2)]
        return [line for line in lines if line]

    def row(self, record: TrialRecord, *, is_best: bool) -> list[str]:
        """The lines of a trial: what came out, its values, and why it failed. `*` marks the best one so far."""
        mark = "*" if is_best else " "
        shown = [*self.columns, *(self.of_values if self.is_table else ())]
        lines = [_line(shown, [column.text(record) for column in shown], mark)]
        if not self.is_table:
            lines = self._with_list(lines[0], self.listed(record.values))
        if record.state == "failed" and record.reason:
            lines += paragraph(printable(record.reason.splitlines()[0]), self.width, indent=" " * 7)
        return lines

    def listed(self, values: Mapping[str, Any]) -> str:
        """The values of a trial, each with its short name."""
        return listed(self.names, values)

    def _with_list(self, first: str, values: str) -> list[str]:
        """The values beside the other columns, or below them if there is no room."""
        beside = sum(column.width for column in self.columns) + len(GAP) * len(self.columns) + 2
        first = filled(first, beside)
        if self.width is None:
            return [f"{first}{values}"]
        if self.width - beside >= LEAST_LIST:
            return paragraph_of_values(values, self.width, first, " " * beside)
        return [first.rstrip(), *paragraph_of_values(values, self.width, " " * 7)]


def _line(columns: Sequence[Column], texts: Sequence[str], mark: str) -> str:
    pairs = zip(columns, texts, strict=True)
    cells = [filled(printable(text), column.width, is_right=column.is_right) for column, text in pairs]
    return f"{mark} {GAP.join(cells)}".rstrip()


def _result(record: TrialRecord, index: int) -> str:
    if record.results is None:
        return ""
    text = number_text(record.results[index], 5, trim=float(record.results[index]).is_integer())
    return f"{ROUNDED}{text}" if record.is_rounded else text


def short_names(space: Space) -> dict[str, list[Parameter]]:
    """The parameters by short name; those that no trial has together may share one, as the `lr` of two optimizers."""
    groups: dict[str, list[Parameter]] = {}
    for parameter in space.parameters():
        short = parameter.name.rpartition(".")[2]
        sharing = groups.get(short, [])
        is_clear = not short.isdecimal() and all(space.are_exclusive(parameter, other) for other in sharing)
        groups.setdefault(short if is_clear else parameter.name, []).append(parameter)
    return groups


def _column(name: str, parameters: Sequence[Parameter]) -> Column:
    def text(record: TrialRecord) -> str:
        return next((one.text(record.values[one.name]) for one in parameters if one.name in record.values), "")

    are_numbers = not any(isinstance(one.domain, Choices) for one in parameters)
    return Column(("", printable(name)), text, max(map(_widest, parameters)), is_right=are_numbers)


def _widest(parameter: Parameter) -> int:
    """The width of the widest value."""
    domain = parameter.domain
    if isinstance(domain, Choices):
        return max(text_width(printable(domain.text(label))) for label in domain.labels)
    if domain.steps is not None and domain.steps <= MOST_STEPS:
        return max(len(parameter.text(domain.value(step))) for step in range(domain.steps + 1))
    if domain.is_integer:
        return max(len(str(domain.low)), len(str(domain.high)))
    return 9 + (domain.low < 0)


def listed(names: Mapping[str, Sequence[Parameter]], values: Mapping[str, Any]) -> str:
    """Values with their short names, as `short_names` returns them."""
    if not values:
        return "the spec's own values"
    pairs = ((name, one) for name, group in names.items() for one in group if one.name in values)
    return printable(", ".join(f"{name} {one.text(values[one.name])}" for name, one in pairs))


def paragraph_of_values(text: str, width: int | None, indent: str, then: str | None = None) -> list[str]:
    """Wrap values with their names, as `paragraph` does, but if possible not between a name and its value."""
    if width is None:
        return [f"{indent}{text}"]
    then = indent if then is None else then
    lines, is_empty = [indent], True
    for part in re.split(r"(?<=[,;:]) ", text):
        pieces = [part] if text_width(then) + text_width(part) <= width else part.split(" ")
        for piece in pieces:
            if not is_empty and text_width(lines[-1]) + 1 + text_width(piece) > width:
                lines, is_empty = [*lines, then], True
            lines[-1] += piece if is_empty else f" {piece}"
            is_empty = False
    return lines
