"""Streamed rows are those in memory."""

import datetime
import gzip
import math

import numpy
import pyarrow
import pytest
import torch

from hookline import HooklineError, HooklineWarning
from hookline.errors import DataError
from hookline_data.streaming import second_pass

from .conftest import assert_equal, rows_of

RANDOM = numpy.random.default_rng(0)
ROWS = 60
# Sums of eighths are exact in any order.
EIGHTHS = RANDOM.integers(-80, 400, (ROWS, 3)) / 8
WORDS = numpy.array(["red", "green ", "blue", " dark blue"])[RANDOM.integers(0, 4, ROWS)]
DAYS = [datetime.date(2020, 1, 1) + datetime.timedelta(days=int(day)) for day in RANDOM.integers(0, 999, ROWS)]
COLUMNS = {
    "a": EIGHTHS[:, 0],
    "b": EIGHTHS[:, 1],
    "n": RANDOM.integers(0, 9, ROWS),
    "word": WORDS,
    "day": DAYS,
    "y": EIGHTHS[:, 2],
    "kind": numpy.array(["yes", "no"])[RANDOM.integers(0, 2, ROWS)],
    "grade": RANDOM.integers(3, 6, ROWS),
    "weight": RANDOM.integers(0, 5, ROWS) / 4,
    "split": numpy.array(["training", "validation", "test"])[RANDOM.integers(0, 3, ROWS)],
}


def with_gaps(name, every):
    return [None if row % every == 2 else cell for row, cell in enumerate(COLUMNS[name].tolist())]


NUMBERS = {"inputs": ["a", "b"]}
CASES = {
    "numbers": NUMBERS,
    "splits": {**NUMBERS, "validation": 0.25, "test": 0.2, "split_seed": 3},
    "a column of splits": {**NUMBERS, "split_column": "split"},
    "values of splits": {
        **NUMBERS,
        "split_column": "split",
        "split_values": {"training": "training", "test": "test", "unused": "*"},
    },
    "weights": {**NUMBERS, "weight_column": "weight"},
    "classes": {**NUMBERS, "targets": "kind", "loss": "CrossEntropyLoss", "validation": 0.2},
    "given classes": {**NUMBERS, "targets": "kind", "loss": "CrossEntropyLoss", "classes": ["yes", "perhaps", "no"]},
    "numbered classes": {**NUMBERS, "targets": "grade", "loss": "CrossEntropyLoss"},
    "two classes": {**NUMBERS, "targets": "kind", "loss": "BCEWithLogitsLoss"},
    "groups": {"inputs": {"one": "a", "other": ["b", "n"]}, "dtype": {"one": "float32", "other": "float32"}},
    "indices": {"inputs": "n", "dtype": "int64"},
    "a shape": {"inputs": ["a", "b", "n"], "shape": [3, 1]},
    "exact kinds": {
        "inputs": ["a", "b", "n", "word", "day"],
        "columns": {
            "a": {"type": "RobustScaler"},
            "b": {"type": "MinMaxScaler"},
            "n": {"type": "KBinsDiscretizer", "n_bins": 3},
            "word": {"type": "OneHotEncoder", "min_frequency": 3, "handle_unknown": "ignore"},
            "day": {"type": "Date", "parts": ["month", "days"], "standardize": False},
        },
        "validation": 0.3,
    },
    "indices and text": {
        "inputs": {"place": "word", "text": "kind"},
        "columns": {"word": {"type": "OrdinalEncoder"}, "kind": {"type": "Tokens", "token_pattern": "."}},
    },
    "a transformed target": {**NUMBERS, "columns": {"y": {"type": "MinMaxScaler"}}, "validation": 0.2},
    "no target": {
        **NUMBERS,
        "targets": None,
        "loss": "TripletMarginLoss",
        "inputs": {"anchor": "a", "positive": "b", "negative": "n"},
    },
    "labels": {**NUMBERS, "targets": ["bit", "beat"], "loss": "MultiLabelSoftMarginLoss"},
}
GAPS = {
    "filled": {"columns": {"a": {"type": "Number", "missing": "median", "indicator": True}}},
    "dropped": {"columns": {"a": {"type": "Number", "missing": "drop"}}, "validation": 0.25},
    "dropped targets": {"inputs": "b", "missing_targets": "drop", "columns": None},
}


@pytest.mark.parametrize("kind", ["CSV", "Parquet"])
@pytest.mark.parametrize("case", CASES)
def test_streamed_rows_equal_those_in_memory(case, kind, write, both):
    bits = {name: RANDOM.integers(0, 2, ROWS) for name in ("bit", "beat")}
    held, streamed = both(kind, write(kind, {**COLUMNS, **bits}), **CASES[case])
    assert_same_data(held, streamed)


@pytest.mark.parametrize("kind", ["CSV", "Parquet"])
@pytest.mark.parametrize("case", GAPS)
def test_missing_cells_are_treated_as_in_memory(case, kind, write, both, prepare):
    table = {"a": with_gaps("a", 9), "b": COLUMNS["b"], "y": with_gaps("y", 7) if "targets" in case else COLUMNS["y"]}
    held, streamed = both(kind, write(kind, table), **{"inputs": ["a", "b"], **GAPS[case]})
    assert_same_data(held, streamed)
    assert streamed.dropped == held.dropped
    assert [column.missing for column in streamed.columns] == [column.missing for column in held.columns]
    assert prepare.notes(streamed) == prepare.notes(held)


def assert_same_data(held, streamed):
    assert streamed.splits().keys() == held.splits().keys()
    for split, batches in held.splits().items():
        own = streamed.splits()[split]
        assert (own.rows, len(own)) == (batches.rows, len(batches))
        assert_equal(rows_of(own.in_order()), batches.all)
    assert streamed.targets == held.targets
    assert streamed.preparation == held.preparation
    assert streamed.left_out == held.left_out
    assert streamed.columns == held.columns
    assert_equal(streamed.example, held.example)
    assert streamed.row_numbers is None


@pytest.mark.parametrize("kind", ["CSV", "Parquet"])
def test_standardized_rows_equal_those_in_memory_except_for_the_last_bits(kind, write, both):
    random = numpy.random.default_rng(1)
    table = {
        "a": random.normal(1e3, 1, 200),
        "b": random.normal(0, 1e-3, 200),
        "c": [0.1] * 200,
        "y": random.normal(size=200),
    }
    for options in ({"standardize": True}, {"columns": {"*": {"type": "StandardScaler"}}}):
        held, streamed = both(kind, write(kind, table), validation=0.3, **options)
        for split, batches in held.splits().items():
            torch.testing.assert_close(
                rows_of(streamed.splits()[split].in_order()).input, batches.all.input, rtol=1e-5, atol=1e-6
            )


def test_sequences_are_padded_as_in_memory(write, both):
    random = numpy.random.default_rng(2)
    lists = [random.integers(0, 99, random.integers(1, 9)).tolist() for _ in range(30)]
    table = {"w": lists, "y": random.normal(size=30)}
    for options in ({"standardize": False}, {"dtype": "int64"}):
        held, streamed = both("Parquet", write("Parquet", table), **options)
        assert_same_data(held, streamed)
    classes = {"w": lists, "y": [[element % 3 for element in one] for one in lists]}
    held, streamed = both("Parquet", write("Parquet", classes), loss="CrossEntropyLoss")
    assert_same_data(held, streamed)


def test_files_of_splits_and_several_files_are_read_as_in_memory(write, both):
    table = pyarrow.table(COLUMNS)
    for kind in ("CSV", "Parquet"):
        paths = [write(kind, table.slice(begin, 15), f"part-{begin}") for begin in range(0, 45, 15)]
        other = write(kind, table.slice(45), "other")
        options = {"targets": "kind", "loss": "CrossEntropyLoss", "test": 0.2, "validation": str(other), **NUMBERS}
        held, streamed = both(kind, paths, **options)
        assert_same_data(held, streamed)
        assert [part.first for part in streamed.training.source.parts if part.first == 0] == [0] * 3


@pytest.mark.parametrize(
    "options", [{}, {"encoding": "utf-16"}, {"comment": "#", "skipfooter": 1}, {"delimiter": ";", "decimal_point": ","}]
)
def test_files_that_cannot_be_read_in_parts_are_read_from_begin_to_end(options, tmp_path, both):
    lines = [f"{row / 8},{row % 5},{row / 4}" for row in range(100)]
    if "comment" in options:
        lines = ["# a comment", *lines, "total,1,2"]
    text = "a,b,y\n" + "\n".join(lines)
    if "delimiter" in options:
        text = text.replace(",", ";").replace(".", ",")
    path = tmp_path / "table.csv"
    path.write_bytes(text.encode(options.get("encoding", "utf-8")))
    held, streamed = both("CSV", path, **options)
    assert_same_data(held, streamed)
    if not options:
        path = tmp_path / "table.csv.gz"
        path.write_bytes(gzip.compress(text.encode()))
        held, streamed = both("CSV", path)
        assert_same_data(held, streamed)
    if "delimiter" not in options and options:
        assert len(streamed.training.source.parts) == 1


WRONG = {
    "a word": ("CSV", "a,y\n" + "1,2\n" * 70 + "one,2\n3,4\n", {}),
    "an empty cell": ("CSV", "a,y\n" + "1,2\n" * 70 + ",2\n3,4\n", {}),
    "a missing target": ("CSV", "a,y\n" + "1,2\n" * 70 + "1,NA\n3,4\n", {}),
    "an infinite number": ("CSV", "a,y\n" + "1,2\n" * 70 + "1e39,3\n", {}),
    "too few cells": ("CSV", "a,b,y\n" + "1,1,2\n" * 70 + "1,2\n", {}),
    "true among numbers": ("CSV", "a,y\n" + "1,2\n" * 70 + "true,2\n3,4\n", {}),
    "an open quote": ("CSV", "a,y\n" + "1,2\n" * 70 + '"1,2\n' + "3,4\n" * 20, {}),
    "no rows": ("CSV", "a,y\n", {}),
    "an unreadable date": (
        "CSV",
        "a,y\n" + "2020-01-01,2\n" * 40 + "2020-02-31,2\n",
        {"columns": {"a": {"type": "Date"}}},
    ),
    "another class": (
        "CSV",
        "a,s,y\n" + "1,training,u\n2,training,v\n" * 30 + "1,test,w\n",
        {"loss": "CrossEntropyLoss", "split_column": "s"},
    ),
    "one class": ("CSV", "a,y\n" + "1,u\n" * 70, {"loss": "CrossEntropyLoss"}),
    "a class that is not given": (
        "CSV",
        "a,y\n" + "1,u\n2,v\n" * 30 + "1,w\n",
        {"loss": "CrossEntropyLoss", "classes": ["u", "v"]},
    ),
    "a fraction": ("CSV", "a,y\n" + "1,1\n2,0\n" * 30 + "1,0.5\n", {"loss": "CrossEntropyLoss"}),
    "a negative count": ("CSV", "a,y\n" + "1,1\n2,0\n" * 30 + "1,-1\n", {"loss": "PoissonNLLLoss"}),
    "an unknown split": ("CSV", "a,y,s\n" + "1,2,training\n" * 30 + "1,2,train\n", {"split_column": "s"}),
    "no training rows": ("CSV", "a,y,s\n" + "1,2,test\n" * 30, {"split_column": "s"}),
    "a negative weight": ("CSV", "a,y,w\n" + "1,2,1\n" * 30 + "1,2,-1\n", {"weight_column": "w"}),
    "no weight": ("CSV", "a,y,w\n" + "1,2,0\n" * 30, {"weight_column": "w"}),
    "a split without rows": ("CSV", "a,y\n1,2\n3,4\n", {"validation": 0.1}),
    "no batch": ("CSV", "a,y\n1,2\n3,4\n", {"drop_last": True}),
    "a wrong shape": ("CSV", "a,b,y\n" + "1,1,2\n" * 30, {"columns": {"a": {"type": "Number"}}, "shape": [3]}),
    "only missing cells": ("CSV", "a,y\n" + ",2\n" * 30, {"columns": {"a": {"type": "Number", "missing": "mean"}}}),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_mistake_gets_the_message_that_it_gets_in_memory(what, tmp_path, prepare):
    kind, text, options = WRONG[what]
    (tmp_path / "table.csv").write_text(text)
    messages = []
    for stream in (False, True):
        with pytest.raises(HooklineError) as raised:
            prepare(kind, tmp_path / "table.csv", stream=stream, **options)
        messages.append(str(raised.value))
    assert messages[1] == messages[0]


@pytest.mark.parametrize(
    ("column", "kind", "message"),
    [
        ([1.0] * 40 + [-2.0], {"type": "Log1p"}, "-2.0 is not a finite number greater than -1, as Log1p requires."),
        (
            ["u"] * 20 + ["v"] * 20 + ["w"],
            {"type": "OrdinalEncoder", "categories": ["u", "v"]},
            '"w" is not one of `categories`.',
        ),
        ([0.0, 1e-300] * 20 + [1e300], {"type": "MinMaxScaler", "clip": False}, None),
    ],
)
def test_a_cell_that_cannot_be_transformed_is_reported_before_training(column, kind, message, write, prepare):
    path = write("Parquet", {"a": column, "y": [0.5] * 41})
    if message is None:
        prepare("Parquet", path, stream=True, columns={"a": kind})
        return
    with pytest.raises(DataError) as raised:
        prepare("Parquet", path, stream=True, columns={"a": kind})
    assert str(raised.value).startswith(f'{path}: row 41, column "a": {message}')


def test_a_row_of_a_file_with_dropped_rows_is_named_by_its_number_in_the_file(write, prepare):
    table = {"a": [None, *range(30), -5], "y": [0.5] * 32, "s": ["training"] * 30 + ["test"] * 2}
    first, path = write("CSV", {**table, "a": list(range(32))}, "first"), write("CSV", table, "second")
    with pytest.raises(DataError) as raised:
        prepare(
            "CSV", [first, path], stream=True, split_column="s", columns={"a": {"type": "Log1p", "missing": "drop"}}
        )
    assert str(raised.value).startswith(f'{path}: row 32, column "a": -5.0 is not a finite number')


def test_statistics_are_those_of_training_rows(write, prepare):
    table = {
        "a": [1.0, 2.0, 3.0] * 20,
        "word": ["u", "v", "u"] * 20,
        "y": [0.5] * 60,
        "s": (["training"] * 3 + ["test"] * 3) * 10,
    }
    options = {
        "columns": {"a": {"type": "StandardScaler"}, "word": {"type": "OneHotEncoder", "handle_unknown": "ignore"}}
    }
    data = prepare("Parquet", write("Parquet", table), stream=True, split_column="s", **options)
    changed = {**table, "a": [a if s == "training" else 99.0 for a, s in zip(table["a"], table["s"], strict=True)]}
    changed["word"] = [w if s == "training" else "z" for w, s in zip(table["word"], table["s"], strict=True)]
    again = prepare("Parquet", write("Parquet", changed, "changed"), stream=True, split_column="s", **options)
    assert again.preparation == data.preparation
    assert data.preparation["input"]["kinds"]["a"]["fitted"] == {
        "center": 2.0,
        "scale": pytest.approx(math.sqrt(2 / 3)),
    }


def test_a_small_validation_split_is_kept_in_memory_and_a_large_one_is_not(write, prepare, monkeypatch):
    path = write("Parquet", COLUMNS)
    small = prepare("Parquet", path, stream=True, validation=0.3, **NUMBERS)
    monkeypatch.setattr(second_pass, "MOST_HELD", 8)
    large = prepare("Parquet", path, stream=True, validation=0.3, **NUMBERS)
    assert hasattr(small.validation, "all")
    assert not hasattr(large.validation, "all")
    assert_equal(rows_of(large.validation), small.validation.all)
    assert [batch.rows for batch in large.validation.epoch(1)] == [batch.rows for batch in small.validation.epoch(1)]


def test_numbers_that_become_equal_are_a_warning(write, prepare):
    path = write(
        "CSV",
        {
            "a": [20240102.0 + row for row in range(50)],
            "b": [2**60 + row for row in range(50)],
            "y": [1e8 + row for row in range(50)],
        },
    )
    with pytest.warns(HooklineWarning) as found:
        prepare("CSV", path, stream=True)
    assert [str(one.message).partition(": ")[2].partition(":")[0] for one in found] == [
        '"b" has 6 different integers beyond 2^53, but float64, the type in which they are read, can distinguish only 1',
        '"a" has 50 different values in the training split, but only 26 as float32',
        '"y" has 50 different values in the training split, but only 7 as float32',
    ]
