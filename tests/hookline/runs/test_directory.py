from pathlib import Path

import pytest

from hookline import HooklineError
from hookline.runs import directory


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def made(*paths):
    for path in paths:
        Path(path).mkdir(parents=True)


def test_the_first_run_is_number_1():
    assert directory.plan(None, "iris") == Path("runs/iris/1")


@pytest.mark.parametrize(
    ("there", "number"),
    [
        (["runs/iris/1"], 2),
        (["runs/iris/1", "runs/iris/2"], 3),
        (["runs/iris/9", "runs/iris/10"], 11),
        (["runs/iris/7"], 8),
        (["runs/iris/notes", "runs/iris/1.old"], 1),
        (["runs/other/5"], 1),
    ],
)
def test_a_run_has_the_number_after_the_largest(there, number):
    made(*there)
    assert directory.plan(None, "iris") == Path(f"runs/iris/{number}")


def test_a_file_with_a_number_counts_too():
    made("runs/iris")
    Path("runs/iris/3").write_text("x")
    assert directory.plan(None, "iris") == Path("runs/iris/4")


def test_a_given_directory_is_used_unchanged():
    assert directory.plan("here/x", "iris") == Path("here/x")


def test_planning_creates_nothing(tmp_path):
    directory.plan(None, "iris")
    directory.plan("here/x", "iris")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("out", ["x", ".", "../"])
def test_an_existing_directory_is_rejected(out):
    made("x")
    with pytest.raises(HooklineError) as error:
        directory.plan(out, "iris")
    assert str(error.value) == f"{out} already exists, and a run never overwrites another one: choose a new directory."


def test_an_empty_path_is_rejected():
    with pytest.raises(HooklineError, match=r"^The path of the new run directory is empty\.$"):
        directory.plan("", "iris")


def test_an_existing_file_is_rejected():
    Path("x").write_text("mine")
    with pytest.raises(HooklineError, match=r"^x already exists, "):
        directory.plan("x", "iris")


def test_a_broken_link_is_rejected_when_the_directory_is_created():
    Path("x").symlink_to("nowhere")
    with pytest.raises(HooklineError):
        directory.create(directory.plan("x", "iris"), numbered=False)
    assert not Path("nowhere").exists()


def test_a_directory_is_created_with_its_parents():
    assert directory.create(Path("a/b/c"), numbered=False) == Path("a/b/c")
    assert Path("a/b/c").is_dir()


def test_if_another_run_takes_the_number_the_next_one_is_used():
    made("runs/iris/1", "runs/iris/2")
    assert directory.create(Path("runs/iris/1"), numbered=True) == Path("runs/iris/3")
    assert Path("runs/iris/3").is_dir()


def test_a_given_directory_that_has_appeared_is_rejected():
    made("x")
    with pytest.raises(HooklineError) as error:
        directory.create(Path("x"), numbered=False)
    assert str(error.value) == "x already exists, and a run never overwrites another one: choose a new directory."


@pytest.mark.parametrize("numbered", [False, True])
def test_a_directory_inside_a_file_is_rejected(numbered):
    Path("x").write_text("mine")
    with pytest.raises(HooklineError, match=r"^x/y/1 cannot be created: x is not a directory\.$"):
        directory.create(Path("x/y/1"), numbered=numbered)
    assert Path("x").read_text() == "mine"
