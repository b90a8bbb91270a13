"""Kinds say what their numbers mean: the cell, as far as it can be known from them."""

from datetime import datetime

import pyarrow
import pytest

from hookline_columns.booleans import Boolean
from hookline_columns.dates import Date
from hookline_columns.discretizer import KBinsDiscretizer
from hookline_columns.encoders import OneHotEncoder, OrdinalEncoder
from hookline_columns.hashing import HashingVectorizer
from hookline_columns.numbers import Log1p, Number
from hookline_columns.quantiles import QuantileTransformer
from hookline_columns.scaling.limits import MinMaxScaler
from hookline_columns.scaling.robust import RobustScaler
from hookline_columns.scaling.standard import StandardScaler
from hookline_columns.tokens import Tokens

COLORS = ["red", "blue", "green", None, "blue"]
NUMBERS = [1.0, 2.5, -3.0, None, 8.0]
DATES = ["2024-05-31", "2023-01-02", "2024-12-24"]


def undone(kind, cells):
    """What the kind says of each of its own rows."""
    cells = kind.parse(pyarrow.array(cells))[0]
    fitted = kind.fit(cells)
    return [
        dict(kind.cells("x", row if isinstance(row, list) else [row], fitted))
        for row in kind.transform(cells, fitted).to_pylist()
    ]


@pytest.mark.parametrize("kind", [Number, StandardScaler, MinMaxScaler, RobustScaler])
def test_numbers_are_those_of_the_column(kind):
    found = undone(kind(missing="mean", indicator=True), NUMBERS)
    expected = [{"x": "missing" if number is None else pytest.approx(number, rel=1e-12)} for number in NUMBERS]
    assert found == expected
    assert undone(kind(), [1.0, 2.5]) == [{"x": pytest.approx(1.0)}, {"x": pytest.approx(2.5)}]
    assert undone(Log1p(), [1.0, 2.5]) == [{"x": pytest.approx(1.0)}, {"x": pytest.approx(2.5)}]


def test_a_number_that_cannot_be_undone_stays_as_it_is():
    low, high = undone(QuantileTransformer(missing="mean", indicator=True), [1.0, 2.0])
    assert low["x"] < high["x"]
    assert (list(low), list(high)) == (["x"], ["x"])


@pytest.mark.parametrize("options", [{}, {"drop": "first"}, {"min_frequency": 2}])
def test_one_hot_numbers_are_a_category(options):
    rare = "min_frequency" in options
    expected = ["missing" if color is None else "infrequent" if rare and color != "blue" else color for color in COLORS]
    assert undone(OneHotEncoder(missing="category", **options), COLORS) == [{"x": color} for color in expected]


def test_categories_that_are_not_known_are_told():
    for kind in (OneHotEncoder(handle_unknown="ignore"), OrdinalEncoder(handle_unknown="use_encoded_value")):
        fitted = kind.fit(pyarrow.array(["a", "b"]))
        [row] = kind.transform(pyarrow.array(["c"]), fitted).to_pylist()
        assert kind.cells("x", row if isinstance(row, list) else [row], fitted) == {"x": "unknown"}
    assert undone(OrdinalEncoder(), ["b", "a", "b"]) == [{"x": "b"}, {"x": "a"}, {"x": "b"}]


@pytest.mark.parametrize("standardize", [True, False])
def test_parts_of_dates_are_not_standardized(standardize):
    parts = ("year", "month", "weekday")
    days = [datetime.fromisoformat(date) for date in DATES]
    expected = [{"x year": day.year, "x month": day.month, "x weekday": day.weekday()} for day in days]
    found = undone(Date(parts=parts, standardize=standardize), DATES)
    assert found == [pytest.approx(row, rel=1e-12, abs=1e-9) for row in expected]
    several = undone(Date(parts=parts, standardize=standardize, missing="mean", indicator=True), [*DATES, None])
    assert several == [*(pytest.approx(row, rel=1e-12, abs=1e-9) for row in expected), {"x": "missing"}]


@pytest.mark.parametrize("encode", ["onehot", "ordinal"])
def test_a_bin_is_named_by_its_edges(encode):
    found = undone(KBinsDiscretizer(n_bins=2, encode=encode, strategy="uniform"), [0.0, 4.0, 10.0])
    assert found == [{"x": "0 to 5"}, {"x": "0 to 5"}, {"x": "5 to 10"}]


def test_texts_are_their_known_tokens_and_hashes_are_nothing():
    assert undone(Tokens(min_frequency=2), ["the cat", "the dog", ""]) == [{"x": "the ?"}, {"x": "the ?"}, {"x": "?"}]
    assert undone(HashingVectorizer(n_features=2), ["the cat"]) == [{}]
    assert undone(HashingVectorizer(output="indices"), ["the cat"]) == [{}]
    assert undone(Boolean(missing="mean", indicator=True), ["yes", "no", None]) == [
        {"x": 1},
        {"x": 0},
        {"x": "missing"},
    ]
