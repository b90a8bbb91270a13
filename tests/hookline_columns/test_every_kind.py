"""Every kind, from a file to the inputs of a model: fitted to the training rows, which alone matter, as in scikit-learn."""

import numpy
import pyarrow
import pytest
import torch
from pyarrow import parquet
from sklearn import preprocessing
from sklearn.feature_extraction.text import HashingVectorizer

import hookline
import hookline_columns

RANDOM = numpy.random.default_rng(3)
TRAINING, OTHERS = 60, 30
NUMBERS = RANDOM.lognormal(size=TRAINING).round(3)
OTHER_NUMBERS = RANDOM.normal(50, 9, OTHERS).round(3)
WORDS = ["red", "blue", "green", "red blue"]
TEXTS = [WORDS[index % 4] for index in range(TRAINING)]
DAYS = [f"2024-{index % 12 + 1:02}-{index % 28 + 1:02}" for index in range(TRAINING)]


def column(transformer):
    """The numbers of scikit-learn's transformer, fitted to the training rows."""

    def known(training, others):
        made = transformer.fit(numpy.array(training, dtype=object if isinstance(training, list) else float)[:, None])
        return [numpy.asarray(made.transform(numpy.array(rows)[:, None])) for rows in (training, others)]

    return known


def of_dates(training, others):
    """Year and weekday, standardized."""
    parts = [
        numpy.array(
            [[day.year, day.weekday()] for day in map(numpy.datetime64.item, numpy.array(days, "datetime64[D]"))]
        )
        for days in (training, others)
    ]
    scaler = preprocessing.StandardScaler().fit(parts[0])
    return [scaler.transform(rows) for rows in parts]


def hashed(training, others):
    known = HashingVectorizer(n_features=16)
    return [known.transform(texts).toarray() for texts in (training, others)]


# Each kind: its options, cells of the training rows, those of other rows, other ones, and what is known of them.
N, T, D = (NUMBERS, OTHER_NUMBERS), (TEXTS, ["blue", "red"] * 15), (DAYS, ["2031-05-05", "1999-01-31"] * 15)
B = (["yes", "no"] * 30, ["no"] * 30)
KINDS = {
    "Number": ({}, N, column(preprocessing.FunctionTransformer())),
    "StandardScaler": ({}, N, column(preprocessing.StandardScaler())),
    "RobustScaler": ({}, N, column(preprocessing.RobustScaler())),
    "MinMaxScaler": ({}, N, column(preprocessing.MinMaxScaler())),
    "MaxAbsScaler": ({}, N, column(preprocessing.MaxAbsScaler())),
    "QuantileTransformer": ({"n_quantiles": 20}, N, column(preprocessing.QuantileTransformer(n_quantiles=20))),
    "PowerTransformer": ({}, N, column(preprocessing.PowerTransformer())),
    "Log1p": ({}, N, column(preprocessing.FunctionTransformer(numpy.log1p))),
    "Binarizer": ({"threshold": 1.0}, N, column(preprocessing.Binarizer(threshold=1.0))),
    "KBinsDiscretizer": (
        {"n_bins": 4},
        N,
        column(preprocessing.KBinsDiscretizer(4, encode="onehot-dense", quantile_method="linear", subsample=None)),
    ),
    "Boolean": ({}, B, lambda *rows: [numpy.array([[cell == "yes"] for cell in cells], float) for cells in rows]),
    "OneHotEncoder": ({}, T, column(preprocessing.OneHotEncoder(sparse_output=False))),
    "OrdinalEncoder": ({}, T, column(preprocessing.OrdinalEncoder())),
    "Date": ({"parts": ["year", "weekday"]}, D, of_dates),
    "HashingVectorizer": ({"n_features": 16}, T, hashed),
    "Tokens": ({}, T, None),
}
TOLERANCES = {"PowerTransformer": 1e-6}
"""The power of scikit-learn has about eight digits: see `test_numbers.py`."""


@pytest.fixture
def prepared(tmp_path):
    """Return the inputs of the training rows and of the others, and what was fitted."""

    def prepared(kind, options, training, others):
        cells = [*training, *others]
        splits = ["training"] * TRAINING + ["validation", "test"] * (OTHERS // 2)
        # Shuffled, so that the order of the file does not matter.
        order = numpy.random.default_rng(0).permutation(len(cells))
        table = pyarrow.table(
            {
                "x": [cells[row] for row in order],
                "split": [splits[row] for row in order],
                "y": order.astype(float),
            }
        )
        parquet.write_table(table, tmp_path / "table.parquet")
        data = {
            "type": "Parquet",
            "path": str(tmp_path / "table.parquet"),
            "targets": "y",
            "split_column": "split",
            "columns": {"x": {"type": kind, **options}},
            "batch_size": 1000,
            "shuffle": False,
        }
        spec = hookline.load(
            {
                "run": {"dtype": "float64"},
                "data": data,
                "model": {"type": "Linear", "out_features": 1},
                "loss": {"type": "MSELoss"},
                "optimizer": {"type": "SGD", "lr": 0.1},
            }
        )
        run = hookline.Run(spec=spec, stages=None, plugins=(), catalog=None, device=torch.device("cpu"))
        found = spec.data.prepare(run, spec.objective)
        rows = {}
        for split in ("training", "validation", "test"):
            batch = getattr(found, split).all
            rows |= {int(row): numbers for row, numbers in zip(batch.target[:, 0], batch.input.numpy(), strict=True)}
        made = [rows[row] for row in range(len(cells))]
        fitted = found.preparation["input"]["kinds"]["x"]["fitted"]
        return made[:TRAINING], made[TRAINING:], fitted

    return prepared


def test_every_kind_is_here():
    assert set(KINDS) == set(hookline_columns.register_specs())


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_equals_scikit_learn_and_ignores_validation_and_test_rows(kind, prepared):
    options, (training, others), known = KINDS[kind]
    inputs, other_inputs, fitted = prepared(kind, options, training, others)
    changed = (
        others[::-1] * 3
        if isinstance(others, numpy.ndarray)
        else ["red" if cell == "blue" else cell for cell in others]
    )
    again, _, fitted_again = prepared(kind, options, training, changed)
    assert numpy.array_equal(again, inputs)
    assert fitted_again == fitted
    if known is not None:
        tolerance = TOLERANCES.get(kind, 1e-12)
        for found, expected in zip((inputs, other_inputs), known(training, others), strict=True):
            numpy.testing.assert_allclose(numpy.array(found), expected, rtol=tolerance, atol=tolerance)
