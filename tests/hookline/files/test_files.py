import os
import re
import resource
import signal
import stat

import pytest
import torch
from safetensors.torch import load_file

from hookline import HooklineError, HooklineWarning
from hookline.files import GrowingFile, OptionalFiles, replaced, write_file, write_weights


@pytest.fixture
def umask():
    before = os.umask(0o027)
    yield
    os.umask(before)


class FullDisk:
    """Limit the size of files that this process writes inside the context."""

    def __init__(self, most):
        self.most = most

    def __enter__(self):
        self.before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (self.most, self.before[1]))

    def __exit__(self, *_):
        resource.setrlimit(resource.RLIMIT_FSIZE, self.before)


def killed(function):
    """Run a function in a new process, which must end by SIGKILL."""
    child = os.fork()
    if not child:
        function()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def test_files_have_the_permissions_of_any_new_file(umask, tmp_path):
    write_file(tmp_path / "text", "a")
    write_weights(tmp_path / "weights", torch.nn.Linear(2, 2))
    assert [stat.S_IMODE(path.stat().st_mode) for path in sorted(tmp_path.iterdir())] == [0o640, 0o640]


def test_text_is_written_unchanged_and_weights_can_be_read_back(tmp_path):
    write_file(tmp_path / "text", "é\r\n")
    assert (tmp_path / "text").read_bytes() == b"\xc3\xa9\r\n"
    module = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))
    write_weights(tmp_path / "weights", module)
    saved = load_file(tmp_path / "weights")
    assert sorted(saved) == sorted(module.state_dict())
    assert all(torch.equal(saved[name], tensor) for name, tensor in module.state_dict().items())


def test_an_error_during_a_write_leaves_only_the_old_file(tmp_path):
    write_file(tmp_path / "x", "old")

    def write():
        with replaced(tmp_path / "x") as part:
            part.write_text("ne")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write()
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("x", "old")]


@pytest.mark.parametrize(
    "write",
    [lambda path: write_file(path, b"x" * 2000), lambda path: write_weights(path, torch.nn.Linear(30, 30))],
    ids=["bytes", "weights"],
)
def test_a_full_disk_raises_an_error_with_the_file_and_keeps_the_old_one(write, tmp_path):
    (tmp_path / "x").write_text("old")
    with FullDisk(1000), pytest.raises(HooklineError) as raised:
        write(tmp_path / "x")
    assert str(raised.value) == f"{tmp_path / 'x'}: The file cannot be written: File too large."
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("x", "old")]


def test_a_missing_directory_raises_an_error_with_the_file(tmp_path):
    with pytest.raises(HooklineError) as raised:
        write_file(tmp_path / "a/x", "")
    assert str(raised.value) == f"{tmp_path / 'a/x'}: The file cannot be written: No such file or directory."


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_kill_during_a_write_keeps_the_old_file(call, tmp_path):
    write_file(tmp_path / "x", "old")

    def write():
        setattr(os, call, lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL))
        write_file(tmp_path / "x", "new")

    assert killed(write)
    assert (tmp_path / "x").read_text() == "old"
    write_file(tmp_path / "x", "newer")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("x", "newer")]


def test_lines_that_do_not_fit_on_the_disk_are_written_with_the_next_ones(tmp_path):
    path = tmp_path / "log"
    file = GrowingFile(path)
    file.add("1\n")
    message = f"{path}: The file cannot be written: File too large. Training continues, and writing is retried."
    with FullDisk(4), pytest.warns(HooklineWarning, match=f"^{re.escape(message)}$"):
        file.add("two\n")  # Two bytes of it fit.
    assert path.read_text() == "1\n"
    with FullDisk(4):
        file.add("three\n")  # It is not reported again.
    file.add("4\n")
    assert path.read_text() == "1\ntwo\nthree\n4\n"
    with FullDisk(4), pytest.warns(HooklineWarning):
        GrowingFile(path).replace("whole\n")
    assert path.read_text() == "1\ntwo\nthree\n4\n"


def test_a_failed_replacement_is_written_with_the_next_lines(tmp_path):
    file = GrowingFile(tmp_path / "log")
    file.add("old\n")
    with FullDisk(4), pytest.warns(HooklineWarning):
        file.replace("whole\n")
    file.add("and more\n")
    assert (tmp_path / "log").read_text() == "whole\nand more\n"


def test_an_unwritable_optional_file_causes_one_warning_and_other_errors_propagate(tmp_path):
    files = OptionalFiles()
    message = (
        f"{tmp_path / 'a/x'}: The file cannot be written: No such file or directory. Training continues without it."
    )
    with pytest.warns(HooklineWarning, match=f"^{re.escape(message)}$"), files:
        write_file(tmp_path / "a/x", "")
    with files:
        (tmp_path / "a/b").mkdir()
    with pytest.raises(ValueError, match=r"^Other\.$"), files:
        raise ValueError("Other.")
