"""The files that a spec is drafted for: files, patterns and folders, by split."""

import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile
from pathlib import Path

from attrs import field, frozen

from hookline.errors import DataError, counted, enumerate_names, no_such_file
from hookline_data.files import compressed, several
from hookline_data.files.several import Files
from hookline_data.images.class_folders import class_folders, has_image, is_image
from hookline_data.splitting.names import SPLITS, split_called

MOST_LISTED = 5
"""The largest number of files that a spec lists, if a pattern selects the same."""


@frozen
class DataFiles:
    """What a spec is drafted for."""

    paths: Mapping[str, Path]
    """The file, the files or the folder of images of each split that has its own; always those of "training"."""
    notes: tuple[str, ...] = field(default=(), eq=False)
    """What is not used, a sentence each."""

    @property
    def training(self) -> Path:
        """The file, the files or the folder of images of the training rows."""
        return self.paths["training"]

    @property
    def others(self) -> dict[str, Path]:
        """Those of the other splits."""
        return {split: path for split, path in self.paths.items() if split != "training"}


def data_files(named: Mapping[str, Sequence[Path]]) -> DataFiles:
    """Find the files of each split, given the paths of the command line.

    Files and folders of images whose names say so, such as train.csv and test.csv, are those of a split.

    Raises:
        DataError: If there are none.

    """
    found: dict[str, list[Path]] = {}
    notes: list[str] = []
    for split in SPLITS:
        for path in named.get(split, ()):
            if not path.is_dir() or _is_of_classes(path):
                found.setdefault(split, []).append(path)
                continue
            inside, unused = _in_folder(path)
            notes += unused
            of_training = inside if split == "training" else {split: [one for many in inside.values() for one in many]}
            for of, paths in of_training.items():
                found.setdefault(of, []).extend(paths)
    by_name = _by_split(_matching(found["training"]))
    if len(by_name) > 1:
        used = {path for paths in by_name.values() for path in paths}
        notes += [f"{path} is not used." for path in _matching(found.pop("training")) if path not in used]
        found = {**by_name, **found}
    return DataFiles({split: _together(paths, split) for split, paths in found.items()}, tuple(notes))


def _matching(paths: Iterable[Path]) -> list[Path]:
    return [file for path in paths for file in several.matching(path)]


def _together(paths: list[Path], split: str) -> Path:
    """Return several paths as one.

    Raises:
        DataError: If one does not exist.

    """
    for path in paths:
        if not several.is_pattern(path) and not path.exists():
            raise DataError(no_such_file(path), file=path)
    if len(paths) > 1 and (folder := next((path for path in paths if path.is_dir()), None)):
        raise DataError("Images of a split must be in one folder, with a folder for each class.", file=folder)
    return paths[0] if len(paths) == 1 and not several.is_pattern(paths[0]) else _files(paths, split)


def _files(paths: list[Path], split: str) -> Path:
    """Return several files, as a pattern if one selects exactly these and there are many."""
    files = Files.of(paths[0] if len(paths) == 1 else tuple(paths), split)
    if len(paths) <= MOST_LISTED or len({path.parent for path in paths}) > 1:
        return files
    names = [path.name for path in paths]
    begin = re.sub(r"\d+$", "", _common(names))
    end = _common([name[::-1] for name in names])[::-1]
    pattern = paths[0].parent / f"{begin}*{end}"
    return Files.of(pattern, split) if several.matching(pattern) == sorted(paths) else files


def _common(names: Sequence[str]) -> str:
    """Return the longest beginning that all names have."""
    letters = zip(*names, strict=False)
    return "".join(several[0] for several in takewhile(lambda several: len(set(several)) == 1, letters))


def _is_of_classes(folder: Path) -> bool:
    """Whether a folder has folders of images that are classes, not splits."""
    folders = [name for name in class_folders(folder) if has_image(folder / name)]
    return len(folders) > 1 and any(split_called(name) is None for name in folders)


def _in_folder(folder: Path) -> tuple[dict[str, list[Path]], list[str]]:
    """Return the files or folders of images in a folder, by split, and notes about those that are not used.

    Raises:
        DataError: If there are none.

    """
    try:
        folders, names = class_folders(folder), sorted(_names(folder))
    except OSError as error:
        raise DataError(f"The folder cannot be read: {error.strerror or error}.", file=folder) from None
    splits = [folder / name for name in folders if split_called(name) and _is_of_classes(folder / name)]
    if splits:
        found = _by_split(splits)
        if "training" not in found:
            message = f'There are images of {enumerate_names(path.name for path in splits)}, but no folder "train".'
            raise DataError(message, file=folder)
        unused = [folder / name for name in folders if folder / name not in splits and has_image(folder / name)]
        return found, [f"{path} is not used: its images are in no folders of classes." for path in unused]
    files = [folder / name for name in names if _is_data(name)]
    if files:
        return _tables(folder, files)
    of_splits = {name: [folder / name / one for one in _names(folder / name) if _is_data(one)] for name in folders}
    by_folder = {split: sorted(of_splits[name]) for name in folders if (split := split_called(name))}
    if by_folder.get("training"):
        return {split: files for split, files in by_folder.items() if files}, []
    raise DataError(_nothing(folder, folders, names), file=folder)


def _tables(folder: Path, files: list[Path]) -> tuple[dict[str, list[Path]], list[str]]:
    """Return the data files of a folder by split, or all that have the most frequent suffix."""
    by_split = _by_split(files)
    if "training" in by_split:
        used = {path for paths in by_split.values() for path in paths}
        found = by_split
    else:
        tables = [path for path in files if path.suffix != ".txt"] or files  # README.txt is a text.
        common = Counter(_suffix(path.name) for path in tables).most_common(1)[0][0]
        chosen = [path for path in files if _suffix(path.name) == common]
        found = {"training": chosen if len(chosen) == 1 else [folder / f"*{common}"]}
        used = set(chosen)
    return found, [f"{path} is not used." for path in files if path not in used]


def _by_split(paths: Iterable[Path]) -> dict[str, list[Path]]:
    """Return files and folders by the split in their names; empty unless there are some for training."""
    found: dict[str, list[Path]] = {}
    for path in paths:
        words = {split_called(word) for word in re.split(r"[^a-z]+", path.name.partition(".")[0].lower())} - {None}
        if len(words) == 1:
            found.setdefault(words.pop() or "", []).append(path)
    return {split: found[split] for split in SPLITS if split in found} if "training" in found else {}


def _nothing(folder: Path, folders: Sequence[str], names: Sequence[str]) -> str:
    images = sum(map(is_image, names))
    if images:
        return (
            f"It has {counted(images, 'image')} but no folders: put the images of each class into a folder of its own, "
            "or write a CSV file with their paths and what to predict."
        )
    if len(folders) == 1 and has_image(folder / folders[0]):
        return f'It has images of a single class, "{folders[0]}".'
    return "There are neither data files in this folder, nor folders of images, a class a folder."


def _names(folder: Path) -> list[str]:
    return [name for name in os.listdir(folder) if not name.startswith(".")] if folder.is_dir() else []  # noqa: PTH208


def _is_data(name: str) -> bool:
    return _suffix(name) != ""


def _suffix(name: str) -> str:
    """Return the suffix of a data file, with that of its compression; empty for other files.

    >>> _suffix("a.csv"), _suffix("a.csv.gz"), _suffix("a.md")
    ('.csv', '.csv.gz', '')
    """
    path = Path(name)
    suffix = path.suffix.lower()
    if suffix in compressed.SUFFIXES and Path(path.stem).suffix.lower() in several.DATA:
        return "".join(path.suffixes[-2:])
    return path.suffix if suffix in several.DATA else ""


def in_spec(path: Path, directory: Path) -> str | list[str]:
    """Return a path as a spec in this directory contains it: relative, with slashes; a list for several files."""
    if isinstance(path, Files) and not several.is_pattern(Path(path)):
        return [_relative(file, directory) for file in path.files]
    return _relative(Path(path), directory)


def _relative(path: Path, directory: Path) -> str:
    return Path(os.path.relpath(path.resolve(), directory.resolve())).as_posix()
