"""A hash of text that is the same in every process and on every machine."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

STEP = 0x9E3779B97F4A7C15
"""2^64 divided by the golden ratio."""


def uniform_of_text(texts: "NDArray[Any]", seed: int) -> "NDArray[Any]":
    """Return a number from 0 to 1 for each text, which looks random and follows from the text and the seed.

    The characters are mixed into a number of 64 bits one after the other, by the function of SplitMix64.

    >>> import numpy
    >>> uniform_of_text(numpy.array(["a", "b", "a"]), seed=0).round(3).tolist()
    [0.562, 0.736, 0.562]
    """
    import numpy

    different, codes = numpy.unique(texts, return_inverse=True)
    characters = numpy.ascontiguousarray(different).view(numpy.uint32).reshape(len(different), -1).astype(numpy.uint64)
    numbers = numpy.full(len(different), _mixed(numpy.array([seed % 2**64], dtype=numpy.uint64))[0])
    for column in characters.T:
        numbers = numpy.where(column > 0, _mixed(numbers ^ column), numbers)
    return (numbers[codes] >> numpy.uint64(11)) * 2.0**-53


def _mixed(numbers: "NDArray[Any]") -> "NDArray[Any]":
    """Return the next number of SplitMix64 after each of these states."""
    import numpy

    with numpy.errstate(over="ignore"):
        numbers = numbers + numpy.uint64(STEP)
        numbers = (numbers ^ (numbers >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
        numbers = (numbers ^ (numbers >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
        return numbers ^ (numbers >> numpy.uint64(31))
