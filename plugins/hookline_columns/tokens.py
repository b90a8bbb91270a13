"""Text divided into tokens and n-grams, all rows at once."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from hookline.data import RowField
from hookline.errors import OptionError
from hookline.spec import SAMPLED_ROWS, ColumnSpec, Graph, PartialFit, Value, option, spec
from hookline_columns.arrays.text_parts import WORD, lists, of_pattern, places_in_rows
from hookline_columns.fitting.partial_fits import CountedFit, counts_of

if TYPE_CHECKING:
    import pyarrow

    from hookline.script import Script


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

    def texts_in_graph(self, graph: Graph, cells: Value, missing: Sequence[str]) -> tuple[Value, Value]:
        """Add `prepared` to a graph: return strings `(N,)`, and which cells are refused as missing, bool `(N, 1)`."""
        import numpy

        from hookline_columns.graphs.text import prepared_in_graph

        codes = graph.lookup(cells, list(missing), [1] * len(missing), 0)
        is_missing = graph.op("Equal", codes, numpy.int64(1))
        texts = graph.op("Where", is_missing, numpy.array("", dtype=object), cells)
        texts = graph.op("Reshape", texts, numpy.array([-1]))
        is_refused = graph.op("And", is_missing, numpy.array(not self.takes_missing))
        return prepared_in_graph(graph, texts, lowercase=self.lowercase), is_refused

    def row_field(self, column: str, fitted: Mapping[str, Any]) -> RowField:
        """Return a text; the example has the first known tokens."""
        example = " ".join(fitted.get("tokens", ())[:3]) or "some words"
        return RowField(name=column, cell="text", may_be_missing=self.takes_missing, example=example)

    def prepared(self, cells: "pyarrow.Array") -> "pyarrow.Array":
        """Return the text in lower case, if it is to be, without missing cells."""
        from pyarrow import compute

        text = cells.fill_null("")
        return compute.utf8_lower(text) if self.lowercase else text


def pattern_conflicts(name: str, pattern: str, known: str) -> Iterator[OptionError]:
    """Report an invalid regular expression; `known` is the default."""
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

    def eject(self, script: "Script", cells: str, training: str, fitted: Mapping[str, Any]) -> str:
        """Add a function of the tokens, and return a call of it."""
        from hookline_columns.ejecting.texts import eject_tokens

        return eject_tokens(self, script, cells, training)

    def transform(self, cells: "pyarrow.Array", fitted: Mapping[str, Any]) -> "pyarrow.Array":
        """Return a list of indices for each text."""
        import numpy
        import pyarrow
        from pyarrow import compute

        tokens, rows = of_pattern(self.prepared(cells), self.token_pattern)
        if self.max_length is not None:
            is_first = places_in_rows(rows) < self.max_length
            tokens, rows = tokens.filter(is_first), rows[is_first]
        found = compute.index_in(tokens, value_set=pyarrow.array(fitted["tokens"], pyarrow.string()))
        indices = found.fill_null(-1).to_numpy(zero_copy_only=False).astype(numpy.int64) + 2
        return lists(indices, rows, len(cells), empty=1)

    @property
    def cells_of_graph(self) -> Literal["text"] | None:
        """Text, unless onnxruntime would find other tokens."""
        from hookline_columns.graphs.text import has_tokens_in_graph

        return "text" if has_tokens_in_graph(self.token_pattern) else None

    def to_onnx(self, graph: Graph, cells: Value, fitted: Mapping[str, Any], missing: Sequence[str]) -> Value:
        """Look up the tokens."""
        import numpy

        from hookline_columns.graphs.text import tokens_in_graph

        texts, is_refused = self.texts_in_graph(graph, cells, missing)
        tokens = tokens_in_graph(graph, texts, self.token_pattern)
        if self.max_length is not None:
            tokens = graph.op("Slice", tokens, numpy.array([0]), numpy.array([self.max_length]), numpy.array([1]))
        known = {"": 0} | {token: index for index, token in enumerate(fitted["tokens"], 2)}
        indices = graph.lookup(tokens, list(known), list(known.values()), 1)
        # A text without tokens is the index 1.
        first = graph.op("Slice", indices, numpy.array([0]), numpy.array([1]), numpy.array([1]))
        others = graph.op("Slice", indices, numpy.array([1]), numpy.array([2**63 - 1]), numpy.array([1]))
        indices = graph.op("Concat", graph.op("Max", first, numpy.int64(1)), others, axis=1)
        return graph.op("Where", is_refused, numpy.int64(-1), indices)

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
