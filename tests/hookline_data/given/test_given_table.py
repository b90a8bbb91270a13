"""Rows from Python are prepared as those of a file."""

import datetime
import tomllib

import numpy
import pandas
import polars
import pyarrow
import pytest
import torch
from pyarrow import csv
from small_training import SPECS

import hookline
from hookline.errors import SpecError

FILES = {"iris": SPECS / "data/iris.csv", "penguins": SPECS / "data/penguins.csv"}


def as_tensors(frame):
    return {
        name: torch.tensor(column.to_numpy()) if column.dtype.kind in "if" else column.tolist()
        for name, column in frame.items()
    }


FORMS = {
    "pandas": lambda frame: frame,
    "a pandas index": lambda frame: frame.set_index(pandas.Index(range(7, 7 + len(frame)), name="id")),
    "categories of pandas": lambda frame: frame.astype("category"),
    "nullable types of pandas": lambda frame: frame.convert_dtypes(),
    "types of pyarrow in pandas": lambda frame: frame.convert_dtypes(dtype_backend="pyarrow"),
    "objects of pandas": lambda frame: frame.astype(object),
    "text of pandas": lambda frame: frame.astype(str),
    "polars": lambda frame: polars.from_pandas(frame),
    "a table": lambda frame: pyarrow.Table.from_pandas(frame),
    "a record batch": lambda frame: pyarrow.RecordBatch.from_pandas(frame),
    "arrays": lambda frame: {name: column.to_numpy() for name, column in frame.items()},
    "series": lambda frame: dict(frame.items()),
    "lists": lambda frame: {name: column.tolist() for name, column in frame.items()},
    "tensors": as_tensors,
    "a list of rows": lambda frame: frame.to_dict("records"),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("name", FILES)
def test_a_spec_reads_rows_of_each_form_as_it_reads_its_file(name, form):
    spec = hookline.load(SPECS / f"{name}.toml", [f"data.path={FILES[name]}"])
    given = form(pandas.read_csv(FILES[name]))
    run = hookline.Run(spec=spec, stages=None, plugins=(), catalog=None, device=torch.device("cpu"), given=given)
    data, expected = run.source.prepare(run, spec.objective), spec.data.prepare(run, spec.objective)
    assert list(data.splits()) == list(expected.splits()) == ["training", "validation", "test"]
    for split, batches in data.splits().items():
        assert torch.equal(batches.all.input, expected.splits()[split].all.input)
        assert torch.equal(batches.all.target, expected.splits()[split].all.target)
    assert data.preparation == expected.preparation
    assert data.targets == expected.targets


@pytest.mark.parametrize("kind", ["CSV", "DataFrame"])
def test_a_training_has_the_bits_of_the_file(kind, tmp_path):
    iris = tomllib.loads((SPECS / "iris.toml").read_text())
    iris |= {"run": {"epochs": 2}, "deploy": [], "data": {**iris["data"], "path": str(FILES["iris"])}}
    trained = hookline.train(hookline.load(iris), out=tmp_path / "file")
    iris["data"] |= {"type": kind, "path": "gone.csv"}
    if kind == "DataFrame":
        del iris["data"]["path"]
    given = hookline.train(hookline.load(iris), data=csv.read_csv(FILES["iris"]), out=tmp_path / "given")
    for weights, others in zip(trained.model.parameters(), given.model.parameters(), strict=True):
        assert torch.equal(weights, others)
    assert given.metrics == trained.metrics


def test_columns_have_the_types_of_a_parquet_file(prepare_given, prepare_parquet):
    columns = {
        "truth": [True, False, True],
        "half": numpy.array([1, 2, 3], dtype=numpy.float16),
        "swapped": numpy.array([1, 2, 3], dtype=">f8"),
        "backwards": numpy.arange(3.0)[::-1],
        "pair": numpy.arange(6.0).reshape(3, 2),
        "brain": torch.tensor([1, 2, 3], dtype=torch.bfloat16),
        "money": pandas.Series(["1.5", "2", "3e1"]),
        "y": [1, 2, 3],
    }
    data = prepare_given(columns)
    assert data.training.all.input.tolist() == [
        [1, 1, 1, 2, 0, 1, 1, 1.5],
        [0, 2, 2, 1, 2, 3, 2, 2],
        [1, 3, 3, 0, 4, 5, 3, 30],
    ]
    columns = {**columns, "swapped": [1.0, 2, 3], "pair": columns["pair"].tolist(), "brain": [1.0, 2, 3]}
    columns |= {"pair": pyarrow.array(columns["pair"], pyarrow.list_(pyarrow.float64(), 2)), "money": [1.5, 2, 30]}
    assert torch.equal(prepare_parquet(pyarrow.table(columns)).training.all.input, data.training.all.input)


def test_arrays_of_several_dimensions_have_the_shape_of_the_spec(prepare_given):
    images = numpy.arange(24.0).reshape(2, 3, 2, 2)
    data = prepare_given({"image": images, "y": [0, 1]}, shape=[3, 2, 2])
    assert numpy.array_equal(data.training.all.input, images)


def test_dates_are_those_of_the_kind(prepare_given):
    days = [datetime.date(2024, 1, day) for day in (1, 2, 3)]
    options = {"columns": {"day": {"type": "Date", "parts": ["day"]}}}
    expected = prepare_given({"day": list(map(str, days)), "y": [1, 2, 3]}, **options).training.all.input
    for cells in (days, pandas.to_datetime(days), polars.Series(days)):
        assert torch.equal(prepare_given({"day": cells, "y": [1, 2, 3]}, **options).training.all.input, expected)


@pytest.mark.parametrize(
    "cells",
    [
        [1.0, None, 3.0],
        numpy.array([1, numpy.nan, 3]),
        pandas.array([1, None, 3], dtype="Int64"),
        pandas.Series([1, pandas.NA, 3], dtype=object),
        pandas.Series(["1", numpy.nan, "3"], dtype=object),
        polars.Series([1.0, float("nan"), 3.0]),
        ["1", "NA", "3"],
    ],
    ids=lambda cells: f"{type(cells).__name__} of {getattr(cells, 'dtype', 'any')}",
)
def test_missing_cells_of_all_kinds_are_filled_in(prepare_given, cells):
    data = prepare_given({"a": cells, "y": [1, 2, 3]}, columns={"a": {"type": "Number", "missing": "mean"}})
    assert data.training.all.input.tolist() == [[1], [2], [3]]


def test_rows_of_each_split_are_used_in_their_order(prepare_given):
    frame = pandas.DataFrame({"a": range(6), "y": range(6)})
    data = prepare_given({"training": frame[3:], "test": frame[:2], "validation": frame[2:3]})
    assert {split: batches.all.input.flatten().tolist() for split, batches in data.splits().items()} == {
        "training": [3, 4, 5],
        "validation": [2],
        "test": [0, 1],
    }
    data = prepare_given({"training": {"a": [1, 2], "y": [1, 2]}})
    assert list(data.splits()) == ["training"]


def test_problems_are_reported_at_their_options_all_at_once(prepare_given):
    frame = pandas.DataFrame({"width": [1, 2], "color": ["red", "blue"], "y": [1, 2]})
    with pytest.raises(SpecError) as raised:
        prepare_given(frame, targets="why", columns={"widht": {"type": "Number"}}, id_columns="id")
    assert [problem.path for problem in raised.value.problems] == [
        ("data", "columns", "widht"),
        ("data", "id_columns"),
        ("data", "targets"),
    ]
    with pytest.raises(SpecError, match=r'"color" is text \(row 1 is "red"\), but inputs must be numbers'):
        prepare_given(frame)


def test_pairs_are_drawn_from_rows_as_from_their_file(prepare_given, prepare_drawn):
    rows = [{"a": index * index, "y": "uv"[index % 2]} for index in range(8)]
    text = "a,y\n" + "".join(f"{row['a']},{row['y']}\n" for row in rows)
    options = {"type": "Pairs", "source": {"type": "DataFrame", "targets": "y"}, "targets": None, "shuffle": None}
    given = prepare_given(rows, loss="CosineEmbeddingLoss", **options)
    drawn = prepare_drawn("Pairs", text, loss="CosineEmbeddingLoss")
    [batch], [expected] = given.training.epoch(1), drawn.training.epoch(1)
    assert torch.equal(batch.inputs["input2"], expected.inputs["input2"])
    assert torch.equal(batch.target, expected.target)
    with pytest.raises(SpecError, match=r"spec: data\.source\.targets: There is no column"):
        prepare_given([{"a": 1}], loss="CosineEmbeddingLoss", **options)
