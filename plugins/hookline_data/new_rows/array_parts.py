"""Read arrays some rows after the others."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hookline.errors import DataError, did_you_mean
from hookline_data.given.python_arrays import array_of
from hookline_data.numpy_arrays import npz_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Arrays = Mapping[str, NDArray[Any]]

BLOCK = 4 * 2**20
"""About how many bytes of arrays to read at once."""


def parts_of_mapping(source: Mapping[str, Any], names: Sequence[str], rows_per_block: int) -> "Iterator[Arrays]":
    """Yield some rows of all arrays after the others.

    Raises:
        DataError: If an array is missing, or is not one of numbers or text.

    """
    found: dict[str, NDArray[Any]] = {}
    for name in names:
        if name not in source:
            raise DataError(f'There is no array "{name}".{did_you_mean(name, map(str, source))}', columns=[name])
        found[name] = array_of(source[name], name)
    npz_file.refuse_other_sizes({name: len(array) for name, array in found.items()}, "the arrays")
    size = _rows_at_once(sum(array[:1].nbytes for array in found.values()), rows_per_block)
    rows = len(found[names[0]])
    return ({name: array[at : at + size] for name, array in found.items()} for at in range(0, rows, size))


def parts_of_file(path: Path, names: Sequence[str], rows_per_block: int) -> "Iterator[Arrays]":
    """Yield some rows of all arrays after the others. Compressed arrays cannot be mapped, but read as streams."""
    import numpy

    with npz_file.opened(path) as file, ExitStack() as stack:
        readers: dict[str, Callable[[int, int], NDArray[Any]]] = {}
        sizes: dict[str, int] = {}
        row_bytes = 0
        for name in names:
            member, (shape, is_by_column, kind, _) = stack.enter_context(npz_file.opened_array(file, name, path))
            sizes[name] = shape[0]
            count = int(numpy.prod(shape[1:], dtype=numpy.int64))
            row_bytes += count * kind.itemsize
            if is_by_column and len(shape) > 1:  # Each row is scattered over the file.
                member.seek(0)
                whole = numpy.lib.format.read_array(member, allow_pickle=False)
                readers[name] = lambda at, rows, whole=whole: whole[at : at + rows]  # type: ignore[misc]
            else:
                readers[name] = _reader(member, shape, kind, count * kind.itemsize)
        npz_file.refuse_other_sizes(sizes, path)
        size, rows = _rows_at_once(row_bytes, rows_per_block), sizes[names[0]]
        for at in range(0, rows, size):
            yield {name: read(at, min(size, rows - at)) for name, read in readers.items()}


def _reader(member: Any, shape: tuple[int, ...], kind: Any, row_bytes: int) -> "Callable[[int, int], NDArray[Any]]":
    import numpy

    def read(at: int, rows: int) -> "NDArray[Any]":
        content = member.read(rows * row_bytes)
        if len(content) < rows * row_bytes:
            raise EOFError("It is truncated.")
        return numpy.frombuffer(content, dtype=kind).reshape(rows, *shape[1:])

    return read


def _rows_at_once(row_bytes: int, rows_per_block: int) -> int:
    """Return a multiple of the rows of a block, with about `BLOCK` bytes if a block has less."""
    return max(1, BLOCK // max(1, row_bytes * rows_per_block)) * rows_per_block
