"""A directory is complete, unchanged or absent, whenever its process is killed or its disk is full."""

import resource

import pytest
from killed_process import files, killed_at

from hookline import HooklineError
from hookline.training.deployment import replaced_directory as module
from hookline.training.deployment.replaced_directory import replaced_directory

OLD, NEW = {"a": b"old", "b/c": b"older"}, {"a": b"new" * 100, "b/c": b"newer", "d": b"" * 10}


def write(place, files):
    with replaced_directory(place) as part:
        for name, content in files.items():
            (part / name).parent.mkdir(exist_ok=True)
            (part / name).write_bytes(content)


@pytest.mark.parametrize("can_exchange", [True, False])
@pytest.mark.parametrize("before", [None, OLD], ids=["new", "replaced"])
def test_a_process_that_is_killed_at_any_operation_leaves_a_whole_directory(
    before, can_exchange, tmp_path, monkeypatch
):
    if not can_exchange:
        monkeypatch.setattr(module, "_exchanged", lambda *_: False)
    number, is_killed, found = 0, True, []
    while is_killed:
        place = tmp_path / str(number) / "model"
        place.parent.mkdir()
        if before is not None:
            write(place, before)
        is_killed = killed_at(number, lambda place=place: write(place, NEW))
        left = files(place)
        if left is None and before is not None:  # Only between two renames, where directories cannot be exchanged.
            assert not can_exchange
            assert files(place.parent / ".model.old") == OLD
            assert files(place.parent / ".model.part") == NEW
        else:
            assert left in (before, NEW)
        found.append(left)
        write(place, NEW)
        assert (files(place), [path.name for path in place.parent.iterdir()]) == (NEW, ["model"])
        number += 1
    assert found[0] == before
    assert found[-1] == NEW
    assert number > 10


@pytest.mark.parametrize("most", [0, 2, 299])
def test_a_full_disk_leaves_the_old_directory_and_nothing_else(most, tmp_path):
    write(tmp_path / "model", OLD)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, limits[1]))
    try:
        with pytest.raises(HooklineError, match=r"model: The directory cannot be written: File too large\.$"):
            write(tmp_path / "model", NEW)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (files(tmp_path / "model"), [path.name for path in tmp_path.iterdir()]) == (OLD, ["model"])


def test_an_error_or_an_interruption_leaves_the_old_directory_and_nothing_else(tmp_path):
    write(tmp_path / "model", OLD)

    def fail(error):
        with replaced_directory(tmp_path / "model") as part:
            (part / "a").write_bytes(b"new")
            raise error

    for error in (ValueError, KeyboardInterrupt):
        with pytest.raises(error):
            fail(error)
    assert (files(tmp_path / "model"), [path.name for path in tmp_path.iterdir()]) == (OLD, ["model"])


def test_two_processes_do_not_write_to_the_same_place(tmp_path):
    with replaced_directory(tmp_path / "model") as part:
        (part / "a").write_bytes(b"mine")
        with pytest.raises(HooklineError, match="Another process is writing to this directory"):
            write(tmp_path / "model", NEW)
    assert files(tmp_path / "model") == {"a": b"mine"}
