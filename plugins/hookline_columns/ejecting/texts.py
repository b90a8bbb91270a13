"""Kinds of columns of text as functions."""

import re
from typing import TYPE_CHECKING

from hookline.script import Script, cannot_be_written, literal, refuse_other_options
from hookline_columns.arrays.text_parts import LONG_WORD, WORD
from hookline_columns.ejecting.numbers import function

if TYPE_CHECKING:
    from hookline_columns.hashing import HashingVectorizer
    from hookline_columns.tokens import Tokens

TEXTS = '''
def texts(cells):
    """Return the cells of a column as text; `None` where one is missing."""
    return cells.cast(pa.string()).to_pylist()
'''

OTHER_SYNTAX = re.compile(r"\\[pPxzQEC]|\[\[:|\(\?[^:]")
"""What RE2 has, but not `re`, or with another meaning."""


def pattern_in_script(pattern: str) -> str:
    """Return a regular expression of RE2 in the syntax of Python, as code."""
    known = {WORD: r"\w+", LONG_WORD: r"\w{2,}"}
    if pattern not in known and OTHER_SYNTAX.search(pattern):
        raise cannot_be_written("Python's regular expressions may have another meaning.", ("token_pattern",))
    made = known.get(pattern, pattern)
    if "\\" not in made or '"' in made:
        return literal(made)
    return f'r"{made}"'


def eject_hashing(kind: "HashingVectorizer", script: Script, cells: str) -> str:
    """Add a function with scikit-learn's HashingVectorizer, whose numbers it has, and return a call of it."""
    known = {"n_features", "analyzer", "ngram_range", "norm", "alternate_sign", "binary", "lowercase", "missing"}
    refuse_other_options(kind, {*known, "token_pattern", "output"})
    script.use(
        "import numpy as np", "import pyarrow as pa", "from sklearn.feature_extraction.text import HashingVectorizer"
    )
    script.define(TEXTS)
    options = {"n_features": literal(kind.n_features)}
    defaults = {"analyzer": "word", "ngram_range": (1, 1), "alternate_sign": True, "binary": False, "lowercase": True}
    options |= {name: literal(getattr(kind, name)) for name, usual in defaults.items() if getattr(kind, name) != usual}
    if kind.token_pattern != LONG_WORD:
        options["token_pattern"] = pattern_in_script(kind.token_pattern)
    given = ", ".join(f"{name}={value}" for name, value in options.items())
    found = '[text or "" for text in texts(cells)]'
    if kind.output == "indices":
        script.use("from sklearn.utils import murmurhash3_32")
        lines = [
            f"words_of = HashingVectorizer({given}).build_analyzer()",
            f"words = [words_of(text) for text in {found}]",
            f"return [[abs(murmurhash3_32(word)) % {kind.n_features} + 1 for word in row] or [0] for row in words]",
        ]
        doc = "Return the places of words, chosen by a hash; 0 for a text without words."
        return f"{function(script, 'places_of_words', 'cells', doc, lines)}({cells})"
    lines = [f"vectorizer = HashingVectorizer({given}, norm=None)"]
    if kind.norm == "none":
        lines.append(f"return vectorizer.transform({found}).toarray()")
    else:
        lines.append(f"numbers = vectorizer.transform({found}).toarray()")
        sizes = "np.sqrt((numbers**2).sum(axis=1))" if kind.norm == "l2" else "abs(numbers).sum(axis=1)"
        lines += [f"sizes = {sizes}", "return numbers / np.where(sizes == 0, 1, sizes)[:, None]"]
    doc = "Return counts of words in places chosen by a hash."
    return f"{function(script, 'hashed_words', 'cells', doc, lines)}({cells})"


def eject_tokens(kind: "Tokens", script: Script, cells: str, training: str) -> str:
    """Add a function that learns a vocabulary, and return a call of it: a list of indices for each cell."""
    known = {"lowercase", "missing", "token_pattern", "max_features", "min_frequency", "max_length"}
    refuse_other_options(kind, known)
    script.use("import re", "import pyarrow as pa", "from collections import Counter")
    script.define(TEXTS)
    pattern, text = pattern_in_script(kind.token_pattern), 'text or ""' if kind.missing == "empty" else "text"
    if kind.lowercase:
        text = f"({text}).lower()" if " " in text else f"{text}.lower()"
    found = f"re.findall({pattern}, {text})"
    if "(" in kind.token_pattern:
        found = f"[match.group() for match in re.finditer({pattern}, {text})]"
    counted = "counts" if kind.min_frequency == 1 else f"(one for one in counts if counts[one] >= {kind.min_frequency})"
    most = "" if kind.max_features is None else f"[:{kind.max_features}]"
    tokens = "row" if kind.max_length is None else f"row[:{kind.max_length}]"
    lines = [
        f"tokens = [{found} for text in texts(cells)]",
        "counts = Counter(token for row in training for token in tokens[row])",
        f"vocabulary = sorted({counted}, key=lambda token: (-counts[token], token)){most}",
        "# 0 is padding, 1 a token that is not in the vocabulary, and 2 the most frequent token.",
        "places = {token: place for place, token in enumerate(vocabulary, start=2)}",
        f"return [[places.get(token, 1) for token in {tokens}] or [1] for row in tokens]",
    ]
    doc = "Return the indices of the tokens of each text."
    return f"{function(script, 'indices_of_tokens', 'cells, training', doc, lines)}({cells}, {training})"
