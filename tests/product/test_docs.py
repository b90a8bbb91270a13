import importlib.util
import json
import re
import shutil
import tomllib
from pathlib import Path

import pytest

import hookline
from hookline.cli.main import main

ROOT = Path(__file__).parents[2]
PAGES = {page.stem: page.read_text() for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]}


def blocks(language, page="README"):
    return re.findall(rf"```{language}\n(.*?)```", PAGES[page], re.DOTALL)


def test_the_readme_fits_on_six_kilobytes():
    assert (ROOT / "README.md").stat().st_size <= 6 * 1024


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))], ids=lambda page: page.name
)
def test_every_link_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
        assert target.startswith("https://") or (page.parent / target).exists(), target


def test_the_reference_is_that_of_the_classes():
    specification = importlib.util.spec_from_file_location("make_reference", ROOT / "docs" / "make_reference.py")
    make_reference = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(make_reference)
    written = {page.name: page.read_text() for page in (ROOT / "docs" / "reference").glob("*.md")}
    assert written == make_reference.pages(), "Run `make docs`."


def test_the_spec_is_the_shipped_one():
    assert tomllib.loads(blocks("toml")[0]) == tomllib.loads((ROOT / "specs" / "iris.toml").read_text())


def test_the_groups_of_inputs_and_targets_are_read_as_shown():
    [shown] = [block for block in map(tomllib.loads, blocks("toml", "data")) if "inputs" in block.get("data", {})]
    spec = hookline.load({**tomllib.loads(blocks("toml")[0]), **shown})
    assert list(spec.data.inputs) == ["image", "camera", "place"]
    assert list(spec.data.targets) == ["species", "size"]


def test_the_triplets_are_drawn_and_trained_on(tmp_path, monkeypatch):
    [shown] = [block for block in map(tomllib.loads, blocks("toml", "data")) if "source" in block.get("data", {})]
    monkeypatch.chdir(ROOT / "specs")
    table = {**tomllib.loads(blocks("toml")[0]), **shown, "loss": {"type": "TripletMarginLoss"}, "metrics": []}
    trial = hookline.train(hookline.load(table, ["run.epochs=2"]), out=tmp_path / "run")
    assert (trial.data.training.rows, trial.data.validation.rows) == (1438, 359)
    assert trial.steps == 2 * 23
    described = json.loads((trial.directory / "safetensors" / "model.json").read_text())
    assert list(described["inputs"]) == list(described["preparation"]) == ["anchor", "positive", "negative"]


def test_the_output_is_what_is_printed(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    assert main(["train", "specs/iris.toml", "--out", str(tmp_path / "run")]) == 0
    printed = capsys.readouterr().out.replace(str(tmp_path / "run"), "runs/iris/1")
    printed = re.sub(r"[\d.]+ s\. Results", "2.1 s. Results", printed)
    before, after = blocks("text")[0].split("      …\n")
    assert printed.startswith(before)
    assert printed.endswith(after)


@pytest.fixture
def specs(tmp_path, monkeypatch):
    """A directory with the spec of the README, its data, and the one that extends it."""
    shutil.copytree(ROOT / "specs" / "data", tmp_path / "data")
    (tmp_path / "iris.toml").write_text((ROOT / "specs" / "iris.toml").read_text())
    [extending] = [block for block in blocks("toml", "specs") if block.startswith("extends")]
    (tmp_path / "tuned.toml").write_text(extending)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def shown_of(command, page="specs"):
    """A command, and what a page shows of its output."""
    [block] = [block for block in blocks("text", page) if block.startswith(f"$ hookline {command} ")]
    first, *lines = block.splitlines()
    return first.removeprefix("$ hookline ").split(), lines


def test_the_mistakes_are_told_as_shown(specs, capsys):
    text = blocks("toml")[0].replace("epochs", "epoch").replace('"species"', '"specie"')
    wrong = text.replace('"ReLU"', '"Relu"').replace('"Accuracy"', '"R2Score"')
    (specs / "iris.toml").write_text(f"\n{wrong}")
    words, shown = shown_of("check", "mistakes")
    assert main(words) == 1
    assert capsys.readouterr().out.splitlines() == shown


@pytest.mark.parametrize(("command", "code"), [("explain", 0), ("diff", 1)])
def test_a_spec_that_extends_another_is_explained_and_compared_as_shown(specs, capsys, command, code):
    assert main(["check", "tuned.toml"]) == 0
    capsys.readouterr()
    words, shown = shown_of(command)
    assert main(words) == code
    assert capsys.readouterr().out.splitlines() == shown


def test_the_first_mistake_is_reported_as_shown(specs, capsys):
    (specs / "iris.toml").write_text("\n" + blocks("toml")[0].replace("epochs", "epoch"))
    words, shown = shown_of("check", "README")
    assert main(words) == 1
    assert capsys.readouterr().out.splitlines() == shown


def test_the_initialization_is_read_as_shown():
    [shown] = map(tomllib.loads, blocks("toml", "models"))
    spec = hookline.load({**tomllib.loads((ROOT / "specs" / "iris.toml").read_text()), **shown})
    assert [type(rule).__name__ for rule in spec.initialize] == ["kaiming_normal_"]


def test_the_callbacks_of_a_spec_are_read_as_shown():
    [shown] = map(tomllib.loads, blocks("toml", "callbacks"))
    spec = hookline.load({**tomllib.loads((ROOT / "specs" / "iris.toml").read_text()), **shown})
    assert [type(callback).__name__ for callback in spec.callbacks] == ["EarlyStopping", "GradientClipping"]


@pytest.mark.parametrize("page", ["README", "callbacks"])
def test_the_callback_warms_up(tmp_path, page):
    callback, python = tmp_path / "warm_up.py", blocks("python", page)[0]
    callback.write_text(python)
    arguments = [
        "train",
        str(ROOT / "specs" / "iris.toml"),
        "-q",
        "--set",
        "run.epochs=2",
        "--set",
        "optimizer.type=SGD",
    ]
    assert main([*arguments, "-p", str(callback), "--out", str(tmp_path / "warm")]) == 0
    assert main([*arguments, "--out", str(tmp_path / "cold")]) == 0
    warm, cold = ((tmp_path / name / "metrics.jsonl").read_text() for name in ("warm", "cold"))
    assert warm != cold


def test_the_plugin_drafts_specs_for_its_file_type(tmp_path, monkeypatch, capsys):
    _, drafting = blocks("python", "plugins")
    monkeypatch.chdir(tmp_path)
    Path("notes.py").write_text(drafting)
    Path("song.notes").write_text("do re mi")
    assert main(["new", "spec", "song.notes", "-p", "notes.py", "--target", "pitch"]) == 0
    assert capsys.readouterr().out == "Created song.toml. It predicts pitch.\nTrain it: hookline train song.toml\n"
    assert tomllib.loads(Path("song.toml").read_text()) == {"data": {"type": "Notes", "targets": "pitch"}}


def test_the_loss_trains_as_a_plugin(tmp_path):
    module = blocks("python", "plugins")[0]
    (tmp_path / "focal.py").write_text(module)
    [shown] = [
        block for block in map(tomllib.loads, blocks("toml", "plugins")) if "focal>=1.2" in block.get("plugins", ())
    ]
    spec = tmp_path / "spec.toml"
    overrides = ["--set", f"data.path={json.dumps(str(ROOT / 'specs' / 'data' / 'iris.csv'))}", "--set", "run.epochs=2"]
    spec.write_text(
        blocks("toml")[0].replace(
            'type = "CrossEntropyLoss"',
            "\n".join(f"{key} = {json.dumps(value)}" for key, value in shown["loss"].items()),
        )
    )
    assert (
        main(["train", str(spec), "-q", "-p", str(tmp_path / "focal.py"), "--out", str(tmp_path / "run"), *overrides])
        == 0
    )
    assert main(["check", str(spec), "-p", str(tmp_path / "focal.py"), *overrides, "--set", "loss.gamma=-1"]) == 1


def test_the_python_example_runs(tmp_path, monkeypatch, capsys):
    (tmp_path / "specs").symlink_to(ROOT / "specs")
    monkeypatch.chdir(tmp_path)
    [example] = blocks("python", "python")
    exec(example, {})  # noqa: S102 - the example is to run as it stands.
    assert "Linear(in_features=4, out_features=16, bias=True)" in capsys.readouterr().out
    assert (tmp_path / "runs" / "iris" / "1" / "result.json").exists()


def test_the_stages_are_listed_in_order():
    from hookline.plugins.stages import STAGES

    sentence = PAGES["callbacks"].partition("The stages, in order, are ")[2].partition(";")[0]
    assert re.findall(r"`(\w+)`", sentence) == list(STAGES)


@pytest.mark.parametrize("door", ["", ".data", ".errors", ".spec", ".testing", ".training"])
def test_every_public_name_is_there(door):
    module = importlib.import_module(f"hookline{door}")
    assert module.__all__
    assert all(getattr(module, name) is not None for name in module.__all__)


def test_what_is_not_public_is_not_there():
    assert not hasattr(hookline, "nothing_like_it")


def test_what_is_shown_of_a_component_is_what_is_printed(capsys, monkeypatch):
    words, shown = shown_of("show")
    monkeypatch.setenv("COLUMNS", "84")
    assert main(words) == 0
    assert capsys.readouterr().out.splitlines() == shown
