import gzip
import zipfile

import pytest
from outputs import without_ids

from hookline.cli.main import main


@pytest.fixture
def reported(tmp_path, monkeypatch, capsys):
    """Gives a file to `check`, with what is in it, and returns what is said of it."""
    monkeypatch.chdir(tmp_path)

    def reported(path, content=None):
        if content is not None:
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_bytes(content)
        assert main(["check", path]) == 2
        out, error = capsys.readouterr()
        assert out == "1 spec could not be checked.\n"
        assert error.endswith("  [unreadable-file]\n")
        return without_ids(error).removeprefix(f"{path}: ").rstrip("\n")

    return reported


TABLE = b"a,b,c\n1,2,x\n"


@pytest.mark.parametrize(
    ("path", "content", "sentence"),
    [
        (
            "my data.csv",
            TABLE,
            "This is a table, not a spec. `hookline new spec 'my data.csv'` writes a spec for it.",
        ),
        ("data", TABLE, "This is a table, not a spec. `hookline new spec data` writes a spec for it."),
        (
            "data.csv.gz",
            gzip.compress(TABLE, mtime=0),
            "This is a data file (CSV, compressed by gzip), not a spec. `hookline new spec data.csv.gz` writes a spec for it.",
        ),
        (
            "rows.jsonl",
            b'{"a": 1}\n',
            "This is a data file (JSON Lines), not a spec. `hookline new spec rows.jsonl` writes a spec for it.",
        ),
        (
            "data.arrow",
            b"ARROW1\0\0",
            "This is a data file (Arrow), not a spec. `hookline new spec data.arrow` writes a spec for it.",
        ),
        (
            "spec.toml.gz",
            gzip.compress(TABLE, mtime=0),
            "This is a file compressed by gzip, not a spec. `gunzip --keep spec.toml.gz` unpacks it.",
        ),
        (
            "q.toml",
            gzip.compress(TABLE, mtime=0),
            "This is a file compressed by gzip, not a spec. `gunzip < q.toml > unpacked` unpacks it.",
        ),
        (
            "data.parquet",
            b"PAR1\x15\x04PAR1",
            "This is a data file (Parquet), not a spec. `hookline new spec data.parquet` writes a spec for it.",
        ),
        (
            "data.npz",
            b"PK\x03\x04",
            "This is a data file (NPZ), not a spec. `hookline new spec data.npz` writes a spec for it.",
        ),
        (
            "sheet.csv",
            b"PK\x03\x04......[Content_Types].xml....xl/workbook.xml",
            "This is an Excel file, not a spec. Save the sheet as CSV; `hookline new spec` then writes a spec for it.",
        ),
        ("page.csv", b"\n<!DOCTYPE html>\n<html>", "This is an HTML page, not a spec."),
        (
            "rows.json",
            b'{"a": 1}\n{"a": 2}\n',
            "This is a data file (JSON Lines), not a spec. `hookline new spec rows.json` writes a spec for it.",
        ),
        ("model.pt", b"PK\x03\x04", "This is a PyTorch file, not a spec."),
        ("model.safetensors", b"\x08\0\0\0\0\0\0\0{}", "These are the weights of a model, not a spec."),
        ("x.py", b"x = 1", "This is a Python file, not a spec. Pass it as a plugin beside a spec: -p x.py."),
        (
            "spec.yaml",
            b"a: 1",
            "This is a YAML file, but a spec is TOML. `hookline new spec data.csv` writes one for a table.",
        ),
    ],
)
def test_a_file_of_another_type_is_reported_with_a_command(reported, path, content, sentence):
    assert reported(path, content) == sentence


def test_a_misspelled_spec_is_reported_with_an_existing_one(reported, tmp_path):
    (tmp_path / "more").mkdir()
    (tmp_path / "penguins.toml").touch()
    (tmp_path / "more" / "flowers.toml").touch()
    for typed in ("penguin.toml", "penguins", "pengiuns", "specs/penguins.toml"):
        assert reported(typed) == 'There is no such file. Did you mean "penguins.toml"?'
    for typed in ("flowers.toml", "mroe/flowers.toml", "more/flower.toml"):
        assert reported(typed) == 'There is no such file. Did you mean "more/flowers.toml"?'
    assert reported("unlike.toml") == "There is no such file."


def test_a_directory_is_reported_with_its_specs(reported, tmp_path):
    for number in (2, 10):
        (tmp_path / f"runs/iris/{number}").mkdir(parents=True)
        (tmp_path / f"runs/iris/{number}/spec.toml").touch()
        (tmp_path / f"runs/iris/{number}/run.lock.toml").touch()
    assert reported("runs/iris/2") == (
        "This is the directory of a run. Its spec is runs/iris/2/spec.toml; `hookline train --locked runs/iris/2` trains "
        "it again."
    )
    assert reported("runs/iris") == "This is a directory of runs. The spec of the last one is runs/iris/10/spec.toml."
    assert reported("runs") == "This is a directory, not a spec."
    for file in ("tables/a.csv", "images/cat/1.png"):
        (tmp_path / file).parent.mkdir(parents=True)
        (tmp_path / file).touch()
        folder = file.partition("/")[0]
        advice = f"`hookline new spec {folder}` writes a spec for the data in it."
        assert reported(folder) == f"This is a directory, not a spec. {advice}"
    (tmp_path / "a.toml").touch()
    assert reported(".") == 'This is a directory, not a spec. It contains "a.toml".'


def test_a_zip_archive_of_toml_is_not_a_spec(reported, tmp_path):
    with zipfile.ZipFile(tmp_path / "spec.toml", "w") as archive:
        archive.writestr("spec.toml", "[run]")
    assert reported("spec.toml") == "This is a ZIP file, not a spec."
