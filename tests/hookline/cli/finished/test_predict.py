"""`hookline predict`."""

import csv
import io
import json
import os
import signal
import sys
import threading
from pathlib import Path

import pyarrow
import pytest
from outputs import without_ids
from pyarrow import parquet
from small_training import small

import hookline
from hookline.cli.main import main
from hookline.cli.output.table_files import CSVWriter, ParquetWriter

DATA = Path(__file__).parents[4] / "specs/data/iris.csv"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return str(hookline.train(small(), out=tmp_path_factory.mktemp("runs") / "run").directory)


@pytest.fixture
def rows(tmp_path):
    """New rows without a target, with columns in another order, and two more."""
    with DATA.open() as file:
        known = list(csv.DictReader(file))
    lines = [["petal_width", "id", "name", "sepal_length", "petal_length", "sepal_width"]]
    lines += [
        [row["petal_width"], f"{index:03}", f'a "b", {index}', *(row[name] for name in lines[0][3:])]
        for index, row in enumerate(known)
    ]
    path = tmp_path / "new.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(lines)
    return path


@pytest.fixture
def bad_rows(rows):
    lines = rows.read_text().splitlines(keepends=True)
    lines[3] = lines[3].replace("0.2,", "wide,", 1)
    lines[9] = lines[9].replace("0.1,", ",", 1).replace("0.2,", ",", 1)
    rows.write_text("".join(lines))
    return rows


def expected(run, rows, **arguments):
    return hookline.open_run(run).predict(rows, **arguments)


def read(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_a_pipe_gets_csv(run, rows, capsys):
    assert main(["predict", run, str(rows)]) == 0
    table = expected(run, rows)
    found = read(capsys.readouterr().out)
    assert list(found[0]) == table.column_names
    assert [row["prediction"] for row in found] == table["prediction"].to_pylist()
    for name in table.column_names[1:]:
        assert pyarrow.array([float(row[name]) for row in found], "float32").equals(table[name].combine_chunks())


@pytest.mark.parametrize("suffix", ["csv", "parquet", "jsonl"])
def test_a_file_has_what_was_requested(run, rows, tmp_path, capsys, suffix):
    out = tmp_path / f"out.{suffix}"
    arguments = ["--keep", "id, name", "--columns", "prediction,probability"]
    assert main(["predict", run, str(rows), "-o", str(out), *arguments]) == 0
    assert capsys.readouterr() == (f"150 rows. The predictions are in {out}\n", "")
    table = expected(run, rows, keep=["id", "name"], columns=["prediction", "probability"])
    if suffix == "parquet":
        assert parquet.read_table(out).equals(table)
        return
    lines = out.read_text().splitlines()
    found = [json.loads(line) for line in lines] if suffix == "jsonl" else read(out.read_text())
    assert [list(row) for row in found] == [["id", "name", "prediction", "probability"]] * 150
    for name in ("id", "name", "prediction"):
        assert [row[name] for row in found] == table[name].to_pylist()
    numbers = pyarrow.array([float(row["probability"]) for row in found], "float32")
    assert numbers.equals(table["probability"].combine_chunks())


def test_rows_from_standard_input(run, rows, capsys, monkeypatch):
    assert main(["predict", run, str(rows), "--columns", "prediction"]) == 0
    printed = capsys.readouterr().out
    with rows.open() as file:
        monkeypatch.setattr(sys, "stdin", file)
        assert main(["predict", run, "-", "--columns", "prediction"]) == 0
    assert capsys.readouterr().out == printed


class Terminal(io.TextIOWrapper):
    def isatty(self):
        return True


def on_terminal(monkeypatch, width, arguments):
    monkeypatch.setenv("COLUMNS", str(width))
    shown = Terminal(io.BytesIO(), encoding="utf-8")
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", shown)
        code = main(arguments)
        shown.flush()
    return code, shown.buffer.getvalue().decode()


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_terminal_shows_the_first_rows(run, rows, monkeypatch, width):
    code, shown = on_terminal(monkeypatch, width, ["predict", run, str(rows), "--keep", "id"])
    lines = shown.splitlines()
    assert code == 0
    assert max(map(len, lines)) <= width
    assert lines[0].split() == ["probability"]
    assert lines[1].split() == ["row", "id", "prediction", "setosa", "versicolor", "virginica"]
    table = expected(run, rows)
    for index, line in enumerate(lines[2:22]):
        number, id_, prediction, *probabilities = line.split()
        assert (number, id_, prediction) == (str(index + 1), f"{index:03}", table["prediction"][index].as_py())
        assert float(probabilities[0]) == pytest.approx(table["probability[setosa]"][index].as_py(), abs=1e-4)
    assert lines[22:] == ["", "20 of 150 rows. Pass `-o FILE` to write all of them."]


def test_columns_that_do_not_fit_on_a_terminal_are_named(run, rows, monkeypatch):
    code, shown = on_terminal(monkeypatch, 40, ["predict", run, str(rows), "--columns", "probabilities,output"])
    assert code == 0
    assert max(map(len, shown.splitlines())) <= 40
    assert "3 columns did not fit: output[setosa]," in shown


def test_rows_that_cannot_be_read_are_listed_and_nothing_is_written(run, bad_rows, tmp_path, capsys):
    out = tmp_path / "out.csv"
    out.write_text("old")
    assert main(["predict", run, str(bad_rows), "-o", str(out), "--force"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert without_ids(printed.err).splitlines() == [
        f"{bad_rows}: 2 of 150 rows cannot be read:",
        '  row 3, column "petal_width": "wide" is not a number.',
        '  row 9, column "petal_width": The cell is empty.',
    ]
    assert out.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new.csv", "out.csv"]


def test_rows_that_cannot_be_read_are_left_empty_and_counted(run, bad_rows, capsys):
    arguments = ["--skip-bad-rows", "--keep", "id", "--columns", "prediction,probability"]
    assert main(["predict", run, str(bad_rows), *arguments]) == 1
    printed = capsys.readouterr()
    rows = read(printed.out)
    assert [row["id"] for row in rows] == [f"{index:03}" for index in range(150)]
    assert [index for index, row in enumerate(rows) if not row["prediction"] and not row["probability"]] == [2, 8]
    assert printed.err.splitlines()[0] == f"{bad_rows}: 2 of 150 rows cannot be read:"
    assert printed.err.splitlines()[-1] == "Their predictions are empty."


def test_a_row_whose_only_cell_is_empty_stays_a_row_of_csv(run, bad_rows, capsys):
    assert main(["predict", run, str(bad_rows), "--skip-bad-rows", "--columns", "prediction"]) == 1
    assert [row[0] for row in csv.reader(io.StringIO(capsys.readouterr().out))][3] == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-o", "out.txt"], 'out.txt: The name of the file must end in ".csv", ".parquet" or ".jsonl".'),
        (["-o", "old.csv"], "old.csv already exists: choose another name, or overwrite it with `--force`."),
        (["-o", "missing/out.csv"], "missing/out.csv cannot be written: the directory missing does not exist."),
        (["--columns", "predictions"], 'There is no part "predictions" of predictions. Did you mean "prediction"?'),
        (["--batch-size", "0"], "--batch-size: This must be at least 1, not 0."),
        (["--keep", "idd"], 'There is no column "idd". Did you mean "id"?'),
        (["--columns", "truth"], 'There is no column "species".'),
    ],
)
def test_a_wrong_argument_is_explained(run, rows, tmp_path, capsys, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    Path("old.csv").write_text("old")
    assert main(["predict", run, str(rows), *arguments]) == 2
    assert message in capsys.readouterr().err
    assert Path("old.csv").read_text() == "old"


def test_a_column_to_keep_must_not_have_the_name_of_a_prediction(run, rows, capsys):
    header, *lines = DATA.read_text().splitlines()
    rows.write_text("\n".join([header.replace("species", "prediction"), *lines]))
    assert main(["predict", run, str(rows), "--keep", "prediction"]) == 2
    assert 'The predictions have a column "prediction", which is also' in capsys.readouterr().err


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_signal_leaves_nothing_that_is_half_written(run, rows, tmp_path, capsys, monkeypatch, name, code):
    def interrupted(self, batch):
        os.kill(os.getpid(), getattr(signal, name))
        threading.Event().wait(10)

    monkeypatch.setattr(ParquetWriter, "write", interrupted)
    out = tmp_path / "out.parquet"
    out.write_text("old")
    assert main(["predict", run, str(rows), "-o", str(out), "--force"]) == code
    assert capsys.readouterr().err == {130: "Interrupted.\n", 143: "Ended by SIGTERM.\n"}[code]
    assert out.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new.csv", "out.parquet"]


def test_quiet_prints_nothing(run, rows, tmp_path, capsys):
    assert main(["predict", run, str(rows), "-o", str(tmp_path / "out.csv"), "-q"]) == 0
    assert capsys.readouterr() == ("", "")


def test_an_empty_cell_of_the_only_column_is_no_empty_line():
    file = io.BytesIO()
    writer = CSVWriter(file, pyarrow.schema([("prediction", pyarrow.string())]))
    for cells in (["a", ""], ["b", None], ['c"', ""]):
        writer.write(pyarrow.record_batch({"prediction": cells}))
    assert file.getvalue().decode() == 'prediction\na\n""\nb\n""\n"c"""\n""\n'
    assert [row["prediction"] for row in csv.DictReader(io.StringIO(file.getvalue().decode()))] == [
        *("a", "", "b", "", 'c"', ""),
    ]
