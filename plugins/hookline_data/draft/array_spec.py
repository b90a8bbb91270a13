"""A spec for arrays, and for tables with lists: images, sequences, vectors."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from attrs import evolve

from hookline.errors import DataError
from hookline.spec import as_toml
from hookline_data.draft.columns import Column
from hookline_data.draft.drafted import Drafted
from hookline_data.draft.groups import Group, groups_of
from hookline_data.draft.lines import array_of_tables, comment, key_of, option
from hookline_data.draft.models.model import batch_size
from hookline_data.draft.models.recipes import recipe
from hookline_data.draft.reading.data_files import in_spec
from hookline_data.draft.reading.source import TableFile
from hookline_data.draft.spec import kinds_of_columns, left_out, target_lines, whole
from hookline_data.draft.splits import splits
from hookline_data.draft.target import drafted
from hookline_data.draft.task import Task
from hookline_data.splitting.names import split_called

INPUTS = ("x", "x_train", "train_x", "data", "inputs", "input", "features", "images", "train_images")
"""The usual names of an input array, in lower case."""

MOST_REASONS = 3
"""The largest number of arrays of which a message says why they cannot be the inputs."""

_LENGTHS = re.compile(r"len|size", re.IGNORECASE)


def array_draft(file: TableFile, target: str, task: Task | None) -> tuple[Drafted, Mapping[str, str]]:
    """Decide what a spec for arrays contains, and which arrays have the lengths of others, by these.

    Raises:
        DataError: If the target does not exist, or cannot be learned.

    """
    found = next((column for column in file.columns if column.name == target), file.columns[0])
    alike = [column for column in file.columns if column.rows == found.rows or column.kind == "other"]
    lengths = _lengths(alike)
    columns = [column for column in file.columns if column.name not in lengths.values() or column is found]
    unused = {column.name: _other_rows(column, found) for column in columns if column not in alike}
    inputs = [column for column in alike if column.kind == "list" and column is not found]
    if inputs:
        chosen = _input([one for one in inputs if one.name in lengths] or inputs, found)
        unused |= {
            column.name: f"{as_toml(chosen.name)} is the input; name others in `inputs` to use them"
            for column in alike
            if column not in (chosen, found) and (column.kind == "list" or column.is_numeric)
        }
    if not inputs:
        raise DataError(_without_inputs({column.name: column.why for column in alike} | unused), file=file.path)
    draft = drafted(file.path, columns, target, task, training=None, absent=file.absent, unused=unused)
    return draft, {name: of for name, of in lengths.items() if name in draft.inputs}


def _without_inputs(reasons: Mapping[str, str]) -> str:
    """Return why no array can be the input; `reasons` has the reason of each array, empty for those with columns."""
    named = [(as_toml(name), why) for name, why in reasons.items() if why]
    if not named:
        return "No array has several numbers per row. Save the inputs side by side, in an array (rows, columns)."
    sentences = [why if why.startswith(name) else f"{name}: {why}" for name, why in named[:MOST_REASONS]]
    return f"No array can be the input. {'. '.join(sentences)}."


def array_spec(draft: Drafted, file: TableFile, directory: Path, lengths: Mapping[str, str] | None = None) -> str:
    """The spec as TOML, for a file in `directory`."""
    is_table = file.type != "NPZ"
    groups = groups_of(draft.given, draft.target, dict(lengths or {}), is_table=is_table)
    data = [
        f"type = {as_toml(file.type)}",
        *option("path", in_spec(file.path, directory)),
        *(line for name, value in file.options.items() for line in option(name, value)),
        *left_out(draft),
        *(_inputs(groups) if len(groups) == 1 else ()),
        *target_lines(draft),
        *(['missing_targets = "drop"'] if draft.target.missing else []),
        *_by_group("dtype", {group.name: "int64" for group in groups if group.role == "tokens"}, groups),
        *_by_group("shape", {group.name: list(group.shape) for group in groups if group.shape is not None}, groups),
        *_by_group("standardize", {group.name: True for group in groups if group.is_standardized}, groups),
        *_lengths_lines(groups),
        *splits(draft, file, directory),
        f"batch_size = {batch_size(draft.rows)}",
        *_transforms(groups, is_dense=not draft.target.is_scalar),
        *(["", "[data.inputs]", *_inputs(groups)] if len(groups) > 1 else []),
        *(kinds_of_columns(draft) if is_table else []),
    ]
    return whole(draft, file, directory, data, recipe(draft, groups, is_table=is_table))


def table_draft(draft: Drafted) -> Drafted:
    """Return the draft for a table with lists, with the inputs that suit a target of lists."""
    if draft.target.is_scalar:
        return draft
    lists = [column for column in draft.given if not column.is_scalar]
    if not lists:
        return draft
    chosen = _input(lists, draft.target)
    why = f'"{chosen.name}" is the input'
    return evolve(draft, left_out={**draft.left_out, **{one.name: why for one in draft.given if one is not chosen}})


def _other_rows(column: Column, target: Column) -> str:
    words = (split_called(word) for word in re.split(r"[^a-z]+", column.name.lower()))
    split = next((word for word in words if word not in (None, "training")), None)
    rows = f"{column.rows:,} rows instead of {target.rows:,}"
    if split is None:
        return rows
    return (
        f'{rows}; save the {split} split in a file of its own, with the same names, and set `{split} = "{split}.npz"`'
    )


def _lengths(columns: Sequence[Column]) -> dict[str, str]:
    """Return the arrays with the lengths of padded arrays, by these."""
    found: dict[str, str] = {}
    sequences = [column for column in columns if column.kind == "list"]
    for column in columns:
        if column.kind != "integer" or not _LENGTHS.search(column.name) or column.low < 0:
            continue
        fitting = [one for one in sequences if column.high <= one.shape[0]]
        named = [one for one in fitting if one.name.lower() in column.name.lower()]
        if of := (named or fitting):
            found.setdefault(of[0].name, column.name)
    return found


def _input(columns: Sequence[Column], target: Column) -> Column:
    """Return the array that is most likely the input."""
    named = [column for column in columns if column.name.lower() in INPUTS]
    alike = [column for column in columns if target.shape and _is_like(column, target)]
    return (named or alike or list(columns))[0]


def _is_like(column: Column, target: Column) -> bool:
    """Whether the target may have an element for each step or pixel of an array."""
    if len(target.shape) == 1:
        return column.shape[0] == target.shape[0] and len(column.shape) == 2
    return column.shape[-2:] == target.shape[-2:] or column.shape[:2] == target.shape[-2:]


def _inputs(groups: Sequence[Group]) -> Iterator[str]:
    for group in groups:
        names = [column.name for column in group.columns]
        yield from option("inputs" if len(groups) == 1 else key_of(group.name), names[0] if len(names) == 1 else names)


def _by_group(name: str, values: Mapping[str, object], groups: Sequence[Group]) -> Iterator[str]:
    """Yield an option of some groups of inputs."""
    if values:
        yield f"{name} = {as_toml(values if len(groups) > 1 else next(iter(values.values())))}"


def _lengths_lines(groups: Sequence[Group]) -> Iterator[str]:
    lengths = {group.column.name: group.lengths for group in groups if group.lengths is not None}
    if lengths:
        yield f"lengths = {as_toml(next(iter(lengths.values())) if len(groups) == 1 else lengths)}"


def _transforms(groups: Sequence[Group], *, is_dense: bool) -> Iterator[str]:
    transforms = [one for group in groups for one in group.transforms(is_dense=is_dense)]
    if not transforms:
        return
    if len(transforms) > 1:
        yield from comment("Random transforms change training images only.")
    yield from array_of_tables("transforms", list({as_toml(one): one for one in transforms}.values()))
