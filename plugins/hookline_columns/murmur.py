"""MurmurHash3 of many texts at once."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow
    from numpy.typing import NDArray


def murmur3(texts: "pyarrow.Array") -> "NDArray[Any]":
    """Return the hash of 32 bits of each text in UTF-8, with seed 0, as int32.

    This is MurmurHash3_x86_32 by Austin Appleby (public domain), as scikit-learn uses it:
    https://github.com/aappleby/smhasher/blob/master/src/MurmurHash3.cpp
    """
    import numpy
    import pyarrow
    from pyarrow import compute

    lengths = compute.binary_length(texts).to_numpy(zero_copy_only=False)
    hashes = numpy.zeros(len(texts), dtype=numpy.uint32)
    for length in numpy.unique(lengths):  # Texts of one length are a matrix of bytes.
        rows = numpy.flatnonzero(lengths == length)
        some = texts.take(pyarrow.array(rows)).cast(pyarrow.binary()).cast(pyarrow.binary(int(length)))
        content = numpy.frombuffer(some.buffers()[1] or b"", dtype=numpy.uint8, count=len(rows) * int(length))
        hashes[rows] = _of_one_length(content.reshape(len(rows), int(length)))
    return hashes.view(numpy.int32)


def _of_one_length(content: "NDArray[Any]") -> "NDArray[Any]":
    import numpy

    rows, length = content.shape
    hashes = numpy.zeros(rows, dtype=numpy.uint32)
    whole = length // 4
    words = numpy.ascontiguousarray(content[:, : 4 * whole]).view("<u4").reshape(rows, whole)
    with numpy.errstate(over="ignore"):
        for place in range(whole):
            hashes ^= _mixed(words[:, place])
            hashes = _rotated(hashes, 13) * numpy.uint32(5) + numpy.uint32(0xE6546B64)
        if length % 4:
            rest = numpy.zeros((rows, 4), dtype=numpy.uint8)
            rest[:, : length % 4] = content[:, 4 * whole :]
            hashes ^= _mixed(rest.view("<u4").reshape(rows))
        hashes ^= numpy.uint32(length)
        hashes ^= hashes >> numpy.uint32(16)
        hashes *= numpy.uint32(0x85EBCA6B)
        hashes ^= hashes >> numpy.uint32(13)
        hashes *= numpy.uint32(0xC2B2AE35)
        hashes ^= hashes >> numpy.uint32(16)
    return hashes


def _mixed(words: "NDArray[Any]") -> "NDArray[Any]":
    import numpy

    return _rotated(words * numpy.uint32(0xCC9E2D51), 15) * numpy.uint32(0x1B873593)


def _rotated(words: "NDArray[Any]", by: int) -> "NDArray[Any]":
    import numpy

    return (words << numpy.uint32(by)) | (words >> numpy.uint32(32 - by))
