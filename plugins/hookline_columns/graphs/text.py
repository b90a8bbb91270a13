"""Text divided into words or characters, in a graph. Some operators are those that onnxruntime has beside ONNX."""

import re
import sys
from functools import cache
from typing import TYPE_CHECKING, Any

from hookline.spec import Body, Graph, Value
from hookline_columns.arrays.text_parts import SEPARATOR, SPACES

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHORTER = re.compile(r"\||[*+?}]\?")
"""What makes a pattern match less text than it could: alternatives, and lazy repetitions."""
RUNTIME = "com.microsoft"
"""The domain of the operators of onnxruntime."""
LAST = 2**63 - 1
"""The end of a slice that has no end."""


@cache
def _lower_case() -> dict[str, str]:
    """Return what each character becomes in lower case, if that is another one."""
    import numpy
    import pyarrow
    from pyarrow import compute

    codes = numpy.setdiff1d(numpy.arange(1, sys.maxunicode + 1, dtype=numpy.uint32), numpy.arange(0xD800, 0xE000))
    characters = pyarrow.array(codes.astype(numpy.uint32).view("<U1"))
    lower = compute.utf8_lower(characters)
    differ = compute.not_equal(characters, lower)
    return dict(zip(characters.filter(differ).to_pylist(), lower.filter(differ).to_pylist(), strict=True))


def prepared_in_graph(graph: Graph, texts: Value, *, lowercase: bool) -> Value:
    """Add the conversion to lower case to a graph: strings `(N,)` become strings `(N,)`.

    The operator of ONNX needs a language that is installed. Instead, each character is looked up, and the characters
    are joined again, one after the other. The separator of parts becomes a space.
    """
    import numpy

    others = {**(_lower_case() if lowercase else {}), SEPARATOR: " "}
    characters = _divided(graph, texts, separators=[""])
    is_other = graph.op("Equal", graph.lookup(characters, list(others), [1] * len(others), 0), numpy.int64(1))
    changed = graph.op("Where", is_other, graph.renamed(characters, others), characters)
    inner = Graph("/hookline/joining/")
    begin, following = f"{inner.prefix}begin", f"{inner.prefix}following"
    # onnxruntime's StringConcat appends to what the result of an earlier step has left, so it cannot be that of a step.
    joined = inner.op("Where", are_parts(inner, following), inner.op("StringConcat", begin, following), begin)
    body = Body(graph=inner, inputs={begin: "string", following: "string"}, outputs={joined: "string"})
    nothing = graph.op("Expand", _text(""), graph.op("Shape", texts))
    return graph.op("Scan", nothing, changed, body=body, num_scan_inputs=1, scan_input_axes=[1])


def tokens_in_graph(graph: Graph, texts: Value, pattern: str) -> Value:
    """Add `of_pattern` to a graph: strings `(N,)` become strings `(N, tokens)`; rows with fewer end with empty ones."""
    return _divided(graph, texts, tokenexp=f"(?-s:{pattern})")


def has_tokens_in_graph(pattern: str) -> bool:
    """Whether onnxruntime finds the same tokens: of all matches at a place, it takes the longest."""
    return SHORTER.search(pattern) is None


def characters_in_graph(graph: Graph, texts: Value) -> Value:
    """Add `characters` to a graph: strings `(N,)` become strings `(N, characters)`, as those of `tokens_in_graph`."""
    parts = _divided(graph, texts, tokenexp=f"(?s)(?:{SPACES}|.)")
    are_spaces = graph.op("RegexFullMatch", parts, pattern="(?s).{2,}")
    return graph.op("Where", are_spaces, _text(" "), parts)


def ngrams_in_graph(graph: Graph, parts: Value, sizes: tuple[int, int], between: str) -> Value:
    """Add `ngrams` to a graph: strings `(N, parts)` become strings `(N, n-grams)`.

    Those of each size are followed by empty ones in rows that have fewer.
    """
    import numpy

    found = []
    for size in range(sizes[0], sizes[1] + 1):
        shifted = [
            graph.op("Slice", parts, numpy.array([start]), numpy.array([start - size + 1 or LAST]), numpy.array([1]))
            for start in range(size)
        ]
        joined = shifted[0]
        for part in shifted[1:]:
            joined = graph.op("StringConcat", graph.op("StringConcat", joined, _text(between)), part)
        # If there is a last part, there are those before it.
        found.append(joined if size == 1 else graph.op("Where", are_parts(graph, shifted[-1]), joined, _text("")))
    return _not_empty(graph, graph.op("Concat", *found, axis=1))


def are_parts(graph: Graph, parts: Value) -> Value:
    """Add which strings are not empty, bool."""
    import numpy

    return graph.op("Equal", graph.lookup(parts, [""], [0], 1), numpy.int64(1))


def compacted(graph: Graph, numbers: Value, are_kept: Value) -> Value:
    """Add a step that moves the numbers that are kept to the beginning of their rows, and puts 0 behind them.

    Args:
        graph: the graph.
        numbers: integers, int64 `(N, places)`.
        are_kept: which are kept, bool `(N, places)`.

    """
    import numpy

    shape = graph.op("Shape", numbers)
    order = graph.op("CumSum", graph.cast(are_kept, "int64"), numpy.int64(1))
    behind = graph.op("Gather", shape, numpy.int64(1))
    place = graph.op("Where", are_kept, graph.op("Sub", order, numpy.int64(1)), behind)
    zeros = graph.op("Expand", numpy.int64(0), graph.op("Add", shape, numpy.array([0, 1])))
    moved = graph.op("ScatterElements", zeros, place, numbers, axis=1)
    return graph.op("Slice", moved, numpy.array([0]), numpy.array([-1]), numpy.array([1]))


def _divided(graph: Graph, texts: Value, **how: Any) -> Value:
    parts = graph.op("Tokenizer", texts, domain=RUNTIME, mark=0, pad_value="", mincharnum=1, **how)
    return _not_empty(graph, graph.typed(parts, "string", 2))


def hashes_in_graph(graph: Graph, parts: Value) -> Value:
    """Add `murmur3` to a graph: strings become int64 of the same shape `(N, parts)`."""
    hashes = graph.op("MurmurHash3", parts, domain=RUNTIME, seed=0, positive=0)
    return graph.cast(graph.typed(hashes, "int32", 2), "int64")


def _not_empty(graph: Graph, parts: Value) -> Value:
    """Add an empty string to each row if no row has any."""
    import numpy

    shape = graph.op("Shape", parts)
    rows = graph.op("Gather", shape, numpy.array([0]))
    width = graph.op("Gather", shape, numpy.array([1]))
    one = graph.op("Expand", _text(""), graph.op("Concat", rows, numpy.array([1]), axis=0))
    longer = graph.op("Concat", parts, one, axis=1)
    end = graph.op("Max", width, numpy.array([1]))
    return graph.op("Slice", longer, numpy.array([0]), end, numpy.array([1]))


def _text(text: str) -> "NDArray[Any]":
    import numpy

    return numpy.array(text, dtype=object)
