"""The graph of each kind of column, run by onnxruntime, gives what the kind gives, for cells that it refuses, too."""

from datetime import datetime, timedelta

import numpy
import pyarrow
import pytest
from hypothesis import given, strategies
from run_graph import opened_graph, run_graph

from hookline.plugins.manager import Plugins
from hookline.spec import MISSING_TIME, Graph
from hookline_columns.booleans import Boolean
from hookline_columns.dates import Date
from hookline_columns.discretizer import KBinsDiscretizer
from hookline_columns.encoders import OneHotEncoder, OrdinalEncoder
from hookline_columns.hashing import HashingVectorizer
from hookline_columns.numbers import Binarizer, Log1p, Number
from hookline_columns.powers import PowerTransformer
from hookline_columns.quantiles import QuantileTransformer
from hookline_columns.scaling.limits import MaxAbsScaler, MinMaxScaler
from hookline_columns.scaling.robust import RobustScaler
from hookline_columns.scaling.standard import StandardScaler
from hookline_columns.tokens import Tokens

MARKS = ("", "NA", "?")
RANDOM = numpy.random.default_rng(0)
TRAINED = numpy.concatenate([RANDOM.normal(3, 2, 60).clip(-0.9), [1.0] * 9, [1.7e9, 1.7e9 + 1]])
NEW = [*TRAINED[:12], 1.0, -0.99, 0.0, 1e12, -1e12, 1.7e9 + 0.5, None, float("nan"), float("inf"), -float("inf"), -1.0]

NUMBERS = [
    Number(),
    Number(missing="mean", indicator=True),
    Number(missing=-1.5),
    Log1p(),
    Log1p(missing="median"),
    Binarizer(threshold=2.0),
    StandardScaler(),
    StandardScaler(with_mean=False, missing="most_frequent", indicator=True),
    RobustScaler(unit_variance=True),
    MaxAbsScaler(),
    MinMaxScaler(feature_range=(-1.0, 2.0)),
    MinMaxScaler(clip=True, missing="drop"),
    KBinsDiscretizer(n_bins=4),
    KBinsDiscretizer(n_bins=3, strategy="uniform", missing="mean", indicator=True),
    KBinsDiscretizer(n_bins=5, encode="ordinal"),
    PowerTransformer(),
    PowerTransformer(standardize=False, missing="mean"),
    QuantileTransformer(n_quantiles=20),
    QuantileTransformer(output_distribution="normal"),
    QuantileTransformer(output_distribution="normal", n_quantiles=5, missing="mean"),
]

TEXTS = ["red", "blue", "3", "3", "True", "red", "green", "007", "1.5", "red", "blue"]
NEW_TEXTS = [
    "red",
    "blue",
    "3",
    "3.0",
    "true",
    "TRUE",
    "green",
    "007",
    "7",
    "1.50",
    "1.5",
    "unseen",
    "Red",
    None,
    "NA",
    "?",
]
CATEGORIES = [
    kind(**options)
    for kind, unknown in ((OneHotEncoder, "ignore"), (OrdinalEncoder, "use_encoded_value"))
    for options in (
        {},
        {"missing": "category"},
        {"missing": "most_frequent", "handle_unknown": unknown},
        {"min_frequency": 2, "handle_unknown": "infrequent_if_exist", "missing": "drop"},
        {"max_categories": 3, "handle_unknown": unknown, "missing": "category"},
        {"categories": ("red", "3", "blue", "green", "007", "True", "1.5")},
    )
] + [OneHotEncoder(drop="first", handle_unknown="ignore"), OneHotEncoder(drop="if_binary", max_categories=2)]

TIMES = [datetime(1999, 12, 31, 23, 59, 59, 999_999) + timedelta(days=97.31 * step) for step in range(60)]
NEW_TIMES = [
    *TIMES,
    *(
        datetime(year, month, day)
        for year in (1700, 1900, 1969, 2000, 2024, 2100)
        for month, day in ((1, 1), (2, 28), (3, 1))
    ),
    *(datetime(year, 12, day, 7, 8, 9) for year in range(1996, 2030) for day in (28, 31)),
    datetime(2024, 2, 29),
    datetime(1969, 12, 31, 23, 59, 59),
    None,
]
PARTS = (
    "year",
    "quarter",
    "month",
    "week",
    "day",
    "weekday",
    "day_of_year",
    "hour",
    "minute",
    "second",
    "days",
    "seconds",
)
DATES = [
    Date(parts=PARTS, standardize=False),
    Date(parts=PARTS, cyclic=True, missing="mean", indicator=True),
    Date(parts=("days",), since="1990-05-03", missing="most_frequent"),
]

SENTENCES = ["The bird sat, and the BIRD flew.", "Ein Vöglein flog 12_3-fach", "a I the bird"]
NEW_SENTENCES = [
    *SENTENCES,
    "",
    "NA",
    "?",
    "!",
    "ÀÉ ΣΑΣ İstanbul ẞ the   bird\n\n flew \u00a0 x",
    "the\x1fbird",
    "unseen words, and the a the",
]
CHARACTER = "."
TEXT_KINDS = [
    Tokens(),
    Tokens(missing="empty", max_length=2, max_features=3),
    Tokens(lowercase=False, missing="empty", token_pattern=CHARACTER),
    HashingVectorizer(n_features=16),
    HashingVectorizer(n_features=64, ngram_range=(1, 3), norm="l1", missing="empty"),
    HashingVectorizer(n_features=64, ngram_range=(2, 2), alternate_sign=False, binary=True, norm="none"),
    HashingVectorizer(n_features=300, analyzer="char", ngram_range=(2, 4), lowercase=False),
    HashingVectorizer(n_features=300, output="indices", ngram_range=(1, 2)),
    HashingVectorizer(n_features=300, output="indices", analyzer="char", missing="empty"),
]

BOOLEANS = [
    Boolean(),
    Boolean(missing="most_frequent", indicator=True),
    Boolean(true_values=("ja", "élan"), false_values=("nein",)),
]


def expected(kind, trained, new):
    """What a kind makes of cells, `(rows, n)`; NaN, or -1 for indices, where it refuses a cell."""
    known = kind.parse(trained)[0]
    fitted = kind.fit(known if kind.takes_missing else known.drop_null())
    cells, unread = kind.parse(new)
    is_refused = numpy.zeros(len(new), dtype=bool) if unread is None else unread.is_unfit.copy()
    if not kind.takes_missing:
        is_refused |= cells.is_null().to_numpy(zero_copy_only=False)
        cells = cells.fill_null("" if pyarrow.types.is_string(cells.type) else 0)
    unfit = kind.unfit(cells, fitted)
    is_refused |= False if unfit is None else unfit.is_unfit
    made = kind.transform(cells, fitted)
    values = made.flatten() if pyarrow.types.is_fixed_size_list(made.type) else made
    array = values.to_numpy(zero_copy_only=False).reshape(len(new), -1)
    array = array.copy() if kind.gives_indices else array.astype(float)
    array[is_refused] = -1 if kind.gives_indices else numpy.nan
    return fitted, array


def of_graph(kind, fitted, cells):
    graph = Graph()
    made = run_graph(graph, {"cells": cells}, kind.to_onnx(graph, "cells", fitted, MARKS))
    if kind.gives_indices:
        return numpy.where(made < 0, -1, made)
    return numpy.where(numpy.isnan(made).any(axis=1, keepdims=True), numpy.nan, made)


def assert_same(kind, trained, new, cells):
    fitted, wanted = expected(kind, trained, new)
    made = of_graph(kind, fitted, cells)
    assert made.dtype == (numpy.int64 if kind.gives_indices else numpy.float64)
    assert made.shape == wanted.shape
    numpy.testing.assert_allclose(made, wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kind", NUMBERS, ids=repr)
def test_numbers(kind):
    assert kind.cells_of_graph == "number"
    new = [None if number is not None and number != number else number for number in NEW]
    cells = numpy.array([[numpy.nan if number is None else number] for number in NEW])
    assert_same(kind, pyarrow.array(TRAINED), pyarrow.array(new, pyarrow.float64()), cells)


@pytest.mark.parametrize("kind", CATEGORIES, ids=repr)
def test_categories(kind):
    assert kind.cells_of_graph == "text"
    new = [None if text in MARKS else text for text in NEW_TEXTS]
    cells = numpy.array([["" if text is None else text] for text in NEW_TEXTS], dtype=object)
    assert_same(kind, pyarrow.array(TEXTS), pyarrow.array(new), cells)


@pytest.mark.parametrize("kind", DATES, ids=repr)
def test_dates(kind):
    assert kind.cells_of_graph == "time"
    times = pyarrow.array(NEW_TIMES, pyarrow.timestamp("us"))
    cells = times.cast(pyarrow.int64()).fill_null(MISSING_TIME).to_numpy().reshape(-1, 1)
    assert_same(kind, pyarrow.array(TIMES, pyarrow.timestamp("us")), times, cells)


@pytest.mark.parametrize("kind", BOOLEANS, ids=repr)
def test_booleans(kind):
    assert kind.cells_of_graph == "text"
    texts = [*kind.true_values, *kind.false_values, "YES", "yEs", "FALSE", "Nein", "ÉLAN", "maybe", "2", None, "NA"]
    if "1" not in kind.true_values:
        texts = [text for text in texts if text not in ("0", "1")]
    new = pyarrow.array([None if text in MARKS else text for text in texts], pyarrow.string())
    cells = numpy.array([["" if text is None else text] for text in texts], dtype=object)
    trained = pyarrow.array([kind.true_values[0], *kind.false_values[:1] * 2])
    assert_same(kind, trained, new, cells)


def test_the_cells_of_a_boolean_in_a_file_with_types_are_known_as_text():
    graph = Graph()
    cells = numpy.array([["true"], ["False"], ["1"], ["0.0"]], dtype=object)
    for kind in (Boolean(), Boolean(true_values=("ja",), false_values=("nein",))):
        made = run_graph(graph := Graph(), {"cells": cells}, kind.to_onnx(graph, "cells", {}, MARKS))
        accepted = [1.0, 0.0, 1.0, 0.0] if kind == Boolean() else [numpy.nan, numpy.nan, 1.0, 0.0]
        numpy.testing.assert_equal(made[:, 0], accepted)


def of_text(kind, trained, new):
    """What a kind makes of texts: as `expected`, but lists of indices are padded with 0."""
    fitted = kind.fit(pyarrow.array(trained))
    texts = [None if text in MARKS else text for text in new]
    is_refused = [text is None and not kind.takes_missing for text in texts]
    made = kind.transform(pyarrow.array([text or "" for text in texts]), fitted).to_pylist()
    steps = max(map(len, made))
    array = numpy.array([[*row, *[0] * (steps - len(row))] for row in made])
    array[is_refused] = -1 if kind.gives_indices else numpy.nan
    return fitted, array


@pytest.mark.parametrize("kind", TEXT_KINDS, ids=repr)
def test_texts(kind):
    assert kind.cells_of_graph == "text"
    fitted, wanted = of_text(kind, SENTENCES, NEW_SENTENCES)
    graph = Graph()
    made = run_graph(
        graph, {"cells": numpy.array(NEW_SENTENCES, dtype=object)[:, None]}, kind.to_onnx(graph, "cells", fitted, MARKS)
    )
    assert made.dtype == wanted.dtype
    if kind.gives_indices:
        assert not made[:, wanted.shape[1] :].clip(0).any()
        made = made[:, : wanted.shape[1]]
    numpy.testing.assert_allclose(made, wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kind", [Tokens(missing="empty"), HashingVectorizer(missing="empty", output="indices")])
def test_texts_without_words(kind):
    fitted = kind.fit(pyarrow.array(SENTENCES))
    for texts in ([""], ["!", "?"]):
        graph = Graph()
        cells = numpy.array(texts, dtype=object)[:, None]
        made = run_graph(graph, {"cells": cells}, kind.to_onnx(graph, "cells", fitted, MARKS))
        assert made.tolist() == [[int(isinstance(kind, Tokens))]] * len(texts)


ANY_TEXT = [
    HashingVectorizer(n_features=512, analyzer="char", ngram_range=(1, 2), missing="empty"),
    Tokens(missing="empty"),
]


@pytest.fixture(scope="module")
def opened():
    """The graphs of these kinds, each with the kind and what it knows."""
    found = []
    for kind in ANY_TEXT:
        graph, fitted = Graph(), kind.fit(pyarrow.array(SENTENCES))
        value = kind.to_onnx(graph, "cells", fitted, MARKS)
        found.append((kind, opened_graph(graph, {"cells": numpy.array([[""]], dtype=object)}, value)))
    return found


@given(
    strategies.lists(
        strategies.text(strategies.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=1
    )
)
def test_any_text(opened, texts):
    for kind, graph in opened:
        _, wanted = of_text(kind, SENTENCES, texts)
        made = graph({"cells": numpy.array(texts, dtype=object)[:, None]})
        numpy.testing.assert_allclose(made[:, : wanted.shape[1]], wanted, rtol=1e-12, atol=1e-12)


def test_a_pattern_of_which_onnxruntime_takes_a_longer_match_has_no_graph():
    for pattern in ("a|ab", "a+?", "[a-z]{2,}?"):
        assert Tokens(token_pattern=pattern).cells_of_graph is None
        assert HashingVectorizer(token_pattern=pattern).cells_of_graph is None


def test_every_kind_has_a_graph():
    kinds = {kind for kind in Plugins().catalog if kind.family == "column kind"}
    assert kinds == {type(kind) for kind in (*NUMBERS, *CATEGORIES, *DATES, *BOOLEANS, *TEXT_KINDS)}
