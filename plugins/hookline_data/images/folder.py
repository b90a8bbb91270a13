"""Folders of images, a class a folder."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from hookline.errors import DataError
from hookline.spec import spec
from hookline_data.images.image_format import SUFFIXES
from hookline_data.table import Table

if TYPE_CHECKING:
    import pyarrow

    from hookline_data.reading.columns import Wanted

PATH, CLASS = "path", "class"
"""The columns of a folder as a table."""


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


@spec
class FolderTable(Table):
    """A folder of images as a table: the path of each, relative to the folder, and its class."""

    def column_names(self, path: Path) -> list[str]:
        """Return the two columns."""
        return [PATH, CLASS]

    def read(self, path: Path, wanted: "Mapping[str, Wanted]") -> "pyarrow.Table":
        """List the files.

        Raises:
            DataError: If there are none.

        """
        import pyarrow

        columns: dict[str, list[str]] = {PATH: [], CLASS: []}
        try:
            for name in class_folders(path):
                for file in image_files(path / name):
                    columns[PATH].append(file.relative_to(path).as_posix())
                    columns[CLASS].append(name)
        except OSError as error:
            raise DataError(f"The folder cannot be read: {error.strerror or error}.", file=path) from None
        if not columns[PATH]:
            raise DataError("There are no images in the folders of this folder.", file=path)
        return pyarrow.table({name: columns[name] for name in wanted})
