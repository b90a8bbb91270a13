"""The splits that rows from Python are for."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from hookline.errors import DataError, MismatchError, OptionError, did_you_mean, enumerate_names
from hookline_data.files.given_path import GivenPath
from hookline_data.splitting.names import SPLITS

if TYPE_CHECKING:
    from hookline_data.rows.split_rows import SplitRows


def paths_of(source: "SplitRows", data: Any, name: str, read: Callable[[Any, str], Any]) -> dict[str, GivenPath]:
    """Return the options of a source that reads these rows instead of files: `path`, and `validation` and `test`.

    Args:
        source: the source with the options of the spec.
        data: what was passed to `hookline.train`: rows, or a mapping from splits to rows.
        name: the name of the rows in messages.
        read: makes what a `GivenPath` has of rows and their name.

    Raises:
        MismatchError: If the splits contradict an option.
        DataError: If these are not rows.

    """
    splits = data if _is_by_split(data) else {"training": data}
    if "training" not in splits:
        raise DataError(f'`data` has rows for {enumerate_names(splits)}, but not for "training".')
    for problem in _contradictions(source, splits):
        raise MismatchError(str(problem), ("data", *problem.path))
    found = {}
    for split, rows in splits.items():
        place = f"{name} for {split}" if len(splits) > 1 else name
        found["path" if split == "training" else split] = GivenPath.of(place, read(rows, place))
    return found


def name_of(data: Any, of_columns: str) -> str:
    """Return the name of rows in messages; `of_columns` is that of a mapping from names to columns."""
    if isinstance(data, Mapping):
        return name_of(next(iter(data.values())), of_columns) if _is_by_split(data) else of_columns
    return "the list" if isinstance(data, list) else f"the {type(data).__name__}"


def _is_by_split(data: Any) -> bool:
    """Whether these are the rows of each split.

    Raises:
        DataError: If they are several tables whose names are not those of splits.

    """
    if not isinstance(data, Mapping) or not data or not all(map(_are_rows, data.values())):
        return False
    for key in data:
        if key not in SPLITS:
            near = did_you_mean(str(key), SPLITS) or f" The splits are {enumerate_names(SPLITS)}."
            raise DataError(f'`data` has rows for "{key}", but there is no such split.{near}')
    return True


def _are_rows(value: Any) -> bool:
    """Whether an object is a table, and not a column of one."""
    if isinstance(value, list):
        return bool(value) and isinstance(value[0], Mapping)
    return isinstance(value, Mapping) or any(hasattr(value, name) for name in ("columns", "column_names"))


def _contradictions(source: "SplitRows", splits: Mapping[str, Any]) -> Iterator[OptionError]:
    """Report splits that the options define in another way, and files that the rows would be mixed with."""
    for split in ("validation", "test"):
        if split in splits and split in source.fractions:
            yield OptionError(split, f"`data` has the {split} rows: remove this fraction.")
        elif split not in splits and split in source.other_files:
            message = f'`data` replaces all files, but has no rows for {split}: pass {{"training": …, "{split}": …}}.'
            yield OptionError(split, message)
    if len(splits) > 1 and source.split_column is not None:
        yield OptionError("split_column", "`data` has the rows of each split: remove this option.")
    if "validation" in splits and source.folds is not None:
        yield OptionError("folds", "`data` has the validation rows: remove this option.")
