"""Messages about different numbers that become equal when they are prepared."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from hookline.data import merged_in_blocks
from hookline_data.preparing.standardize import prepared
from hookline_data.reading.great_integers import columns_with_great_numbers
from hookline_data.rows.rows import Group

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

ROWS = 2**17
"""The number of rows to inspect before others."""

Message = Callable[[int], str]
"""Returns the message about a place, given the number of other places whose different numbers become equal."""


def messages(
    blocks: "Iterator[NDArray[Any]]",
    dtype: str,
    name: Callable[[int], str],
    scale: "tuple[NDArray[Any], NDArray[Any]] | None",
    *,
    can_be_standardized: bool,
) -> Iterator[Message]:
    """Yield the messages about places whose different numbers become equal.

    Args:
        blocks: The numbers before they are prepared, `(n, places)`; not all of them may be needed.
        dtype: The type to cast to.
        name: Returns the name of a place.
        scale: The mean and standard deviation of each place to standardize with; `None` if they are only cast.
        can_be_standardized: Whether the user could set `standardize`.

    """
    if (cells := next(blocks, None)) is None or _is_small(cells.dtype):
        return
    mean, std = scale or (None, None)
    great: set[int] = set()

    def pairs() -> "Iterator[tuple[NDArray[Any], NDArray[Any]]]":
        for block in chain([cells], blocks):
            great.update(columns_with_great_numbers(block))
            yield block, prepared(block, mean, std, dtype)

    for one in merged_in_blocks(pairs()):
        remedy = _remedy(dtype, is_great=one.column in great, can_be_standardized=can_be_standardized)
        yield partial(_sentence, one.sentence, name(one.column), dtype, remedy)


def in_parts(cells: "NDArray[Any]") -> "Iterator[NDArray[Any]]":
    """Yield the rows in parts."""
    yield from (cells[start : start + ROWS] for start in range(0, len(cells), ROWS))


def can_be_merged(group: Group) -> bool:
    """Whether numbers of the group's source may become equal in the group's type: all its numbers may differ there."""
    import numpy

    kind = group.values.dtype
    is_kept = numpy.can_cast(kind, group.dtype, "safe") and (kind.itemsize < 8 or kind == group.dtype)
    return not is_kept


def _is_small(kind: "numpy.dtype[Any]") -> bool:
    """Whether numbers of this type are so few, and so far apart, that they never become equal."""
    return kind.kind in "biu" and kind.itemsize <= 2


def _sentence(sentence: Callable[[str, str, int], str], name: str, dtype: str, remedy: str, others: int) -> str:
    return f"{sentence(name, dtype, others)} {remedy}"


def _remedy(dtype: str, *, is_great: bool, can_be_standardized: bool) -> str:
    """Return the advice about numbers that become equal. The preparation is computed in float64."""
    if dtype == "float64" or is_great:
        return "subtract a constant from the column in the file."
    remedy = 'set `dtype = "float64"` in [run].'
    return f"set `standardize = true`, or {remedy}" if can_be_standardized else remedy
