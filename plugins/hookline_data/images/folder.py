"""A folder of images as a table."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from hookline.errors import DataError
from hookline.spec import spec
from hookline_data.images.class_folders import class_folders, image_files
from hookline_data.table import Table

if TYPE_CHECKING:
    import pyarrow

    from hookline_data.reading.columns import Wanted

PATH, CLASS = "path", "class"
"""The columns of a folder as a table."""


@spec
class FolderTable(Table):
    """A folder of images as a table: the path of each, relative to the folder, and its class."""

    def column_names(self, path: Path) -> list[str]:
        """Return the two columns."""
        return [PATH, CLASS]

    def read(self, path: Path, wanted: "Mapping[str, Wanted]") -> "pyarrow.Table":
        """List the files.

        Raises:
            DataError: If there are none, or if a name cannot be written as text.

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
        if wrong := next((name for name in columns[PATH] if not _is_utf8(name)), None):
            raise DataError(f"The name {os.fsencode(wrong)!r} is not in UTF-8: rename it.", file=path)
        return pyarrow.table({name: columns[name] for name in wanted})


def _is_utf8(name: str) -> bool:
    """Whether the name of a file is in UTF-8; Python reads other bytes as half of a pair of surrogates."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
