"""`hookline verify`: what it prints, and its exit code."""

import re

import pytest
from small_training import small

import hookline
from hookline.cli.main import main

PLUGIN = '''
from hookline import hookimpl
from hookline.spec import CallbackSpec, spec


@hookimpl
def register_specs():
    return [Growing]


@spec
class Growing(CallbackSpec):
    """Multiplies the loss by the number of the step."""

    def build(self):
        return _Growing()


class _Growing:
    def __init__(self):
        self.count = 0

    @hookimpl(wrapper=True)
    def step(self):
        self.count += 1
        return (yield)

    @hookimpl(wrapper=True)
    def loss(self, run):
        loss = yield
        return loss * (self.count + 1) if run.is_stepping else loss
'''


@pytest.fixture
def path(tmp_path):
    """A spec in a file."""
    file = tmp_path / "small.toml"
    file.write_text(hookline.dumps(small({"type": "Mixup"}), tmp_path))
    return file


def output(capsys, *words):
    code = main(["verify", *map(str, words)])
    captured = capsys.readouterr()
    assert captured.err == ""
    return code, captured.out


def test_an_exact_training_is_shown_on_one_screen(path, capsys):
    code, text = output(capsys, path, "--steps", 4, "--cut", 1, "--cut", 3)
    assert code == 0
    assert re.sub(r" +[1-9]\d?  equal", ": equal", text) == (
        f"{path}: 4 steps, once without an interruption, and once interrupted and resumed after steps 1 and 3.\n\n"
        "  model: equal\n"
        "  optimizer: equal\n"
        "  random number generators: equal\n"
        "  position in the epoch: equal\n"
        "  progress: equal\n"
        "  numbers in the log: equal\n"
        "  returned model: equal\n\n"
        "The resumed training equals the other one to the last bit.\n"
    )


def test_hidden_state_ends_with_exit_code_1_and_the_name_of_the_callback(path, tmp_path, capsys):
    (tmp_path / "growing.py").write_text(PLUGIN)
    run = tmp_path / "run"
    plugin = tmp_path / "growing.py"
    callbacks = "callbacks=[{type='Mixup'}, {type='Growing'}]"
    assert main(["train", str(path), "-q", "-p", str(plugin), "--set", callbacks, "--out", str(run)]) == 0
    before = {file: file.read_bytes() for file in run.rglob("*") if file.is_file()}
    code, text = output(capsys, run, "-p", plugin, "--cut", 2)
    assert code == 1
    assert "\n  model                      2  2 differ\n" in text
    assert text.splitlines()[-1] == (
        "The resumed training differs from the other one. The first difference is in callbacks.1 (Growing), in step 3, "
        'in the stage "loss". Attributes that differ: `count` (2, and 0 after resuming). Its `state_dict` must return '
        "everything that it depends on, and `load_state_dict` must restore it."
    )
    assert {file: file.read_bytes() for file in run.rglob("*") if file.is_file()} == before


@pytest.mark.parametrize("number", ["0", "-1", "two"])
def test_wrong_numbers_are_refused(path, capsys, number):
    with pytest.raises(SystemExit):
        main(["verify", str(path), f"--cut={number}"])
    assert f"argument --cut: `{number}` is not a positive integer" in capsys.readouterr().err
