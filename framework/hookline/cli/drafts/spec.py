"""A commented spec for a table, which trains at once and which a person goes on from."""

import math
import os
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from attrs import frozen

from hookline.cli.drafts.columns import MOST_CLASSES_COUNTED, Column
from hookline.data.targets.encoding import MISSING_MARKS
from hookline.errors.exceptions import DataError
from hookline.errors.text import LONGEST_LISTED, counted, did_you_mean, enumerate_names, shortened
from hookline.spec.dump import as_toml

MOST_CLASSES_OF_INTEGERS = 20
"""How many different integers are taken as classes; more are numbers."""

LEAST_OF_A_CLASS = 3
"""How many rows of a class there must be so that training, validation and test each have one."""

LEAST_TO_JUDGE = 2
"""How many rows R² needs."""

HELD_BACK = 0.2
"""The share of the rows that is for validation, and that for the test."""

LEARNING_RATE = 0.003

WIDTH = 100
"""How long lines are at most."""

TARGET_NAMES = ("target", "label", "class", "y")

Task = Literal["classes", "number"]


@frozen
class Drafted:
    """What is to be predicted, and from what."""

    columns: tuple[Column, ...]
    target: Column
    task: Task
    left_out: dict[str, str]
    """The columns that are no inputs, and why."""

    @property
    def inputs(self) -> list[str]:
        """The columns that are."""
        return [
            column.name for column in self.columns if column is not self.target and column.name not in self.left_out
        ]

    @property
    def classes(self) -> list[str]:
        """The classes, as the data source sorts them."""
        assert self.target.counts is not None
        return sorted(self.target.counts, key=float if self.is_of_numbers else None)

    @property
    def is_of_numbers(self) -> bool:
        """Whether the classes are numbers. False and True are names."""
        return self.target.is_numeric and not self.target.is_boolean

    @property
    def is_binary(self) -> bool:
        """Whether one output tells the classes apart. Numbers are targets as they stand, which then are 0 and 1."""
        return len(self.classes) == 2 and (not self.is_of_numbers or [*map(float, self.classes)] == [0, 1])

    @property
    def sentence(self) -> str:
        """What a model does that is trained for it."""
        name, given = as_toml(self.target.name), counted(len(self.inputs), "number")
        if self.task == "number":
            return f"It predicts {name} from {given}."
        return f"It tells the {len(self.classes)} classes of {name} apart by {given}."


def likely_target(columns: Sequence[Column]) -> Column:
    """The column that is most likely to be predicted: by its name, the only one of classes in words, or the last."""
    usable = [column for column in columns if _complaint(column) is None] or list(columns)
    named = [column for column in usable if column.name.lower() in TARGET_NAMES]
    words = [column for column in usable if not column.is_numeric]
    return named[0] if named else words[0] if len(words) == 1 else usable[-1]


def drafted(path: Path, columns: Sequence[Column], target: str, task: Task | None) -> Drafted:
    """What a spec for the table is to say; whether the target is a class or a number is found out if `task` is `None`.

    Raises:
        DataError: if the target is not there, or cannot be learnt from this table.

    """
    column = next((column for column in columns if column.name == target), None)
    if column is None:
        raise DataError(
            f'There is no column "{target}".{did_you_mean(target, (one.name for one in columns))}',
            file=path,
            columns=[target],
        )
    if complaint := _complaint(column, task):
        raise DataError(f"{enumerate_names([target])} cannot be the target: {complaint}.", file=path)
    left_out = {
        other.name: why for other in columns if other is not column and (why := _why_no_input(other)) is not None
    }
    if len(left_out) == len(columns) - 1:
        reasons = "; ".join(f"{as_toml(name)}: {why}" for name, why in left_out.items())
        raise DataError(f"No column can be an input. {reasons}.", file=path)
    return Drafted(tuple(columns), column, task or _task(column), left_out)


def _task(target: Column) -> Task:
    """Whether a target is one of several classes or a number."""
    if target.kind == "text":
        return "classes"
    few = target.counts is not None and len(target.counts) <= min(MOST_CLASSES_OF_INTEGERS, target.rows / 2)
    return "classes" if target.kind == "integer" and few else "number"


def _complaint(target: Column, task: Task | None = None) -> str | None:
    """Why a column cannot be a target."""
    if not target.name.strip():
        return "it has no name"
    if target.empty:
        return _empty(target)
    if target.counts is not None and len(target.counts) == 1:
        return f"all of its cells are {as_toml(shortened(next(iter(target.counts)), LONGEST_LISTED))}"
    if (task or _task(target)) == "number":
        return _complaint_of_numbers(target)
    if target.has_numbers_that_are_not_finite:
        cell = as_toml(shortened(target.bad_cell, LONGEST_LISTED))
        return f"row {target.bad_row} is {cell}, which is no finite number as all others are"
    if target.counts is None or len(target.counts) > target.rows / 2:
        if target.counts is None:
            return f"more than {MOST_CLASSES_COUNTED:,} of its {target.rows:,} cells are different from one another"
        several = f"{len(target.counts)} of its {target.rows:,} cells"
        return f"{several} are different from one another, and classes would repeat"
    if max(target.counts.values()) < LEAST_OF_A_CLASS:
        return f"no class has {LEAST_OF_A_CLASS} rows, one to learn from and others to test"
    return None


def _complaint_of_numbers(target: Column) -> str | None:
    """Why a column cannot be a target that is a number."""
    if not target.is_numeric:
        return f"row {target.bad_row} is {as_toml(shortened(target.bad_cell, LONGEST_LISTED))}, which is no number"
    if not target.deviation:
        return "its numbers differ too little"
    if round(target.rows * HELD_BACK) < LEAST_TO_JUDGE:
        return f"{counted(target.rows, 'row')} are too few to learn from and to test"
    return None


def _why_no_input(column: Column) -> str | None:
    """Why a column is not among the inputs, which are numbers."""
    if not column.name:
        return f"column {column.index + 1} has no name"
    if column.is_running:
        return "it counts the rows"
    if column.empty == column.rows:
        return "it is empty"
    if column.kind == "text" and column.bad_cell not in MISSING_MARKS:
        return f"row {column.bad_row} is {as_toml(shortened(column.bad_cell, LONGEST_LISTED))}, and inputs are numbers"
    if column.is_numeric and column.low == column.high:
        return f"it is {column.low:g} in all rows"
    if column.empty:
        return f"{_empty(column)}, that of row {column.bad_row} first"
    return None


def _empty(column: Column) -> str:
    marked = f"missing ({as_toml(column.bad_cell)})" if column.bad_cell in MISSING_MARKS[1:] else "empty"
    return f"{counted(column.empty, 'cell')} {'is' if column.empty == 1 else 'are'} {marked}"


def as_spec(draft: Drafted, path: Path, directory: Path) -> str:
    """The spec as TOML, for a file in `directory`."""
    target = draft.target
    lines = [
        *(["#:schema ./schema.json"] if (directory / "schema.json").is_file() else []),
        *_comment(f"{draft.sentence} Written for {as_toml(path.name)}, {counted(target.rows, 'row')}."),
        "",
        "[run]",
        "epochs = 200 # at most: EarlyStopping ends it",
        "",
        "[data]",
        'type = "CSV"',
        f"path = {as_toml(Path(os.path.relpath(path.resolve(), directory.resolve())).as_posix())}",
        *_inputs(draft),
        *_target(draft),
        "standardize = true # each input gets mean 0 and variance 1",
        f"validation = {HELD_BACK}",
        f"test = {HELD_BACK}",
        *(["stratify = true # every class has the same share in each split"] if draft.task == "classes" else []),
        f"batch_size = {_batch_size(target.rows)}",
        "",
        *(_classification(draft) if draft.task == "classes" else _regression(draft)),
        "",
        "[[callbacks]] # when the loss of the validation has not become better for so many epochs",
        'type = "EarlyStopping"',
        "patience = 15",
        "",
        "[[deploy]] # the weights, and how inputs become what the model takes",
        'type = "Safetensors"',
    ]
    return "\n".join(lines) + "\n"


def _comment(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="# ", subsequent_indent=f"# {indent}", break_on_hyphens=False)


def _inputs(draft: Drafted) -> Iterator[str]:
    """The inputs: all other columns, which need not be said, unless some are left out or one has this name."""
    if not draft.left_out and all(column.name != "*" for column in draft.columns):
        return
    if draft.left_out:
        yield "# Columns that are not among the inputs:"
    for name, why in draft.left_out.items():
        yield from _comment(f"  {as_toml(name)}: {why}", "  ")
    line = f"inputs = {as_toml(draft.inputs)}"
    if len(line) <= WIDTH:
        yield line
        return
    yield "inputs = ["
    yield from _in_lines([as_toml(name) for name in draft.inputs])
    yield "]"


def _in_lines(elements: Sequence[str]) -> Iterator[str]:
    """The elements of an array, as many in a line as there is room for."""
    line = "   "
    for element in elements:
        if line.strip() and len(line) + len(element) + 2 > WIDTH:
            yield line
            line = "   "
        line += f" {element},"
    yield line


def _target(draft: Drafted) -> Iterator[str]:
    """The target, and what becomes of its classes."""
    line = f"targets = {as_toml(draft.target.name)}"
    if draft.task == "number":
        yield line
        return
    classes = [as_toml(name) for name in draft.classes]
    if draft.is_of_numbers:
        meaning = f"{len(classes)} whole numbers, taken as classes; `--task number` takes them as quantities"
    elif len(classes) == 2:
        meaning = f"{classes[0]} is 0, {classes[1]} is 1"
    elif len(classes) <= 10:
        meaning = f"{', '.join(classes[:-1])} and {classes[-1]} are 0 to {len(classes) - 1}"
    else:
        meaning = f"{classes[0]} is 0, and {classes[-1]} is {len(classes) - 1}: classes are sorted"
    if len(line) + len(meaning) + 3 <= WIDTH:
        yield f"{line} # {meaning}"
    else:
        yield from _comment(f"In the target {meaning}.")
        yield line


def _batch_size(rows: int) -> int:
    return 32 if rows < 5_000 else 128 if rows < 50_000 else 512


def _hidden(rows: int) -> list[int]:
    """The widths of the hidden layers: more for more rows."""
    return [32] if rows < 1_000 else [64, 32] if rows < 20_000 else [256, 128]


def _model(draft: Drafted, outputs: str) -> Iterator[str]:
    yield "[model]"
    yield 'type = "Sequential"'
    yield "layers = ["
    for width in _hidden(draft.target.rows):
        yield f'    {{ type = "Linear", out_features = {width} }},'
        yield '    { type = "ReLU" },'
    yield f'    {{ type = "Linear", out_features = {outputs},'
    yield "]"


def _classification(draft: Drafted) -> Iterator[str]:
    binary = draft.is_binary
    yield from _model(draft, "1 }" if binary else f"{len(draft.classes)} }}")
    yield ""
    if binary:
        yield "[loss] # one output, which is positive for the second class"
        yield 'type = "BCEWithLogitsLoss"'
    else:
        yield "[loss] # an output for each class"
        yield 'type = "CrossEntropyLoss"'
    yield from ("", "[optimizer]", 'type = "AdamW"', f"lr = {LEARNING_RATE}")
    yield from ("", "[[metrics]]", 'type = "Accuracy"')
    yield from ("", "[[metrics]]", 'type = "F1Score"')
    if binary:
        yield from ("", "[[metrics]]", 'type = "AUROC"')
    else:
        yield 'average = "macro" # every class counts as much as any other'


def _regression(draft: Drafted) -> Iterator[str]:
    """A model whose last layer begins in the target's range, and goes in steps that fit it.

    With these weights, learning rate and loss the training is that of a target of mean 0 and variance 1: AdamW's steps
    do not depend on the size of gradients, and all that the last layer gives is multiplied by one number.
    """
    mean, deviation = _rounded(draft.target.mean, draft.target.deviation), _rounded(draft.target.deviation)
    last = 2 * len(_hidden(draft.target.rows))
    inputs = _hidden(draft.target.rows)[-1]
    yield from _model(draft, "1 }")
    yield ""
    yield from _comment(f"The last layer begins where the target is: about {mean:g}, give or take {deviation:g}.")
    yield from ("[[initialize]]", 'type = "constant_"', f'parameters = "{last}.bias"', f"val = {mean}")
    yield from ("", "[[initialize]]", 'type = "normal_"', f'parameters = "{last}.weight"')
    yield f"std = {_rounded(draft.target.deviation / math.sqrt(inputs))}"
    yield from ("", "[loss] # squares for small errors, and less for those greater than delta")
    yield from ('type = "HuberLoss"', f"delta = {deviation}")
    yield from ("", "[optimizer]", 'type = "AdamW"', f"lr = {LEARNING_RATE}")
    yield from ("", "[[optimizer.groups]] # its steps fit the target too")
    yield from (f'parameters = "{last}.*"', f"lr = {_rounded(LEARNING_RATE * draft.target.deviation)}")
    yield "weight_decay = 0.0"
    yield from ("", "[[metrics]]", 'type = "R2Score"')
    yield from ("", "[[metrics]]", 'type = "MeanAbsoluteError"')


def _rounded(number: float, unit: float | None = None) -> float:
    """The number with two digits, or with as many as one hundredth of the unit has: TOML writes it short."""
    size = abs(number if unit is None else unit)
    return float(round(number, 1 - math.floor(math.log10(size))))
