"""`examples.arrow` or `examples.npz`: some rows of the data, on which deployed models are compared."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hookline.files.atomic import write_file
from hookline.runs.manifest import Manifest

if TYPE_CHECKING:
    import pyarrow
    from numpy.typing import NDArray

TABLE, ARRAYS = "examples.arrow", "examples.npz"
"""The file of a table, and that of arrays."""


def write(directory: Path, rows: "Mapping[str, NDArray[Any]] | pyarrow.Table") -> None:
    """Write example rows: a table as an Arrow file, or arrays by name as an NPZ file.

    Raises:
        FileError: If the file cannot be written.

    """
    content = io.BytesIO()
    if isinstance(rows, Mapping):
        import numpy

        numpy.savez(content, allow_pickle=False, **rows)
        write_file(directory / ARRAYS, content.getvalue())
        return
    import pyarrow

    with pyarrow.ipc.new_file(content, rows.schema) as file:
        file.write_table(rows)
    write_file(directory / TABLE, content.getvalue())


def read(files: Manifest) -> "Mapping[str, NDArray[Any]] | pyarrow.Table | None":
    """Return the example rows of a finished run; `None` if it has kept none. Nothing is unpickled.

    Raises:
        RunError: If the file is damaged.

    """
    if TABLE in files:
        import pyarrow

        return pyarrow.ipc.open_file(files.checked(TABLE).read_bytes()).read_all()
    if ARRAYS in files:
        import numpy

        with numpy.load(files.checked(ARRAYS), allow_pickle=False) as arrays:
            return dict(arrays)
    return None
