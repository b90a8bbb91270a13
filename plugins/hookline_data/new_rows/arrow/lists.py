"""Check columns of lists: of one size, or sequences of any length."""

from typing import TYPE_CHECKING, Any

from attrs import evolve

from hookline.errors import DataError
from hookline_data.arrow_columns.nested import flattened
from hookline_data.new_rows.arrow.scalars import empty, mask, other_type, scalars
from hookline_data.new_rows.chunks import BadCells
from hookline_data.new_rows.roles import Role
from hookline_data.reading.cells import is_list, is_ragged
from hookline_data.reading.columns import Place, Wanted

if TYPE_CHECKING:
    import pyarrow
    from numpy.typing import NDArray

    from hookline_data.new_rows.arrow.scalars import Read


def lists(name: str, cells: "pyarrow.Array", role: Role, place: Place) -> "Read":
    """Return lists of one size; nested lists are flattened."""
    bad: list[BadCells] = []
    if is_list(cells.type.value_type):
        cells, is_irregular = flattened(cells)
        bad = BadCells.where(name, is_irregular, lambda _: ("Its inner lists have different sizes.", None))
    size = _size(cells) if role.size is None else role.size
    read, unread = _lists_of_one_size(name, cells, size, role.wanted, place)
    return read, [*bad, *unread]


def sequences(name: str, cells: "pyarrow.Array", role: Role, place: Place) -> "Read":
    """Return lists of any length, of numbers or of lists of one size.

    Raises:
        DataError: If the cells are not lists.

    """
    import numpy
    import pyarrow

    if not is_list(cells.type):
        message = f'The cells of "{name}" have the type {cells.type}, but they must be lists: sequences of numbers.'
        raise DataError(message, file=place, columns=[name])
    steps, lengths, bad = _elements(name, cells, role.wanted, place, size=role.steps)
    is_null = mask(cells.is_null())
    bad += BadCells.where(name, (lengths == 0) & ~is_null, lambda _: ("The list is empty.", None))
    ends = numpy.concatenate([[0], numpy.cumsum(lengths, dtype=numpy.int64)])
    return pyarrow.LargeListArray.from_arrays(pyarrow.array(ends, pyarrow.int64()), steps), bad


def _lists_of_one_size(name: str, lists: "pyarrow.Array", size: int, wanted: Wanted, place: Place) -> "Read":
    """Return lists of `size` numbers each as a column of fixed-size lists."""
    import numpy
    import pyarrow

    numbers, lengths, bad = _elements(name, lists, wanted, place)
    is_null = mask(lists.is_null())
    is_other = (lengths != size) & ~is_null
    bad += BadCells.where(name, is_other, lambda row: (f"It has {lengths[row]} numbers, but must have {size}.", None))
    if (lengths == size).all():
        return pyarrow.FixedSizeListArray.from_arrays(numbers, size), bad
    cells = numbers.to_numpy(zero_copy_only=False)
    filled = numpy.zeros((len(lists), size), dtype=cells.dtype)
    filled[lengths == size] = cells[numpy.repeat(lengths == size, lengths)].reshape(-1, size)
    return pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(filled.ravel()), size), bad


def _elements(
    name: str, lists: "pyarrow.Array", wanted: Wanted, place: Place, size: int | None = None
) -> "tuple[pyarrow.Array, NDArray[Any], list[BadCells]]":
    """Return all elements of lists, checked, the number of elements of each list, and what cannot be read.

    A `size` above 0 means that the elements are lists with that many numbers.
    """
    import numpy
    from pyarrow import compute, types

    if types.is_fixed_size_list(lists.type):
        lengths = numpy.where(mask(lists.is_valid()), lists.type.list_size, 0)
        elements = lists.drop_null().flatten()
    else:
        lengths = mask(compute.fill_null(compute.list_value_length(lists), 0)).astype(numpy.int64)
        elements = lists.flatten()
    if types.is_null(elements.type):
        elements = elements.cast(of_missing(wanted))
    is_nested = is_list(elements.type)
    if is_nested != bool(size):
        raise other_type(name, lists, wanted, place)
    if size:
        elements, unread = _lists_of_one_size(name, elements, size, wanted, place)
    else:
        elements, unread = scalars(name, elements, evolve(wanted, may_be_lists=False), place)
    ends = numpy.cumsum(lengths)
    bad = BadCells.where(name, mask(lists.is_null()), empty(wanted))
    bad += [cells.of_lists(ends) for cells in unread]
    return elements, lengths, bad


def _size(lists: "pyarrow.Array") -> int:
    """Return the size of the lists: that of the first one that is not empty."""
    from pyarrow import compute

    if not is_ragged(lists.type):
        return int(lists.type.list_size)
    lengths = mask(compute.fill_null(compute.list_value_length(lists), 0))
    return int(lengths[(lengths > 0).argmax()]) if len(lengths) else 0


def of_missing(wanted: Wanted) -> "pyarrow.DataType":
    """Return the type of elements that are all missing."""
    import pyarrow

    return pyarrow.int64() if wanted.kind == "integer" else pyarrow.float64()
