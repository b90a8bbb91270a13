"""The manifest of a run: a true list of its files at every moment."""

import hashlib
import json
import os

import pytest

from hookline.errors import RunError
from hookline.errors.exceptions import FileError
from hookline.runs import manifest


@pytest.fixture
def home(tmp_path):
    """A directory with two listed files, and one that is not listed."""
    (tmp_path / "plugins").mkdir()
    for name, content in {"result.json": "{}\n", "plugins/mine.py": "x = 1\n", "loss.png": "picture"}.items():
        (tmp_path / name).write_text(content)
    manifest.write(tmp_path)
    return tmp_path


def entry(content):
    return {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def test_it_has_the_size_and_the_checksum_of_each_file_that_is_read(home):
    table = json.loads((home / "manifest.json").read_text())
    assert table["files"] == {"plugins/mine.py": entry(b"x = 1\n"), "result.json": entry(b"{}\n")}
    assert table["format"] == 1


def test_a_file_is_replaced_together_with_its_entry(home):
    manifest.replace(home / "result.json", '{"notes": []}\n')
    known = manifest.read(home)
    known.check_sizes()
    known.check("result.json")
    assert known.files == {"plugins/mine.py": entry(b"x = 1\n"), "result.json": entry(b'{"notes": []}\n')}


@pytest.mark.parametrize("number", range(3))
def test_the_manifest_is_true_if_the_process_ends_while_a_file_is_replaced(number, home, monkeypatch):
    left, usual = iter([*[True] * number, False]), os.replace

    def failing(*arguments):
        if not next(left):
            raise OSError("No space left")
        return usual(*arguments)

    monkeypatch.setattr(os, "replace", failing)
    with pytest.raises(FileError):
        manifest.replace(home / "result.json", '{"notes": []}\n')
    monkeypatch.undo()
    known = manifest.read(home)
    known.check_sizes()
    known.check("result.json")
    assert (home / "result.json").read_text() == ("{}\n" if number < 2 else '{"notes": []}\n')
    (home / "result.json").write_text('{"notes": 1}\n')
    with pytest.raises(RunError, match="damaged"):
        manifest.read(home).check("result.json")
    (home / "result.json").write_text("{}\n")
    manifest.replace(home / "result.json", "{ }\n")
    manifest.read(home).check("result.json")


def test_a_file_is_replaced_even_if_the_manifest_is_missing(home):
    (home / "manifest.json").unlink()
    manifest.replace(home / "result.json", "{ }\n")
    assert (home / "result.json").read_text() == "{ }\n"
    assert not (home / "manifest.json").exists()


def test_a_file_that_is_not_listed_is_refused(home):
    with pytest.raises(RunError, match=r"loss\.png: The run did not write this file\."):
        manifest.read(home).check("loss.png")


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b"\xff", b"[" * 10**5, b'{"format": 1, "files": [], "sha256": ""}']
)
def test_a_file_that_is_no_manifest_is_refused(content, home):
    (home / "manifest.json").write_bytes(content)
    with pytest.raises(RunError, match=r"manifest\.json: The file is damaged: "):
        manifest.read(home)
