"""Text divided into tokens and n-grams, all rows at once."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from hookline.data import RowField
from hookline.errors import OptionError
from hookline.spec import SAMPLED_ROWS, ColumnSpec, PartialFit, option, spec
from hookline_columns.fitting.partial_fits import CountedFit, counts_of

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


@spec
class TextColumn(ColumnSpec):
    """The base class of columns of text."""

    lowercase: bool = True
    """Convert the text to lower case."""
    missing: Literal["refuse", "drop", "empty"] = "refuse"
    """What becomes of a missing cell: an error ("refuse"), the whole row is dropped ("drop"), or it is an empty text
    ("empty")."""

    @property
    def reads(self) -> Literal["text"]:
        """Text."""
        return "text"

    @property
    def takes_missing(self) -> bool:
        """Whether missing cells are empty text."""
        return self.missing == "empty"

    @property
    def drops_missing(self) -> bool:
        """Whether a row is dropped if its cell is missing."""
        return self.missing == "drop"

    def row_field(self, column: str, fitted: Mapping[str, Any]) -> RowField:
        """Return a text; the example has the first known tokens."""
        example = " ".join(fitted.get("tokens", ())[:3]) or "some words"
        return RowField(name=column, cell="text", may_be_missing=self.takes_missing, example=example)

    def prepared(self, cells: "pyarrow.Array") -> "pyarrow.Array":
        """Return the text in lower case, if it is to be, without missing cells."""
        from pyarrow import compute

        text = cells.fill_null("")
        return compute.utf8_lower(text) if self.lowercase else text


def of_pattern(text: "pyarrow.Array", pattern: str) -> "Parts":
    """Return all matches of a pattern, from left to right, as `re.findall` does. It has the syntax of RE2."""
    from pyarrow import compute

    clean = compute.replace_substring(text, SEPARATOR, " ")
    marked = compute.replace_substring_regex(clean, f"({pattern})", f"{SEPARATOR}\\1{SEPARATOR}")
    parts, rows = _flat(compute.split_pattern(marked, SEPARATOR))
    place = _places(rows)
    is_token = place % 2 == 1  # Before, between and after them is the rest of the text.
    return parts.filter(is_token), rows[is_token]


def characters(text: "pyarrow.Array") -> "Parts":
    """Return all characters; several spaces count as one."""
    from pyarrow import compute

    clean = compute.replace_substring(compute.replace_substring_regex(text, SPACES, " "), SEPARATOR, " ")
    marked = compute.replace_substring_regex(clean, r"(?s)(.)", f"{SEPARATOR}\\1")
    parts, rows = _flat(compute.split_pattern(marked, SEPARATOR))
    is_character = _places(rows) > 0
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


def _places(rows: "NDArray[Any]") -> "NDArray[Any]":
    """Return the place of each element within its row; `rows` ascend."""
    import numpy

    if not len(rows):
        return rows
    return numpy.arange(len(rows)) - numpy.searchsorted(rows, rows)


def pattern_conflicts(name: str, pattern: str, known: str) -> Iterator[OptionError]:
    """Report a regular expression that is none; `known` is the default."""
    if pattern == known:
        return
    import pyarrow
    from pyarrow import compute

    try:
        matches = compute.match_substring_regex(pyarrow.array([""]), f"({pattern})")[0].as_py()
    except pyarrow.ArrowInvalid as error:
        yield OptionError(name, f"This is not a regular expression of RE2: {error}.".replace("..", "."))
    else:
        if matches:
            yield OptionError(name, "The regular expression matches an empty text.")


@spec
class Tokens(TextColumn):
    """Text as a sequence of indices of its tokens, such as words, for `Embedding`, `EmbeddingBag` and `LSTM`.

    The vocabulary is learned from the training rows. Index 0 is padding, 1 a token that is not in the vocabulary (or a
    text without tokens), and 2 the most frequent token. The column must be the only one of its group of inputs.
    """

    token_pattern: str = WORD
    """A regular expression for a token, in the syntax of RE2. Default: words; use "." for characters."""
    max_features: int | None = option(default=None, minimum=1)
    """The largest number of tokens in the vocabulary: the most frequent ones. Default: no limit."""
    min_frequency: int = option(default=1, minimum=1)
    """How often a token must occur in the training rows to be in the vocabulary."""
    max_length: int | None = option(default=None, minimum=1)
    """The number of tokens after which a text is cut. Default: no limit."""

    def conflicts(self) -> Iterator[OptionError]:
        """Report a pattern that is not a regular expression."""
        yield from super().conflicts()
        yield from pattern_conflicts("token_pattern", self.token_pattern, WORD)

    @property
    def gives_indices(self) -> bool:
        """Whether it returns indices."""
        return True

    @property
    def gives_sequences(self) -> bool:
        """Whether it returns sequences."""
        return True

    def fit(self, cells: "pyarrow.Array") -> dict[str, Any]:
        """Return the vocabulary, the most frequent token first; of equally frequent ones, in the order of text."""
        return self._learn(counts_of(self._tokens(cells)), len(cells))

    def partial_fit(self, most: int = SAMPLED_ROWS) -> PartialFit:
        """Return a fit that counts the tokens of all rows."""
        return CountedFit(self._tokens, self._learn, "tokens")

    def _tokens(self, cells: "pyarrow.Array") -> "pyarrow.Array":
        return of_pattern(self.prepared(cells), self.token_pattern)[0]

    def _learn(self, counts: Mapping[str, int], rows: int) -> dict[str, Any]:
        kept = [token for token, count in counts.items() if count >= self.min_frequency]
        return {"tokens": sorted(kept, key=lambda token: (-counts[token], token))[: self.max_features]}

    def transform(self, cells: "pyarrow.Array", fitted: Mapping[str, Any]) -> "pyarrow.Array":
        """Return a list of indices for each text."""
        import numpy
        import pyarrow
        from pyarrow import compute

        tokens, rows = of_pattern(self.prepared(cells), self.token_pattern)
        if self.max_length is not None:
            is_first = _places(rows) < self.max_length
            tokens, rows = tokens.filter(is_first), rows[is_first]
        found = compute.index_in(tokens, value_set=pyarrow.array(fitted["tokens"], pyarrow.string()))
        indices = found.fill_null(-1).to_numpy(zero_copy_only=False).astype(numpy.int64) + 2
        return lists(indices, rows, len(cells), empty=1)

    def cells(self, column: str, numbers: Sequence[float], fitted: Mapping[str, Any]) -> Mapping[str, str | float]:
        """Return the tokens with spaces between them, and "?" for one that is not in the vocabulary."""
        known = {1: "?"} | dict(enumerate(fitted["tokens"], 2))
        return {column: " ".join(known[int(number)] for number in numbers if number)}

    def cardinality(self, fitted: Mapping[str, Any]) -> int | None:
        """Return the number of tokens, with padding and unknown tokens."""
        return len(fitted["tokens"]) + 2

    def summary(self, fitted: Mapping[str, Any]) -> str:
        """Return the number of tokens, and the first ones."""
        tokens = fitted["tokens"]
        return f"{len(tokens):,} tokens: {', '.join(tokens[:5])}{', …' if len(tokens) > 5 else ''}"
