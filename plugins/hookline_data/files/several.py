"""Several files as one: lists of paths and patterns such as `part-*.parquet`."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from hookline.errors import DataError, counted, enumerate_names, nearest

MOST_NAMED = 3
"""The largest number of files that messages about all of them name."""

MOST_FILES = 1000
"""The largest number of files of a directory to inspect."""

DATA = (".csv", ".tsv", ".txt", ".parquet", ".pq", ".arrow", ".feather", ".ipc", ".jsonl", ".ndjson", ".npz")
"""The suffixes of data files."""


class Files(type(Path())):  # type: ignore[misc]
    """The path of several files that are read as one, for messages about all of them."""

    files: tuple[Path, ...]
    """The files."""
    rows: list[int]
    """How many rows each file has, as far as they have been read."""
    option: str
    """The option that names the files."""

    @classmethod
    def of(cls, given: "Path | tuple[Path, ...]", option: str) -> Path:
        """Return the path that stands for what an option names: the file itself if it is one.

        Raises:
            DataError: If a pattern matches no file.

        """
        if isinstance(given, Path) and not is_pattern(given):
            return given
        try:
            files = tuple(file for path in ((given,) if isinstance(given, Path) else given) for file in matching(path))
        except DataError as error:
            raise error.changed(option=(option,)) from None
        made = cls(given if isinstance(given, Path) else _together(files))
        made.files, made.rows, made.option = files, [], option
        return made

    def located(self, error: DataError) -> DataError | None:
        """Return an error about all files as one about the right file, with its row; `None` if it is about others."""
        if str(error.file) in map(str, self.files):
            return error.changed(option=(self.option,) if error.option is None else error.option)
        if str(error.file) != str(self) or error.row is None:
            return None
        row = error.row
        for file, rows in zip(self.files, self.rows, strict=False):
            if row <= rows:
                return error.changed(file=file, row=row, option=error.option or (self.option,))
            row -= rows
        return None


def of(path: Path) -> tuple[Path, ...]:
    """Return the files that a path stands for."""
    return path.files if isinstance(path, Files) else (path,)


def is_pattern(path: Path) -> bool:
    """Whether a path is a pattern of files, such as `part-*.csv`; an existing file is not."""
    return any(sign in str(path) for sign in "*?[") and not path.exists()


def matching(path: Path) -> list[Path]:
    """Return a file, or those that match a pattern, sorted by name; `**` matches directories at any depth.

    Raises:
        DataError: If no file matches.

    """
    if not is_pattern(path):
        return [path]
    import glob

    files = sorted(file for file in map(Path, glob.iglob(str(path), recursive=True)) if file.is_file())  # noqa: PTH207 - Patterns may be absolute.
    if not files:
        near = _near(path)
        message = "No file matches this pattern." + (f' Did you mean "{near}"?' if near else "")
        raise DataError(message, file=path)
    return files


def _near(path: Path) -> str | None:
    """Return a pattern like this one that matches files."""
    names = [file.name for file in islice(_files_in(path.parent), MOST_FILES)]
    patterns = {re.sub(r"\d+", "*", name) for name in names} | {f"*{Path(name).suffix}" for name in names}
    patterns = {pattern for pattern in patterns if "*" in pattern}
    return nearest(path.name, patterns) or next((one for one in sorted(patterns) if Path(one).stem == path.stem), None)


def _files_in(directory: Path) -> Iterator[Path]:
    try:
        yield from (file for file in directory.iterdir() if file.is_file())
    except OSError:
        return


def of_directory(path: Path) -> str:
    """Return the advice for a directory that was given instead of files; empty if it has no data files."""
    suffixes = Counter(file.suffix for file in islice(_files_in(path), MOST_FILES) if file.suffix in DATA)
    if not suffixes:
        return ""
    return f'List its files, or use a pattern: "{path.name}/*{suffixes.most_common(1)[0][0]}".'


def _together(files: Sequence[Path]) -> str:
    if len(files) == 1:
        return str(files[0])
    if len(files) <= MOST_NAMED:
        return ", ".join(map(str, files))
    return f"{files[0]} and {counted(len(files) - 1, 'other file')}"


def refuse_other_columns(names: Sequence[str], others: Sequence[str], file: Path, first: Path) -> None:
    """Raise a `DataError` if a file lacks a column of the first file, or has another one."""
    if missing := [name for name in names if name not in set(others)]:
        which = f"column{'s' * (len(missing) > 1)} {enumerate_names(missing[:MOST_NAMED])}"
        more = f", and {counted(len(missing) - MOST_NAMED, 'other')}," if len(missing) > MOST_NAMED else ""
        raise DataError(f"It lacks the {which}{more} of {first}.", file=file)
    if added := [name for name in others if name not in set(names)]:
        which = f"column{'s' * (len(added) > 1)} {enumerate_names(added[:MOST_NAMED])}"
        raise DataError(f"It has the {which}, which {first} lacks. All files must have the same.", file=file)
