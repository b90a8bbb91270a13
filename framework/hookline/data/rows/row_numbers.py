"""The numbers of rows in their source, kept in a bit for each row."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray


class RowNumbers(Mapping[str, "NDArray[Any]"]):
    """For each split, the number in the source of each of its rows, counted from 0, in ascending order.

    >>> import numpy
    >>> RowNumbers({"training": numpy.array([0, 2]), "test": numpy.array([1])})["training"].tolist()
    [0, 2]
    """

    def __init__(self, numbers: "Mapping[str, NDArray[Any]]"):
        """Pack ascending numbers of each split."""
        import numpy

        self._packed: dict[str, NDArray[Any]] = {}
        for split, own in numbers.items():
            is_in = numpy.zeros(int(own[-1]) + 1 if len(own) else 0, dtype=bool)
            is_in[own] = True
            self._packed[split] = numpy.packbits(is_in)

    def __getitem__(self, split: str) -> "NDArray[Any]":
        """Return the numbers of the rows of a split."""
        import numpy

        return numpy.flatnonzero(numpy.unpackbits(self._packed[split]))

    def __iter__(self) -> Iterator[str]:
        return iter(self._packed)

    def __len__(self) -> int:
        return len(self._packed)
