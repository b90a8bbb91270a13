"""Warn about integers beyond 2^53, which float64 cannot represent exactly."""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hookline import HooklineWarning
from hookline.errors import printable
from hookline_data.reading.text_cells import INTEGER

if TYPE_CHECKING:
    import pyarrow
    from numpy.typing import NDArray

GREAT = 2.0**53
"""Float64 cannot represent all integers beyond this one."""


def columns_with_great_numbers(numbers: "NDArray[Any]") -> list[int]:
    """Return the columns with numbers so large that float64 cannot represent all integers between them.

    >>> import numpy
    >>> columns_with_great_numbers(numpy.array([[1, 2**60], [-(2**53), 3]]))
    [0, 1]
    """
    if not numbers.size:
        return []
    # In float64, since a smaller type may not even have the limit.
    highest, lowest = numbers.max(axis=0).astype("float64"), numbers.min(axis=0).astype("float64")
    is_great = (highest >= GREAT) | (lowest <= -GREAT)
    found: list[int] = is_great.nonzero()[0].tolist()
    return found


def has_great_cells(column: "pyarrow.ChunkedArray") -> bool:
    """Whether a column, in which cells may be missing, has such numbers."""
    from pyarrow import compute

    limits = compute.min_max(column).as_py()
    return limits["max"] is not None and (limits["max"] >= GREAT or limits["min"] <= -GREAT)


def warn_of_equal_integers(
    cells: "pyarrow.ChunkedArray", numbers: "pyarrow.ChunkedArray", name: str, path: Path
) -> None:
    """Warn if different large integers in the text cells of a column become equal in float64."""
    from pyarrow import compute

    cells = compute.utf8_trim_whitespace(cells).combine_chunks()
    numbers = numbers.combine_chunks()
    is_great = compute.greater_equal(compute.abs(numbers), GREAT)
    is_chosen = compute.and_(is_great, compute.match_substring_regex(cells, INTEGER))
    different = compute.count_distinct(cells.filter(is_chosen)).as_py()
    kept = compute.count_distinct(numbers.filter(is_chosen)).as_py()
    if kept < different:
        message = (
            f'{path}: "{printable(name)}" has {different:,} different integers beyond 2^53, but float64, the '
            f"type in which they are read, can distinguish only {kept:,}: subtract a constant from the column in the "
            "file, or "
            "exclude it."
        )
        warnings.warn(HooklineWarning(message, id="merged-numbers"), stacklevel=2)
