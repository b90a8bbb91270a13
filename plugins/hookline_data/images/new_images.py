"""New images as a table with the columns "path" and "class"."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hookline.errors import DataError
from hookline_data.images.class_folders import image_files, is_image
from hookline_data.images.folder import CLASS, PATH
from hookline_data.new_rows.python_rows import ColumnRows


def as_table(source: Any, name: str = PATH) -> tuple[Any, Path]:
    """Return a source of rows with named columns, and the folder that its paths are relative to.

    Of images without a table, the column of the paths is called `name`, and that of the folders "class".

    Raises:
        DataError: If a folder has no images.

    """
    if isinstance(source, (str, Path)) and source != "-":
        path = Path(source)
        if path.is_dir():
            return _of_folder(path, name), Path()
        if is_image(path.name):
            return ColumnRows({name: [str(source)], CLASS: [path.parent.name]}, path), Path()
        return source, path.parent
    is_list = isinstance(source, Sequence) and not isinstance(source, (str, bytes))
    if is_list and len(source) and all(isinstance(path, (str, Path)) for path in source):
        columns = {name: [str(path) for path in source], CLASS: [Path(path).parent.name for path in source]}
        return ColumnRows(columns, "the list"), Path()
    return source, Path()


def _of_folder(folder: Path, name: str) -> ColumnRows:
    try:
        files = list(image_files(folder))
    except OSError as error:
        raise DataError(f"The folder cannot be read: {error.strerror or error}.", file=folder) from None
    if not files:
        raise DataError("There are no images in this folder.", file=folder)
    parts = [file.relative_to(folder).parts for file in files]
    classes = [part[0] if len(part) > 1 else folder.name for part in parts]
    return ColumnRows({name: [str(file) for file in files], CLASS: classes}, folder)
