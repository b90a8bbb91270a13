"""Choose the column of a table that a spec predicts, and the other columns that are inputs."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from hookline.errors import DataError, did_you_mean, enumerate_names
from hookline.spec import as_toml
from hookline_data.draft.columns import Column
from hookline_data.draft.drafted import Drafted
from hookline_data.draft.inputs import COUNTS_ROWS, quoted, split_values, why_left_out
from hookline_data.draft.task import Task, complaint, task_of

TARGET_NAMES = ("target", "targets", "label", "labels", "class", "y", "y_train", "train_labels")


def likely_target(columns: Sequence[Column]) -> Column:
    """The most likely target: the column with such a name, the only one with classes in words, or the last."""
    usable = [column for column in columns if complaint(column) is None and not split_values(column)] or list(columns)
    named = [column for column in usable if column.name.lower() in TARGET_NAMES]
    words = [column for column in usable if column.kind in ("text", "boolean")]
    return named[0] if named else words[0] if len(words) == 1 else usable[-1]


def drafted(
    path: Path,
    columns: Sequence[Column],
    target: str,
    task: Task | None,
    *,
    scale: float = 1.0,
    training: int | None = None,
    absent: Mapping[str, Iterable[str]] | None = None,
    unused: Mapping[str, str] | None = None,
) -> Drafted:
    """Decide what a spec for the table contains. If `task` is `None`, it follows from the cells of the target.

    Args:
        path: the file of the training rows, for messages.
        columns: the columns.
        target: the column to predict.
        task: what to predict.
        scale: the number of rows, divided by that of the inspected rows.
        training: how many of the inspected rows are training rows; the others are in files of other splits.
        absent: the columns that the files of other splits lack, by split.
        unused: columns that are not inputs for other reasons, with these.

    Raises:
        DataError: if the target does not exist, or cannot be learned from this table.

    """
    column = _called(target, columns)
    if column is None:
        raise DataError(f'{path}: There is no column "{target}".{did_you_mean(target, (one.name for one in columns))}')
    if problem := complaint(column, task):
        raise DataError(f"{path}: {enumerate_names([target])} cannot be the target: {problem}.")
    is_chosen, task = task is not None, task or task_of(column)
    lost = frozenset(split for split, names in (absent or {}).items() if column.name in names)
    lacking = {name: split for split, names in (absent or {}).items() if split not in lost for name in names}
    if task == "classes" and training is not None and (new := _new_class(column, training)) is not None:
        message = f"the class {quoted(new)} is in the files of other splits, but not in the training rows"
        raise DataError(f"{path}: {enumerate_names([target])} cannot be the target: {message}.")
    others = [other for other in columns if other is not column]
    splitting = None if absent else next((other for other in others if split_values(other)), None)
    others = [other for other in others if other is not splitting]
    left_out = {
        other.name: why
        for other in others
        if (why := (unused or {}).get(other.name) or _why_left_out(other, column, lacking)) is not None
    }
    if others and len(left_out) == len(others):  # A series may have nothing but the time.
        left_out = {name: why for name, why in left_out.items() if not name or why != COUNTS_ROWS}
    if len(left_out) == len(others):
        reasons = "; ".join(f"{as_toml(name)}: {why}" for name, why in left_out.items())
        raise DataError(f"{path}: No column can be an input. {reasons}.")
    return Drafted(
        columns=tuple(columns),
        target=column,
        task=task,
        is_chosen=is_chosen,
        left_out=left_out,
        split_column=splitting,
        scale=scale,
        are_splits_given=training is not None or splitting is not None,
        unused_files=lost,
    )


def _called(name: str, columns: Sequence[Column]) -> Column | None:
    """Return the column with a name, with or without spaces around it."""
    exact = [column for column in columns if column.name == name]
    alike = exact or [column for column in columns if column.name.strip() == name.strip()]
    return alike[0] if len(alike) == 1 else None


def _why_left_out(column: Column, target: Column, lacking: Mapping[str, str]) -> str | None:
    if column.name in lacking:
        return f"the {lacking[column.name]} file lacks it"
    return why_left_out(column) or _leak(column, target)


def _new_class(target: Column, training: int) -> str | None:
    """Return a class that occurs only after this many rows; `None` if there is none."""
    if target.codes is None:
        return None
    known = set(target.codes.indices[:training].to_pylist())
    new = set(target.codes.indices[training:].to_pylist()) - known - {None}
    return str(target.codes.dictionary[min(new)].as_py()) if new else None


def _leak(column: Column, target: Column) -> str | None:
    """Return that a column is the target in other words: each of its cells goes with one of the target."""
    if not (column.is_scalar and target.is_scalar) or column.distinct != target.distinct or column.distinct < 2:
        return None
    if column.missing or target.missing:
        return None
    if target.distinct > target.rows / 2 and column.counts != target.counts:
        return None
    rows = min(column.rows, target.rows)  # Files of other splits may lack one of them.
    pairs = set(zip(*(one.codes.indices[:rows].to_pylist() for one in (column, target)), strict=True))
    return "it is the target in other words" if len(pairs) == target.distinct else None
