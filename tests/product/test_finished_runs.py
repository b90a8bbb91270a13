import re
from pathlib import Path

from hookline.cli.main import main

ROOT = Path(__file__).parents[2]


def test_the_commands_of_the_page_work_and_print_what_it_shows(tmp_path, monkeypatch, capsys):
    page = (ROOT / "docs" / "finished_runs.md").read_text()
    commands = re.findall(r"^    hookline ((?:train|runs|plot|report).*)$", page, re.MULTILINE)
    [shown] = re.findall(r"```text\n( +optimizer.*?)```", page, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("hookline.cli.training._deferred_compiler.defer", lambda: None)
    monkeypatch.setattr("hookline.cli.finished.runs.screen_width", lambda: 90)
    (tmp_path / "specs").symlink_to(ROOT / "specs")
    for command in commands:
        assert main(command.split()) == 0
        if command == "runs":
            [table] = re.findall(r"^ +optimizer.*?(?=\n\n)", capsys.readouterr().out, re.DOTALL | re.MULTILINE)
            assert _without_times(table) == _without_times(shown)
        capsys.readouterr()
    assert {"curves.png", "accuracy.svg", "report.html"} <= {path.name for path in tmp_path.iterdir()}


def _without_times(text):
    """The words of the lines, since the width of the column of the times varies."""
    return [re.sub(r"\d+\.\d s", "2.0 s", line).split() for line in text.splitlines()]
