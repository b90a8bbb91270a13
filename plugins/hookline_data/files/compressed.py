"""Compressed files, recognized by their first bytes and unpacked while they are read."""

from typing import TYPE_CHECKING, Any, BinaryIO, cast

if TYPE_CHECKING:
    import io

_MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bz2", b"\xfd7zXZ\0": "xz"}

SUFFIXES = (".gz", ".zst", ".bz2", ".xz")
"""The suffixes of compressed files, behind which the suffix of their content stands."""


def kind_of(file: BinaryIO) -> str | None:
    """Return how a file is compressed, without reading from it; `None` if it is not compressed.

    The name of the file does not matter.
    """
    begin = cast("io.BufferedReader", file).peek(8) if hasattr(file, "peek") else b""
    return kind_of_bytes(begin)


def kind_of_bytes(begin: bytes) -> str | None:
    """Return how a file that begins with these bytes is compressed; `None` if it is not compressed."""
    return next((kind for magic, kind in _MAGIC.items() if begin.startswith(magic)), None)


def unpacked(file: BinaryIO, kind: str | None) -> BinaryIO:
    """Return a stream of the content of a compressed file; the caller closes both."""
    if kind is None:
        return file
    opened: Any
    if kind == "gzip":
        import gzip

        opened = gzip.GzipFile(fileobj=file)
    elif kind == "bz2":
        import bz2

        opened = bz2.BZ2File(file)
    elif kind == "xz":
        import lzma

        opened = lzma.LZMAFile(file)  # noqa: SIM115 - The caller closes it.
    else:
        import pyarrow

        opened = pyarrow.CompressedInputStream(pyarrow.PythonFile(file, mode="r"), kind)
    return cast("BinaryIO", opened)


def damage(error: BaseException) -> str | None:
    """Return what is wrong with a compressed file, given the error while unpacking it; `None` for other errors."""
    import zlib

    if isinstance(error, EOFError) or "ended before" in str(error) or "Truncated" in str(error):
        return "it is truncated"
    if isinstance(error, zlib.error) or type(error).__name__ in ("BadGzipFile", "LZMAError"):
        return str(error).rstrip(".")
    if isinstance(error, OSError) and error.errno is None:
        return " ".join(str(error).split()).rstrip(".")
    return None
