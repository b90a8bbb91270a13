"""Kinds learn the same of training rows in parts as of all of them."""

import numpy
import pyarrow
import pytest

from hookline.errors import DataError
from hookline_columns.booleans import Boolean
from hookline_columns.dates import Date
from hookline_columns.discretizer import KBinsDiscretizer
from hookline_columns.encoders import OneHotEncoder, OrdinalEncoder
from hookline_columns.fitting import partial_fits
from hookline_columns.hashing import HashingVectorizer
from hookline_columns.numbers import Binarizer, Log1p, Number
from hookline_columns.quantiles import QuantileTransformer
from hookline_columns.scaling.limits import MaxAbsScaler, MinMaxScaler
from hookline_columns.scaling.robust import RobustScaler
from hookline_columns.scaling.standard import StandardScaler
from hookline_columns.tokens import Tokens

RANDOM = numpy.random.default_rng(1)
# Sums of eighths are exact in any order.
NUMBERS = pyarrow.array(
    [None if row % 7 == 3 else float(one) for row, one in enumerate(RANDOM.integers(-80, 900, 256) / 8)]
)
WORDS = pyarrow.array([None if row % 9 == 4 else f"word {one}" for row, one in enumerate(RANDOM.integers(0, 30, 250))])
DAYS = pyarrow.array([None if row % 5 == 1 else f"20{row % 90 + 10}-0{row % 9 + 1}-1{row % 9}" for row in range(200)])

EXACT = [
    (Number(missing=0.5), NUMBERS),
    (Number(missing="mean"), NUMBERS),
    (Number(missing="median"), NUMBERS),
    (Log1p(missing="most_frequent"), NUMBERS),
    (Binarizer(missing=1.0, indicator=True), NUMBERS),
    (MinMaxScaler(missing=-1000.0), NUMBERS),
    (MaxAbsScaler(missing="mean"), NUMBERS),
    (RobustScaler(missing="mean"), NUMBERS),
    (StandardScaler(missing="median"), NUMBERS),
    (QuantileTransformer(missing="median"), NUMBERS),
    (KBinsDiscretizer(missing="mean"), NUMBERS),
    (KBinsDiscretizer(strategy="uniform", missing="mean"), NUMBERS),
    (OneHotEncoder(missing="category", min_frequency=0.03, handle_unknown="infrequent_if_exist"), WORDS),
    (OrdinalEncoder(missing="most_frequent", max_categories=9), WORDS),
    (Tokens(missing="empty", max_features=7), WORDS),
    (HashingVectorizer(missing="empty"), WORDS),
    (Boolean(), pyarrow.array(["yes", "no", "no"] * 4)),
    (Date(missing="median"), DAYS),
]


def in_parts(kind, cells, parts=(1, 90, 3), **options):
    cells, unfit = kind.parse(cells)
    assert unfit is None
    fit, at = kind.partial_fit(**options), 0
    for size in (*parts, len(cells)):
        fit.add(cells.slice(at, size))
        at += size
    return cells, fit.fitted()


@pytest.mark.parametrize(("kind", "cells"), EXACT, ids=lambda one: type(one).__name__)
def test_what_is_learned_in_parts_is_the_same(kind, cells):
    parsed, fitted = in_parts(kind, cells)
    assert fitted == kind.fit(parsed)


@pytest.mark.parametrize(
    ("kind", "cells"),
    [
        (StandardScaler(missing="mean"), NUMBERS),
        (StandardScaler(missing=3.0), NUMBERS),
        (StandardScaler(), pyarrow.array(RANDOM.normal(1e6, 1.0, 500))),
        (StandardScaler(), pyarrow.array([0.1] * 500)),
        (Date(missing="mean", parts=("year", "days", "seconds", "month"), cyclic=True), DAYS),
        (Date(missing="mean", parts=("days",), since="2000-01-01"), DAYS),
        (Date(missing="mean", standardize=False), DAYS),
    ],
)
def test_means_and_deviations_are_the_same_except_for_the_last_bits(kind, cells):
    parsed, fitted = in_parts(kind, cells)
    expected = kind.fit(parsed)
    assert fitted.keys() == expected.keys()
    for name, value in expected.items():
        numpy.testing.assert_allclose(fitted[name], value, rtol=1e-10, atol=1e-13, err_msg=name)


def test_a_kind_of_quantiles_is_fitted_to_a_sample_that_does_not_depend_on_the_parts():
    cells = pyarrow.array(RANDOM.normal(size=10_000))
    _, one = in_parts(RobustScaler(), cells, most=1000)
    _, other = in_parts(RobustScaler(), cells, [100] * 99, most=1000)
    _, whole = in_parts(RobustScaler(), cells)
    assert one == other != whole
    # The deviation of the median of 1,000 standard normal numbers is 0.04.
    assert abs(one["center"] - whole["center"]) < 0.2


def test_missing_cells_without_others_have_no_mean():
    with pytest.raises(DataError, match="All cells of the training rows are missing, so they have no mean"):
        in_parts(Number(missing="mean"), pyarrow.array([None, None], pyarrow.float64()))


def test_the_number_of_categories_is_limited(monkeypatch):
    monkeypatch.setattr(partial_fits, "MOST_DIFFERENT", 20)
    with pytest.raises(DataError, match="more than 20 categories"):
        in_parts(OrdinalEncoder(missing="category"), WORDS)
