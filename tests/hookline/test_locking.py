import shutil

import pytest
import tomli

import hookline
from hookline import HooklineError, LockError
from hookline.command_line import main
from hookline.plugin_files import from_file
from small_training import SPECS

SPEC = """
[data]
type = "CSV"
path = "iris.csv"
targets = "species"
standardize = true

[model]
type = "Sequential"
layers = [{type = "Linear", out_features = 8}, {type = "Dropout"}, {type = "Linear", out_features = 3}]

[loss]
type = "CrossEntropyLoss"

[optimizer]
type = "Adam"
lr = 0.01

[run]
name = "small"
epochs = 2
device = "cpu"
"""

MINE = '''
"""Doubles the loss."""

from hookline import hookimpl


@hookimpl(wrapper=True)
def loss():
    """Twice as much."""
    return 2 * (yield)
'''


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A directory with a spec, its data and a person's own file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "spec.toml").write_text(SPEC)
    (tmp_path / "mine.py").write_text(MINE)
    shutil.copy(SPECS / "data/iris.csv", tmp_path)
    return tmp_path


@pytest.fixture
def run(here):
    """A training with the person's own file."""
    hookline.train(hookline.load("spec.toml"), plugins=[from_file("mine.py")], out="run")
    return here / "run"


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def again(*words, plugin="mine.py"):
    own = [] if plugin is None else ["-p", plugin]
    return main(["train", "--locked", "run", "--out", "again", "-q", *own, *words])


def told(capsys):
    """What has changed, each as a sentence."""
    first, *changes = capsys.readouterr().err.splitlines()
    assert first == "run cannot be trained again as it was:"
    return [change.strip() for change in changes]


def test_a_run_that_is_trained_again_has_the_same_bits(run, here, capsys):
    assert main(["train", "--locked", "run", "--out", "again", "-p", "mine.py"]) == 0
    assert capsys.readouterr().out.endswith("Every bit is that of run.\n")
    for name in ("model.safetensors", "metrics.jsonl", "spec.toml", "run.lock.toml"):
        assert (here / "again" / name).read_bytes() == (run / name).read_bytes()


def test_the_copy_in_the_run_directory_will_do_for_the_file(run, here):
    (here / "mine.py").unlink()
    assert again(plugin="run/plugins/mine.py") == 0


def test_the_lock_says_what_the_run_was_made_of(run):
    lock = tomli.loads((run / "run.lock.toml").read_text())
    assert lock["components"] == {
        "data": ["CSV"],
        "model": ["Sequential"],
        "loss": ["CrossEntropyLoss"],
        "optimizer": ["Adam"],
    }
    assert [plugin["name"] for plugin in lock["plugins"]] == ["hookline", "mine"]
    assert lock["plugins"][1]["file"] == "mine.py"
    assert lock["stages"]["loss"] == [
        "mine (mine.py, wraps)",
        "hookline_stages (hookline 0.1.0, answers)",
    ]
    assert (lock["seed"], lock["epochs"], lock["steps_per_epoch"]) == (0, 2, 5)


def test_the_display_of_the_command_line_is_no_part_of_the_run(here):
    assert main(["train", "spec.toml", "--out", "shown"]) == 0
    assert main(["train", "spec.toml", "--out", "quiet", "-q"]) == 0
    assert (here / "shown/run.lock.toml").read_text() == (here / "quiet/run.lock.toml").read_text()


@pytest.mark.parametrize(
    ("file", "old", "new", "change"),
    [
        ("run/spec.toml", "lr = 0.01", "lr = 0.02", "The spec is not the one that was trained."),
        ("iris.csv", "5.1", "5.3", "The data is not what it was trained on."),
        ("mine.py", "2 * (yield)", "3 * (yield)", 'The code of the plugin "mine" has changed.'),
        ("run/run.lock.toml", 'torch = "2.', 'torch = "1.', "torch was 1."),
        ("run/run.lock.toml", "machine = ", 'machine = "abacus"\nwas = ', "The machine was abacus, and it is "),
        ("run/run.lock.toml", "python = ", 'python = "3.1"\nwas = ', "Python was 3.1, and it is 3."),
        ("run/run.lock.toml", 'version = "0.1.0"', 'version = "0.0.9"', 'The plugin "hookline" was 0.0.9, and it is'),
    ],
)
def test_what_has_changed_is_told_and_nothing_is_trained(run, here, capsys, file, old, new, change):
    edit(here / file, old, new)
    assert again() == 2
    changes = told(capsys)
    assert any(one.startswith(change) for one in changes), changes
    assert not (here / "again").exists()


def test_all_that_has_changed_is_told_at_once(run, here, capsys):
    edit(run / "spec.toml", "seed = 0", "seed = 1")
    edit(here / "iris.csv", "5.1", "5.3")
    edit(here / "mine.py", "2 * (yield)", "3 * (yield)")
    assert again() == 2
    assert told(capsys) == [
        "The spec is not the one that was trained.",
        'The code of the plugin "mine" has changed.',
        "The data is not what it was trained on.",
    ]


def test_a_plugin_that_is_missing_or_more_is_told(run, here, capsys):
    assert again(plugin=None) == 2
    assert told(capsys) == ['The plugin "mine" was used, and it is not: give the file mine.py with -p.']
    (here / "other.py").write_text(MINE)
    assert again("-p", "other.py") == 2
    assert told(capsys) == ['The plugin "other" is used, and it was not.']


def test_a_change_that_makes_no_difference_is_none(run, here):
    (here / "iris.csv").write_text((here / "iris.csv").read_text() + "\n")
    assert again() == 0


def test_from_python_it_is_the_same(run, here):
    spec = hookline.load("run/spec.toml")
    trial = hookline.train(spec, plugins=[from_file("mine.py")], out="again", locked="run")
    assert (trial.directory / "model.safetensors").read_bytes() == (run / "model.safetensors").read_bytes()
    with pytest.raises(LockError) as caught:
        hookline.train(spec, out="third", locked="run")
    assert caught.value.changes == ('The plugin "mine" was used, and it is not: give the file mine.py with -p.',)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "run/run.lock.toml cannot be read: No such file or directory. It is in the directory of a run."),
        ("spec = ", "run/run.lock.toml is not as it was written: Invalid value (at end of document)."),
        ("spec = 3", "run/run.lock.toml is not as it was written: something is missing."),
    ],
)
def test_a_lock_that_is_not_as_it_was_written_is_told(run, here, text, message):
    path = run / "run.lock.toml"
    path.unlink() if text is None else path.write_text(text)
    with pytest.raises(HooklineError) as caught:
        hookline.train(hookline.load("run/spec.toml"), out="again", locked="run")
    assert str(caught.value) == message
    assert not (here / "again").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["train"], "Give either a spec, or a run that is to be trained again: `--locked runs/iris/1`."),
        (["train", "spec.toml", "--locked", "run"], "Give either a spec, or a run that is to be trained again"),
        (["train", "--locked", "spec.toml"], "spec.toml is not the directory of a run, such as runs/iris/1."),
        (["train", "--locked", "run", "--set", "run.seed=3"], "A run is trained again as it was, without `--set`"),
    ],
)
def test_what_cannot_be_trained_again_is_told(run, capsys, words, message):
    assert main(words) == 2
    assert capsys.readouterr().err.startswith(message)
