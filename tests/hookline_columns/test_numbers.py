"""Kinds of numbers, compared with the transformers of scikit-learn."""

import numpy
import pyarrow
import pytest
import torch
from hypothesis import given, strategies
from sklearn import impute, preprocessing

from hookline.errors import HooklineError
from hookline_columns.discretizer import KBinsDiscretizer
from hookline_columns.numbers import Binarizer, Log1p, Number
from hookline_columns.powers import PowerTransformer
from hookline_columns.quantiles import QuantileTransformer
from hookline_columns.scaling.limits import MaxAbsScaler, MinMaxScaler
from hookline_columns.scaling.robust import RobustScaler
from hookline_columns.scaling.standard import StandardScaler

RANDOM = numpy.random.default_rng(0)
TRAINING = numpy.concatenate([RANDOM.lognormal(size=200), [3.0] * 20, RANDOM.integers(-5, 9, 80)])
ROWS = numpy.concatenate([RANDOM.normal(1, 5, 50), [-1e3, 1e3, 3.0]])

PAIRS = [
    (StandardScaler(), preprocessing.StandardScaler()),
    (StandardScaler(with_mean=False), preprocessing.StandardScaler(with_mean=False)),
    (StandardScaler(with_std=False), preprocessing.StandardScaler(with_std=False)),
    (RobustScaler(), preprocessing.RobustScaler()),
    (RobustScaler(quantile_range=(5.0, 90.0)), preprocessing.RobustScaler(quantile_range=(5.0, 90.0))),
    (RobustScaler(unit_variance=True), preprocessing.RobustScaler(unit_variance=True)),
    (MinMaxScaler(), preprocessing.MinMaxScaler()),
    (MinMaxScaler(feature_range=(-1.0, 2.0), clip=True), preprocessing.MinMaxScaler((-1.0, 2.0), clip=True)),
    (MaxAbsScaler(), preprocessing.MaxAbsScaler()),
    (Binarizer(threshold=1.0), preprocessing.Binarizer(threshold=1.0)),
    (QuantileTransformer(n_quantiles=50), preprocessing.QuantileTransformer(n_quantiles=50, subsample=None)),
    (
        QuantileTransformer(output_distribution="normal"),
        preprocessing.QuantileTransformer(n_quantiles=300, output_distribution="normal", subsample=None),
    ),
    (Log1p(), preprocessing.FunctionTransformer(numpy.log1p)),
]


@pytest.mark.parametrize(("kind", "known"), PAIRS, ids=lambda one: str(one)[:60])
@pytest.mark.filterwarnings("ignore:invalid value")
def test_numbers_are_those_of_scikit_learn(kind, known, applied):
    rows = abs(ROWS) if isinstance(kind, Log1p) else ROWS
    training = abs(TRAINING) if isinstance(kind, Log1p) else TRAINING
    expected = known.fit(training[:, None]).transform(rows[:, None])[:, 0]
    numpy.testing.assert_allclose(applied(kind, training, rows), expected, rtol=1e-12, atol=1e-12)


POSITIVE = abs(TRAINING) + 0.1


@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize(
    ("method", "training"),
    [
        ("yeo-johnson", TRAINING),
        ("yeo-johnson", POSITIVE),
        ("yeo-johnson", -POSITIVE),
        ("box-cox", POSITIVE),
        ("box-cox", RANDOM.lognormal(20, 5, 100)),
    ],
)
def test_powers_are_those_of_scikit_learn(method, training, standardize, applied):
    known = preprocessing.PowerTransformer(method=method, standardize=standardize).fit(training[:, None])
    kind = PowerTransformer(method=method, standardize=standardize)
    fitted = kind.fit(pyarrow.array(training))
    numpy.testing.assert_allclose(fitted["power"], known.lambdas_[0], rtol=1e-6)  # Its tolerance is about 1e-8.
    rows = training[::3] * 1.5
    expected = known.transform(rows[:, None])[:, 0]
    numpy.testing.assert_allclose(applied(kind, training, rows), expected, rtol=1e-5, atol=1e-7)
    as_known = {"power": float(known.lambdas_[0])}
    if standardize:
        as_known |= {"center": known._scaler.mean_[0], "scale": known._scaler.scale_[0]}
    found = kind.transform(pyarrow.array(rows), as_known).to_numpy()
    numpy.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    "training",
    [
        [0.1] * 5,
        [1.0, 2.0],
        [0.0, 0.0, 1.0, -1.0],
        [-1e120, 1e120, 5.0],
        [1e300, 1e-300, 1.0],
        [5e-324, 1e-323],
        1.7e9 + RANDOM.random(50) * 1e7,
        *(RANDOM.normal(size=5) * 10.0 ** RANDOM.integers(-300, 100, 5) for _ in range(20)),
    ],
    ids=lambda numbers: str(numbers[0])[:12],
)
def test_powers_of_any_numbers_stay_finite(training, applied):
    assert numpy.isfinite(applied(PowerTransformer(), training)).all()
    if min(training) > 0:
        assert numpy.isfinite(applied(PowerTransformer(method="box-cox"), training)).all()


def test_no_other_power_is_more_likely():
    from scipy import stats

    for numbers in (TRAINING, POSITIVE, -POSITIVE):
        power = PowerTransformer().fit(pyarrow.array(numbers))["power"]
        best = stats.yeojohnson_llf(power, numbers)
        assert all(stats.yeojohnson_llf(power + step, numbers) < best for step in (-1e-4, 1e-4))


@pytest.mark.parametrize("strategy", ["uniform", "quantile"])
@pytest.mark.parametrize("bins", [2, 7])
def test_bins_are_those_of_scikit_learn(strategy, bins, applied):
    known = preprocessing.KBinsDiscretizer(
        bins, encode="onehot-dense", strategy=strategy, quantile_method="linear", subsample=None
    ).fit(TRAINING[:, None])
    expected = known.transform(ROWS[:, None])
    one_hot = applied(KBinsDiscretizer(n_bins=bins, strategy=strategy), TRAINING, ROWS)
    indices = applied(KBinsDiscretizer(n_bins=bins, strategy=strategy, encode="ordinal"), TRAINING, ROWS)
    assert one_hot.tolist() == expected.tolist()
    assert indices.tolist() == expected.argmax(axis=1).tolist()


@pytest.mark.parametrize("missing", ["mean", "median", "most_frequent", 2.5])
def test_missing_cells_are_filled_in_before_anything_else_as_in_a_pipeline(missing, applied):
    some = TRAINING.copy()
    some[::7] = numpy.nan
    strategy = missing if isinstance(missing, str) else "constant"
    imputer = impute.SimpleImputer(strategy=strategy, fill_value=2.5)
    filled = imputer.fit_transform(some[:, None])
    expected = preprocessing.StandardScaler().fit_transform(filled)[:, 0]
    cells = pyarrow.array(some, from_pandas=True)
    found = applied(StandardScaler(missing=missing, indicator=True), cells)
    numpy.testing.assert_allclose(found[:, 0], expected, rtol=1e-12, atol=1e-12)
    assert found[:, 1].tolist() == numpy.isnan(some).tolist()


def test_a_cell_may_be_missing_in_new_rows_only(applied):
    found = applied(Number(missing="mean"), [1.0, 2.0, 6.0], pyarrow.array([None, 4.0], pyarrow.float64()))
    assert found.tolist() == [3.0, 4.0]


@pytest.mark.parametrize("kind", [kind for kind, _ in PAIRS if not isinstance(kind, (Binarizer, Log1p))], ids=str)
def test_a_constant_column_stays_finite(kind, applied):
    assert numpy.isfinite(applied(kind, [0.1] * 5)).all()


INVERTIBLE = [
    Number(),
    StandardScaler(),
    RobustScaler(),
    MinMaxScaler(),
    Log1p(),
    MaxAbsScaler(),
    PowerTransformer(method="box-cox"),
    PowerTransformer(standardize=False),
    QuantileTransformer(),
    QuantileTransformer(n_quantiles=3, output_distribution="normal"),
]


@pytest.mark.parametrize("kind", INVERTIBLE, ids=str)
def test_numbers_can_be_transformed_back(kind):
    cells = pyarrow.array([0.5, 2.0, 7.25])
    fitted = kind.fit(cells)
    numbers = torch.tensor(kind.transform(cells, fitted).to_numpy())
    numpy.testing.assert_allclose(kind.inverse_transform(numbers, fitted), cells.to_numpy(), rtol=1e-14)


def test_powers_are_undone_like_scikit_learns_and_at_bounds_with_the_nearest_number():
    cells = numpy.random.default_rng(0).lognormal(size=200) - 2
    kind = PowerTransformer(standardize=False)
    fitted = kind.fit(pyarrow.array(cells))
    theirs = preprocessing.PowerTransformer(standardize=False)
    theirs.fit(cells[:, None]).lambdas_ = numpy.array([fitted["power"]])
    numbers = numpy.linspace(-3, 1, 9)
    found = kind.inverse_transform(torch.from_numpy(numbers), fitted)
    numpy.testing.assert_allclose(found, theirs.inverse_transform(numbers[:, None])[:, 0], rtol=1e-12)
    boundary = PowerTransformer(method="box-cox", standardize=False)
    assert boundary.inverse_transform(torch.tensor([-3.0]), {"power": 0.5}).tolist() == [0.0]


def test_ranks_are_undone_like_scikit_learns():
    cells = numpy.random.default_rng(0).lognormal(size=200)
    kind = QuantileTransformer(n_quantiles=30)
    theirs = preprocessing.QuantileTransformer(n_quantiles=30, subsample=None).fit(cells[:, None])
    ranks = numpy.linspace(-0.5, 1.5, 41)
    found = kind.inverse_transform(torch.from_numpy(ranks), kind.fit(pyarrow.array(cells)))
    numpy.testing.assert_allclose(found, theirs.inverse_transform(ranks[:, None])[:, 0], rtol=1e-12)


def test_numbers_out_of_range_are_unfit():
    unfit = PowerTransformer(method="box-cox").unfit(pyarrow.array([0.0, 1.0]), {"power": 1.0})
    assert unfit.is_unfit.tolist() == [True, False]
    assert unfit.explain(0) == '0.0 is not a finite number above 0, as "box-cox" requires: use "yeo-johnson".'
    unfit = Log1p().unfit(pyarrow.array([0.0, -1.0, float("inf")]), {})
    assert unfit.is_unfit.tolist() == [False, True, True]
    assert unfit.explain(1) == "-1.0 is not a finite number greater than -1, as Log1p requires."


@pytest.mark.parametrize(
    ("options", "cells", "numbers"),
    [
        ({"thousands": ","}, ["1,234.5", "12,34,567", "-1,000", "7", "+2.5e3"], [1234.5, 1234567, -1000, 7, 2500]),
        ({"decimal": ",", "thousands": "."}, ["1.234,5", "0,25", "1.000.000"], [1234.5, 0.25, 1e6]),
        ({"thousands": " "}, ["1 234", "1\u00a0234", "12\u202f345"], [1234, 1234, 12345]),
        ({"affixes": ("$", "%", "US$")}, ["$5", "-$5", "US$ 7.5", "12 %", "$ -3"], [5, -5, 7.5, 12, -3]),
        ({"affixes": ("EUR",), "decimal": ",", "thousands": "."}, ["1.200,50 EUR"], [1200.5]),
    ],
)
def test_numbers_written_for_people_are_read(options, cells, numbers):
    found, unfit = Number(**options).parse(pyarrow.array(cells))
    assert unfit is None
    assert found.to_pylist() == numbers


@pytest.mark.parametrize("cell", ["1,2", "1,2345", "1.5,000", ",5", "x", "5 EUR", "1,,000"])
def test_a_number_in_another_format_is_unfit(cell):
    found, unfit = Number(thousands=",").parse(pyarrow.array(["1,000", None, cell]))
    assert found.to_pylist() == [1000, None, None]
    assert unfit.is_unfit.tolist() == [False, False, True]
    assert unfit.explain(2) == f'"{cell}" is not a number with "," between thousands.'


def test_numbers_of_new_rows_need_no_format():
    assert Number(decimal=",", thousands=".").parse(pyarrow.array([1200.5]))[0].to_pylist() == [1200.5]


@given(strategies.integers(-(10**12), 10**12))
def test_every_integer_with_separators_is_read(number):
    assert Number(thousands=",").parse(pyarrow.array([f"{number:,}"]))[0].to_pylist() == [number]


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: Number(indicator=True), "Without missing cells, this has no effect"),
        (lambda: Number(thousands="."), "must differ from the decimal separator"),
        (lambda: Number(thousands="12"), "a single character"),
        (lambda: Number(affixes=("-",)), "An affix must have text"),
        (lambda: RobustScaler(quantile_range=(75.0, 25.0)), "must be less than"),
        (lambda: KBinsDiscretizer(encode="ordinal", missing="mean", indicator=True), "cannot have an indicator"),
    ],
)
def test_options_that_contradict_each_other_are_refused(make, problem):
    with pytest.raises((HooklineError, ValueError), match=problem):
        make()
