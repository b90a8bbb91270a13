"""Text as counts of hashed words or characters."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from hookline.errors import OptionError
from hookline.spec import Graph, Value, option, spec
from hookline_columns.arrays.text_parts import LONG_WORD, characters, lists, ngrams, of_pattern
from hookline_columns.tokens import TextColumn, pattern_conflicts

if TYPE_CHECKING:
    import pyarrow
    from numpy.typing import NDArray

    from hookline.script import Script

MOST_NUMBERS = 2**14
"""The largest number of inputs that a text becomes."""
BLOCK = 2**22
"""About how many numbers to compute at once."""


@spec
class HashingVectorizer(TextColumn):
    """Text as the number of its words, or of sequences of words or characters, in places chosen by a hash.

    It learns nothing from the training rows, so that every text can be transformed. With `output = "indices"`, the
    result is a sequence of indices for an `EmbeddingBag`, in which 0 is padding; the column must then be the only one
    of its group of inputs. The numbers are those of scikit-learn's HashingVectorizer:
    https://scikit-learn.org/stable/modules/generated/sklearn.feature_extraction.text.HashingVectorizer.html
    """

    n_features: int = option(default=256, minimum=1, maximum=2**24)
    """The number of places."""
    analyzer: Literal["word", "char"] = "word"
    """What is counted: words or characters."""
    ngram_range: tuple[int, int] = option(default=(1, 1), minimum=1, maximum=20)
    """The smallest and the largest number of words or characters that are counted together, as in `[1, 2]`."""
    token_pattern: str = option(default=LONG_WORD, only_with=("analyzer", "word"))
    """A regular expression for a word, in the syntax of RE2. Default: words of at least two characters."""
    output: Literal["numbers", "indices"] = "numbers"
    """Whether the result is a number for each place, or a sequence of places."""
    norm: Literal["l1", "l2", "none"] = option(default="l2", only_with=("output", "numbers"))
    """Divide the numbers of a text by the sum of their absolute values ("l1"), or by their Euclidean norm ("l2")."""
    alternate_sign: bool = option(default=True, only_with=("output", "numbers"))
    """Count half of the words negatively, so that words in the same place tend to cancel out."""
    binary: bool = option(default=False, only_with=("output", "numbers"))
    """Replace all numbers that are not 0 by 1 before they are divided."""

    def conflicts(self) -> Iterator[OptionError]:
        """Report sizes in the wrong order, and too many numbers."""
        yield from super().conflicts()
        yield from pattern_conflicts("token_pattern", self.token_pattern, LONG_WORD)
        if self.ngram_range[0] > self.ngram_range[1]:
            yield OptionError("ngram_range", "The first size must not be greater than the second one.")
        if self.output == "numbers" and self.n_features > MOST_NUMBERS:
            message = f'More than {MOST_NUMBERS:,} inputs take too much memory: set `output = "indices"`.'
            yield OptionError("n_features", message, against=[("output",)])

    @property
    def gives_indices(self) -> bool:
        """Whether it returns indices."""
        return self.output == "indices"

    @property
    def gives_sequences(self) -> bool:
        """Whether it returns sequences."""
        return self.output == "indices"

    def eject(self, script: "Script", cells: str, training: str, fitted: Mapping[str, Any]) -> str:
        """Add a function with scikit-learn's HashingVectorizer, and return a call of it."""
        from hookline_columns.ejecting.texts import eject_hashing

        return eject_hashing(self, script, cells)

    def transform(self, cells: "pyarrow.Array", fitted: Mapping[str, Any]) -> "pyarrow.Array":
        """Return a number for each place, or a list of indices."""
        import numpy
        import pyarrow

        if self.output == "indices":
            places, _, rows = self._hashed(cells)
            order = numpy.argsort(rows, kind="stable")
            return lists(places[order] + 1, rows[order], len(cells), empty=0)
        size = max(1, BLOCK // self.n_features)
        blocks = [self._numbers(cells.slice(start, size)) for start in range(0, len(cells), size)]
        numbers = numpy.concatenate(blocks) if blocks else numpy.empty((0, self.n_features))
        return pyarrow.FixedSizeListArray.from_arrays(numbers.reshape(-1), self.n_features)

    @property
    def cells_of_graph(self) -> Literal["text"] | None:
        """Text, unless onnxruntime would find other words."""
        from hookline_columns.graphs.text import has_tokens_in_graph

        return "text" if has_tokens_in_graph(self.token_pattern) else None

    def to_onnx(self, graph: Graph, cells: Value, fitted: Mapping[str, Any], missing: Sequence[str]) -> Value:
        """Hash the words or characters, and count the hashes."""
        import numpy

        from hookline_columns.graphs import text

        texts, is_refused = self.texts_in_graph(graph, cells, missing)
        if self.analyzer == "word":
            parts, between = text.tokens_in_graph(graph, texts, self.token_pattern), " "
        else:
            parts, between = text.characters_in_graph(graph, texts), ""
        parts = text.ngrams_in_graph(graph, parts, self.ngram_range, between)
        are_parts = text.are_parts(graph, parts)
        hashes = text.hashes_in_graph(graph, parts)
        places = graph.op("Mod", graph.op("Abs", hashes), numpy.int64(self.n_features))
        if self.output == "indices":
            indices = text.compacted(graph, graph.op("Add", places, numpy.int64(1)), are_parts)
            return graph.op("Where", is_refused, numpy.int64(-1), indices)
        is_positive = graph.op("GreaterOrEqual", hashes, numpy.int64(0 if self.alternate_sign else -(2**31)))
        signs = graph.op("Where", is_positive, numpy.float64(1), numpy.float64(-1))
        signs = graph.op("Where", are_parts, signs, numpy.float64(0))
        shape = graph.op("Concat", graph.op("Shape", texts), numpy.array([self.n_features]), axis=0)
        zeros = graph.op("Expand", numpy.float64(0), shape)
        numbers = graph.op("ScatterElements", zeros, places, signs, axis=1, reduction="add")
        return graph.op("Where", is_refused, numpy.float64("nan"), self._normed_in_graph(graph, numbers))

    def _normed_in_graph(self, graph: Graph, numbers: Value) -> Value:
        import numpy

        if self.binary:
            numbers = graph.cast(graph.op("Not", graph.op("Equal", numbers, numpy.float64(0))), "float64")
        if self.norm == "none":
            return numbers
        norm = "ReduceL1" if self.norm == "l1" else "ReduceL2"
        sizes = graph.op(norm, numbers, numpy.array([1]), keepdims=1)
        is_zero = graph.op("Equal", sizes, numpy.float64(0))
        return graph.op("Div", numbers, graph.op("Where", is_zero, numpy.float64(1), sizes))

    def cells(self, column: str, numbers: Sequence[float], fitted: Mapping[str, Any]) -> Mapping[str, str | float]:
        """Return nothing, since a hash cannot be undone."""
        return {}

    def names(self, column: str, fitted: Mapping[str, Any]) -> Sequence[str]:
        """Return a name for each place."""
        if self.output == "indices":
            return (column,)
        return [f"{column} place {place}" for place in range(self.n_features)]

    def cardinality(self, fitted: Mapping[str, Any]) -> int | None:
        """Return the number of places, with padding."""
        return self.n_features + 1 if self.output == "indices" else None

    def summary(self, fitted: Mapping[str, Any]) -> str:
        """Return what is counted."""
        low, high = self.ngram_range
        unit = {"word": "words", "char": "characters"}[self.analyzer]
        return f"sequences of {low} to {high} {unit}" if high > 1 else unit

    def _hashed(self, cells: "pyarrow.Array") -> "tuple[NDArray[Any], NDArray[Any], NDArray[Any]]":
        """Return the place, the sign and the row of each word or sequence."""
        import numpy

        text = self.prepared(cells)
        parts = of_pattern(text, self.token_pattern) if self.analyzer == "word" else characters(text)
        tokens, rows = ngrams(parts, self.ngram_range, " " if self.analyzer == "word" else "")
        different = tokens.dictionary_encode()
        hashes = murmur3(different.dictionary)[different.indices.to_numpy(zero_copy_only=False)].astype(numpy.int64)
        signs = numpy.where(hashes >= 0, 1.0, -1.0) if self.alternate_sign else numpy.ones(len(hashes))
        return abs(hashes) % self.n_features, signs, rows

    def _numbers(self, cells: "pyarrow.Array") -> "NDArray[Any]":
        import numpy

        places, signs, rows = self._hashed(cells)
        counts = numpy.bincount(rows * self.n_features + places, signs, len(cells) * self.n_features)
        numbers = counts.reshape(len(cells), self.n_features)
        if self.binary:
            numbers = (numbers != 0).astype(numpy.float64)
        if self.norm == "none":
            return numbers
        sizes = abs(numbers).sum(axis=1) if self.norm == "l1" else numpy.sqrt((numbers**2).sum(axis=1))
        return numbers / numpy.where(sizes == 0, 1, sizes)[:, None]


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
