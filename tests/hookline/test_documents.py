from pathlib import Path

import pytest

from hookline import HooklineError, SpecError
from hookline.documents import Document, from_table, override, read


def written(tmp_path, text, name="spec.toml"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def changed(table, *changes):
    document = Document(table, "spec.toml", Path())
    override(document, changes)
    return document.table


def test_a_file_is_read_as_toml_says_it(tmp_path):
    path = written(tmp_path, 'x = 1\n[run]\nname = "mine"\nepochs = 3\n[model]\nlayers = [{ type = "ReLU" }]\n')
    document = read(path)
    assert document.table == {
        "x": 1,
        "run": {"name": "mine", "epochs": 3},
        "model": {"layers": [{"type": "ReLU"}]},
    }
    assert (document.source, document.directory) == (str(path), tmp_path)


def test_the_source_is_called_as_it_was_given_and_the_directory_is_absolute(tmp_path, monkeypatch):
    written(tmp_path, "")
    monkeypatch.chdir(tmp_path)
    document = read("spec.toml")
    assert (document.source, document.directory) == ("spec.toml", tmp_path)


def test_what_is_not_ascii_is_read_as_utf8(tmp_path):
    assert read(written(tmp_path, 'x = "größe"')).table["x"] == "größe"


def test_a_mark_of_the_byte_order_is_passed_over_as_windows_editors_write_it(tmp_path):
    assert read(written(tmp_path, "\ufeffx = 1")).table["x"] == 1


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("iris.toml", "iris"),
        ("iris.v2.toml", "iris.v2"),
        ("my spec.toml", "my_spec"),
        ("größe.toml", "gr__e"),
        ("-x.toml", "x"),
        ("--.toml", "run"),
        (".toml", "toml"),
        ("no_suffix", "no_suffix"),
    ],
)
def test_a_run_without_a_name_is_called_as_the_file(tmp_path, file, name):
    assert read(written(tmp_path, "", file)).table == {"run": {"name": name}}


@pytest.mark.parametrize(("text", "run"), [("run = 3", 3), ("run = []", []), ("[[run]]", [{}])])
def test_a_run_that_is_no_table_is_left_for_the_reader_to_refuse(tmp_path, text, run):
    assert read(written(tmp_path, text)).table == {"run": run}


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(HooklineError) as error:
        read(tmp_path / "none.toml")
    assert str(error.value) == f"{tmp_path / 'none.toml'}: There is no such file."


def test_a_directory_is_no_file(tmp_path):
    with pytest.raises(HooklineError) as error:
        read(tmp_path)
    assert str(error.value) == f"{tmp_path}: The file cannot be read: Is a directory."


def test_a_file_that_is_not_utf8_is_told_with_the_byte(tmp_path):
    path = tmp_path / "latin.toml"
    path.write_bytes('x = "größe"'.encode("latin-1"))
    with pytest.raises(HooklineError) as error:
        read(path)
    assert str(error.value) == f"{path}: The file is not text in UTF-8: byte 7 is wrong."


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a = 1\nepochs = = 2", "line 2, column 10: This is not TOML: Invalid value."),
        ("[run\nx = 1", "line 1, column 5: This is not TOML: Expected ']' at the end of a table declaration."),
        ('a = 1\nb = "x', "line 2, column 7: This is not TOML: Unterminated string."),
        ("a = 1\na = 2\nb = 3", "line 2, column 6: This is not TOML: Cannot overwrite a value."),
    ],
)
def test_a_file_that_is_not_toml_is_told_with_line_and_column(tmp_path, text, problem):
    path = written(tmp_path, text)
    with pytest.raises(SpecError) as error:
        read(path)
    assert str(error.value) == f"{path}: {problem}"


def test_arrays_without_end_are_told_and_not_a_recursion_error(tmp_path):
    with pytest.raises(SpecError, match="nested"):
        read(written(tmp_path, f"a = {'[' * 5000}{']' * 5000}"))


def test_a_table_from_python_is_copied(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table = {"optimizer": {"lr": 0.1}}
    document = from_table(table)
    override(document, ["optimizer.lr=0.5"])
    assert table == {"optimizer": {"lr": 0.1}}
    assert document == Document({"optimizer": {"lr": 0.5}}, "spec", tmp_path)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.01", 0.01),
        ("3", 3),
        ("1e-3", 0.001),
        ("true", True),
        ('"3"', "3"),
        ("'x'", "x"),
        ("[1, 2]", [1, 2]),
        ('[{ type = "ReLU" }]', [{"type": "ReLU"}]),
        ("HuberLoss", "HuberLoss"),
        (" HuberLoss ", "HuberLoss"),
        ("data/iris.csv", "data/iris.csv"),
        ("two words", "two words"),
        ("a=b", "a=b"),
        ("3 # three", 3),
        ("", ""),
    ],
)
def test_a_value_is_what_toml_takes_it_to_be_and_a_string_otherwise(text, value):
    found = changed({}, f"x={text}")["x"]
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("change", "table"),
    [
        ("a=5", {"a": 5, "b": {"c": 2, "d": [{"e": 3}, 4]}}),
        ("b.c=5", {"a": 1, "b": {"c": 5, "d": [{"e": 3}, 4]}}),
        (" b . c = 5", {"a": 1, "b": {"c": 5, "d": [{"e": 3}, 4]}}),
        ("b.d.0.e=5", {"a": 1, "b": {"c": 2, "d": [{"e": 5}, 4]}}),
        ("b.d.0.f=5", {"a": 1, "b": {"c": 2, "d": [{"e": 3, "f": 5}, 4]}}),
        ("b.d.1=5", {"a": 1, "b": {"c": 2, "d": [{"e": 3}, 5]}}),
        ("b=5", {"a": 1, "b": 5}),
        ("f=5", {"a": 1, "b": {"c": 2, "d": [{"e": 3}, 4]}, "f": 5}),
        ("f.g.h=5", {"a": 1, "b": {"c": 2, "d": [{"e": 3}, 4]}, "f": {"g": {"h": 5}}}),
        ('"x=y".z=5', {"a": 1, "b": {"c": 2, "d": [{"e": 3}, 4]}, "x=y": {"z": 5}}),
    ],
)
def test_a_change_goes_to_its_place_and_nowhere_else(change, table):
    assert changed({"a": 1, "b": {"c": 2, "d": [{"e": 3}, 4]}}, change) == table


def test_changes_are_made_one_after_another():
    assert changed({}, "a.b=1", "a.c=2", "a.b=3") == {"a": {"b": 3, "c": 2}}


@pytest.mark.parametrize(
    "change", ["lr", "", "=3", "optimizer.lr", "optimizer..lr=1", ".lr=1", "a b=1", "x=1\ny=2", "a[0]=1", "# x=1"]
)
def test_what_is_no_path_and_value_is_refused(change):
    with pytest.raises(SpecError) as error:
        changed({}, change)
    assert str(error.value) == f"--set {change}: This is not a path and a value, such as optimizer.lr=0.01."


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("a.b=1", '"a" is a value, so that nothing in it can be set.'),
        ("a.b.c=1", '"a" is a value, so that nothing in it can be set.'),
        ("layers.2=1", '"2" is not the place of an element: there are 2, counted from 0.'),
        ("layers.-1=1", '"-1" is not the place of an element: there are 2, counted from 0.'),
        ("layers.x.y=1", '"x" is not the place of an element: there are 2, counted from 0.'),
        ("layers.0.x=1", '"0" is a value, so that nothing in it can be set.'),
    ],
)
def test_a_path_that_leads_nowhere_is_refused(change, problem):
    with pytest.raises(SpecError) as error:
        changed({"a": 1, "layers": [1, {}]}, change)
    assert str(error.value) == f"--set {change}: {problem}"
