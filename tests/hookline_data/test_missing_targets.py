"""Rows without a target, and classes in the order of the spec."""

import numpy
import pandas
import pyarrow
import pytest
import torch
from pyarrow import parquet

import hookline
from hookline.cli.main import main
from hookline.spec.dump import dumps

CELLS = ["low", "", "high", "mid", "NA", "low", "high", "mid", "low", "high"]
NUMBERS = ["1", "2", "", "4", "5", "NA", "7", "8", "9", "10"]


@pytest.fixture
def table(tmp_path):
    rows = [f"{row},{cell},{number}" for row, (cell, number) in enumerate(zip(CELLS, NUMBERS, strict=True))]
    (tmp_path / "table.csv").write_text("\n".join(["x,level,y", *rows]) + "\n")
    return tmp_path / "table.csv"


def spec(path, loss, target, outputs=3, **data):
    return {
        "run": {"epochs": 1},
        "data": {"type": "CSV", "path": str(path), "inputs": "x", "targets": target} | data,
        "model": {"type": "Linear", "out_features": outputs},
        "loss": {"type": loss},
        "optimizer": {"type": "SGD", "lr": 1e-3},
    }


def data_of(made):
    made = hookline.load(made)
    run = type("Run", (), {})()
    run.note = [].append
    run.spec, run.seed, run.device, run.dtype = made, 0, torch.device("cpu"), torch.float32
    run.moved = lambda tensor: tensor.to(run.dtype if tensor.is_floating_point() else tensor.dtype)
    return made.data.prepare(run, made.objective)


@pytest.mark.parametrize("source", ["CSV", "Parquet"])
def test_rows_without_a_class_are_dropped_and_counted(source, table, tmp_path):
    path = table
    if source == "Parquet":
        path = tmp_path / "table.parquet"
        levels = [None if cell in ("", "NA") else cell for cell in CELLS]
        parquet.write_table(pyarrow.table({"x": list(range(10)), "level": levels}), path)
    made = spec(path, "CrossEntropyLoss", "level", missing_targets="drop")
    made["data"]["type"] = source
    data = data_of(made)
    assert data.training.all.input[:, 0].tolist() == [0, 2, 3, 5, 6, 7, 8, 9]
    assert data.target.classes == ("high", "low", "mid")
    assert data.dropped == {"level": 2}


def test_rows_without_a_number_are_dropped(table):
    data = data_of(spec(table, "MSELoss", "y", outputs=1, missing_targets="drop"))
    assert data.training.all.target[:, 0].tolist() == [1, 2, 4, 5, 7, 8, 9, 10]
    assert data.dropped == {"y": 2}
    both = data_of(spec(table, "MSELoss", "y", outputs=1, columns={"y": {"type": "StandardScaler", "missing": "drop"}}))
    assert both.dropped == {"y": 2}


def test_integer_classes_stay_integers_when_some_are_missing(tmp_path):
    (tmp_path / "t.csv").write_text("x,c\n1,3\n2,\n3,1\n4,3\n")
    data = data_of(spec(tmp_path / "t.csv", "CrossEntropyLoss", "c", missing_targets="drop"))
    assert data.target.classes == (1, 3)
    assert data.training.all.target.tolist() == [1, 0, 1]


def test_the_plan_says_how_many_rows_are_dropped(table, tmp_path, capsys):
    (tmp_path / "spec.toml").write_text(dumps(spec(table, "CrossEntropyLoss", "level", missing_targets="drop")))
    assert main(["plan", str(tmp_path / "spec.toml")]) == 0
    assert '2 rows dropped, whose "level" is missing' in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("loss", "target", "message"),
    [
        ("CrossEntropyLoss", "level", r'row 2, column "level": The cell is empty: fill it in, or drop such rows with'),
        ("MSELoss", "y", r'row 3, column "y": The cell is empty: fill it in, or drop such rows with `missing_targets'),
    ],
)
def test_a_missing_target_is_an_error_that_names_the_option(loss, target, message, table):
    with pytest.raises(hookline.errors.DataError, match=message):
        data_of(spec(table, loss, target, outputs=1 if loss == "MSELoss" else 3))


ORDERED = {"missing_targets": "drop", "classes": ["low", "mid", "high", "extreme"]}


def test_classes_have_the_order_of_the_spec_and_may_not_occur(table, tmp_path):
    made = spec(table, "CrossEntropyLoss", "level", outputs=4, **ORDERED)
    data = data_of(made)
    assert data.target.classes == ("low", "mid", "high", "extreme")
    assert data.training.all.target.tolist() == [0, 2, 1, 0, 2, 1, 0, 2]
    hookline.train(hookline.load(made), out=tmp_path / "run")
    finished = hookline.open_run(tmp_path / "run")
    predicted = finished.predict({"x": [0.0, 1.0], "level": ["mid", "extreme"]}, columns=["probabilities", "truth"])
    assert predicted.column_names == [
        *(f"probability[{name}]" for name in ("low", "mid", "high", "extreme")),
        "truth",
    ]
    assert predicted["truth"].to_pylist() == ["mid", "extreme"]
    assert finished.evaluate("training")["loss"] > 0


def test_two_classes_of_a_binary_loss_have_the_order_of_the_spec(tmp_path):
    (tmp_path / "t.csv").write_text("x,c,d\n1,no,2\n2,yes,1\n3,no,2\n")
    sorted_, turned, integers = (
        data_of(spec(tmp_path / "t.csv", "BCEWithLogitsLoss", target, outputs=1, **options)).training.all
        for target, options in (("c", {}), ("c", {"classes": ["yes", "no"]}), ("d", {"classes": [2, 1]}))
    )
    assert sorted_.target[:, 0].tolist() == [0, 1, 0]
    assert turned.target[:, 0].tolist() == [1, 0, 1]
    assert integers.target[:, 0].tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"classes": ["low", "mid"]}, r'The class "high" of "level" is not among the `classes` "low" and "mid"'),
        ({"classes": ["low", "low"]}, "data.classes: The class 'low' occurs twice"),
        ({"classes": ["low"]}, "data.classes: There must be at least two classes"),
        ({"classes": ["low", 1]}, "data.classes: Classes must be all text or all integers"),
        ({"classes": {"levels": ["a", "b"]}}, 'data.classes.levels: There is no target "levels"'),
    ],
)
def test_wrong_classes_are_refused(data, message, table):
    with pytest.raises(hookline.HooklineError, match=message):
        data_of(spec(table, "CrossEntropyLoss", "level", missing_targets="drop", **data))


def test_classes_for_a_loss_of_numbers_are_refused_by_check(table, tmp_path, capsys):
    (tmp_path / "spec.toml").write_text(dumps(spec(table, "MSELoss", "y", outputs=1, classes=["1", "2"])))
    assert main(["check", str(tmp_path / "spec.toml")]) == 1
    assert "data.classes: MSELoss does not take classes from one column" in capsys.readouterr().out


def arrays(tmp_path, **given):
    numpy.savez(tmp_path / "arrays.npz", **given)
    return tmp_path / "arrays.npz"


def test_arrays_drop_rows_without_a_target_too(tmp_path):
    y = numpy.array([1.0, numpy.nan, 3.0, 4.0])
    level = numpy.array(["low", "high", "", "low"])
    path = arrays(tmp_path, x=numpy.arange(4.0)[:, None], y=y, level=level)
    data = data_of(spec(path, "MSELoss", "y", outputs=1, type="NPZ", missing_targets="drop"))
    assert data.training.all.input[:, 0].tolist() == [0, 2, 3]
    assert data.dropped == {"y": 1}
    classes = data_of(
        spec(path, "CrossEntropyLoss", "level", type="NPZ", missing_targets="drop", classes=["low", "high"])
    )
    assert classes.training.all.target.tolist() == [0, 1, 0]
    assert classes.dropped == {"level": 1}
    with pytest.raises(hookline.errors.DataError, match="nan is not a finite float32; to drop rows without a target"):
        data_of(spec(path, "MSELoss", "y", outputs=1, type="NPZ"))


@pytest.mark.parametrize(
    ("loss", "remedy"),
    [
        ("CrossEntropyLoss", "set `ignore_index = 0`, which is its index"),
        ("MultiMarginLoss", "use CrossEntropyLoss with `ignore_index`, or remove these rows"),
    ],
)
def test_a_class_that_marks_rows_without_a_class_is_told(loss, remedy, tmp_path):
    (tmp_path / "t.csv").write_text("x,c\n1,-1\n2,0\n3,1\n4,1\n")
    with pytest.warns(hookline.HooklineWarning, match=f'The class -1 of "c" is trained like any other.*{remedy}'):
        hookline.train(hookline.load(spec(tmp_path / "t.csv", loss, "c")), out=tmp_path / "run")


# New rows of a finished run.


def train(made, tmp_path):
    return hookline.open_run(hookline.train(hookline.load(made), out=tmp_path / "run").directory)


def of_frame(path):
    return pandas.read_csv(path)


def of_parquet(path):
    table = pandas.read_csv(path)
    table.to_parquet(path.with_suffix(".parquet"))
    return path.with_suffix(".parquet")


def of_lines(path):
    table = pandas.read_csv(path)
    table.to_json(path.with_suffix(".jsonl"), orient="records", lines=True)
    return path.with_suffix(".jsonl")


@pytest.mark.parametrize("form", [str, of_frame, of_parquet, of_lines])
@pytest.mark.parametrize(
    ("loss", "target", "outputs", "lacking", "options"),
    [
        ("CrossEntropyLoss", "level", 3, [2, 5], {"missing_targets": "drop"}),
        ("MSELoss", "y", 1, [3, 6], {"missing_targets": "drop"}),
        ("MSELoss", "y", 1, [3, 6], {"columns": {"y": {"type": "StandardScaler", "missing": "drop"}}}),
        ("MSELoss", "y", 1, [3, 6], {"missing_targets": "drop", "columns": {"y": {"type": "StandardScaler"}}}),
    ],
)
def test_an_evaluation_of_new_rows_drops_those_without_a_target(
    form, loss, target, outputs, lacking, options, table, tmp_path
):
    run = train(spec(table, loss, target, outputs, **options), tmp_path)
    lines = table.read_text().splitlines()
    others = tmp_path / "others.csv"
    others.write_text("\n".join(line for number, line in enumerate(lines) if number not in lacking))
    expected = run.evaluate(data=others)
    message = f'2 of 10 rows are left out, as in training: "{target}" in 2 of them is missing.'
    with pytest.warns(hookline.HooklineWarning, match=message) as warned:
        found = run.evaluation(data=form(table))
    assert len(warned) == 1
    assert (found.rows, dict(found.metrics)) == (8, dict(expected))
    assert found.metrics == run.evaluate("training")


def test_new_rows_without_a_target_are_predicted_and_their_truth_is_empty(table, tmp_path):
    run = train(spec(table, "CrossEntropyLoss", "level", missing_targets="drop"), tmp_path)
    predicted = run.predict(table, columns=["prediction", "truth"])
    assert predicted["truth"].to_pylist() == [None if cell in ("", "NA") else cell for cell in CELLS]
    assert predicted["prediction"].equals(run.predict(table, columns=["prediction"])["prediction"])
    none = run.predict({"x": [1.0, 2.0], "level": [None, "NA"]}, columns=["truth", "prediction"])
    assert (none["truth"].to_pylist(), none["prediction"].null_count) == ([None, None], 0)


def test_new_rows_without_a_target_are_refused_if_the_spec_does_not_drop_them(table, tmp_path, capsys):
    complete = tmp_path / "complete.csv"
    complete.write_text("x,level,y\n1,low,1\n2,mid,2\n3,high,3\n")
    train(spec(complete, "CrossEntropyLoss", "level"), tmp_path)
    assert main(["evaluate", str(tmp_path / "run"), "--data", str(table)]) == 2
    assert capsys.readouterr().err.splitlines() == [
        f"{table}: 2 of 10 rows cannot be read:  [unreadable-rows]",
        '  row 2, column "level": The cell is empty.',
        '  row 5, column "level": "NA" counts as a missing value: fill it in or remove the row; if it is a class name, '
        "set `missing_marks = []`.",
    ]


def test_rows_that_training_drops_for_an_input_are_left_out_of_an_evaluation_only(tmp_path, capsys):
    path = tmp_path / "t.csv"
    path.write_text("x,y\n1,2\n,3\n3,4\n4,\nNA,\n5,6\n")
    columns = {"x": {"type": "StandardScaler", "missing": "drop"}}
    run = train(spec(path, "MSELoss", "y", 1, missing_targets="drop", columns=columns), tmp_path)
    assert main(["evaluate", str(tmp_path / "run"), "--data", str(path)]) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("run, t.csv (3 rows), weights of epoch 1\n")
    assert '3 of 6 rows are left out, as in training: "x" in 2, and "y" in 2 of them is missing.' in printed.err
    assert "[dropped-rows]" in printed.err
    with pytest.raises(hookline.errors.UnreadableRowsError) as raised:
        run.predict(path)
    assert [problem.row for problem in raised.value.problems] == [2, 5]


def test_a_row_that_cannot_be_read_is_not_dropped_for_its_missing_target(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("x,y\n1,2\n2,3\n3,4\n")
    run = train(spec(path, "MSELoss", "y", 1, missing_targets="drop"), tmp_path)
    path.write_text("x,y\n1,\nwide,\n3\n4,tall\n5,1\n")
    with pytest.raises(hookline.errors.UnreadableRowsError) as raised:
        run.evaluate(data=path)
    assert [(problem.row, problem.message) for problem in raised.value.problems] == [
        (2, '"wide" is not a number.'),
        (3, "row 3: It has 1 cell, but the header has 2."),
        (4, '"tall" is not a number, but MSELoss needs numbers.'),
    ]


def test_new_rows_that_all_lack_the_target_are_an_error(table, tmp_path):
    run = train(spec(table, "MSELoss", "y", 1, missing_targets="drop"), tmp_path)
    with pytest.raises(hookline.errors.DataError, match='data: No row is left: "y" in 2 of 2 rows is missing'):
        run.evaluate(data={"x": [1.0, 2.0], "y": [None, "NA"]})


def test_an_evaluation_of_new_arrays_drops_rows_without_a_target(tmp_path):
    rows = {
        "x": numpy.arange(6.0)[:, None],
        "y": numpy.array([[1.0, 2], [2, 3], [3, numpy.nan], [4, 1], [5, 2], [6, 7]]),
    }
    path = arrays(tmp_path, **rows)
    run = train(spec(path, "MSELoss", "y", 2, type="NPZ", missing_targets="drop"), tmp_path)
    for source in (path, rows):
        with pytest.warns(hookline.HooklineWarning, match='1 of 6 rows are left out, as in training: "y" in 1 of them'):
            assert run.evaluate(data=source) == run.evaluate("training")
    truth = run.predict(rows, columns=["truth"])
    assert [cell is None for cell in truth["truth[y[1]]"].to_pylist()] == [False, False, True, False, False, False]
