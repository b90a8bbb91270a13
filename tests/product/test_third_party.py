"""Third-party distributions, built as wheels and installed by pip into a fresh environment, work with every command."""

import contextlib
import importlib
import json
import math
import os
import re
import subprocess
import sysconfig
import tomllib
import venv
from collections import Counter
from pathlib import Path

import forked
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

DISTRIBUTIONS = Path(__file__).parents[1] / "third_party"
SPECS = Path(__file__).parents[2] / "specs"

FOCAL = f"""
plugins = ["focal>=1.2", "lion"]

[run]
epochs = 3

[data]
type = "CSV"
path = "{SPECS / "data/iris.csv"}"
targets = "species"
batch_size = 50
shuffle = false

[model]
type = "Linear"
out_features = 3

[loss]
type = "FocalLoss"
gamma = 1.5

[optimizer]
type = "Lion"
lr = 0.01
weight_decay = 0.1

[[callbacks]]
type = "WarmupCosine"
warmup = 0.25
"""

WAVES = """
plugins = ["waves"]
run = {epochs = 2}
model = {type = "Linear", out_features = 1}
loss = {type = "MSELoss"}
optimizer = {type = "SGD", lr = 0.01}

[data]
type = "Waves"
waves = [{type = "Sine", frequency = 0.5}, {type = "Sawtooth", period = 2}]

[[callbacks]]
type = "GreatestLoss"
"""


def started(*command, **options):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, **options)


def run(*command, **options):
    done = started(*command, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def wheel(distribution, directory):
    """The wheel of a distribution, built with its own build backend, which pip would call in a process of its own."""
    described = tomllib.loads((distribution / "pyproject.toml").read_text())
    backend = importlib.import_module(described["build-system"]["build-backend"])
    directory.mkdir()
    with contextlib.chdir(distribution):
        return directory / backend.build_wheel(str(directory))


class Environment:
    """A fresh environment that sees the packages of this one and installs the given wheels or directories."""

    def __init__(self, directory):
        venv.create(directory, symlinks=True)
        self.python = directory / "bin" / "python"
        packages = Path(run(self.python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
        (packages / "outer.pth").write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")
        self.packages = packages
        self.processes = forked.Python(self.python)

    def install(self, *sources):
        pip = (self.python, "-m", "pip", "--disable-pip-version-check")
        run(*pip, "install", "--no-build-isolation", "--no-deps", "--no-index", "-q", *sources)

    def hookline(self, *arguments, cwd):
        done = self.processes.run("-m", "hookline", *arguments, cwd=cwd)
        return done.returncode, done.stdout, done.stderr

    def pytest(self, *arguments, cwd):
        environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # Importing those takes a second.
        done = self.processes.run("-m", "pytest", "-p", "no:cacheprovider", *arguments, cwd=cwd, env=environment)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """Creates environments."""
    made = []

    def environment():
        made.append(Environment(tmp_path_factory.mktemp("environment")))
        return made[-1]

    yield environment
    for one in made:
        one.processes.stop()


@pytest.fixture(scope="module")
def installed(environment, tmp_path_factory):
    """The environment with all three distributions."""
    made, wheels = environment(), tmp_path_factory.mktemp("wheels")
    made.install(*(wheel(path, wheels / path.name) for path in sorted(DISTRIBUTIONS.glob("hookline-*"))))
    return made


@pytest.fixture
def here(tmp_path):
    (tmp_path / "focal.toml").write_text(FOCAL)
    (tmp_path / "waves.toml").write_text(WAVES)
    return tmp_path


@pytest.fixture
def reported(installed, here):
    """Runs a command that must succeed and returns its output."""

    def command(*arguments):
        code, out, err = installed.hookline(*arguments, cwd=here)
        assert (code, err) == (0, "")
        return out

    return command


def test_a_distribution_consists_of_two_files():
    assert {
        path.name: sorted(file.name for file in path.iterdir() if file.is_file())
        for path in DISTRIBUTIONS.glob("hookline-*")
    } == {f"hookline-{name}": [f"hookline_{name}.py", "pyproject.toml"] for name in ("focal", "lion", "waves")}


def test_installed_plugins_are_listed_with_their_versions_and_components(reported):
    assert reported("plugins") == (
        "focal  hookline-focal 1.2\n  1 loss: FocalLoss\n\n"
        "lion  hookline-lion 1.2\n  1 optimizer: Lion\n  1 scheduler: WarmupCosine\n\n"
        "waves  hookline-waves 1.2\n  1 data source: Waves\n  2 waves: Sawtooth, Sine\n  1 callback: GreatestLoss\n"
    )


def test_installed_plugins_are_listed_as_json(reported):
    plugins = {plugin["name"]: plugin for plugin in json.loads(reported("plugins", "--format", "json"))}
    assert set(plugins) == {"focal", "lion", "waves"}
    assert plugins["focal"] == {
        "name": "focal",
        "release": "hookline-focal 1.2",
        "brings": {"loss": ["FocalLoss"]},
        "answers": [],
        "wraps": [],
    }


def test_specs_that_use_them_are_checked(reported):
    assert reported("check", "focal.toml", "waves.toml") == "2 specs: no problems found.\n"


@pytest.mark.parametrize(
    ("file", "old", "new", "problem"),
    [
        (
            "focal.toml",
            '"focal>=1.2", ',
            "",
            'There is no loss called "FocalLoss". Installed, but not listed in `plugins`: "focal" and "waves". Available: ',
        ),
        ("focal.toml", "focal>=1.2", "focal>=2", "hookline-focal 1.2 is installed, but the spec requires >=2."),
        ("focal.toml", "focal>=1.2", "vocal", 'No plugin named "vocal" is installed. Did you mean "focal"?'),
        ("focal.toml", "gamma = 1.5", "gamma = -1.5", "-1.5 is out of bounds: it must be at least 0."),
        ("focal.toml", "gamma", "gama", 'FocalLoss has no option "gama". Did you mean "gamma"?'),
        ("waves.toml", "Sawtooth", "Sawtoth", 'There is no wave called "Sawtoth". Did you mean "Sawtooth"?'),
        ("waves.toml", "period = 2", "period = 0", "0 is out of bounds: it must be greater than 0."),
    ],
)
def test_a_mistake_with_them_is_reported_at_its_place(installed, here, file, old, new, problem):
    text = (here / file).read_text()
    assert text.count(old) == 1
    (here / file).write_text(text.replace(old, new))
    code, out, err = installed.hookline("check", file, cwd=here)
    line = text[: text.index(old)].count("\n") + 1
    assert (code, problem in out + err) == (1, True), out + err
    if new:
        assert f"{file}:{line}:" in out + err


def test_their_components_are_listed_and_shown(reported):
    names = re.findall(
        r"^  (\w+)",
        reported("list", "--installed", "focal", "--installed", "waves", "--installed", "lion"),
        re.MULTILINE,
    )
    assert {
        "FocalLoss",
        "Lion",
        "WarmupCosine",
        "Waves",
        "Sine",
        "Sawtooth",
        "GreatestLoss",
        "CrossEntropyLoss",
    } <= set(names)
    shown = reported("show", "wave", "Sawtooth", "--installed", "waves")
    assert "A wave that rises along a line, and falls at once." in shown
    assert "How long it rises." in shown
    assert "greater than 0" in shown


def test_the_schema_contains_them(reported):
    definitions = json.loads(reported("schema", "--installed", "focal", "--installed", "waves"))["definitions"]
    kinds = {
        definition["properties"]["type"]["const"]: definition
        for definition in definitions.values()
        if "const" in definition.get("properties", {}).get("type", {})
    }
    assert kinds["FocalLoss"]["properties"]["gamma"] == {
        "description": "How fast the weight of a row falls with its probability.",
        "type": "number",
        "minimum": 0,
        "default": 2.0,
    }
    assert set(kinds["Waves"]["properties"]) == {
        "type",
        "waves",
        "window",
        "rows",
        "noise",
        "batch_size",
        "shuffle",
        "drop_last",
    }


def test_the_plan_names_the_distribution_of_each_plugin(reported):
    plan = json.loads(reported("plan", "focal.toml", "--format", "json"))
    releases = {plugin["name"]: (plugin["distribution"], plugin["version"]) for plugin in plan["plugins"]}
    assert releases["focal"] == ("hookline-focal", "1.2")
    assert releases["lion"] == ("hookline-lion", "1.2")
    assert "waves" not in releases


def focal_by_hand():
    """A hand-written training loop for `focal.toml`."""
    import hookline

    data = hookline.load(
        {
            "data": {
                "type": "CSV",
                "path": str(SPECS / "data/iris.csv"),
                "targets": "species",
                "batch_size": 50,
                "shuffle": False,
            },
            "model": {"type": "Linear", "out_features": 3},
            "loss": {"type": "CrossEntropyLoss"},
            "optimizer": {"type": "SGD"},
        }
    )
    from hookline.plugins.manager import Plugins
    from hookline.training.preparation import prepared
    from hookline.training.run_setup import new_run

    with new_run(data, Plugins()) as run:
        batches = [(batch.input, batch.target) for batch in prepared(run).data.training.epoch(1)]
    torch.manual_seed(0)
    model = nn.Linear(4, 3)
    means = [torch.zeros_like(parameter) for parameter in model.parameters()]
    steps, step = 3 * len(batches), 0
    for _ in range(3):
        for x, y in batches:
            rising = 0.25 * steps
            if step < rising:
                factor = (step + 1) / (rising + 1)
            else:
                factor = 0.5 * (1 + math.cos(math.pi * (step - rising) / max(1.0, steps - rising)))
            lr = 0.01 * factor
            model.zero_grad()
            cross_entropy = nn.functional.cross_entropy(model(x), y, reduction="none")
            ((1 - torch.exp(-cross_entropy)) ** 1.5 * cross_entropy).mean().backward()
            with torch.no_grad():
                for parameter, mean in zip(model.parameters(), means, strict=True):
                    parameter.mul_(1 - lr * 0.1)
                    parameter.sub_(mean.lerp(parameter.grad, 1 - 0.9).sign_(), alpha=lr)
                    mean.lerp_(parameter.grad, 1 - 0.99)
            step += 1
    return model


def test_training_with_them_equals_a_hand_written_loop(reported, here):
    reported("train", "focal.toml", "--out", "run")
    weights = load_file(here / "run" / "model.safetensors")
    expected = focal_by_hand().state_dict()
    assert {name: weights[name].tolist() for name in weights} == {name: expected[name].tolist() for name in expected}


def test_training_with_them_is_repeated_bit_for_bit_and_a_new_version_is_reported(
    reported, environment, here, tmp_path
):
    reported("train", "waves.toml", "--out", "first")
    reported("train", "--locked", "first", "--out", "second")
    first, second = (here / name / "model.safetensors" for name in ("first", "second"))
    assert first.read_bytes() == second.read_bytes()
    records = [json.loads(line) for line in (here / "second" / "metrics.jsonl").read_text().splitlines()]
    assert all(record["training/greatest_loss"] >= record["training/loss"] for record in records)

    newer = tmp_path / "newer"
    newer.mkdir()
    for name in ("hookline_waves.py", "pyproject.toml"):
        text = (DISTRIBUTIONS / "hookline-waves" / name).read_text()
        (newer / name).write_text(text.replace('version = "1.2"', 'version = "1.3"'))
    other = environment()
    other.install(wheel(newer, tmp_path / "wheels"))
    done = started(other.python, "-m", "hookline", "train", "--locked", "first", "--out", "third", cwd=here)
    assert done.returncode == 2
    assert (
        done.stderr
        == 'first cannot be reproduced:  [lock-mismatch]\n  The version of the plugin "waves" was 1.2; now it is 1.3.\n'
    )
    assert not (here / "third").exists()


def test_the_kit_passes_on_them(installed, here):
    for name in ("focal", "lion", "waves"):
        (here / f"test_{name}.py").write_text(
            f"import hookline_{name}\nfrom hookline.testing import conform\n\n"
            f"test_it_conforms = conform(hookline_{name})\n"
        )
    out = installed.pytest("-v", cwd=here)
    results = Counter(re.findall(r"^test_(\w+)\.py::\S+ (PASSED|SKIPPED)", out, re.MULTILINE))
    assert {name for name, result in results if result == "PASSED"} == {"focal", "lion", "waves"}, out
    assert all(results[name, "SKIPPED"] <= 1 for name in ("focal", "lion", "waves")), out
    assert re.search(rf"=+ {sum(n for (_, result), n in results.items() if result == 'PASSED')} passed", out), out


def test_a_new_plugin_is_installed_tested_and_trained_as_in_its_readme(environment, tmp_path):
    fresh = environment()
    code, out, err = fresh.hookline("new", "plugin", "spiral", cwd=tmp_path)
    assert (code, err) == (0, "")
    draft = tmp_path / "hookline-spiral"
    fresh.install(draft)
    tested = fresh.pytest("-q", cwd=draft)
    assert re.search(r"^\d+ passed, 1 skipped in", tested, re.MULTILINE), tested
    # The installed plugin is used, not the file beside the spec.
    (draft / "hookline_spiral.py").unlink()
    assert fresh.hookline("check", "--deep", "example.toml", cwd=draft) == (
        0,
        "example.toml: no problems found.\n",
        "",
    )
    code, out, err = fresh.hookline("train", "example.toml", cwd=draft)
    assert (code, err) == (0, "")
    assert "  loss       SpiralLoss" in out.splitlines()
    assert (draft / "runs/example/1/model.safetensors").is_file()


CANARY = """
import pathlib
pathlib.Path({path!r}).touch()
"""

IN_ONE_PROCESS = """
import contextlib, io, json
from hookline.cli.main import main

codes = []
for command in {commands!r}:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        try:
            codes.append(main(command))
        except SystemExit as error:
            codes.append(error.code)
print(json.dumps([codes, printed.getvalue()]))
"""
"""Runs commands, and prints their exit codes and the output of the last one."""


def test_no_command_imports_unlisted_plugins(environment, tmp_path, here):
    fresh = environment()
    touched = tmp_path / "touched"
    touched.mkdir()
    for number in range(100):
        (fresh.packages / f"canary_{number}.py").write_text(CANARY.format(path=str(touched / str(number))))
        information = fresh.packages / f"hookline_canary_{number}-1.0.dist-info"
        information.mkdir()
        (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: hookline-canary-{number}\nVersion: 1.0\n")
        (information / "entry_points.txt").write_text(f"[hookline]\ncanary-{number} = canary_{number}\n")
    (here / "iris.toml").write_text((SPECS / "iris.toml").read_text().replace("data/", f"{SPECS}/data/"))
    (here / "typo.toml").write_text((here / "iris.toml").read_text().replace("CrossEntropyLoss", "CrosEntropyLos"))
    commands = (
        (["train", "iris.toml", "--out", "run"], 0),
        (["train", "--locked", "run", "--out", "again"], 0),
        (["check", "iris.toml"], 0),
        (["check", "--deep", "iris.toml"], 0),
        (["plan", "iris.toml"], 0),
        (["show", "iris.toml"], 0),
        (["show", "loss", "MSELoss"], 0),
        (["explain", "iris.toml", "loss.type"], 0),
        (["diff", "iris.toml", "run"], 0),
        (["diff", "iris.toml", "typo.toml"], 2),
        (["new", "plugin", "spiral"], 0),
        (["new", "spec", f"{SPECS}/data/iris.csv", "--target", "species", "--out", "new.toml"], 0),
        (["check", "new.toml"], 0),
        (["plugins", "nosuch"], 2),
        (["list"], 0),
        (["schema"], 0),
        (["--version"], 0),
        (["--help"], 0),
        (["check", "typo.toml"], 1),
    )
    # One process runs all commands: each would import torch, and an import by any of them leaves a trace.
    script = IN_ONE_PROCESS.format(commands=[command for command, _ in commands])
    codes, out = json.loads(run(fresh.python, "-c", script, cwd=here))
    assert dict(zip(map(str, commands), codes, strict=True)) == {str(one): one[1] for one in commands}, out
    assert "canary-42" in out  # They are known without being imported.
    assert list(touched.iterdir()) == []
    assert "canary-7" in started(fresh.python, "-m", "hookline", "plugins", "canary-7", cwd=here).stdout
    assert [path.name for path in touched.iterdir()] == ["7"]
