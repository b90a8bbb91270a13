"""The arrays in an NPZ file. Nothing is unpickled, and what the file says of its own sizes is checked first."""

import lzma
import math
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tokenize import TokenError
from typing import TYPE_CHECKING, Any, BinaryIO

from hookline.errors import DataError, did_you_mean

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

NUMBERS = "biuf"
"""The kinds of NumPy's types that are numbers: truth values, integers with and without a sign, and floats."""

LARGEST_DIRECTORY = 4 * 2**20
"""How many bytes the list of the arrays in the file has at most: about 50,000 arrays."""

LARGEST_HEADER = 2**16
"""How many bytes of an array say its type and shape at most."""

ALWAYS_UNPACKED = 2**28
"""How many bytes an array may always have, however well it is compressed."""

GREATEST_RATIO = 250
"""How many times as many bytes a larger array may have as it has in the file."""

_MAGIC = b"\x93NUMPY"
_DAMAGED = (ValueError, EOFError, OverflowError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error)
_IS_ENCRYPTED = 1


def array_names(path: Path) -> list[str]:
    """The names of the arrays in the file, in its order.

    Raises:
        DataError: if it cannot be read.

    """
    with _opened(path) as file:
        if any(entry.flag_bits & _IS_ENCRYPTED for entry in file.infolist()):
            raise DataError("The file is encrypted.", file=path)
        return [name.removesuffix(".npy") for name in file.namelist()]


def read(path: Path, names: Iterable[str]) -> "dict[str, NDArray[Any]]":
    """These arrays of the file: numbers or text, all with the same number of rows.

    Raises:
        DataError: if there is none of a name, if one cannot be read, or if their rows do not match.

    """
    with _opened(path) as file:
        entries = {entry.filename.removesuffix(".npy"): entry for entry in file.infolist()}
        arrays = {name: _array(file, entries, name, path) for name in names}
    first, *others = arrays
    for name in others:
        if len(arrays[name]) != len(arrays[first]):
            raise DataError(
                f'"{name}" has {len(arrays[name])} rows, and "{first}" has {len(arrays[first])}: all arrays '
                f"must have as many.",
                file=path,
                columns=[name],
            )
    if not len(arrays[first]):
        raise DataError("The arrays have no rows.", file=path)
    return arrays


def _array(file: zipfile.ZipFile, entries: dict[str, zipfile.ZipInfo], name: str, path: Path) -> "NDArray[Any]":
    from numpy.lib import format as npy

    if name not in entries:
        raise DataError(f'There is no array "{name}".{did_you_mean(name, entries)}', file=path, columns=[name])
    entry = entries[name]
    if entry.flag_bits & _IS_ENCRYPTED:
        raise DataError(f'"{name}" is encrypted.', file=path, columns=[name])
    packed, unpacked = entry.compress_size, entry.file_size
    if unpacked > ALWAYS_UNPACKED and unpacked > packed * GREATEST_RATIO:
        raise DataError(
            f'"{name}" has {packed:,} bytes in the file and {unpacked:,} once it is unpacked, more than '
            f"{GREATEST_RATIO} times as many. If it is not meant to fill the memory, save it with `numpy.savez`.",
            file=path,
            columns=[name],
        )
    with file.open(entry) as member:
        shape, kind, begin = _header(member, name, path)
        if kind.hasobject:
            raise DataError(
                f'"{name}" has Python objects, which are pickled: to read them could run any code. Arrays of '
                f"numbers and of text are not.",
                file=path,
                columns=[name],
            )
        if kind.kind not in f"{NUMBERS}U":
            raise DataError(f'"{name}" has the type {kind}, and neither numbers nor text.', file=path, columns=[name])
        if not shape:
            raise DataError(f'"{name}" is a single value and has no rows.', file=path, columns=[name])
        size = math.prod(shape) * max(1, kind.itemsize)
        if min(shape) < 0 or size > unpacked - begin:
            raise DataError(
                f'The file is damaged: "{name}" has the shape {shape} and {unpacked - begin:,} bytes.',
                file=path,
                columns=[name],
            )
        member.seek(0)
        return npy.read_array(member, allow_pickle=False)


def _header(member: Any, name: str, path: Path) -> "tuple[tuple[int, ...], numpy.dtype[Any], int]":
    """The shape and the type that an array says it has, and where its values begin."""
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
        shape, _, kind = (npy.read_array_header_1_0 if is_first else npy.read_array_header_2_0)(member)
    except (ValueError, TypeError, SyntaxError, TokenError, RecursionError, MemoryError):
        # NumPy advises to trust the file and to allow pickles, which is no advice for a file that is damaged.
        raise DataError(
            f'The file is damaged: The type and the shape of "{name}" cannot be read.', file=path, columns=[name]
        ) from None
    return shape, kind, length + (10 if is_first else 12)


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """The file; what goes wrong with it is told with its path."""
    try:
        with path.open("rb") as stream:
            _refuse_large_directory(stream, path)
            with zipfile.ZipFile(stream) as file:
                size = stream.seek(0, 2)
                if any(entry.header_offset + entry.compress_size > size for entry in file.infolist()):
                    raise DataError("The file is damaged: It ends too soon.", file=path)
                yield file
    except FileNotFoundError:
        raise DataError("There is no such file.", file=path) from None
    except OSError as error:
        raise DataError(f"The file cannot be read: {error.strerror or error}.", file=path) from None
    except _DAMAGED as error:
        raise DataError(f"The file is damaged: {str(error).rstrip('.')}.", file=path) from None
    except NotImplementedError:
        raise DataError("The file is compressed in a way that Python cannot read.", file=path) from None
    except MemoryError:
        raise DataError("There is not enough memory to read the file.", file=path) from None


def _refuse_large_directory(stream: BinaryIO, path: Path) -> None:
    """Raise a `DataError` if this is no ZIP file, or if it lists more files than can be read in a moment.

    See https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.3.
    """
    if not zipfile.is_zipfile(stream):
        raise DataError("This is not an NPZ file, as `numpy.savez` writes it.", file=path)
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
        raise DataError("The file lists more arrays than can be read.", file=path)
