"""`hookline new spec`: which plugin drafts the spec."""

import io
from pathlib import Path

import pytest

from hookline.cli.main import main

PLUGIN = '''
from hookline import hookimpl
from hookline.spec import SpecDraft


@hookimpl
def draft_spec(path, task, choose_target):
    """Draft for files of notes."""
    if path.suffix != ".notes":
        return None
    target = choose_target({"pitch": "numbers", "length": "numbers"}, "pitch")
    return SpecDraft(text=f"# {target} {task}\\n", summary="It hears.", notes=("Half of it is silence.",))
'''


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("notes.py").write_text(PLUGIN)
    Path("song.notes").write_text("do re mi")

    def command(*words):
        code = main(["new", "spec", *words])
        reported = capsys.readouterr()
        return code, reported.out, reported.err

    return command


def test_a_plugin_drafts_for_its_own_type_of_file(command):
    assert command("song.notes", "-p", "notes.py", "--target", "length", "--task", "number") == (
        0,
        "Created song.toml. It hears.\n  Half of it is silence.\nTrain it: hookline train song.toml\n"
        "Then predict new rows: hookline predict runs/song/1 new.csv\n",
        "",
    )
    assert Path("song.toml").read_text() == "# length number\n"


def test_the_run_to_predict_with_has_the_name_that_training_gives_it(command):
    _, printed, _ = command("song.notes", "-p", "notes.py", "--target", "length", "--out", "le chant.toml")
    assert "Train it: hookline train 'le chant.toml'\n" in printed
    assert printed.endswith("hookline predict runs/le_chant/1 new.csv\n")


def test_the_columns_that_a_plugin_names_can_be_chosen(command, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO())
    code, _, reported = command("song.notes", "-p", "notes.py")
    expected = 'song.notes: Pass the column to predict, such as --target "pitch". Available: "length" and "pitch".\n'
    assert (code, reported) == (2, expected)


def test_of_other_files_the_built_in_plugin_drafts(command):
    Path("table.csv").write_text("x,y\n" + "1,a\n2,b\n3,a\n4,b\n5,a\n7,b\n")
    assert command("table.csv", "-p", "notes.py", "--target", "y")[0] == 0
    assert 'type = "CSV"' in Path("table.toml").read_text()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"\x93NUMPY\x01\x00",
            "This is an NPY file. Save its arrays by name with `numpy.savez`, and read them with the source `NPZ`.",
        ),
        (b"\x00\x01\x02", "No plugin drafts specs for such files."),
    ],
)
def test_an_unsupported_binary_file_is_reported(command, content, message):
    Path("table").write_bytes(content)
    assert command("table", "-p", "notes.py", "--target", "y") == (2, "", f"table: {message}  [invalid-data]\n")


def test_a_plugin_that_fails_is_named_with_its_line(command):
    Path("notes.py").write_text(PLUGIN.replace("    if path", "    1 / 0\n    if path"))
    code, _, reported = command("song.notes", "-p", "notes.py")
    assert code == 2
    assert reported.startswith('A plugin failed in "draft_spec". ')
    assert reported.endswith("notes.py, line 9: ZeroDivisionError: division by zero  [unusable-plugin]\n")
