"""Options of splits that contradict each other, found without the data."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from hookline.errors import OptionError, enumerate_names
from hookline_data.splitting.names import REST, SPLITS, UNUSED

if TYPE_CHECKING:
    from hookline_data.rows.split_rows import SplitRows


def contradictions(source: "SplitRows") -> Iterator[OptionError]:
    """Yield an error for each option of a split that contradicts another one, or has no effect."""
    fractions = source.fractions
    if sum(fractions.values()) >= 1:
        message = "Together with `test`, this takes all rows and leaves none for training."
        yield OptionError("validation" if "validation" in fractions else "test", message, against=[("test",)])
    if source.train_on_validation and "validation" in source.other_files:
        message = "The validation rows are in another file: list it in `path`, and remove `validation`."
        yield OptionError("train_on_validation", message, against=[("validation",)])
    elif source.train_on_validation and not _may_have_validation(source):
        message = "There are no validation rows to add to the training rows."
        yield OptionError("train_on_validation", message, id="unused-option")
    if source.split_column is not None:
        yield from _of_split_column(source)
        return
    if source.stratify and not fractions and source.folds is None:
        yield OptionError("stratify", "Only fractions can be stratified: set `validation` or `test` to a number.")
    for name in ("group_column", "time_column"):
        if getattr(source, name) is not None and not fractions and source.folds is None:
            message = "This divides the rows of `path`: set `validation` or `test` to a fraction, or set `folds`."
            yield OptionError(name, message, id="unused-option")
    if source.folds is not None:
        yield from _of_folds(source)
    if source.time_column is not None:
        yield from _of_times(source)


def _may_have_validation(source: "SplitRows") -> bool:
    values = source.split_values
    return bool(
        "validation" in source.fractions
        or source.folds is not None
        or (source.split_column is not None and (values is None or "validation" in values))
    )


def _of_split_column(source: "SplitRows") -> Iterator[OptionError]:
    if any(source.fractions) or source.other_files:
        yield OptionError("split_column", "The column defines the splits, so `validation` and `test` cannot be set.")
    for name in ("group_column", "time_column", "folds"):
        if getattr(source, name) is not None:
            message = f"The column defines the splits, so `{name}` cannot be set."
            yield OptionError("split_column", message, against=[(name,)])
    if source.stratify:
        yield OptionError("stratify", "Only fractions can be stratified: set `validation` or `test` to a number.")
    if source.split_values is not None:
        yield from _of_values(source.split_values)


def _of_values(values: Mapping[str, str | int | tuple[str | int, ...]]) -> Iterator[OptionError]:
    known = (*SPLITS, UNUSED)
    taken: dict[str, str] = {}
    for split, several in values.items():
        if split not in known:
            message = f'There is no split "{split}": the splits are {enumerate_names(known)}.'
            yield OptionError("split_values", message, split, on_key=True, id="invalid-value")
        listed = several if isinstance(several, tuple) else (several,)
        if not listed:
            yield OptionError("split_values", "There must be at least one value.", split)
        for value in map(str, listed):
            if value in taken:
                called = 'The rest ("*")' if value == REST else f'"{value}"'
                message = f"{called} is already the {taken[value]} split: a value belongs to one split."
                yield OptionError("split_values", message, split, against=[("split_values", taken[value])])
            taken.setdefault(value, split)
    if "training" not in values:
        message = 'There is no value for the training rows: add `training = "…"`.'
        yield OptionError("split_values", message)


def _of_folds(source: "SplitRows") -> Iterator[OptionError]:
    assert source.folds is not None
    if source.validation:
        message = "The fold is the validation split: remove `validation`."
        yield OptionError("validation", message, against=[("folds",)])
    if source.fold >= source.folds > 1:
        message = f"There are {source.folds} folds, counted from 0: `fold` must be at most {source.folds - 1}."
        yield OptionError("fold", message, against=[("folds",)], id="out-of-bounds")


def _of_times(source: "SplitRows") -> Iterator[OptionError]:
    for name in ("group_column", "stratify"):
        if getattr(source, name):
            message = f"The rows are split in the order of their times, so `{name}` cannot be set."
            yield OptionError("time_column", message, against=[(name,)])
    if source.split_seed:
        message = "The order of the times defines the splits: a seed has no effect."
        yield OptionError("split_seed", message, against=[("time_column",)], id="unused-option")
