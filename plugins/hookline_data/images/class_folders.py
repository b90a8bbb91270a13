"""The folders of classes, and the image files in them."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from hookline.errors import OptionError, counted, enumerate_names, nearest
from hookline_data.images.image_format import SUFFIXES
from hookline_data.splitting.names import split_called


def class_folders(folder: Path) -> list[str]:
    """Return the names of the folders in a folder, sorted; hidden ones are left out."""
    with os.scandir(folder) as entries:
        return sorted(entry.name for entry in entries if entry.is_dir() and not entry.name.startswith("."))


def image_files(folder: Path) -> Iterator[Path]:
    """Yield the image files in a folder and in all folders below, in the order of torchvision; hidden ones are left
    out.
    """
    for place, files in sorted(_walked(folder)):
        for name in files:
            yield Path(place, name)


def has_image(folder: Path) -> bool:
    """Whether there is an image file in a folder or below. Not all of them are listed."""
    return any(files for _, files in _walked(folder))


def _walked(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield each folder with its image files, sorted."""
    seen: set[tuple[int, int]] = set()
    for place, folders, files in os.walk(folder, followlinks=True):
        known = Path(place).stat()
        if (known.st_dev, known.st_ino) in seen:  # A link that leads back would never end.
            folders.clear()
            continue
        seen.add((known.st_dev, known.st_ino))
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield place, sorted(name for name in files if is_image(name))


def is_image(name: str) -> bool:
    """Whether a file is an image according to its name."""
    return name.lower().endswith(SUFFIXES) and not name.startswith(".")


def checked_classes(folder: Path, name: str) -> list[str]:
    """Return the classes of a folder.

    Raises:
        OptionError: If it is not a folder, or if a class has no images; `name` is the option.

    """
    try:
        if not folder.exists():
            raise OptionError(name, "There is no such folder.", id="missing-file", near=_near(folder))
        if not folder.is_dir():
            raise OptionError(name, "This is a file, not a folder of images.", id="unreadable-file")
        classes = class_folders(folder)
        splits = _splits(classes)
        if len(splits) > 1:
            listed = ", ".join(
                f'{"path" if split == "training" else split} = "{folder.name}/{found}"'
                for split, found in splits.items()
            )
            message = f"The folders in it are splits, not classes. Set {listed}."
            raise OptionError(name, message)
        empty = [one for one in classes if not has_image(folder / one)]
        loose = 0 if classes else sum(is_image(file.name) for file in folder.iterdir())
    except OSError as error:
        raise OptionError(
            name, f"The folder cannot be read: {error.strerror or error}.", id="unreadable-file"
        ) from None
    if loose:
        message = (
            f"It has {counted(loose, 'image')} but no folders: put the images of each class into a folder of its own."
        )
        raise OptionError(name, message)
    if not classes:
        raise OptionError(name, "The folder is empty: it must have a folder for each class.")
    if empty:
        which = (
            f"The class {enumerate_names(empty)} has"
            if len(empty) == 1
            else f"The classes {enumerate_names(empty)} have"
        )
        raise OptionError(name, f"{which} no images. Remove the folder, or hide it with a dot in front of its name.")
    return classes


def _splits(folders: Sequence[str]) -> Mapping[str, str]:
    """Return the folders that are named like splits, by split; empty if there are others."""
    found = {split: one for one in folders if (split := split_called(one)) is not None}
    return found if len(found) == len(folders) else {}


def _near(folder: Path) -> Path | None:
    if not folder.parent.is_dir():
        return None
    siblings = [one.name for one in folder.parent.iterdir() if one.is_dir()]
    name = nearest(folder.name, siblings)
    return None if name is None else folder.with_name(name)
