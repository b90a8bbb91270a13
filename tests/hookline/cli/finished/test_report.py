import shutil

import pytest
from run_directories import trained_run, write_run

from hookline.cli.main import main


def test_the_report_of_a_run_has_its_predictions(tmp_path, capsys, monkeypatch):
    run = trained_run(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert main(["report", str(run)]) == 0
    assert capsys.readouterr().out == "Report of 1 run: report.html\n"
    html = (tmp_path / "report.html").read_text()
    for text in (
        "Validation predictions",
        "true \\ predicted",
        "virginica",
        "petal_width",
        "run.epochs",
        "Overfitting",
    ):
        assert (text in html) == (text != "Overfitting"), text
    assert main(["report", str(run)]) == 2
    assert "report.html already exists" in capsys.readouterr().err
    assert (tmp_path / "report.html").read_text() == html


def test_a_report_does_without_what_is_missing(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_run(tmp_path / "runs/1")
    write_run(tmp_path / "runs/2", lr=0.5, state=None)
    (tmp_path / "runs/1/metrics.jsonl").write_text("nonsense\n")
    (tmp_path / "runs/2/run.lock.toml").write_text("a = [")
    assert main(["report", "runs", "-o", "both.html"]) == 0
    printed = capsys.readouterr().out
    assert "runs/1: no predictions." in printed
    assert "runs/2: no predictions. The run has not ended, or its process was killed" in printed
    html = (tmp_path / "both.html").read_text()
    assert "metrics.jsonl is damaged: line 1 is not the record of an epoch." in html
    assert "run.lock.toml has been changed" in html


def test_a_report_of_a_run_whose_data_has_been_moved(tmp_path, capsys, monkeypatch):
    from small_training import SPECS

    shutil.copy(SPECS / "data/iris.csv", tmp_path / "iris.csv")
    data = {"type": "CSV", "path": str(tmp_path / "iris.csv"), "targets": "species", "validation": 0.2}
    run = trained_run(tmp_path, data=data)
    (tmp_path / "iris.csv").rename(tmp_path / "moved.csv")
    command = ["report", str(run), "-o", str(tmp_path / "report.html"), "--force"]
    assert main(command) == 0
    assert "no predictions." in capsys.readouterr().out
    assert "There are no predictions to show." in (tmp_path / "report.html").read_text()
    assert main([*command, "--set", f"data.path={tmp_path / 'moved.csv'}"]) == 0
    assert "no predictions." not in capsys.readouterr().out
    assert "30 rows, of which" in (tmp_path / "report.html").read_text()


@pytest.mark.parametrize(("argument", "message"), [("none", "none does not exist"), (".", "There is no run in .")])
def test_what_is_no_run_is_an_error(argument, message, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["report", argument]) == 2
    assert message in capsys.readouterr().err
