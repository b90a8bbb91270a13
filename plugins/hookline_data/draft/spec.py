"""A commented spec for a table, ready to train and easy to change."""

import os
import textwrap
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hookline import HooklineWarning
from hookline.errors import counted
from hookline.spec import SpecDraft, as_toml
from hookline_data.draft.inputs import IDENTIFIER, Kind
from hookline_data.draft.model import batch_size, model
from hookline_data.draft.source import TableFile, table_file
from hookline_data.draft.target import HELD_BACK, Drafted, Task, drafted, likely_target
from hookline_data.reading.csv_header import seems_to_lack_a_header
from hookline_data.rows.ids import id_conflicts

PATIENCE = 15

WIDTH = 100
"""The maximum length of a line."""


def draft_for(
    path: Path, directory: Path, task: Task | None, choose_target: Callable[[Mapping[str, str], str], str]
) -> SpecDraft | None:
    """Draft a spec for a table; `None` for a file that is none. See the hook `draft_spec`."""
    file = table_file(path)
    if file is None:
        return None
    columns = file.columns
    if seems_to_lack_a_header([column.name for column in columns]):
        message = (
            "The column names are numbers. If the first line is a row of data instead of a header, insert a line with "
            "column names above it."
        )
        warnings.warn(HooklineWarning(message, id="doubtful-header"), stacklevel=2)
    descriptions = {column.name: column.description for column in columns}
    draft = drafted(path, columns, choose_target(descriptions, likely_target(columns).name), task)
    ids = _ids(draft)
    notes = [f"{as_toml(name)} is not an input: {why}" for name, why in draft.left_out.items() if name not in ids]
    notes += [f"{as_toml(name)} identifies rows: it is no input, and predictions contain it." for name in ids]
    if draft.target.missing:
        notes.append(f"{counted(draft.target.missing, 'row')} without a target will be dropped.")
    if draft.imbalance:
        notes.append(draft.imbalance)
    return SpecDraft(text=as_spec(draft, file, directory), summary=draft.sentence, notes=tuple(notes))


def as_spec(draft: Drafted, file: TableFile, directory: Path) -> str:
    """The spec as TOML, for a file in `directory`."""
    target = draft.target
    lines = [
        *(["#:schema ./schema.json"] if (directory / "schema.json").is_file() else []),
        *_comment(f"{draft.sentence} Written for {as_toml(file.path.name)}, {counted(target.rows, 'row')}."),
        "",
        "[run]",
        "epochs = 200 # an upper limit: EarlyStopping usually ends the run earlier",
        "",
        "[data]",
        f"type = {as_toml(file.type)}",
        f"path = {as_toml(Path(os.path.relpath(file.path.resolve(), directory.resolve())).as_posix())}",
        *(f"{name} = {as_toml(value)}" for name, value in file.options.items()),
        *_id_columns(draft),
        *_inputs(draft),
        *_target(draft),
        *(['missing_targets = "drop"'] if target.missing else []),
        *(["standardize = true # each input gets mean 0 and variance 1"] if _is_plain(draft) else []),
        f"validation = {HELD_BACK}",
        f"test = {HELD_BACK}",
        *(["stratify = true # each split has the same class proportions"] if draft.task == "classes" else []),
        *_split_hints(draft),
        f"batch_size = {batch_size(draft.rows)}",
        *_columns(draft),
        "",
        *model(draft),
        "",
        f"[[callbacks]] # stops when the validation loss has not improved for {PATIENCE} epochs",
        'type = "EarlyStopping"',
        f"patience = {PATIENCE}",
        "",
        "[[deploy]] # writes the weights, and how to prepare the inputs",
        'type = "Safetensors"',
    ]
    return "\n".join(lines) + "\n"


def _is_plain(draft: Drafted) -> bool:
    """Whether all inputs are numbers without missing cells, so that no column needs a kind."""
    return all(column.is_plain for column in draft.given)


def _split_hints(draft: Drafted) -> Iterator[str]:
    """Tell the option that splits by time, if a column has times."""
    times = [column.name for column in draft.given if column.kind == "time"]
    if times and draft.task == "number":
        yield f"# To test on the latest rows: time_column = {as_toml(times[0])}"


def _columns(draft: Drafted) -> Iterator[str]:
    """The kinds of the columns: the most frequent one for all, and a line for each column with another one."""
    kinds = {} if _is_plain(draft) else draft.kinds
    entries = _with_pattern(kinds, [column.name for column in draft.columns])
    if draft.task == "number":
        target: dict[str, Any] = {"type": "StandardScaler", **draft.target.form}
        entries = {**entries, draft.target.name: target}
    if not entries:
        return
    yield ""
    yield "[data.columns] # fitted to the training rows"
    for name, kind in entries.items():
        comment = " # the loss compares it with variance 1" if name == draft.target.name else ""
        yield f"{_key(name)} = {_inline(kind)}{comment}"


def _with_pattern(kinds: Mapping[str, Kind], names: Sequence[str]) -> dict[str, Kind]:
    """Return the kinds with "*" for the most frequent one, if that is shorter."""
    if not kinds or "*" in names:
        return dict(kinds)
    number, filled = ({"type": "StandardScaler", **more} for more in ({}, {"missing": "median"}))
    if filled in kinds.values():  # It also suits numbers without missing cells.
        kinds = {name: filled if kind == number else kind for name, kind in kinds.items()}
    common, times = Counter(map(_inline, kinds.values())).most_common(1)[0]
    if times < 2:
        return dict(kinds)
    first = next(kind for kind in kinds.values() if _inline(kind) == common)
    return {"*": first, **{name: kind for name, kind in kinds.items() if _inline(kind) != common}}


def _inline(kind: Kind) -> str:
    return f"{{ {', '.join(f'{name} = {as_toml(value)}' for name, value in kind.items())} }}"


def _key(name: str) -> str:
    """Return a column name as a key of a table."""
    return name if name.isascii() and name.replace("_", "").replace("-", "").isalnum() else as_toml(name)


def _comment(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="# ", subsequent_indent=f"# {indent}", break_on_hyphens=False)


def _ids(draft: Drafted) -> list[str]:
    """The columns that are left out, but identify the rows: each cell is different, and text or a number of an id."""
    return [
        column.name
        for column in draft.columns
        if column.name in draft.left_out
        and column.distinct == column.rows
        and (column.kind == "text" or (column.kind == "integer" and IDENTIFIER.search(column.name)))
        and not any(id_conflicts(column.name))
    ]


def _id_columns(draft: Drafted) -> Iterator[str]:
    """The columns that identify the rows."""
    if ids := _ids(draft):
        given, them = (as_toml(ids[0]), "it") if len(ids) == 1 else (as_toml(ids), "them")
        yield f"id_columns = {given} # no input, but predictions contain {them}"


def _inputs(draft: Drafted) -> Iterator[str]:
    """The inputs: by default all other columns, so they are listed only if one is left out or is called "*"."""
    ids = _ids(draft)
    left_out = {name: why for name, why in draft.left_out.items() if name not in ids}
    if not left_out and all(column.name != "*" for column in draft.columns):
        return
    if left_out:
        yield "# Columns that are not among the inputs:"
    for name, why in left_out.items():
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
