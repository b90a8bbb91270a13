"""Text cells as indices into their distinct values."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray


class TextCells:
    """The cells of a text column, `(N,)`, as indices into their distinct values.

    It stands for a NumPy array of text, and `numpy.asarray` makes one. It takes a fraction of the memory, and what
    follows from a cell alone is computed once for each distinct value.

    >>> import numpy
    >>> cells = TextCells(numpy.array(["yes", "no"]), numpy.array([0, 1, 0]))
    >>> len(cells), cells[1], cells[[0, 2]].tolist()
    (3, 'no', ['yes', 'yes'])
    """

    ndim = 1

    def __init__(self, values: "NDArray[Any]", indices: "NDArray[Any]"):
        """Take the distinct values, an array of text, and the index of the value of each cell.

        A value may be unused, and may occur twice.
        """
        self.values, self.indices = values, indices

    @property
    def dtype(self) -> Any:
        """The type of the values."""
        return self.values.dtype

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of cells, in a tuple."""
        return self.indices.shape

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, key: Any) -> Any:
        """Return the cell at an index, or several cells for a slice, a mask or several indices."""
        indices = self.indices[key]
        return TextCells(self.values, indices) if indices.ndim else str(self.values[indices])

    def __array__(self, dtype: Any = None, *, copy: bool | None = None) -> "NDArray[Any]":
        """Return the cells as a NumPy array of text."""
        return self.values[self.indices].astype(dtype or self.dtype, copy=False)

    def tolist(self) -> list[str]:
        """Return the cells as strings."""
        values = self.values.tolist()
        return [values[index] for index in self.indices.tolist()]

    def codes(self) -> "tuple[NDArray[Any], NDArray[Any]]":
        """Return the different cells, sorted, and for each cell its place among them.

        >>> import numpy
        >>> TextCells(numpy.array(["yes", "no", "maybe"]), numpy.array([0, 1, 0])).codes()
        (array(['no', 'yes'], dtype='<U5'), array([1, 0, 1]))
        """
        import numpy

        occurs = numpy.zeros(len(self.values), dtype=bool)
        occurs[self.indices] = True
        different, places = numpy.unique(self.values[occurs], return_inverse=True)
        place_of_value = numpy.zeros(len(self.values), dtype=numpy.int64)
        place_of_value[occurs] = places
        return different, place_of_value[self.indices]


def factorized(cells: Any) -> "tuple[NDArray[Any], NDArray[Any] | None]":
    """Return the different cells of `TextCells` and the place of each cell among them; an array as it is."""
    return cells.codes() if isinstance(cells, TextCells) else (cells, None)
