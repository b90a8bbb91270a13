"""A commented spec for a table, ready to train and easy to change."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hookline.errors import counted
from hookline.spec import as_toml
from hookline_data.draft.drafted import Drafted
from hookline_data.draft.inputs import IDENTIFIER, Kind
from hookline_data.draft.lines import WIDTH, comment, key_of, option
from hookline_data.draft.memory import needs_stream
from hookline_data.draft.models.model import batch_size, model
from hookline_data.draft.reading.data_files import in_spec
from hookline_data.draft.reading.source import TableFile
from hookline_data.draft.splits import splits
from hookline_data.rows.ids import id_conflicts

PATIENCE = 15

OF_SEVERAL = {"it": "each", "its": "their"}
"""How a reason for one column begins if it holds for several."""


def as_spec(draft: Drafted, file: TableFile, directory: Path) -> str:
    """The spec as TOML, for a file in `directory`."""
    data = [
        f"type = {as_toml(file.type)}",
        *option("path", in_spec(file.path, directory)),
        *(line for name, value in file.options.items() for line in option(name, value)),
        *_id_columns(draft),
        *_inputs(draft),
        *target_lines(draft),
        *(['missing_targets = "drop"'] if draft.target.missing else []),
        *(["standardize = true # each input gets mean 0 and variance 1"] if _is_plain(draft) else []),
        *splits(draft, file, directory),
        *(["stream = true # the rows may not fit in memory"] if needs_stream(draft, file) else _split_hints(draft)),
        f"batch_size = {batch_size(draft.rows)}",
        *kinds_of_columns(draft),
    ]
    return whole(draft, file, directory, data, model(draft))


def whole(draft: Drafted, file: TableFile, directory: Path, data: Sequence[str], recipe: Iterator[str]) -> str:
    """The spec as TOML, given the section of the data and those from the model to the metrics."""
    noun = "image" if file.type == "ImageFolder" else "row"
    rows = f"about {file.rows:,} {noun}s" if file.is_sample else counted(draft.target.rows, noun)
    lines = [
        *(["#:schema ./schema.json"] if (directory / "schema.json").is_file() else []),
        *comment(f"{draft.sentence} Written for {as_toml(file.path.name)}, {rows}."),
        "",
        "[run]",
        "epochs = 200 # an upper limit: EarlyStopping usually ends the run earlier",
        "",
        "[data]",
        *data,
        "",
        *recipe,
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
    return draft.scale == 1 and all(column.is_plain for column in draft.given)


def _split_hints(draft: Drafted) -> Iterator[str]:
    """Tell the option that splits by time, if a column has times."""
    times = [column.name for column in draft.given if column.kind == "time"]
    if times and draft.task == "number":
        yield f"# To test on the latest rows: time_column = {as_toml(times[0])}"


def kinds_of_columns(draft: Drafted) -> Iterator[str]:
    """The kinds of the columns: the most frequent one for all, and a line for each column with another one."""
    kinds = {} if _is_plain(draft) else draft.kinds
    has_lists = not all(column.is_scalar for column in draft.given)  # "*" would match them.
    entries = kinds if has_lists else _with_pattern(kinds, [column.name for column in draft.columns])
    if draft.task == "number" and draft.target.is_scalar:
        target: dict[str, Any] = {"type": "StandardScaler", **draft.target.form}
        entries = {**entries, draft.target.name: target}
    if not entries:
        return
    yield ""
    yield "[data.columns] # fitted to the training rows"
    orders = {column.name: f" # or {as_toml(column.other_order)}" for column in draft.given if column.other_order}
    remarks = {**orders, draft.target.name: " # the loss compares it with variance 1"}
    for name, kind in entries.items():
        remark = remarks.get(name, "")
        yield f"{key_of(name)} = {as_toml(kind)}{remark}"


def _with_pattern(kinds: Mapping[str, Kind], names: Sequence[str]) -> dict[str, Kind]:
    """Return the kinds with "*" for the most frequent one, if that is shorter."""
    if not kinds or "*" in names:
        return dict(kinds)
    number, filled = ({"type": "StandardScaler", **more} for more in ({}, {"missing": "median"}))
    if filled in kinds.values():  # It also suits numbers without missing cells.
        kinds = {name: filled if kind == number else kind for name, kind in kinds.items()}
    common, times = Counter(map(as_toml, kinds.values())).most_common(1)[0]
    if times < 2:
        return dict(kinds)
    first = next(kind for kind in kinds.values() if as_toml(kind) == common)
    return {"*": first, **{name: kind for name, kind in kinds.items() if as_toml(kind) != common}}


def ids_of(draft: Drafted) -> list[str]:
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
    if ids := ids_of(draft):
        given, them = (as_toml(ids[0]), "it") if len(ids) == 1 else (as_toml(ids), "them")
        yield f"id_columns = {given} # no input, but predictions contain {them}"


def _inputs(draft: Drafted) -> Iterator[str]:
    """The inputs: by default all other columns, so they are listed only if one is left out or is called "*"."""
    ids = ids_of(draft)
    if all(name in ids for name in draft.left_out) and all(column.name != "*" for column in draft.columns):
        return
    yield from left_out(draft, ids)
    yield from option("inputs", draft.inputs)


def left_out(draft: Drafted, ids: Collection[str] = ()) -> Iterator[str]:
    """Comments about the columns that are neither inputs nor ids."""
    if reasons := by_reason(draft, ids):
        yield "# Columns that are not among the inputs:"
        for why, names in reasons.items():
            yield from comment(f"  {', '.join(map(as_toml, names))}: {why}", "  ")


def by_reason(draft: Drafted, ids: Collection[str] = ()) -> dict[str, list[str]]:
    """Return the columns that are neither inputs nor ids, by the reason."""
    found: dict[str, list[str]] = {}
    for name, why in draft.left_out.items():
        if name not in ids:
            found.setdefault(why, []).append(name)
    return {why if len(names) == 1 else _of_several(why): names for why, names in found.items()}


def _of_several(why: str) -> str:
    """Return the reason for one column as that for several."""
    subject, _, rest = why.partition(" ")
    return f"{ {'it': 'each', 'its': 'their'}.get(subject, subject) } {rest}"


def target_lines(draft: Drafted) -> Iterator[str]:
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
        yield from comment(f"In the target {meaning}.")
        yield line
