"""A checkpoint on the disk is complete, or it does not have its final name; damage is found before it is used."""

import errno
import json
import os
import resource
import shutil
import signal
import sys

import pytest
import torch

from hookline.errors.exceptions import CheckpointError, FileError
from hookline.runs.checkpoints import store
from hookline.training.checkpoints.writer import newest_state


def state_of(step):
    generator = torch.Generator().manual_seed(step)
    return {"weight": torch.randn(40, generator=generator), "step": step, "list": [step, (0.1, None)], "text": "é"}


def write(home, *steps):
    for step in steps:
        store.write(home, store.snapshot(step, state_of(step)))


def is_state(state, step):
    expected = state_of(step)
    return torch.equal(state.pop("weight"), expected.pop("weight")) and state == expected


def found(home):
    """The step of the newest checkpoint whose state is the right one, and the warnings."""
    warnings = []
    step, state = newest_state(home, warnings.append)
    assert is_state(state, step)
    return step, warnings


def contents(directory):
    return {path.relative_to(directory): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def test_a_checkpoint_is_read_as_it_was_written(tmp_path):
    write(tmp_path, 3, 123456789, 20)
    assert [one.step for one in store.all_of(tmp_path)] == [3, 20, 123456789]
    assert found(tmp_path) == (123456789, [])
    files = tmp_path / "checkpoints/step-00000003"
    assert sorted(path.name for path in files.iterdir()) == ["manifest.json", "state.json", "tensors.safetensors"]
    umask = os.umask(0)
    os.umask(umask)
    assert {path.stat().st_mode & 0o777 for path in files.iterdir()} == {0o666 & ~umask}


def test_no_checkpoint_is_no_state(tmp_path):
    assert newest_state(tmp_path, pytest.fail) is None
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints/other").mkdir()
    assert newest_state(tmp_path, pytest.fail) is None


def test_loaded_tensors_are_aligned_and_their_own(tmp_path):
    write(tmp_path, 1)
    [checkpoint] = store.all_of(tmp_path)
    first, second = checkpoint.load()["weight"], checkpoint.load()["weight"]
    assert first.data_ptr() % 64 == 0
    first += 1
    assert not torch.equal(first, second)


# Damage.


def flips(size):
    """Some bits of a file."""
    return [(place, place % 8) for place in range(0, size, max(1, size // 60))]


@pytest.mark.parametrize("name", ["manifest.json", "state.json", "tensors.safetensors"])
def test_every_flipped_bit_is_found(name, tmp_path):
    write(tmp_path, 1)
    [checkpoint] = store.all_of(tmp_path)
    path = checkpoint.directory / name
    whole = path.read_bytes()
    for place, bit in flips(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << bit]) + whole[place + 1 :])
        for read in (checkpoint.load, checkpoint.verify):
            with pytest.raises(CheckpointError) as raised:
                read()
            assert str(raised.value).startswith(f"{path}: The file is damaged: "), (place, bit)
    path.write_bytes(whole)
    checkpoint.verify()
    assert is_state(checkpoint.load(), 1)


@pytest.mark.parametrize("name", ["manifest.json", "state.json", "tensors.safetensors"])
def test_truncated_longer_missing_and_exchanged_files_are_found(name, tmp_path):
    write(tmp_path, 1, 2)
    first, second = (one.directory for one in store.all_of(tmp_path))
    whole = (second / name).read_bytes()

    def is_found():
        step, warnings = found(tmp_path)
        assert len(warnings) == 1
        assert warnings[0].endswith(" The checkpoint before it is used.")
        return (step, warnings[0].startswith(f"{second / name}: The file ")) == (1, True)

    for size in (0, 1, len(whole) // 2, len(whole) - 1):
        (second / name).write_bytes(whole[:size])
        assert is_found(), size
    (second / name).write_bytes(whole + b"\n")
    assert is_found()
    (second / name).unlink()
    assert is_found()
    (second / name).mkdir()
    assert is_found()
    (second / name).rmdir()
    if name != "manifest.json":
        shutil.copy(first / name, second / name)
        assert is_found()
        other = "state.json" if name != "state.json" else "tensors.safetensors"
        shutil.copy(second / other, second / name)
        assert is_found()
    (second / name).write_bytes(whole)
    assert found(tmp_path) == (2, [])


def test_if_all_checkpoints_are_damaged_the_newest_is_named(tmp_path):
    write(tmp_path, 1, 2)
    for one in store.all_of(tmp_path):
        (one.directory / "state.json").unlink()
    with pytest.raises(CheckpointError) as raised:
        newest_state(tmp_path, pytest.fail)
    assert str(raised.value) == (
        f"{tmp_path / 'checkpoints/step-00000002/state.json'}: The file cannot be read: No such file or directory. "
        f"No other checkpoint is left: train the run again."
    )


def test_a_newer_format_is_named(tmp_path):
    write(tmp_path, 1)
    path = tmp_path / "checkpoints/step-00000001/manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 99}))
    with pytest.raises(CheckpointError, match=r"manifest\.json: A newer version of Hookline wrote this checkpoint\."):
        newest_state(tmp_path, pytest.fail)


# Interruptions and errors at each operation.

OPERATIONS = ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.chmod", "open")


def in_a_child(home, do, at, act):
    """Call a function in a child process, and `act` before the file operation with this number; return its status."""
    child = os.fork()
    if not child:
        count = 0

        def watch(event, arguments):
            nonlocal count
            if event in OPERATIONS and str(home) in str(arguments[0]):
                count += 1
                if count == at:
                    act()

        sys.addaudithook(watch)
        code = 1
        try:
            do()
            code = 0
        except (FileError, CheckpointError):
            code = 3
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def kill():
    os.kill(os.getpid(), signal.SIGKILL)


def rotate(home):
    write(home, 2)
    store.remove(store.all_of(home)[0])


def test_a_process_that_is_killed_at_any_operation_leaves_complete_checkpoints(tmp_path):
    number, steps = 0, []
    status = -signal.SIGKILL
    while status:
        number += 1
        home = tmp_path / str(number)
        home.mkdir()
        write(home, 1)
        status = in_a_child(home, lambda home=home: rotate(home), number, kill)
        assert status in (0, -signal.SIGKILL)
        for one in store.all_of(home):
            assert is_state(one.load(), one.step)
        step, warnings = found(home)
        steps.append(step)
        assert warnings == []
        store.remove_unfinished(home)
        assert not list((home / "checkpoints").glob(".*"))
        write(home, 2)  # What is left of the first attempt does not matter.
        assert found(home) == (2, [])
    assert steps == sorted(steps)
    assert (steps[0], steps[-1], number > 15) == (1, 2, True)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EACCES], ids=errno.errorcode.get)
def test_an_error_of_any_operation_keeps_the_previous_checkpoint_byte_for_byte(code, tmp_path):
    def fail():
        raise OSError(code, os.strerror(code))

    number, status, refused = 0, 3, 0
    while status or number < 3:
        number += 1
        home = tmp_path / str(number)
        home.mkdir()
        write(home, 1)
        before = contents(home / "checkpoints/step-00000001")
        status = in_a_child(home, lambda home=home: write(home, 2), number, fail)
        assert status in (0, 3), number
        refused += status == 3
        assert contents(home / "checkpoints/step-00000001") == before
        assert found(home)[0] in ((1, 2) if status else (2,))
        write(home, 2)
        assert found(home) == (2, [])
    assert refused > 10


@pytest.mark.parametrize("most", [0, 10, 200, 300])
def test_a_file_that_cannot_be_written_whole_keeps_the_previous_checkpoint(most, tmp_path):
    write(tmp_path, 1)
    before = contents(tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        with pytest.raises(FileError, match=r"The file cannot be written: File too large\.$"):
            write(tmp_path, 2)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert contents(tmp_path) == before


def test_what_is_read_back_differs_from_what_was_written(tmp_path, monkeypatch):
    write(tmp_path, 1)
    usual = store.write_file

    def lying(path, content):
        usual(path, content[:-1] if path.name == "tensors.safetensors" else content)

    monkeypatch.setattr(store, "write_file", lying)
    with pytest.raises(CheckpointError, match="The file is damaged"):
        write(tmp_path, 2)
    assert found(tmp_path) == (1, [])


def test_a_complete_checkpoint_of_the_same_step_is_kept_and_a_damaged_one_replaced(tmp_path):
    write(tmp_path, 1)
    before = contents(tmp_path)
    store.write(tmp_path, store.snapshot(1, {"other": 1}))
    assert contents(tmp_path) == before
    (tmp_path / "checkpoints/step-00000001/state.json").write_text("{}")
    write(tmp_path, 1)
    assert contents(tmp_path) == before


def test_a_state_that_contains_itself_is_refused():
    state = []
    state.append(state)
    with pytest.raises(CheckpointError, match="contains itself"):
        store.snapshot(1, state)


def test_a_checkpoint_under_the_name_of_another_step_is_damaged(tmp_path):
    write(tmp_path, 1)
    (tmp_path / "checkpoints/step-00000001").rename(tmp_path / "checkpoints/step-00000002")
    with pytest.raises(
        CheckpointError, match=r"step-00000002/manifest.json: The file is damaged: it belongs to step 1\."
    ):
        store.all_of(tmp_path)[0].load()
