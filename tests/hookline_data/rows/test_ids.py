"""Columns that identify rows: they are no inputs, and are kept for predictions."""

import json

import numpy
import pyarrow
import pytest
import torch
from pyarrow import feather, parquet

import hookline
from hookline.errors import DataError, HooklineWarning, OptionError
from hookline_data.rows.ids import id_conflicts

IDS = [f"{number:03}" for number in range(8)]
COLUMNS = {"id": IDS, "a": [3.0, 1, 4, 1, 5, 9, 2, 6], "y": [2.0, 7, 1, 8, 2, 8, 1, 8]}


def written(kind, tmp_path, columns):
    """Write a file of this kind."""
    path = tmp_path / f"rows.{kind.lower()}"
    if kind == "CSV":
        lines = [",".join(map(str, row)) for row in zip(*columns.values(), strict=True)]
        path.write_text("\n".join([",".join(columns), *lines]))
    elif kind == "Parquet":
        parquet.write_table(pyarrow.table(columns), path)
    elif kind == "Arrow":
        feather.write_feather(pyarrow.table(columns), path)
    elif kind == "JSONLines":
        path.write_text("".join(json.dumps(row) + "\n" for row in pyarrow.table(columns).to_pylist()))
    else:
        numpy.savez(path, **columns)
    return path


@pytest.mark.parametrize("kind", ["CSV", "Parquet", "Arrow", "JSONLines", "NPZ"])
def test_ids_are_no_inputs_and_are_kept_in_the_order_of_each_split(prepare_file, tmp_path, kind):
    path = written(kind, tmp_path, COLUMNS)
    data = prepare_file(kind, path, id_columns="id", validation=0.25, test=0.25)
    assert data.training.all.input.numel() == 4
    for split, batches in data.splits().items():
        rows = [COLUMNS["y"].index(number) for number in batches.all.target.flatten().tolist()]
        assert data.kept[split].column_names == ["id"]
        kept = data.kept[split].column("id").to_pylist()
        assert [COLUMNS["y"][IDS.index(one)] for one in kept] == [COLUMNS["y"][row] for row in rows]
        assert [COLUMNS["a"][IDS.index(one)] for one in kept] == batches.all.input.flatten().tolist()


def test_ids_keep_their_type_or_text_and_may_be_missing(prepare, prepare_parquet):
    text = "number,code,a,y\n7,007,1,2\n8,,2,3\n"
    [ids] = prepare(text, id_columns=["code", "number"]).kept.values()
    assert ids.to_pydict() == {"code": ["007", None], "number": ["7", "8"]}
    columns = {"n": [7, None], "day": pyarrow.array([1, 2], pyarrow.date32()), "a": [1, 2], "y": [2, 3]}
    [ids] = prepare_parquet(columns, id_columns=["n", "day"]).kept.values()
    assert ids.schema.types == [pyarrow.int64(), pyarrow.date32()]
    assert ids.column("n").to_pylist() == [7, None]


def test_a_column_can_be_an_id_and_have_another_role(prepare):
    text = "day,a,y\n" + "".join(f"{day},{day * day},{day % 3}\n" for day in range(8))
    data = prepare(text, id_columns=["day", "y"], time_column="day", validation=0.25)
    assert data.training.all.input.shape == (6, 1)
    assert data.kept["validation"].to_pydict() == {"day": [6, 7], "y": [0, 1]}


def test_rows_that_are_dropped_have_no_id(prepare):
    options = {"columns": {"a": {"type": "Number", "missing": "drop"}}, "id_columns": "id"}
    data = prepare("id,a,y\nu,1,2\nv,,3\nw,3,4\n", **options)
    assert data.kept["training"].column("id").to_pylist() == ["u", "w"]


def test_ids_change_no_bit_of_the_data(prepare):
    text = "id,a,y\n" + "".join(f"{number},{number * number},{number % 3}\n" for number in range(20))
    options = {"inputs": "a", "standardize": True, "validation": 0.3}
    data, other = prepare(text, id_columns="id", **options), prepare(text, **options)
    for split, batches in data.splits().items():
        assert torch.equal(batches.all.input, other.splits()[split].all.input)
    assert data.preparation == other.preparation


def test_wrong_ids_are_reported(prepare, prepare_arrays, prepare_parquet):
    with pytest.raises(DataError, match=r'There is no column "idd"\. Did you mean "id"'):
        prepare("id,a,y\n1,2,3\n", id_columns=["idd"])
    with pytest.raises(DataError, match=r'The column "a" cannot be an input, because it is a target, an id, or'):
        prepare("a,b,y\n1,2,3\n", inputs=["a", "b"], id_columns="a")
    with pytest.raises(DataError, match=r'A row of "id" has the shape \(2,\), but an id must be one string or number'):
        prepare_arrays({"x": numpy.zeros((2, 1)), "y": numpy.zeros(2), "id": numpy.zeros((2, 2))}, id_columns="id")
    with pytest.raises(DataError, match=r'column "id": The cells have the type list<.*>, but `id_columns` needs text'):
        prepare_parquet({"id": [[1], [2]], "a": [1, 2], "y": [1, 2]}, id_columns="id")


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (["a", "a"], "The column is listed twice."),
        (["prediction"], 'Predictions have a column "prediction" of their own: rename this one in the data.'),
        ("truth[y]", 'Predictions have a column "truth[y]" of their own: rename this one in the data.'),
    ],
)
def test_ids_that_clash_are_refused(ids, message):
    [error] = id_conflicts(tuple(ids) if isinstance(ids, list) else ids)
    assert isinstance(error, OptionError)
    assert str(error) == message


TWICE = "patient,visit,site,a,y\n" + "".join(f"p{n // 2},{n % 2},x,{n * n},{n % 3}\n" for n in range(40))


@pytest.mark.parametrize("split", [{"validation": 0.25}, {"folds": 4}])
def test_ids_in_two_random_splits_are_told(prepare, split):
    with pytest.warns(HooklineWarning) as warned:
        prepare(TWICE, inputs="a", id_columns="patient", **split)
    [warning] = warned
    assert warning.message.diagnostic.path == ("data", "id_columns")
    assert str(warning.message).endswith(
        "are in both the training and the validation split. If rows with the same id belong together, keep them in one "
        'split: group_column = "patient".'
    )
    both = ["patient", "site"]
    with pytest.warns(
        HooklineWarning, match=r'in "patient" and "site", such as "p\d+, x", .* keep them in one split\.'
    ):
        prepare(TWICE, inputs="a", id_columns=both, **split)


@pytest.mark.parametrize(
    "options",
    [
        {"id_columns": ["patient", "visit"], "validation": 0.25},  # Unique together.
        {"id_columns": "site", "validation": 0.25},  # The same in all rows.
        {"id_columns": "patient", "validation": 0.25, "group_column": "patient"},
        {"id_columns": "patient"},
    ],
)
def test_ids_that_no_random_splits_share_are_not_told(prepare, options):
    assert prepare(TWICE, inputs="a", **options).kept["training"].num_rows


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A finished run with ids."""
    path = tmp_path_factory.mktemp("ids") / "rows.csv"
    path.write_text("id,a,y\n" + "".join(f"{n:03},{n},{n % 5}\n" for n in range(20)))
    spec = {
        "run": {"epochs": 1},
        "data": {"type": "CSV", "path": str(path), "targets": "y", "id_columns": "id", "validation": 0.2},
        "model": {"type": "Linear", "out_features": 1},
        "loss": {"type": "MSELoss"},
        "optimizer": {"type": "SGD", "lr": 0.001},
    }
    return hookline.open_run(hookline.train(hookline.load(spec), out=path.parent / "run").directory)


def test_predictions_contain_ids_that_the_rows_have(run):
    rows = {"a": [1.0, 2.0], "id": ["u", "v"], "name": ["x", "y"]}
    assert run.predict(rows).column_names == ["id", "prediction"]
    assert run.predict(rows)["id"].to_pylist() == ["u", "v"]
    assert run.predict(rows, keep=["name", "id"]).column_names == ["id", "name", "prediction"]
    without = {"a": [1.0, 2.0]}
    assert run.predict(without).column_names == ["prediction"]
    assert run.predict(without)["prediction"].equals(run.predict(rows)["prediction"])
    with pytest.raises(DataError, match='The rows have no column "id"'):
        run.predict(without, keep="id")


def test_new_arrays_may_lack_ids(tmp_path):
    path = written("NPZ", tmp_path, {"x": numpy.ones((8, 1)), "y": numpy.arange(8.0), "id": numpy.arange(8)})
    spec = {
        "run": {"epochs": 1},
        "data": {"type": "NPZ", "path": str(path), "targets": "y", "id_columns": "id"},
        "model": {"type": "Linear", "out_features": 1},
        "loss": {"type": "MSELoss"},
        "optimizer": {"type": "SGD"},
    }
    made = hookline.open_run(hookline.train(hookline.load(spec), out=tmp_path / "run").directory)
    assert made.predict(path)["id"].to_pylist() == list(range(8))
    assert made.predict({"x": [[1.0]]}).column_names == ["prediction"]
    assert made.predict({"x": [[1.0]], "id": ["u"]})["id"].to_pylist() == ["u"]
