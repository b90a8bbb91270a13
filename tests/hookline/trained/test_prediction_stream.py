"""Predictions of a finished run for new rows."""

import numpy
import pyarrow
import pytest
import torch
from small_training import SPECS, small

import hookline
from hookline.errors import HooklineError, UnreadableRowsError
from hookline.trained import trained_model

DATA = SPECS / "data/iris.csv"
INPUTS = ("sepal_length", "sepal_width", "petal_length", "petal_width")


@pytest.fixture(scope="module")
def trial(tmp_path_factory):
    return hookline.train(small(), out=tmp_path_factory.mktemp("runs") / "run")


@pytest.fixture(scope="module")
def run(trial):
    return hookline.open_run(trial.directory)


@pytest.fixture(scope="module")
def flowers():
    """The inputs of all rows, as columns."""
    table = numpy.genfromtxt(DATA, delimiter=",", skip_header=1, usecols=range(4))
    return dict(zip(INPUTS, table.T, strict=True))


def outputs(trial, flowers, size):
    """The outputs of the model in memory for the standardized inputs, in batches of this size."""
    prepared = trial.data.preparation["input"]
    matrix = numpy.column_stack([flowers[name] for name in prepared["columns"]])
    rows = torch.from_numpy((matrix - prepared["mean"]) / prepared["std"]).float()
    with torch.no_grad():
        return torch.cat([trial.model.eval()(batch) for batch in rows.split(size)])


def matrix(table, what="output"):
    return torch.from_numpy(numpy.column_stack([table[name] for name in table.column_names if name.startswith(what)]))


@pytest.mark.parametrize("size", [1, 7, 32, 150])
def test_the_numbers_are_those_of_the_model_in_memory(trial, run, flowers, size):
    table = run.predict(flowers, columns=["output", "probabilities", "prediction"], batch_size=size)
    expected = outputs(trial, flowers, size)
    assert torch.equal(matrix(table), expected)
    assert torch.equal(matrix(table, "probability"), expected.softmax(dim=1))
    classes = trial.data.target.classes
    assert table["prediction"].to_pylist() == [classes[index] for index in expected.argmax(dim=1).tolist()]


def test_blocks_have_whole_batches_and_the_same_numbers(trial, run, flowers, monkeypatch):
    monkeypatch.setattr(trained_model, "ROWS_PER_BLOCK", 40)
    stream = run.predictions(flowers, columns=["output"], batch_size=16)
    batches = list(stream)
    assert [batch.num_rows for batch in batches] == [32, 32, 32, 32, 22]
    assert torch.equal(matrix(pyarrow.Table.from_batches(batches)), outputs(trial, flowers, 16))
    assert (stream.rows, stream.unreadable) == (150, 0)


def test_the_caller_may_do_anything_between_blocks(trial, run, flowers, monkeypatch):
    monkeypatch.setattr(trained_model, "ROWS_PER_BLOCK", 40)
    torch.manual_seed(5)
    found, drawn = [], []
    for batch in run.predictions(flowers, columns=["output"], batch_size=40):
        found.append(batch)
        run.model.train()
        drawn.append(float(torch.rand(())))
    assert torch.equal(matrix(pyarrow.Table.from_batches(found)), outputs(trial, flowers, 40))
    torch.manual_seed(5)
    assert drawn == [float(torch.rand(())) for _ in drawn]


def test_all_kinds_of_rows_have_the_same_predictions(run, flowers, tmp_path):
    table = run.predict(DATA)
    rows = [dict(zip(flowers, cells, strict=True)) for cells in zip(*flowers.values(), strict=True)]
    for source in (str(DATA), flowers, pyarrow.table(flowers), rows):
        assert run.predict(source).equals(table)


def test_columns_of_the_input_are_kept_before_the_predictions(run, flowers):
    numbers = list(range(150))
    table = run.predict({**flowers, "id": numbers}, columns=["prediction"], keep=["id", "petal_width", "id"])
    assert table.column_names == ["id", "petal_width", "prediction"]
    assert table["id"].to_pylist() == numbers
    assert table["petal_width"].to_pylist() == flowers["petal_width"].tolist()


def test_a_single_name_may_be_a_string(run, flowers):
    assert run.predict(flowers, columns="prediction", keep="petal_width").column_names == ["petal_width", "prediction"]


def test_a_missing_column_of_rows_in_memory_says_nothing_about_lines(run):
    with pytest.raises(HooklineError) as error:
        run.predict([{"sepal_length": 5.1}])
    assert str(error.value) == 'the list: There are no columns "sepal_width", "petal_length" and "petal_width".'


def test_the_truth_is_that_of_the_rows(run):
    table = run.predict(DATA, columns=["truth"])
    assert table["truth"].to_pylist() == [line.rpartition(",")[2] for line in DATA.read_text().splitlines()[1:]]


def test_rows_that_cannot_be_read_are_reported_together(run, flowers, monkeypatch):
    monkeypatch.setattr(trained_model, "ROWS_PER_BLOCK", 10)
    cells = [str(number) for number in flowers["petal_width"]]
    for row in range(5, 150, 10):
        cells[row] = "wide"
    with pytest.raises(UnreadableRowsError) as caught:
        run.predict({**flowers, "petal_width": cells}, batch_size=10)
    first, *listed, last = str(caught.value).splitlines()
    assert first == "the columns: 15 of 150 rows cannot be read:"
    assert listed == [f'  row {row}, column "petal_width": "wide" is not a number.' for row in range(6, 106, 10)]
    assert last == "  … and 5 more"
    assert caught.value.unreadable == 15


def test_skipped_rows_are_null_and_the_others_unchanged(trial, run, flowers):
    cells = [str(number) for number in flowers["petal_width"]]
    for row in (0, 3, 149):
        cells[row] = "wide"
    source = {**flowers, "petal_width": cells}
    with pytest.warns(hookline.HooklineWarning, match="3 of 150 rows cannot be read") as caught:
        table = run.predict(source, columns=["prediction", "output"], keep=["sepal_width"], skip_bad_rows=True)
    assert caught[0].message.diagnostic.id == "unreadable-rows"
    good = numpy.setdiff1d(numpy.arange(150), [0, 3, 149])
    assert [row for row, cell in enumerate(table["prediction"].to_pylist()) if cell is None] == [0, 3, 149]
    assert table["sepal_width"].null_count == 0
    readable = {name: column[good] for name, column in flowers.items()}
    assert torch.equal(matrix(table.take(good)), outputs(trial, readable, 147))


def test_a_source_without_a_readable_row_has_only_nulls(run, flowers):
    source = {**flowers, "petal_width": ["wide"] * 150}
    with pytest.warns(hookline.HooklineWarning, match="150 of 150"):
        table = run.predict(source, skip_bad_rows=True)
    assert table.schema == run.predictions(flowers).schema
    assert all(column.null_count == 150 for column in table.columns)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"columns": ["probabilitys"]}, 'There is no part "probabilitys" of predictions.'),
        ({"batch_size": 0}, "batch_size: This must be at least 1, not 0."),
        ({"batch_size": 2.5}, "batch_size: This must be an integer, not 2.5."),
        ({"batch_size": True}, "batch_size: This must be an integer, not True."),
        ({"keep": ["name"]}, 'There is no column "name".'),
        ({"columns": ["prediction"], "keep": ["prediction"]}, 'The predictions have a column "prediction"'),
    ],
)
def test_a_wrong_argument_is_refused(run, flowers, arguments, message):
    with pytest.raises(HooklineError) as caught:
        run.predictions({**flowers, "prediction": numpy.zeros(150)}, **arguments)
    assert str(caught.value).startswith(message) or message in str(caught.value)


def test_numbers_have_no_probability(tmp_path):
    made = hookline.load(SPECS / "diabetes.toml", ["run.epochs=1", "callbacks=[]", "deploy=[]"])
    run = hookline.open_run(hookline.train(made, out=tmp_path / "run").directory)
    with pytest.raises(HooklineError, match=r'There is no "probability" here: .* predicts numbers'):
        run.predict(SPECS / "data/diabetes.csv", columns=["probability"])


def test_several_targets_are_one_part_after_the_other(tmp_path):
    made = hookline.load(SPECS / "several_losses.toml", ["run.epochs=1"])
    run = hookline.open_run(hookline.train(made, out=tmp_path / "run").directory)
    species = ("setosa", "versicolor", "virginica")
    names = ["prediction[species]", "prediction[width]", *(f"probability[species.{name}]" for name in species)]
    assert run.predict(DATA).column_names == names


def test_a_layer_that_overwrites_its_input_does_not_change_the_rows_of_the_caller(tmp_path):
    layers = [{"type": "ReLU", "inplace": True}, {"type": "Linear", "out_features": 3}]
    data = {"type": "Random", "features": 4, "targets": [0, 1, 2] * 20}
    trial = hookline.train(
        small(model={"type": "Sequential", "layers": layers}, data=data, metrics=[]), out=tmp_path / "run"
    )
    rows = torch.randn(20, 4, generator=torch.Generator().manual_seed(0))
    before = rows.clone()
    table = hookline.open_run(trial.directory).predict({"input": rows}, columns=["output"])
    assert torch.equal(rows, before)
    with torch.no_grad():
        assert torch.equal(matrix(table), trial.model.eval()(before.clone()))


@pytest.mark.parametrize(("shape", "size"), [((4,), 4096), ((3, 32, 32), 64), ((64,), 1024), ((2**20,), 64)])
def test_large_rows_have_smaller_batches(run, shape, size):
    class Large:
        spec = run.spec

        class data:  # noqa: N801
            inputs = {"input": hookline.data.InputDescription(shape=shape, dtype="float32")}

    assert trained_model.default_batch_size(Large) == size
