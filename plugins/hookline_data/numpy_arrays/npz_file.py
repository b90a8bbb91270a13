"""Read the arrays of an NPZ file, without pickle. The sizes that the file claims are checked first."""

import lzma
import math
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tokenize import TokenError
from typing import IO, TYPE_CHECKING, Any, BinaryIO

from hookline.errors import DataError, did_you_mean, no_such_file
from hookline_data.reading.columns import Place

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    Header = tuple[tuple[int, ...], bool, numpy.dtype[Any], int]
    """The shape, whether the array is in Fortran order, its type, and the offset of its values."""

NUMBERS = "biuf"
"""The NumPy dtype kinds that are numbers: booleans, signed and unsigned integers, and floats."""

LARGEST_DIRECTORY = 4 * 2**20
"""The largest directory of a file in bytes: about 50,000 arrays."""

LARGEST_HEADER = 2**16
"""The largest header of an array in bytes."""

ALWAYS_UNPACKED = 2**28
"""The size in bytes up to which an array may have any compression ratio."""

GREATEST_RATIO = 250
"""The largest compression ratio of a larger array."""

_MAGIC = b"\x93NUMPY"
_DAMAGED = (ValueError, EOFError, OverflowError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error)
_IS_ENCRYPTED = 1


def array_names(path: Path) -> list[str]:
    """Return the names of the arrays, in the order of the file.

    Raises:
        DataError: If the file cannot be read.

    """
    with opened(path) as file:
        if any(entry.flag_bits & _IS_ENCRYPTED for entry in file.infolist()):
            raise DataError("The file is encrypted.", file=path)
        return [name.removesuffix(".npy") for name in file.namelist()]


def read(path: Path, names: Iterable[str]) -> "dict[str, NDArray[Any]]":
    """Read arrays of numbers or text, all with the same number of rows.

    Raises:
        DataError: If an array does not exist or cannot be read, or if the numbers of rows differ.

    """
    from numpy.lib import format as npy

    arrays: dict[str, NDArray[Any]] = {}
    with opened(path) as file:
        for name in names:
            with opened_array(file, name, path) as (member, _):
                member.seek(0)
                arrays[name] = npy.read_array(member, allow_pickle=False)
    refuse_other_sizes({name: len(array) for name, array in arrays.items()}, path)
    return arrays


def refuse_other_sizes(rows: Mapping[str, int], path: Place) -> None:
    """Raise a `DataError` if arrays have different numbers of rows, or none."""
    first, *others = rows
    for name in others:
        if rows[name] != rows[first]:
            raise DataError(
                f'"{name}" has {rows[name]} rows, but "{first}" has {rows[first]}. All arrays '
                f"must have the same number of rows.",
                file=path,
                columns=[name],
            )
    if not rows[first]:
        raise DataError("The arrays have no rows.", file=path)


@contextmanager
def opened_array(file: zipfile.ZipFile, name: str, path: Path) -> "Iterator[tuple[IO[bytes], Header]]":
    """Open an array of numbers or text, and yield the member, positioned at the first value, with its header."""
    entries = {entry.filename.removesuffix(".npy"): entry for entry in file.infolist()}
    if name not in entries:
        raise DataError(f'There is no array "{name}".{did_you_mean(name, entries)}', file=path, columns=[name])
    entry = entries[name]
    if entry.flag_bits & _IS_ENCRYPTED:
        raise DataError(f'"{name}" is encrypted.', file=path, columns=[name])
    packed, unpacked = entry.compress_size, entry.file_size
    if unpacked > ALWAYS_UNPACKED and unpacked > packed * GREATEST_RATIO:
        raise DataError(
            f'"{name}" has {packed:,} bytes in the file and {unpacked:,} once unpacked, more than '
            f"{GREATEST_RATIO} times as many. If this is not a decompression bomb, save it with `numpy.savez`.",
            file=path,
            columns=[name],
        )
    with file.open(entry) as member:
        header = _header(member, name, path)
        _refuse(header, unpacked, name, path)
        yield member, header


def _refuse(header: "Header", unpacked: int, name: str, path: Path) -> None:
    """Raise a `DataError` for an array that is not one of numbers or text, or larger than its bytes in the file."""
    shape, _, kind, begin = header
    if kind.hasobject:
        raise DataError(
            f'"{name}" contains pickled Python objects, and unpickling could run any code. Save arrays '
            f"of numbers or text instead.",
            file=path,
            columns=[name],
        )
    if kind.kind not in f"{NUMBERS}U":
        raise DataError(f'"{name}" has the type {kind}, but must have numbers or text.', file=path, columns=[name])
    if not shape:
        raise DataError(f'"{name}" is a single value, so it has no rows.', file=path, columns=[name])
    size = math.prod(shape) * max(1, kind.itemsize)
    if min(shape) < 0 or size > unpacked - begin:
        raise DataError(
            f'The file is damaged: "{name}" has the shape {shape}, but {unpacked - begin:,} bytes.',
            file=path,
            columns=[name],
        )


def _header(member: Any, name: str, path: Path) -> "Header":
    """Read shape, order and type from the header of an array, and return them with the offset of its values."""
    from numpy.lib import format as npy

    start = member.read(12)
    if not start.startswith(_MAGIC):
        raise DataError(f'"{name}" is not an array.', file=path, columns=[name])
    is_first = start[6:7] == b"\x01"
    length = int.from_bytes(start[8:10] if is_first else start[8:12], "little")
    try:
        if length > LARGEST_HEADER:
            raise ValueError("It is too long.")
        member.seek(8)
        shape, is_by_column, kind = (npy.read_array_header_1_0 if is_first else npy.read_array_header_2_0)(member)
    except (ValueError, TypeError, SyntaxError, TokenError, RecursionError, MemoryError):
        # NumPy's message recommends allowing pickles, which does not help with a damaged file.
        raise DataError(
            f'The file is damaged: the type and the shape of "{name}" cannot be read.', file=path, columns=[name]
        ) from None
    return shape, is_by_column, kind, length + (10 if is_first else 12)


@contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open the file, and raise errors with its path."""
    try:
        with path.open("rb") as stream:
            _refuse_large_directory(stream, path)
            with zipfile.ZipFile(stream) as file:
                size = stream.seek(0, 2)
                if any(entry.header_offset + entry.compress_size > size for entry in file.infolist()):
                    raise DataError("The file is damaged: it is truncated.", file=path)
                yield file
    except FileNotFoundError:
        raise DataError(no_such_file(path), file=path) from None
    except OSError as error:
        raise DataError(f"The file cannot be read: {error.strerror or error}.", file=path) from None
    except _DAMAGED as error:
        raise DataError(f"The file is damaged: {str(error).rstrip('.')}.", file=path) from None
    except NotImplementedError:
        raise DataError("The compression method of the file is not supported.", file=path) from None
    except MemoryError:
        raise DataError("Not enough memory to read the file.", file=path) from None


def _refuse_large_directory(stream: BinaryIO, path: Path) -> None:
    """Raise a `DataError` if the file is not a ZIP file, or if it lists more files than can be read quickly.

    See https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.3.
    """
    if not zipfile.is_zipfile(stream):
        raise DataError("This is not an NPZ file, as written by `numpy.savez`.", file=path)
    size = stream.seek(0, 2)
    stream.seek(-min(size, 2**16 + 22), 2)
    end = stream.read()
    at = end.rfind(b"PK\5\6")
    length = int.from_bytes(end[at + 12 : at + 16], "little")
    if end[max(0, at - 20) : at].startswith(b"PK\6\7"):
        stream.seek(min(size, int.from_bytes(end[at - 12 : at - 4], "little")))
        length = max(length if length < 2**32 - 1 else 0, int.from_bytes(stream.read(56)[40:48], "little"))
    stream.seek(0)
    if length > LARGEST_DIRECTORY:
        raise DataError("The file contains too many arrays.", file=path)
