"""Check the options of a table against the headers of its files, and against the first rows where they show text."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from hookline.errors import DataError, MismatchError, OptionError, counted, enumerate_names
from hookline.spec import Objective, to_json
from hookline_data.files import several
from hookline_data.layout import checks, kind_checks, targets as of_target
from hookline_data.layout.by_group import of_group
from hookline_data.layout.kinds import Kind, kinds_of
from hookline_data.reading.columns import Chooser

if TYPE_CHECKING:
    from hookline_data.table import Table

MOST_NAMED = 4
"""The largest number of text columns that a message names."""


def check(given: "Table", loss: Objective | None) -> Iterator[OptionError | MismatchError]:
    """Report options that the loss contradicts, missing files, and columns that their headers do not contain."""
    of_targets = list(checks.targets_of_loss(loss, given.target_patterns))
    yield from given.check_options(loss)
    try:
        table = given.together()
    except DataError as error:
        yield OptionError(error.option[0] if error.option else "path", error.message, id="missing-file")  # type: ignore[arg-type]
        return
    try:
        names = checks.names_in(table.path, "path", table.column_names)
    except OptionError as error:
        yield error
    else:
        of_columns = list(_columns(table, names))
        if not of_targets and not of_columns:
            chooser = Chooser(names, table.path)
            chosen = {name: chooser.chosen(patterns) for name, patterns in table.target_patterns.items()}
            of_columns = list(of_target.kinds_of_targets(table.columns, chosen, loss))
        yield from of_columns
        if not of_targets and not of_columns:  # Otherwise a target may be among the inputs by mistake.
            yield from _numbers(table, names)
    for split, path in table.other_files.items():
        try:
            checks.names_in(path, split, table.column_names)
        except OptionError as error:
            yield error


def _columns(table: "Table", names: list[str]) -> Iterator[OptionError]:
    """Report columns that the header does not contain, and shapes that do not fit the number of columns."""
    chooser = Chooser(names, table.path)
    taken = table.taken_columns(chooser)
    unknown = False
    for pattern in table.columns or ():
        if not chooser.matching(pattern):
            unknown = True
            message = chooser.unknown(pattern).message
            yield OptionError("columns", message, pattern, on_key=True, id="unknown-column")
    named = {**table.named_columns, "targets": table.targets, "inputs": table.inputs}
    for name, given in named.items():
        for pattern, within in checks.places(given):
            try:
                if name in table.named_columns:
                    chooser.require((pattern,))
                elif name == "targets":
                    chooser.chosen((pattern,))
                else:
                    chooser.chosen((pattern,), taken)
            except DataError as error:
                unknown = True
                advice = table.advice_about(names)
                yield OptionError(name, error.message, *within, id="unknown-column", help=advice)
    if not unknown:
        groups = table.input_columns(names)
        kinds = kinds_of(table.columns, chooser)
        targets = {name for several in table.target_patterns.values() for name in chooser.chosen(several)}
        yield from kind_checks.check(table, groups, kinds, targets, chooser)
        if table.has_single_cells:
            yield from _shapes(table, groups, kinds)


def _shapes(table: "Table", groups: Mapping[str, list[str]], kinds: Mapping[str, Kind]) -> Iterator[OptionError]:
    """Report shapes whose number of elements differs from the number of columns."""
    for group, columns in groups.items():
        shape = of_group(table.shape, group, None)
        if shape is None or not columns or any(name in kinds for name in columns):
            continue  # How many numbers a kind makes of a cell is known once it is fitted.
        if math.prod(shape) != len(columns):
            of = f' of the inputs "{group}"' if isinstance(table.inputs, Mapping) else " of the inputs"
            yield OptionError(
                "shape",
                f"A row of this shape has {counted(math.prod(shape), 'number')}, but one{of} has {len(columns)}.",
                *table.place_in_option("shape", group),
                against=[("inputs", *table.place_in_option("inputs", group))],
            )


def _numbers(table: "Table", names: list[str]) -> Iterator[OptionError]:
    """Report inputs that are text, unless their kinds take text."""
    chooser, text = Chooser(names, table.path), table.text_columns(several.of(table.path)[0], names)
    taken = table.taken_columns(chooser)
    kinds = kinds_of(table.columns, chooser)
    for group, patterns in table.input_patterns.items():
        columns = [name for name in chooser.chosen(patterns, taken) if name in text]
        for name in columns:
            if name in kinds and kinds[name].spec.reads == "number":
                yield kind_checks.text_for_numbers(name, kinds[name], text[name])
        columns = [name for name in columns if name not in kinds]
        if columns:
            cell = text[columns[0]]
            first, others = f'"{columns[0]}"', f" and {counted(len(columns) - 1, 'other')}" if columns[1:] else ""
            listed = enumerate_names(columns) if len(columns) <= MOST_NAMED else f"{first}{others}"
            where, verb = ("", "is") if len(columns) == 1 else (f" of {first}", "are")
            message = (
                f"{listed} {verb} text{kind_checks.example(cell, where)}, but inputs must be numbers. "
                f"{kind_checks.advice(columns)}"
                f"{_others(table, [name for name in chooser.chosen(patterns, taken) if name not in text], group)}"
            )
            if cell is not None and (advice := table.advice_about_text(cell[1])):
                message = f"{message.partition(', but inputs')[0]}, but inputs must be numbers. {advice}"
            yield OptionError("inputs", message, *table.place_in_option("inputs", group))


def _others(table: "Table", names: Sequence[str], group: str) -> str:
    """Return the advice to select the numeric columns of a group, with a leading space."""
    if not names:
        return ""
    if len(names) > MOST_NAMED:
        return " Or list the numeric columns in `inputs`."
    given = to_json(list(names))
    inputs = f"{{ {group} = {given} }}" if isinstance(table.inputs, Mapping) else given
    return f" Or select the others: inputs = {inputs}"
