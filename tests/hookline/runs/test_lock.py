import os
import shutil

import pytest
import tomli
from small_training import SPECS

import hookline
from hookline import HooklineError
from hookline.cli.main import main
from hookline.errors import LockError
from hookline.plugins.manager import Plugins
from hookline.plugins.sources.fingerprint import fingerprint
from hookline.plugins.sources.local import from_file
from hookline.runs.fingerprint import _of_batches
from hookline.runs.lock import read

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
    """A directory with a spec, its data and a plugin file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "spec.toml").write_text(SPEC)
    (tmp_path / "mine.py").write_text(MINE)
    shutil.copy(SPECS / "data/iris.csv", tmp_path)
    return tmp_path


@pytest.fixture
def run(here):
    """A training with the plugin file."""
    hookline.train(hookline.load("spec.toml"), plugins=[from_file("mine.py")], out="run")
    return here / "run"


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def again(*words, plugin="mine.py"):
    own = [] if plugin is None else ["-p", plugin]
    return main(["train", "--locked", "run", "--out", "again", "-q", *own, *words])


def reported(capsys):
    """The reported changes, as sentences."""
    first, *changes = capsys.readouterr().err.splitlines()
    assert first == "run cannot be reproduced:  [lock-mismatch]"
    return [change.strip() for change in changes]


def test_a_repeated_run_has_the_same_bits(run, here, capsys):
    assert main(["train", "--locked", "run", "--out", "again", "-p", "mine.py"]) == 0
    assert capsys.readouterr().out.endswith("All bits equal those of run.\n")
    for name in ("model.safetensors", "metrics.jsonl", "spec.toml", "run.lock.toml"):
        assert (here / "again" / name).read_bytes() == (run / name).read_bytes()


def test_the_copy_in_the_run_directory_can_replace_the_file(run, here):
    (here / "mine.py").unlink()
    assert again(plugin="run/plugins/mine.py") == 0


def test_the_lock_lists_what_the_run_depends_on(run):
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
        {"plugin": "mine", "release": "mine.py", "is_wrapper": True, "limits": ""},
        {"plugin": "hookline_stages", "release": "hookline 0.1.0", "is_wrapper": False, "limits": ""},
    ]
    assert (lock["seed"], lock["epochs"], lock["steps_per_epoch"]) == (0, 2, 5)


def test_the_display_of_the_command_line_is_not_part_of_the_run(here):
    assert main(["train", "spec.toml", "--out", "shown"]) == 0
    assert main(["train", "spec.toml", "--out", "quiet", "-q"]) == 0
    assert (here / "shown/run.lock.toml").read_text() == (here / "quiet/run.lock.toml").read_text()


@pytest.mark.parametrize(
    ("file", "old", "new", "change"),
    [
        ("run/spec.toml", "lr = 0.01", "lr = 0.02", "The spec differs from the one that was trained."),
        ("iris.csv", "5.1", "5.3", "The data has changed."),
        ("mine.py", "2 * (yield)", "3 * (yield)", 'The code of the plugin "mine" has changed.'),
        ("run/run.lock.toml", 'torch = "2.', 'torch = "1.', "torch was 1."),
        ("run/run.lock.toml", "machine = ", 'machine = "abacus"\nwas = ', "The machine was abacus; now it is "),
        ("run/run.lock.toml", "python = ", 'python = "3.1"\nwas = ', "Python was 3.1; now it is 3."),
        (
            "run/run.lock.toml",
            'version = "0.1.0"',
            'version = "0.0.9"',
            'The version of the plugin "hookline" was 0.0.9; now it is',
        ),
    ],
)
def test_a_change_is_reported_and_nothing_is_trained(run, here, capsys, file, old, new, change):
    edit(here / file, old, new)
    assert again() == 2
    changes = reported(capsys)
    assert any(one.startswith(change) for one in changes), changes
    assert not (here / "again").exists()


def test_all_changes_are_reported_together(run, here, capsys):
    edit(run / "spec.toml", "seed = 0", "seed = 1")
    edit(here / "iris.csv", "5.1", "5.3")
    edit(here / "mine.py", "2 * (yield)", "3 * (yield)")
    assert again() == 2
    assert reported(capsys) == [
        "The spec differs from the one that was trained.",
        'The code of the plugin "mine" has changed.',
        "The data has changed.",
    ]


def test_a_missing_or_additional_plugin_is_reported(run, here, capsys):
    assert again(plugin=None) == 2
    assert reported(capsys) == ['The plugin "mine" is no longer used: pass the file mine.py with -p.']
    (here / "other.py").write_text(MINE)
    assert again("-p", "other.py") == 2
    assert reported(capsys) == ['The plugin "other" is used, but was not before.']


def test_an_irrelevant_change_is_not_reported(run, here):
    (here / "iris.csv").write_text((here / "iris.csv").read_text() + "\n")
    assert again() == 0


def test_the_python_interface_reports_the_same(run, here):
    spec = hookline.load("run/spec.toml")
    trial = hookline.train(spec, plugins=[from_file("mine.py")], out="again", locked="run")
    assert (trial.directory / "model.safetensors").read_bytes() == (run / "model.safetensors").read_bytes()
    with pytest.raises(LockError) as caught:
        hookline.train(spec, out="third", locked="run")
    assert caught.value.changes == ('The plugin "mine" is no longer used: pass the file mine.py with -p.',)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            None,
            "run/run.lock.toml cannot be read: No such file or directory. Pass a run directory, which contains this file.",
        ),
        ("spec = ", "run/run.lock.toml has been changed: Invalid value (at end of document)."),
        ("format = 2\nspec = 3", "run/run.lock.toml has been changed: `spec` has another type."),
    ],
)
def test_an_edited_lock_is_reported(run, here, text, message):
    path = run / "run.lock.toml"
    path.unlink() if text is None else path.write_text(text)
    with pytest.raises(HooklineError) as caught:
        hookline.train(hookline.load("run/spec.toml"), out="again", locked="run")
    assert str(caught.value) == message
    assert not (here / "again").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["train"], "Pass either a spec, or a run to repeat: `--locked runs/iris/1`."),
        (["train", "spec.toml", "--locked", "run"], "Pass either a spec, or a run to repeat"),
        (["train", "--locked", "spec.toml"], "spec.toml is not a run directory, such as runs/iris/1."),
        (["train", "--locked", "run", "--set", "run.seed=3"], "`--locked` repeats a run unchanged: remove `--set`"),
    ],
)
def test_a_run_that_cannot_be_repeated_is_reported(run, capsys, words, message):
    assert main(words) == 2
    assert capsys.readouterr().err.startswith(message)


ADDING = MINE.replace("2 * (yield)", "1 + (yield)")


def test_the_order_of_plugins_is_part_of_a_run(here, capsys):
    (here / "add.py").write_text(ADDING)
    assert main(["train", "spec.toml", "-q", "--out", "run", "-p", "mine.py", "-p", "add.py"]) == 0
    words = ["train", "--locked", "run", "--out", "again", "-q"]
    assert main([*words, "-p", "add.py", "-p", "mine.py"]) == 2
    assert reported(capsys) == [
        'In the stage "loss" the call order was "mine" then "add"; now it is "add" then "mine".'
    ]
    assert main([*words, "-p", "mine.py", "-p", "add.py"]) == 0


HELPED = """
from hookline import hookimpl
from helper import FACTOR
from parts.inner import SUM


@hookimpl(wrapper=True)
def loss():
    return FACTOR * (yield) + SUM
"""


@pytest.fixture
def helped(here):
    """A training with a file that imports files from its directory, one of which imports another."""
    (here / "mine.py").write_text(HELPED)
    (here / "helper.py").write_text("from other import TWO\n\nFACTOR = 2 * TWO\n")
    (here / "other.py").write_text("TWO = 2\n")
    (here / "unused.py").write_text("x = 1\n")
    (here / "parts").mkdir()
    (here / "parts/__init__.py").write_text("")
    (here / "parts/inner.py").write_text("SUM = 1\n")
    assert main(["train", "spec.toml", "-q", "--out", "run", "-p", "mine.py"]) == 0
    return here


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [("helper.py", "2 *", "3 *"), ("other.py", "TWO = 2", "TWO = 3"), ("parts/inner.py", "SUM = 1", "SUM = 3")],
)
def test_a_file_imported_from_the_same_directory_is_part_of_a_plugin(helped, capsys, file, old, new):
    edit(helped / "unused.py", "1", "2")
    assert again() == 0
    edit(helped / file, old, new)
    assert main(["train", "--locked", "run", "--out", "third", "-q", "-p", "mine.py"]) == 2
    assert reported(capsys) == ['The code of the plugin "mine" has changed.']


def test_the_copy_in_the_run_directory_includes_imported_files_and_runs(helped):
    copied = helped / "run/plugins"
    assert sorted(path.relative_to(copied).as_posix() for path in copied.rglob("*.py")) == [
        "helper.py",
        "mine.py",
        "other.py",
        "parts/__init__.py",
        "parts/inner.py",
    ]
    for name in ("mine.py", "helper.py", "other.py", "parts/inner.py"):
        (helped / name).unlink()
    assert again(plugin="run/plugins/mine.py") == 0


def test_imported_files_with_the_same_name_are_kept_separate(helped):
    (helped / "elsewhere").mkdir()
    (helped / "elsewhere/second.py").write_text(HELPED.replace("from parts.inner import SUM", "SUM = 0"))
    (helped / "elsewhere/helper.py").write_text("FACTOR = 5\n")
    plugins = [from_file("mine.py"), from_file("elsewhere/second.py")]
    assert [module.FACTOR for module in plugins] == [4, 5]
    hookline.train(hookline.load("spec.toml"), plugins=plugins, out="both")
    assert (helped / "both/plugins/helper.py").read_text() == (helped / "helper.py").read_text()
    assert (helped / "both/plugins/2/helper.py").read_text() == "FACTOR = 5\n"


def test_the_function_of_a_short_form_is_part_of_a_run(here):
    def double(run):
        run.seen = 2

    def triple(run):
        run.seen = 3

    triple.__name__ = "double"
    first = [fingerprint(hookline.before("step", function)) for function in (double, triple, lambda: 1, lambda: 2)]
    assert len(set(first)) == 4
    assert [fingerprint(hookline.before("step", function)) for function in (double, triple)] == first[:2]
    spec = hookline.load("spec.toml")
    hookline.train(spec, plugins=[hookline.before("step", lambda run: None)], out="run")
    with pytest.raises(LockError):
        hookline.train(spec, plugins=[hookline.before("step", lambda run: 3)], out="again", locked="run")


def test_a_whole_installed_package_is_part_of_a_run(here, monkeypatch):
    package = here / "site/hookline_pk"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "callbacks.py").write_text(MINE)
    (package / "plugin.py").write_text("from hookline_pk.callbacks import loss\n")
    (here / "site/beside.py").write_text("x = 1\n")
    information = here / "site/hookline_pk-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: hookline-pk\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text("[hookline]\npk = hookline_pk.plugin\n")
    (information / "RECORD").write_text("hookline_pk/plugin.py,,\nbeside.py,,\nhookline_pk-1.0.dist-info/METADATA,,\n")
    monkeypatch.syspath_prepend(here / "site")
    [(origin, plugin)] = Plugins(["pk"]).added
    first = fingerprint(plugin, origin.distribution)
    assert fingerprint(plugin, origin.distribution) == first
    edit(package / "callbacks.py", "2 * (yield)", "3 * (yield)")
    second = fingerprint(plugin, origin.distribution)
    edit(here / "site/beside.py", "1", "2")
    assert len({first, second, fingerprint(plugin, origin.distribution)}) == 3


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["metrics.jsonl"], '"metrics.jsonl" differs from run'),
        (["model.safetensors", "metrics.jsonl"], '"model.safetensors" and "metrics.jsonl" differ from run'),
    ],
)
def test_different_bits_are_reported(run, capsys, names, said):
    for name in names:
        (run / name).write_bytes(b"other")
    assert again() == 1
    assert capsys.readouterr().err == f"{said}, although nothing in the lock has changed.\n"


GOOD = 'format = 2\nspec = "a"\ndata = "b"\nplugins = [{ name = "p", fingerprint = "f" }]\n[environment]\npython = "3"\n[stages]\nfit = [{ plugin = "x" }]\n[files]\n'


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('spec = "a"', "spec = 1", "`spec` has another type"),
        ('data = "b"', 'data = ["b"]', "`data` has another type"),
        ('data = "b"', "", "`data` is missing"),
        ('[{ name = "p", fingerprint = "f" }]', "{}", "`plugins` has another type"),
        ('[{ name = "p", fingerprint = "f" }]', "[1]", "`plugins` has another type"),
        ('{ name = "p", fingerprint = "f" }', '{ name = 1, fingerprint = "f" }', "`plugins` has another type"),
        ('{ name = "p", fingerprint = "f" }', '{ name = "p" }', "a plugin has no name or no fingerprint"),
        ('python = "3"', "python = 3.5", "`environment` has another type"),
        ('python = "3"', "python = { a = 1 }", "`environment` has another type"),
        ('fit = [{ plugin = "x" }]', 'fit = "x"', "`stages` has another type"),
        ('fit = [{ plugin = "x" }]', "fit = [1]", "`stages` has another type"),
        ('fit = [{ plugin = "x" }]', "fit = [[]]", "`stages` has another type"),
        ('fit = [{ plugin = "x" }]', 'fit = ["x"]', "`stages` has another type"),
        ('fit = [{ plugin = "x" }]', "fit = [{}]", "an implementation of a stage has no plugin"),
        ("[files]", "", "`files` is missing"),
    ],
)
def test_a_lock_with_wrong_types_is_reported_in_one_sentence(tmp_path, old, new, message):
    path = tmp_path / "run.lock.toml"
    path.write_text(GOOD)
    assert read(tmp_path)["data"] == "b"
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(HooklineError) as caught:
        read(tmp_path)
    assert str(caught.value) == f"{path} has been changed: {message}."


@pytest.mark.parametrize("number", ["", "format = 1\n", 'format = "2"\n'])
def test_a_lock_in_another_format_is_refused(tmp_path, number):
    path = tmp_path / "run.lock.toml"
    path.write_text(GOOD.replace("format = 2\n", number))
    with pytest.raises(HooklineError) as caught:
        read(tmp_path)
    assert str(caught.value) == (
        f"{path} is not in the format of this version of Hookline: train the spec again to write a new lock."
    )


@pytest.mark.parametrize(
    "content", [b"a = " + b"9" * 5000, b"\xff", b"a = 1\na = 2", b"a = " + b"[" * 2000 + b"]" * 2000, bytes(2**24 + 1)]
)
def test_an_invalid_lock_is_reported_in_one_sentence(tmp_path, content):
    (tmp_path / "run.lock.toml").write_bytes(content)
    with pytest.raises(HooklineError, match="has been changed: "):
        read(tmp_path)


def test_an_endless_lock_is_not_read(tmp_path):
    path = tmp_path / "run.lock.toml"
    os.mkfifo(path)
    with pytest.raises(HooklineError, match=r"run\.lock\.toml is not a file\.$"):
        read(tmp_path)
    path.unlink()
    path.symlink_to("/dev/zero")
    with pytest.raises(HooklineError, match=r"run\.lock\.toml is not a file\.$"):
        read(tmp_path)


TUNED = """
from attrs import evolve
from hookline import hookimpl

RATES = [0.0, 0.01, 0.0001]


@hookimpl
def tune(run, trials):
    if len(trials) < len(RATES):
        return evolve(run.spec, optimizer=evolve(run.spec.optimizer, lr=RATES[len(trials)]))
"""


@pytest.fixture
def tuned(here):
    """A run of three trials; the second is the best."""
    (here / "tuned.py").write_text(TUNED)
    edit(here / "spec.toml", "lr = 0.01", "lr = 0.0")
    best = hookline.train(hookline.load("spec.toml"), plugins=[from_file("tuned.py")], out="run")
    assert best.directory.name == "trial-2"
    return here


def test_each_trial_of_a_tuned_run_is_compared_with_itself(tuned, capsys):
    assert main(["train", "--locked", "run", "--out", "again", "-p", "tuned.py"]) == 0
    assert capsys.readouterr().out.endswith("All bits equal those of run.\n")
    other = tuned / "run" / "trial-3" / "metrics.jsonl"
    edit(other, '"epoch": 2', '"epoch":  2')
    assert main(["train", "--locked", "run", "--out", "more", "-q", "-p", "tuned.py"]) == 1
    assert capsys.readouterr().err == (
        '"trial-3/metrics.jsonl" differs from run, although nothing in the lock has changed.\n'
    )


READING = '''
"""Reads files."""

from pathlib import Path

from hookline import hookimpl
from hookline.spec import CallbackSpec, LayerSpec, spec

VERSION = "1"


@hookimpl
def register_specs():
    return [Reading, Scaled]


@spec
class Reading(CallbackSpec):
    """Reads a file and a folder, and writes another file."""

    file: Path
    """A file."""
    folders: tuple[Path, ...] = ()
    """Folders."""
    written: Path | None = None
    """What it writes."""

    @property
    def writes_to(self):
        return (str(self.written),)

    def fingerprints(self):
        return {"version": Path("version").read_text()}

    @hookimpl(wrapper=True)
    def log(self):
        if self.written is not None:
            self.written.write_text("more" + self.written.read_text())
        return (yield)


@spec
class Scaled(LayerSpec):
    """Multiplies by what stands in a file."""

    file: Path
    """The file."""

    def build(self, inputs):
        from torch import nn

        return nn.Identity()
'''


@pytest.fixture
def reading(here):
    """A run whose callback and layer read files."""
    for name in ("read", "scale", "written", "version"):
        (here / name).write_text("1")
    (here / "folder" / "inner").mkdir(parents=True)
    (here / "folder" / "inner" / "file").write_text("1")
    (here / "reading.py").write_text(READING)
    edit(here / "spec.toml", '{type = "Dropout"}', '{type = "Scaled", file = "scale"}')
    text = (here / "spec.toml").read_text()
    callback = '[[callbacks]]\ntype = "Reading"\nfile = "read"\nfolders = ["folder"]\nwritten = "written"\n'
    (here / "spec.toml").write_text(text + callback)
    assert main(["train", "spec.toml", "--out", "run", "-q", "-p", "reading.py"]) == 0
    return here


@pytest.mark.parametrize(
    ("file", "change"),
    [
        ("read", "The data that callbacks[0].file reads has changed."),
        ("scale", "The data that model.layers[1].file reads has changed."),
        ("folder/inner/file", "The data that callbacks[0].folders[0] reads has changed."),
        ("version", "The data that callbacks[0] (version) reads has changed."),
        ("written", None),
    ],
)
def test_files_that_components_read_are_part_of_a_run_and_files_they_write_are_not(reading, capsys, file, change):
    (reading / file).write_text("2")
    assert again(plugin="reading.py") == (0 if change is None else 2)
    assert change is None or reported(capsys) == [change]


def test_a_missing_input_file_is_reported(reading, capsys):
    (reading / "scale").unlink()
    assert again(plugin="reading.py") == 2
    assert reported(capsys) == ["The data that model.layers[1].file reads is missing."]


STREAM = '''
"""A stream of batches, none of which is held in memory."""

from pathlib import Path

import torch
from attrs import evolve

from hookline import hookimpl
from hookline.data import Batch


class Stream:
    rows = 6

    def __len__(self):
        return 3

    def epoch(self, number, start=0):
        for line in Path("stream").read_text().split()[start:]:
            torch.rand(1)
            yield Batch({"input": torch.full((2, 4), float(line))}, {"target": torch.tensor([0, 1])})


@hookimpl(wrapper=True)
def prepare_data():
    return evolve((yield), training=Stream())
'''


def test_all_batches_of_a_stream_are_part_of_a_run(here, capsys):
    (here / "stream").write_text("1 2 3")
    (here / "stream.py").write_text(STREAM)
    assert main(["train", "spec.toml", "--out", "run", "-q", "-p", "stream.py"]) == 0
    assert again(plugin="stream.py") == 0
    (here / "stream").write_text("1 2 4")
    assert main(["train", "--locked", "run", "--out", "more", "-q", "-p", "stream.py"]) == 2
    assert reported(capsys) == ["The data has changed."]


def test_batches_with_their_own_fingerprint_are_not_read():
    class Large:
        rows = 10**12

        def fingerprint(self):
            return "that of its files"

    assert _of_batches(Large()) == "that of its files"
