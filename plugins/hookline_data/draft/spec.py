"""A commented spec for a table, ready to train and easy to change."""

import math
import os
import re
import textwrap
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from hookline import HooklineWarning
from hookline.errors import counted
from hookline.spec import SpecDraft, as_toml
from hookline_data.draft.table import columns_of
from hookline_data.draft.target import HELD_BACK, Drafted, Task, drafted, likely_target
from hookline_data.reading.csv_header import seems_to_lack_a_header

LEARNING_RATE = 0.003
PATIENCE = 15

WIDTH = 100
"""The maximum length of a line."""

_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def draft_for(
    path: Path, directory: Path, task: Task | None, choose_target: Callable[[Mapping[str, str], str], str]
) -> SpecDraft | None:
    """Draft a spec for a CSV file; `None` for a binary file. See the hook `draft_spec`."""
    if path.is_file():
        with path.open("rb") as file:
            if _BINARY.search(file.read(1024)):
                return None
    columns = columns_of(path)
    if seems_to_lack_a_header([column.name for column in columns]):
        message = (
            "The column names are numbers. If the first line is a row of data instead of a header, insert a line with "
            "column names above it."
        )
        warnings.warn(HooklineWarning(message, id="doubtful-header"), stacklevel=2)
    descriptions = {column.name: column.description for column in columns}
    draft = drafted(path, columns, choose_target(descriptions, likely_target(columns).name), task)
    return SpecDraft(
        text=as_spec(draft, path, directory),
        summary=draft.sentence,
        notes=tuple(f"{as_toml(name)} is not an input: {why}" for name, why in draft.left_out.items()),
    )


def as_spec(draft: Drafted, path: Path, directory: Path) -> str:
    """The spec as TOML, for a file in `directory`."""
    target = draft.target
    lines = [
        *(["#:schema ./schema.json"] if (directory / "schema.json").is_file() else []),
        *_comment(f"{draft.sentence} Written for {as_toml(path.name)}, {counted(target.rows, 'row')}."),
        "",
        "[run]",
        "epochs = 200 # an upper limit: EarlyStopping usually ends the run earlier",
        "",
        "[data]",
        'type = "CSV"',
        f"path = {as_toml(Path(os.path.relpath(path.resolve(), directory.resolve())).as_posix())}",
        *_inputs(draft),
        *_target(draft),
        "standardize = true # each input gets mean 0 and variance 1",
        f"validation = {HELD_BACK}",
        f"test = {HELD_BACK}",
        *(["stratify = true # each split has the same class proportions"] if draft.task == "classes" else []),
        f"batch_size = {_batch_size(target.rows)}",
        "",
        *(_classification(draft) if draft.task == "classes" else _regression(draft)),
        "",
        f"[[callbacks]] # stops when the validation loss has not improved for {PATIENCE} epochs",
        'type = "EarlyStopping"',
        f"patience = {PATIENCE}",
        "",
        "[[deploy]] # writes the weights, and how to prepare the inputs",
        'type = "Safetensors"',
    ]
    return "\n".join(lines) + "\n"


def _comment(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="# ", subsequent_indent=f"# {indent}", break_on_hyphens=False)


def _inputs(draft: Drafted) -> Iterator[str]:
    """The inputs: by default all other columns, so they are listed only if one is left out or is called "*"."""
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
    """The elements of an array, as many in a line as fit."""
    line = "   "
    for element in elements:
        if line.strip() and len(line) + len(element) + 2 > WIDTH:
            yield line
            line = "   "
        line += f" {element},"
    yield line


def _target(draft: Drafted) -> Iterator[str]:
    """The target, and what its classes become."""
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
    """The widths of the hidden layers, which grow with the number of rows."""
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
        yield "[loss] # one output per class"
        yield 'type = "CrossEntropyLoss"'
    yield from ("", "[optimizer]", 'type = "AdamW"', f"lr = {LEARNING_RATE}")
    yield from ("", "[[metrics]]", 'type = "Accuracy"')
    yield from ("", "[[metrics]]", 'type = "F1Score"')
    if binary:
        yield from ("", "[[metrics]]", 'type = "AUROC"')
    else:
        yield 'average = "macro" # all classes have equal weight'


def _regression(draft: Drafted) -> Iterator[str]:
    """A model whose last layer starts in the range of the target, with steps that fit it.

    With these weights, learning rate and loss the training equals that of a target with mean 0 and variance 1: AdamW's
    steps do not depend on the size of gradients, and the last layer's outputs are all multiplied by one number.
    """
    mean, deviation = _rounded(draft.target.mean, draft.target.deviation), _rounded(draft.target.deviation)
    last = 2 * len(_hidden(draft.target.rows))
    inputs = _hidden(draft.target.rows)[-1]
    yield from _model(draft, "1 }")
    yield ""
    yield from _comment(
        f"The last layer starts at the mean of the target, {mean:g}, with its standard deviation, {deviation:g}."
    )
    yield from ("[[initialize]]", 'type = "constant_"', f'parameters = "{last}.bias"', f"val = {mean}")
    yield from ("", "[[initialize]]", 'type = "normal_"', f'parameters = "{last}.weight"')
    yield f"std = {_rounded(draft.target.deviation / math.sqrt(inputs))}"
    yield from ("", "[loss] # quadratic for errors up to delta, linear above")
    yield from ('type = "HuberLoss"', f"delta = {deviation}")
    yield from ("", "[optimizer]", 'type = "AdamW"', f"lr = {LEARNING_RATE}")
    size = "larger" if draft.target.deviation > 1 else "smaller"
    yield from ("", f"[[optimizer.groups]] # {size} steps for the last layer, which has the scale of the target")
    yield from (f'parameters = "{last}.*"', f"lr = {_rounded(LEARNING_RATE * draft.target.deviation)}")
    yield "weight_decay = 0.0"
    yield from ("", "[[metrics]]", 'type = "R2Score"')
    yield from ("", "[[metrics]]", 'type = "MeanAbsoluteError"')


def _rounded(number: float, unit: float | None = None) -> float:
    """The number with two significant digits, or rounded to hundredths of the unit, so that it is short in TOML."""
    size = abs(number if unit is None else unit)
    return float(round(number, 1 - math.floor(math.log10(size))))
