"""Tests with numbers that need more digits than float32 has."""

import warnings

import by_hand
import numpy
import pyarrow
import pytest
import torch
from pyarrow import csv, parquet

import hookline
from hookline import HooklineWarning
from hookline.data import fingerprint_of
from hookline.errors import DataError, MismatchError
from hookline_data.preparing.prepared_rows import Preparation
from hookline_data.rows.rows import Group, Rows

SECONDS = 1_700_000_000 + numpy.arange(100)
DAYS = 20240101 + numpy.arange(28)
JULIAN = 2460310.5 + numpy.arange(100) / 64


@pytest.fixture
def prepare_any(prepare, prepare_arrays, prepare_parquet):
    """Prepare one column of inputs from a file of one of the three formats."""

    def prepare_any(kind, numbers, **options):
        y = numpy.arange(len(numbers)) / 4
        if kind == "CSV":
            rows = zip(numbers.tolist(), y.tolist(), strict=True)
            return prepare("x,y\n" + "".join(f"{number!r},{target!r}\n" for number, target in rows), **options)
        if kind == "NPZ":
            return prepare_arrays({"x": numbers.reshape(-1, 1), "y": y}, **options)
        return prepare_parquet(pyarrow.table({"x": numbers, "y": y}), **options)

    return prepare_any


@pytest.mark.parametrize("kind", ["CSV", "NPZ", "Parquet"])
@pytest.mark.parametrize("numbers", [SECONDS, SECONDS.astype(float), DAYS, JULIAN])
def test_statistics_and_differences_are_computed_in_float64(prepare_any, kind, numbers):
    data = prepare_any(kind, numbers, standardize=True)
    column = numbers.reshape(-1, 1)
    expected = by_hand.standardized(column, *by_hand.statistics(column))
    assert data.training.all.input.tolist() == expected.tolist()
    assert len(data.training.all.input.unique()) == len(numbers)


@pytest.mark.parametrize("kind", ["CSV", "NPZ", "Parquet"])
def test_numbers_that_become_equal_are_a_warning_with_advice(prepare_any, kind):
    with pytest.warns(
        HooklineWarning, match=r'" has 28 different values in the training split, but only 15 as float32'
    ):
        data = prepare_any(kind, DAYS)
    assert len(data.training.all.input.unique()) == 15
    with pytest.warns(HooklineWarning, match=r'set `standardize = true`, or set `dtype = "float64"` in \[run\]\.$'):
        prepare_any(kind, DAYS)


GREAT = 2**53 + numpy.arange(9)


@pytest.mark.parametrize("options", [{}, {"standardize": True}])
def test_csv_integers_that_float64_cannot_distinguish_are_a_warning(prepare_any, options):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        prepare_any("CSV", GREAT, **options)
    assert str(caught[0].message).endswith(
        '"x" has 9 different integers beyond 2^53, but float64, the type in which they are read, can distinguish only 5: '
        "subtract a constant from the column in the file, or exclude it."
    )
    assert not any("standardize" in str(one.message) for one in caught)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("standardized", [["x"], []])
def test_array_integers_that_float64_cannot_distinguish_come_with_other_advice_than_standardizing(dtype, standardized):
    groups = {"x": Group(GREAT.reshape(-1, 1), dtype)}
    preparation = Preparation(
        standardized=standardized, together=False, name=lambda *_: "x", paths={"training": "x.npz"}
    )
    remedy = r"subtract a constant from the column in the file\.$"
    with pytest.warns(HooklineWarning, match=rf'"x" has 9 different .* only \d as {dtype}: {remedy}'):
        preparation.apply({"training": Rows(groups, {})})


def test_large_integers_that_stay_distinct_are_no_warning(prepare_any):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        prepare_any("CSV", 2**53 * numpy.arange(1, 10))


def test_a_warning_about_several_columns_names_one_and_counts_the_others(prepare):
    text = "a,b,y\n" + "".join(f"{day},{day},{index / 4}\n" for index, day in enumerate(DAYS))
    with pytest.warns(HooklineWarning, match=r"only 15 as float32 \(also 1 other column\): set `standardize"):
        prepare(text)


def test_a_large_number_that_makes_all_others_equal_is_a_warning(prepare_any):
    numbers = numpy.array([*range(99), 1e12])
    with pytest.warns(HooklineWarning, match=r'has 100 different .* only 2 as float32: set `dtype = "float64"`'):
        prepare_any("CSV", numbers, standardize=True)


def test_many_numbers_with_many_digits_are_no_warning(prepare_any):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        prepare_any("CSV", numpy.random.default_rng(0).random(20_000))
        prepare_any("NPZ", numpy.random.default_rng(0).random(20_000), standardize=True)


def test_targets_that_become_equal_are_a_warning(prepare):
    text = "x,y\n" + "".join(f"{index},{day}\n" for index, day in enumerate(DAYS))
    with pytest.warns(HooklineWarning, match='"y" has 28 different values .* only 15 as float32: set `dtype'):
        prepare(text)


def test_a_constant_column_becomes_0_although_its_mean_is_rounded(prepare):
    text = "x,s,y\n" + "0.1,training,1\n" * 7 + "0.3,validation,1\n"
    data = prepare(text, standardize=True, split_column="s")
    assert data.training.all.input.unique().tolist() == [0]
    assert data.validation.all.input.tolist() == [[numpy.float32(0.3 - 0.1)]]


def test_a_number_that_overflows_when_standardized_is_reported_with_its_row(prepare, tmp_path):
    text = "x,s,y\n0,training,1\n1,training,2\n1e300,validation,3\n"
    with pytest.raises(DataError) as raised:
        prepare(text, standardize=True, split_column="s")
    assert str(raised.value) == (
        f'{tmp_path / "table.csv"}: row 3, column "x": Standardized with the statistics of the training split, the '
        f"number is too large for float32."
    )


def test_a_run_in_float64_has_inputs_and_targets_in_float64(tmp_path):
    (tmp_path / "table.csv").write_text("x,y\n20240101,0.1\n20240102,0.7\n")
    data = {"type": "CSV", "path": str(tmp_path / "table.csv"), "targets": "y", "shuffle": False}

    def prepared(**options):
        spec = hookline.load(
            {
                "run": {"dtype": "float64"},
                "data": {**data, **options},
                "model": {"type": "Linear", "out_features": 1},
                "loss": {"type": "MSELoss"},
                "optimizer": {"type": "SGD"},
            }
        )
        run = hookline.Run(spec=spec, stages=None, plugins=(), catalog=None, device=torch.device("cpu"))
        return spec.data.prepare(run, spec.objective)

    batch = prepared().training.all
    assert (batch.input.dtype, batch.target.dtype) == (torch.float64, torch.float64)
    assert batch.input.tolist() == [[20240101], [20240102]]
    assert batch.target.tolist() == [[0.1], [0.7]]
    with pytest.raises(MismatchError, match="The model computes in float64: remove `dtype` here"):
        prepared(dtype="float32")


MIXED = pyarrow.table(
    {
        "a": [index / 3 for index in range(90)],
        "b": pyarrow.array([index % 11 if index % 8 else None for index in range(90)]),
        "word": pyarrow.array([f"w{index % 5}" if index % 9 else None for index in range(90)]),
        "day": pyarrow.array(numpy.arange(90).astype("datetime64[D]")),
        "y": [index % 2 for index in range(90)],
    }
)
KINDS = {
    "b": {"type": "StandardScaler", "missing": "median", "indicator": True},
    "word": {"type": "OneHotEncoder", "missing": "category"},
    "day": {"type": "Date", "cyclic": True},
}


@pytest.mark.parametrize("drop", [False, True])
def test_blocks_and_chunks_of_any_size_give_the_same_bits(prepare_file, tmp_path, monkeypatch, drop):
    columns = {**KINDS, "b": {"type": "Number", "missing": "drop"}} if drop else KINDS
    options = {"columns": columns, "standardize": True, "validation": 0.2, "test": 0.1, "loss": "CrossEntropyLoss"}
    parquet.write_table(MIXED, tmp_path / "table.parquet")
    known = prepare_file("Parquet", tmp_path / "table.parquet", **options)
    for module, name, value in (
        ("preparing.matrix", "ROWS", 4),
        ("preparing.matrix", "CODEBOOK", 0),
        ("preparing.matrix", "RELEASED", 1),
        ("preparing.prepared_rows", "BLOCK", 8 * 90),
        ("preparing.merged_numbers", "ROWS", 10),
        ("arrow_columns.parquet_columns", "ROWS", 5),
        ("arrow_columns.parquet_columns", "CELLS", 1),
    ):
        monkeypatch.setattr(f"hookline_data.{module}.{name}", value)
    made = prepare_file("Parquet", tmp_path / "table.parquet", **options)
    assert made.preparation == known.preparation
    for split, batches in known.splits().items():
        assert fingerprint_of(made.splits()[split]) == fingerprint_of(batches)


@pytest.mark.parametrize("kind", ["CSV", "Parquet"])
def test_cells_are_freed_while_the_tensors_are_filled(prepare_file, tmp_path, monkeypatch, kind):
    rows = 60_000
    table = pyarrow.table({**{name: numpy.arange(rows) / 7 for name in "abcd"}, "y": numpy.arange(rows) % 2})
    path = tmp_path / f"table.{kind.lower()}"
    csv.write_csv(table, path) if kind == "CSV" else parquet.write_table(table, path)
    monkeypatch.setattr("hookline_data.arrow_columns.parquet_columns.ROWS", 4096)
    monkeypatch.setattr("hookline_data.reading.csv.cells.BLOCK", 2**18)
    monkeypatch.setattr("hookline_data.preparing.matrix.RELEASED", 1)
    sizes = []
    monkeypatch.setattr(
        "hookline_data.arrow_columns.arrow_memory.release", lambda: sizes.append(pyarrow.total_allocated_bytes())
    )
    prepare_file(kind, path, standardize=True, validation=0.2)
    assert len(sizes) > 3
    assert sizes[-1] < max(sizes) - 4 * 8 * rows / 2
