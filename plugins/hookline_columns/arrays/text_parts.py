"""Text divided into words or characters, all rows at once."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow
    from numpy.typing import NDArray

    Parts = tuple[pyarrow.Array, NDArray[Any]]
    """Parts of texts in their order, and the row of each."""

SEPARATOR = "\x1f"
"""A control character between parts, which replaces no character of text."""
WORD = r"[\p{L}\p{N}_]+"
"""A word: what `\\w+` of Python matches, in the syntax of RE2."""
SPACES = r"[\s\x0b\x1c-\x1f\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}]{2,}"
"""Several spaces: what `\\s\\s+` of Python matches."""
LONG_WORD = r"[\p{L}\p{N}_]{2,}"
"""A word of at least two characters."""


def of_pattern(text: "pyarrow.Array", pattern: str) -> "Parts":
    """Return all matches of a pattern, from left to right, as `re.findall` does. It has the syntax of RE2."""
    from pyarrow import compute

    clean = compute.replace_substring(text, SEPARATOR, " ")
    marked = compute.replace_substring_regex(clean, f"({pattern})", f"{SEPARATOR}\\1{SEPARATOR}")
    parts, rows = _flat(compute.split_pattern(marked, SEPARATOR))
    place = places_in_rows(rows)
    is_token = place % 2 == 1  # Before, between and after them is the rest of the text.
    return parts.filter(is_token), rows[is_token]


def characters(text: "pyarrow.Array") -> "Parts":
    """Return all characters; several spaces count as one."""
    from pyarrow import compute

    clean = compute.replace_substring(compute.replace_substring_regex(text, SPACES, " "), SEPARATOR, " ")
    marked = compute.replace_substring_regex(clean, r"(?s)(.)", f"{SEPARATOR}\\1")
    parts, rows = _flat(compute.split_pattern(marked, SEPARATOR))
    is_character = places_in_rows(rows) > 0
    return parts.filter(is_character), rows[is_character]


def ngrams(parts: "Parts", sizes: tuple[int, int], between: str) -> "Parts":
    """Return all sequences of `sizes[0]` to `sizes[1]` neighbouring parts of a row, joined."""
    import numpy
    import pyarrow
    from pyarrow import compute

    tokens, rows = parts
    found, own = [], []
    for size in range(sizes[0], sizes[1] + 1):
        count = max(0, len(tokens) - size + 1)
        is_whole = rows[:count] == rows[size - 1 : size - 1 + count]
        shifted = [tokens.slice(start, count).filter(is_whole) for start in range(size)]
        found.append(shifted[0] if size == 1 else compute.binary_join_element_wise(*shifted, between))
        own.append(rows[:count][is_whole])
    return pyarrow.chunked_array(found, pyarrow.string()).combine_chunks(), numpy.concatenate(own)


def lists(numbers: "NDArray[Any]", rows: "NDArray[Any]", count: int, empty: int) -> "pyarrow.Array":
    """Return the list of numbers of each of `count` rows; a row without any gets `empty`. `rows` ascend."""
    import numpy
    import pyarrow

    missing = numpy.setdiff1d(numpy.arange(count), rows)
    if len(missing):
        places = numpy.searchsorted(rows, missing)
        numbers, rows = numpy.insert(numbers, places, empty), numpy.insert(rows, places, missing)
    ends = numpy.searchsorted(rows, numpy.arange(count + 1))
    return pyarrow.LargeListArray.from_arrays(
        pyarrow.array(ends, pyarrow.int64()), pyarrow.array(numbers, pyarrow.int64())
    )


def _flat(split: "pyarrow.Array") -> "Parts":
    import numpy
    from pyarrow import compute

    lengths = compute.list_value_length(split).to_numpy(zero_copy_only=False)
    return split.flatten(), numpy.repeat(numpy.arange(len(split)), lengths)


def places_in_rows(rows: "NDArray[Any]") -> "NDArray[Any]":
    """Return the place of each element within its row; `rows` ascend."""
    import numpy

    if not len(rows):
        return rows
    return numpy.arange(len(rows)) - numpy.searchsorted(rows, rows)
