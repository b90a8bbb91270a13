import csv
import io
import json
from pathlib import Path

import pytest
from run_directories import write_run

from hookline.cli.main import main
from hookline.cli.output import run_table
from hookline.cli.output.screen import text_width
from hookline.runs.side_by_side.comparison import Comparison
from hookline.runs.side_by_side.summary import RunSummary


@pytest.fixture
def runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_run(tmp_path / "runs/flower/1", lr=0.1, losses=[0.9, 0.51234])
    write_run(tmp_path / "runs/flower/2", lr=0.01, losses=[0.9, 0.04], state="stopped")
    write_run(tmp_path / "runs/flower/10", lr=0.001, losses=[0.9, 0.7], state=None)
    return tmp_path / "runs"


def lines(capsys, *arguments):
    assert main(["runs", *arguments]) == 0
    return capsys.readouterr().out.splitlines()


def test_the_table_has_only_settings_that_differ_and_aligned_numbers(runs, capsys):
    assert lines(capsys) == [
        "                                           optimizer.  validation/  training/",
        "run             state       epochs   time          lr         loss       loss",
        "runs/flower/1   finished         2  1.5 s       0.1        0.51234",
        "runs/flower/2   stopped        2/2  1.5 s       0.01       0.04000",
        "runs/flower/10  unfinished     2/2              0.001      0.70000     0.7000",
    ]


def test_runs_are_sorted_in_descending_order_with_a_minus(runs, capsys):
    assert [line.split()[0] for line in lines(capsys, "--sort", "-loss")[2:]] == [
        "runs/flower/10",
        "runs/flower/1",
        "runs/flower/2",
    ]


def test_filters_and_chosen_columns(runs, capsys):
    assert lines(capsys, "runs", "--filter", "lr>0.005", "--filter", "state=finished", "--columns", "lr") == [
        "                         optimizer.",
        "run            state             lr",
        "runs/flower/1  finished         0.1",
        "",
        "1 of 3 runs.",
    ]
    assert lines(capsys, "--filter", "lr>1") == ["None of the 3 runs fulfills the condition."]


def test_csv_and_json_have_all_digits(runs, capsys):
    [first, *_] = csv.DictReader(io.StringIO("\n".join(lines(capsys, "--format", "csv"))))
    assert first == {
        "run": "runs/flower/1",
        "state": "finished",
        "epochs": "2",
        "seconds": "1.5",
        "optimizer.lr": "0.1",
        "validation/loss": "0.51234",
        "training/loss": "",
    }
    [*_, last] = json.loads("\n".join(lines(capsys, "--format", "json")))
    assert last == {
        "run": "runs/flower/10",
        "state": "unfinished",
        "epochs": 2,
        "planned_epochs": 2,
        "checkpoint": None,
        "seconds": None,
        "settings": {"optimizer.lr": 0.001},
        "metrics": {"validation/loss": 0.7, "training/loss": 0.7},
        "problems": [],
    }


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_a_table_fits_the_terminal_and_names_what_it_leaves_out(width, runs):
    compared = Comparison([RunSummary(path) for path in sorted(Path("runs/flower").glob("*"))])
    for run in compared.runs:
        run.settings |= {f"data.option_{number}": f"{number}{run.directory.name}" for number in range(9)}
    columns = run_table.columns_of(compared)
    shown = list(run_table.lines(columns, width, compared))
    assert max(map(len, shown)) <= width
    kept = {column.name for column in run_table.fitting(columns, width, compared)}
    hidden = [column for column in columns if column.name not in kept]
    text = " ".join(shown)
    assert f"Not shown, for lack of space: {sum(one.kind == 'setting' for one in hidden)} settings" in text
    assert "validation/loss" in kept


def test_a_damaged_run_is_listed_with_its_problem(runs, capsys):
    (runs / "flower/1/result.json").write_text("{")
    shown = lines(capsys, "runs/flower/1")
    assert shown[2].split()[:3] == ["runs/flower/1", "damaged", "2/2"]
    assert shown[4].startswith("runs/flower/1: result.json is not JSON: ")


def test_a_missing_directory_is_an_error_and_an_empty_one_is_not(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["runs"]) == 2
    assert "There is no directory `runs` here" in capsys.readouterr().err
    assert lines(capsys, ".") == ["There are no runs in .."]


def test_text_of_a_run_cannot_control_the_terminal(tmp_path, capsys):
    write_run(tmp_path / "1", optimizer="\x1b[31mred")
    write_run(tmp_path / "2")
    (tmp_path / "1/spec.toml").write_text((tmp_path / "2/spec.toml").read_text().replace("SGD", "\\u001b[31mred"))
    assert "\x1b" not in "\n".join(lines(capsys, str(tmp_path)))


def test_texts_of_a_run_are_no_formulas_in_csv(tmp_path, capsys):
    for number, optimizer in enumerate(("SGD", "=1+1"), 1):
        write_run(tmp_path / "runs" / str(number), optimizer=optimizer, lr=-number / 10)
    assert main(["runs", str(tmp_path / "runs"), "--format", "csv", "--columns", "optimizer.type,lr"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["optimizer.type"] for row in rows] == ["SGD", "'=1+1"]
    assert [row["optimizer.lr"] for row in rows] == ["-0.1", "-0.2"]


def test_wide_letters_are_aligned(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_run(tmp_path / "runs/東京", lr=0.1)
    write_run(tmp_path / "runs/a", lr=0.2)
    _, *rows = [line for line in lines(capsys) if "finished" in line or "state" in line]
    assert [text_width(row[: row.index("finished")]) for row in rows] == [11, 11]
