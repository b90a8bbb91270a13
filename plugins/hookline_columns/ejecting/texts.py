"""Kinds of columns of text as functions."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hookline.script import Script, cannot_be_written, literal, refuse_other_options
from hookline_columns.ejecting.numbers import documented, function_name

if TYPE_CHECKING:
    from hookline_columns.categories import CategoryColumn
    from hookline_columns.hashing import HashingVectorizer

TEXTS = '''
def texts(cells):
    """Return the cells of a column as text; `None` where one is missing."""
    return cells.cast(pa.string()).to_pylist()
'''


def eject_categories(
    kind: "CategoryColumn", script: Script, cells: str, training: str, fitted: Mapping[str, Any], *, one_hot: bool
) -> str:
    """Add the function of a kind of categories, and return a call of it."""
    refuse_other_options(kind, {"missing", "handle_unknown", "categories", "drop"})
    if kind.drops_missing or kind.missing == "most_frequent":
        raise cannot_be_written("This replacement of missing cells has no lines.", ("missing",))
    drops = getattr(kind, "drop", None)
    if drops is not None:
        raise cannot_be_written("Left out categories have no lines.", ("drop",))
    script.use("import numpy as np", "import pyarrow as pa")
    script.define(TEXTS)
    lines = ["cells = texts(cells)"]
    if kind.categories is None:
        lines.append("categories = sorted({cells[row] for row in training} - {None})")
    else:
        lines.append(f"categories = {literal(list(kind.categories))}")
    if kind.missing == "category":
        lines.append("categories.append(None)  # A missing cell is a category of its own.")
    if one_hot:
        lines.append("return np.array([[cell == name for name in categories] for cell in cells], dtype=np.uint8)")
    elif kind.refuses_unknown:
        lines.append("return np.array([categories.index(cell) for cell in cells])")
    else:
        lines.append("places = {name: place for place, name in enumerate(categories)}")
        lines.append("return np.array([places.get(cell, len(categories)) for cell in cells])")
    arguments = "cells, training" if kind.categories is None else "cells"
    name = function_name(type(kind).__name__)
    text = "\n".join(f"    {line}" for line in lines)
    name = script.define(f'def {name}({arguments}):\n    """{_shortened(documented(kind))}"""\n{text}')
    return f"{name}({cells}{f', {training}' if 'training' in arguments else ''})"


def _shortened(sentence: str) -> str:
    return sentence if len(sentence) < 110 else f"{sentence[:106].rpartition(' ')[0]} …"


def eject_hashing(kind: "HashingVectorizer", script: Script, cells: str) -> str:
    """Add a function with scikit-learn's HashingVectorizer, whose numbers it has, and return a call of it."""
    refuse_other_options(
        kind, {"n_features", "analyzer", "ngram_range", "norm", "alternate_sign", "binary", "lowercase", "missing"}
    )
    script.use(
        "import numpy as np", "import pyarrow as pa", "from sklearn.feature_extraction.text import HashingVectorizer"
    )
    script.define(TEXTS)
    options = {"n_features": kind.n_features}
    defaults = {"analyzer": "word", "ngram_range": (1, 1), "alternate_sign": True, "binary": False, "lowercase": True}
    options |= {name: getattr(kind, name) for name, usual in defaults.items() if getattr(kind, name) != usual}
    given = ", ".join(f"{name}={literal(value)}" for name, value in options.items())
    lines = [
        f"vectorizer = HashingVectorizer({given}, norm=None)",
        'numbers = vectorizer.transform([text or "" for text in texts(cells)]).toarray()',
    ]
    if kind.norm == "none":
        lines.append("return numbers")
    else:
        sizes = "np.sqrt((numbers**2).sum(axis=1))" if kind.norm == "l2" else "abs(numbers).sum(axis=1)"
        lines += [f"sizes = {sizes}", "return numbers / np.where(sizes == 0, 1, sizes)[:, None]"]
    text = "\n".join(f"    {line}" for line in lines)
    name = script.define(
        f'def hashed_words(cells):\n    """Return counts of words in places chosen by a hash."""\n{text}'
    )
    return f"{name}({cells})"
