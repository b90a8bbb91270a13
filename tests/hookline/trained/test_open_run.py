"""A finished run is opened from its directory alone, or a sentence says why it cannot be."""

import contextlib
import json
import math
import re
import shutil
from pathlib import Path

import pytest
import torch
from run_directories import FILES
from safetensors.torch import load_file
from small_training import SPECS, small
from torch import nn

import hookline
from hookline.cli.main import main
from hookline.errors import HooklineWarning, RunError
from hookline.plugins.sources.local import from_file
from hookline.runs import manifest
from hookline.trained import run_plugins

PLUGIN = """\
import hookline
import torch

@hookline.spec.spec
class Doubled(hookline.spec.ModelSpec):
    \"\"\"A linear layer.\"\"\"

    def build(self, rows):
        return torch.nn.Linear(rows.shape[1], 3)

@hookline.hookimpl
def register_specs():
    return [Doubled]
"""

SMALL = small()

ROWS = torch.linspace(-2, 2, 28).reshape(7, 4)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A training whose data file is deleted afterwards."""
    home = tmp_path_factory.mktemp("trained")
    shutil.copy(SPECS / "data/iris.csv", home)
    data = {"type": "CSV", "path": str(home / "iris.csv"), "targets": "species", "validation": 0.2, "test": 0.2}
    trial = hookline.train(small(data={**data, "standardize": True}, epochs=2), out=home / "runs/small/1")
    (home / "iris.csv").unlink()
    return trial


@pytest.fixture
def home(trained, tmp_path):
    """A copy of the run in another place."""
    return shutil.copytree(trained.directory, tmp_path / "runs/small/1")


def refusal(home, **arguments):
    """The message for a run that cannot be opened or used."""
    with pytest.raises(RunError) as raised:
        use(hookline.open_run(home, **arguments))
    return str(raised.value)


def use(run):
    return run.model, run.criterion, run.history, run.plan, run.data


def change(home, name, old, new):
    """Change a file and its checksum."""
    text = (home / name).read_text()
    assert old in text
    (home / name).write_text(text.replace(old, new, 1))
    manifest.write(home)


def test_a_copied_run_without_its_data_has_everything(trained, home):
    run = hookline.open_run(str(home))
    assert run.spec.model == trained.spec.model
    assert (run.state, run.weights) == ("finished", trained.weights)
    assert run.history == list(trained.history)
    assert run.data.targets == trained.data.targets
    assert run.data.rows == {"training": 90, "validation": 30, "test": 30}
    assert run.model(ROWS).equal(trained.model(ROWS))
    assert not run.model.training
    assert not run.criterion.training
    assert run.metrics == trained.metrics
    assert run.result["logged"] == {}
    assert repr(run) == f"<FinishedRun small: finished, 2 epochs; in {home}>"


def test_opening_a_run_does_not_change_the_random_numbers_of_the_caller(home):
    torch.manual_seed(1)
    first = torch.rand(1)
    torch.manual_seed(1)
    use(hookline.open_run(home))
    assert torch.rand(1) == first


def test_a_metric_that_is_not_a_number_is_nan(home):
    change(home, "result.json", re.search(r'"loss": [0-9.]+', (home / "result.json").read_text())[0], '"loss": null')
    assert math.isnan(hookline.open_run(home).metrics["training/loss"])


# Damaged files.


LISTED = tuple(name for name in FILES if name not in (manifest.NAME, "loss.png"))


def test_the_manifest_lists_every_file_that_is_read(home):
    assert sorted(json.loads((home / manifest.NAME).read_text())["files"]) == sorted([*LISTED, "examples.arrow"])


@pytest.mark.parametrize("name", [*LISTED, manifest.NAME])
def test_a_damaged_file_is_named(name, home, trained):
    content = (home / name).read_bytes()
    damages = [content[:-1], content[: len(content) // 2], b"", content + b"\n", b"\0" * len(content)]
    damages += [
        content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :]
        for position in range(0, len(content), max(1, len(content) // 5))
    ]
    for damaged in damages:
        (home / name).write_bytes(damaged)
        assert refusal(home).startswith(f"{home / name}: The file is damaged"), damaged[:99]
    (home / name).write_bytes(content)
    assert hookline.open_run(home).model(ROWS).equal(trained.model(ROWS))


@pytest.mark.parametrize("name", LISTED)
def test_a_missing_file_is_named(name, home):
    (home / name).unlink()
    assert str(home) in (message := refusal(home))
    assert name in message


def test_swapped_files_are_named(home, tmp_path):
    hookline.train(small(epochs=1), out=tmp_path / "other")
    for name in LISTED:
        other, own = (tmp_path / "other" / name).read_bytes(), (home / name).read_bytes()
        (home / name).write_bytes(other)
        assert refusal(home).startswith(f"{home / name}: The file is damaged")
        (home / name).write_bytes(own)
    (home / "data.json").rename(home / "kept")
    (home / "result.json").rename(home / "data.json")
    (home / "kept").rename(home / "result.json")
    assert "The file is damaged" in refusal(home)


def test_a_directory_in_place_of_a_file_is_named(home):
    for name in LISTED[:-2]:  # A directory without these two is not that of a run.
        (home / name).rename(home / "kept")
        (home / name).mkdir()
        assert name in refusal(home)
        (home / name).rmdir()
        (home / "kept").rename(home / name)


def test_weights_of_another_model_are_refused(home):
    change(home, "spec.toml", "out_features = 3", "out_features = 4")
    assert '"bias" is float32 of shape (3,), but the model of the spec has float32 of shape (4,)' in refusal(home)


def test_weights_that_are_not_finite_cause_a_warning(home):
    change(home, "result.json", '"finite": true', '"finite": false')
    with pytest.warns(HooklineWarning, match="The saved weights are infinite or NaN"):
        use(hookline.open_run(home))


# Other directories.


def test_a_directory_of_runs_names_the_last_one(home):
    shutil.copytree(home, home.with_name("10"))
    last = f"The last one is {home.with_name('10')}."
    assert refusal(home.parent) == f"{home.parent}: This is a directory of runs. {last}"
    assert refusal(home.parents[1]) == f"{home.parents[1]}: This is a directory of runs. {last}"
    missing = home.with_name("11")
    assert refusal(missing) == f"{missing}: There is no such directory. The last run there is {home.with_name('10')}."


def test_other_paths_are_refused(home, tmp_path):
    assert refusal(tmp_path / "none") == f"{tmp_path / 'none'}: There is no such directory."
    (tmp_path / "empty").mkdir()
    assert refusal(tmp_path / "empty").endswith("This is not the directory of a run: it has no spec.toml.")
    shutil.copy(home / "spec.toml", tmp_path / "empty")
    assert refusal(tmp_path / "empty").endswith("This is not the directory of a run: it has no run.lock.toml.")
    assert refusal(home / "spec.toml").endswith(f"not the directory of a run. Pass its directory, {home}.")


def test_a_run_that_has_not_ended_is_reported_with_what_can_be_done(home):
    for name in ("result.json", "manifest.json", "model.safetensors"):
        (home / name).unlink()
    message = refusal(home)
    assert message.startswith(f"{home}: The run has not ended, or its process was killed: there is no result.json")
    assert message.endswith(
        f"Its log has 2 epochs. Wait until it ends, or train it again with `hookline train {home / 'spec.toml'}`."
    )


def test_a_run_that_was_killed_while_it_wrote_its_results_is_reported(home):
    (home / "manifest.json").unlink()
    assert "There is no manifest.json, which is written last: the process was killed" in refusal(home)


def test_a_run_of_an_earlier_version_is_reported(home):
    (home / "manifest.json").unlink()
    (home / "data.json").unlink()
    assert "An earlier version of Hookline wrote this run: it has no data.json" in refusal(home)


def test_a_run_of_a_later_version_is_reported(home, monkeypatch):
    monkeypatch.setattr(manifest, "FORMAT", 2)
    manifest.write(home)
    monkeypatch.undo()
    assert "A newer version of Hookline wrote this run" in refusal(home)


def test_a_run_whose_weights_could_not_be_written_has_none(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError("The disk is full")

    monkeypatch.setattr("hookline.runs.directory.write_weights", fail)
    with pytest.raises(hookline.HooklineError):
        hookline.train(small(epochs=1), out=tmp_path / "run")
    run = hookline.open_run(tmp_path / "run")
    assert run.state == "failed"
    with pytest.raises(RunError, match=r"run: The run has no saved weights\. .*model\.safetensors.*The disk is full"):
        run.model  # noqa: B018


# Devices and types.


def test_a_run_of_a_device_that_this_machine_does_not_have_is_opened_on_another_one(home, trained):
    change(home, "spec.toml", 'device = "auto"', 'device = "cuda:99"')
    run = hookline.open_run(home)
    assert run.model(ROWS.to(run.model.weight.device)).cpu().equal(trained.model(ROWS))


@pytest.mark.parametrize("command", ["predict", "evaluate", "report", "serve", "deploy"])
def test_the_error_of_a_device_that_is_chosen_but_missing_names_the_argument(command, home, monkeypatch, capsys):
    monkeypatch.chdir(home)
    with pytest.raises(hookline.HooklineError, match=r'^device: .*"cuda:98"'):
        hookline.open_run(home, device="cuda:98")
    rows = ["examples.arrow"] if command == "predict" else []
    assert main([command, ".", *rows, "--device", "cuda:98"]) == 2
    assert capsys.readouterr().err.startswith("--device: ")
    assert not Path("report.html").exists()


# Plugins.


@pytest.fixture
def with_plugin(tmp_path):
    """A run of a model from a plugin file that no longer exists."""
    (tmp_path / "doubled.py").write_text(PLUGIN)
    plugin = from_file(tmp_path / "doubled.py")
    spec = hookline.load({**table_of(small(epochs=1)), "model": {"type": "Doubled"}}, plugins=[plugin])
    trial = hookline.train(spec, plugins=[plugin], out=tmp_path / "run")
    (tmp_path / "doubled.py").unlink()
    return trial


def table_of(spec):
    """The table of a spec, with absolute paths."""
    table = hookline.spec.plain(spec, Path())
    return {**table, "data": {**table["data"], "path": str(spec.data.path)}}


def test_a_missing_plugin_file_is_reported_with_the_way_to_pass_it(with_plugin):
    home = with_plugin.directory
    copy = home / "plugins/doubled.py"
    message = refusal(home)
    assert message.startswith(f"{home}: The run used the plugin file doubled.py. Code in a run directory is never run")
    assert f"`-p {copy}`" in message
    run = hookline.open_run(home, plugins=[from_file(copy)])
    assert run.model(ROWS).equal(with_plugin.model(ROWS))


def test_changed_code_of_a_plugin_causes_a_warning(with_plugin):
    copy = with_plugin.directory / "plugins/doubled.py"
    copy.write_text(f"{PLUGIN}\nMORE = 1\n")
    manifest.write(with_plugin.directory)
    with pytest.warns(HooklineWarning, match='The code of the plugin "doubled" has changed since the training'):
        hookline.open_run(with_plugin.directory, plugins=[from_file(copy)])


class Shifting:
    """A plugin that changes the outputs."""

    @hookline.hookimpl(wrapper=True)
    def forward(self):
        outputs = yield
        return outputs + 1


def test_an_object_is_needed_if_it_implements_a_stage_of_a_finished_run(tmp_path):
    watching = hookline.before("log", lambda run: None)
    hookline.train(small(epochs=1), plugins=[watching], out=tmp_path / "watched")
    use(hookline.open_run(tmp_path / "watched"))
    hookline.train(small(epochs=1), plugins=[Shifting()], out=tmp_path / "shifted")
    assert 'The run used the object or module "Shifting" as a plugin: pass it' in refusal(tmp_path / "shifted")
    use(hookline.open_run(tmp_path / "shifted", plugins=[Shifting()]))


INSTALLED = """
[[plugins]]
name = "focal"
distribution = "hookline-focal"
version = "1.2"
fingerprint = "0"
"""


def test_a_plugin_that_is_not_installed_is_reported_with_what_to_install(home):
    change(home, "run.lock.toml", "\n[[plugins]]", f"{INSTALLED}\n[[plugins]]")
    assert refusal(home) == (
        f'{home}: The run used the plugin "focal", which is not installed. Install what it used with '
        f'`pip install "hookline-focal==1.2"`.'
    )


def test_another_version_of_an_installed_plugin_is_an_error_that_can_be_accepted(home, monkeypatch, capsys):
    change(home, "run.lock.toml", "\n[[plugins]]", f"{INSTALLED}\n[[plugins]]")
    usual = run_plugins.version
    monkeypatch.setattr(run_plugins, "version", lambda name: "2.0" if name == "hookline-focal" else usual(name))
    message = refusal(home)
    assert message == (
        f'{home}: The run used version 1.2 of the plugin "focal", but 2.0 is installed. Another version may predict '
        f'something else. Install what the run used with `pip install "hookline-focal==1.2"`, or accept the change '
        f"with `--accept-changed-plugins`, in Python with `hookline.open_run(..., accept_changed_plugins=True)`."
    )
    command = ["predict", str(home), str(SPECS / "data/iris.csv")]
    assert main(command) == 2
    assert message in capsys.readouterr().err
    assert main([*command, "--accept-changed-plugins"]) == 0
    use(hookline.open_run(home, accept_changed_plugins=True))


def test_another_version_of_hookline_causes_a_warning_with_both(home):
    here = hookline.open_run(home).plan["environment"]["hookline"]
    text = (home / "run.lock.toml").read_text()
    old = re.search(r'name = "hookline"\ndistribution = "hookline"\nversion = "[^"]*"', text)[0]
    change(home, "run.lock.toml", old, old.replace(f'version = "{here}"', 'version = "0.0.7"'))
    with pytest.warns(HooklineWarning, match=rf"trained with Hookline 0\.0\.7; this is Hookline {here}\.") as warned:
        use(hookline.open_run(home))
    assert warned[0].message.diagnostic.id == "changed-plugin"


# Files with a right checksum and other content.


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("result.json", lambda table: table.pop("weights")),
        ("result.json", lambda table: table.update(state="done")),
        ("result.json", lambda table: table.update(metrics=[])),
        ("result.json", lambda table: table["weights"].update(epoch="2")),
        ("result.json", lambda table: table["metrics"].update(test={"loss": "0.1"})),
        ("data.json", lambda table: table.pop("inputs")),
        ("data.json", lambda table: table["inputs"].update(input=3)),
        ("data.json", lambda table: table["inputs"]["input"].update(dtype="manual_seed")),
        ("data.json", lambda table: table["inputs"]["input"].update(shape=[-1])),
        ("data.json", lambda table: table["inputs"]["input"].update(shape=[2**62, 2**62])),
        ("data.json", lambda table: table["targets"].update(target=[])),
    ],
)
def test_another_content_is_refused(name, change, home):
    table = json.loads((home / name).read_text())
    change(table)
    (home / name).write_text(json.dumps(table))
    manifest.write(home)
    assert refusal(home).startswith(f"{home / name}: The file cannot be used: it does not have the expected content (")


@pytest.mark.parametrize("name", ["result.json", "data.json", "metrics.jsonl"])
@pytest.mark.parametrize("content", [b"[]", b"3", b"\xff", b"{", b"[" * 10**5, b"{}x"])
def test_a_file_that_is_no_table_is_refused(name, content, home):
    (home / name).write_bytes(content)
    manifest.write(home)
    if (name, content) == ("metrics.jsonl", b"[]"):
        assert hookline.open_run(home).history == [{}]
    else:
        assert refusal(home).startswith(f"{home / name}: The file cannot be used")


# How the training ended.


class Ended:
    """Ends a training in the second epoch."""

    def __init__(self, end):
        self.end = end

    @hookline.hookimpl(wrapper=True)
    def step(self, run):
        if run.epoch == 2:
            self.end(run)
        return (yield)


def fail(_):
    raise RuntimeError("No more.")


@pytest.mark.parametrize(
    ("state", "end"),
    [
        ("finished", lambda run: None),
        ("stopped", lambda run: run.stop("Enough.")),
        ("interrupted", lambda run: run.interrupt()),
        ("failed", fail),
    ],
)
@pytest.mark.parametrize("callbacks", [[], [{"type": "EarlyStopping", "patience": 9}]], ids=["last", "best"])
def test_however_the_training_ended_its_weights_are_used_and_its_metrics_are_theirs(callbacks, state, end, tmp_path):
    made = small(*callbacks, data={**table_of(SMALL)["data"], "test": 0.2}, epochs=3)
    with contextlib.suppress(hookline.Interrupted, hookline.HooklineError):
        hookline.train(made, plugins=[Ended(end)], out=tmp_path / "run")
    finished = hookline.open_run(tmp_path / "run")
    saved = load_file(tmp_path / "run/model.safetensors")
    assert finished.state == state
    assert finished.weights.source == ("EarlyStopping" if callbacks else "last step")
    assert finished.model(ROWS).equal(nn.functional.linear(ROWS, saved["weight"], saved["bias"]))
    with finished.opened() as run:
        for split, batches in finished.prepared_data(run).splits().items():
            known = finished.result["metrics"].get(split)
            if known is not None:
                outputs = nn.functional.linear(batches.all.input, saved["weight"], saved["bias"])
                loss = nn.functional.cross_entropy(outputs.double(), batches.all.target)
                assert known["loss"] == pytest.approx(float(loss), rel=1e-6)
    expected = {"validation"} if state == "failed" and callbacks else {"validation", "test"}
    expected |= {"training"} if state != "failed" else set()
    assert set(finished.result["metrics"]) == (set() if state == "failed" and not callbacks else expected)
