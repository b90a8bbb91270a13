import importlib.util
import io
import json
import re
import shlex
import shutil
import tomllib
from pathlib import Path

import pytest
from asgi_client import client

import hookline
import hookline_metrics
from hookline.cli.main import main
from hookline.serving.http.application import application
from hookline.serving.http.limits import Limits
from hookline.serving.predictor import Predictor

ROOT = Path(__file__).parents[2]
PAGES = {page.stem: page.read_text() for page in [*(ROOT / "docs").glob("*.md"), ROOT / "README.md"]}


def blocks(language, page="README"):
    return re.findall(rf"```{language}\n(.*?)```", PAGES[page], re.DOTALL)


def test_the_readme_has_at_most_six_kilobytes():
    assert (ROOT / "README.md").stat().st_size <= 6 * 1024


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))], ids=lambda page: page.name
)
def test_every_link_has_a_target(page):
    for target, anchor in re.findall(r"\]\(([^)#]*)(?:#([^)]*))?\)", page.read_text()):
        if not target.startswith("https://"):
            file = page.parent / target if target else page
            assert file.exists(), target
            assert not anchor or anchor in anchors(file.read_text()), f"{target}#{anchor}"


def anchors(text):
    """The anchors of the headings of a page, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)
    return [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]


@pytest.mark.parametrize("page", [name for name, text in PAGES.items() if text.count("\n") > 140 and name != "README"])
def test_a_long_page_begins_with_links_to_its_sections(page):
    introduction = re.sub(r"```.*?```", "", PAGES[page], flags=re.DOTALL).partition("\n## ")[0]
    sections = re.findall(r"^## (.*)$", re.sub(r"```.*?```", "", PAGES[page], flags=re.DOTALL), re.MULTILINE)
    linked = re.findall(r"\]\(#([^)]*)\)", introduction)
    assert {*anchors("\n".join(f"## {section}" for section in sections))} <= {*linked}


def test_the_reference_is_up_to_date():
    specification = importlib.util.spec_from_file_location("make_reference", ROOT / "docs" / "make_reference.py")
    make_reference = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(make_reference)
    written = {page.name: page.read_text() for page in (ROOT / "docs" / "reference").glob("*.md")}
    assert written == make_reference.pages(), "Run `make docs`."


def test_the_spec_in_the_readme_is_the_shipped_one():
    assert tomllib.loads(blocks("toml")[0]) == tomllib.loads((ROOT / "specs" / "iris.toml").read_text())


def test_the_groups_of_inputs_and_targets_are_read_as_shown():
    [shown] = [block for block in map(tomllib.loads, blocks("toml", "data")) if "inputs" in block.get("data", {})]
    spec = hookline.load({**tomllib.loads(blocks("toml")[0]), **shown})
    assert list(spec.data.inputs) == ["image", "camera", "place"]
    assert list(spec.data.targets) == ["species", "size"]


def test_every_page_is_in_the_index():
    linked = set(re.findall(r"\]\((\w+)\.md\)", (ROOT / "docs" / "README.md").read_text()))
    assert linked == {page.stem for page in (ROOT / "docs").glob("*.md")} - {"README"}


def test_triplets_are_drawn_and_trained_on(tmp_path, monkeypatch):
    [shown] = [block for block in map(tomllib.loads, blocks("toml", "data")) if "source" in block.get("data", {})]
    monkeypatch.chdir(ROOT / "specs")
    table = {**tomllib.loads(blocks("toml")[0]), **shown, "loss": {"type": "TripletMarginLoss"}, "metrics": []}
    trial = hookline.train(hookline.load(table, ["run.epochs=2"]), out=tmp_path / "run")
    assert (trial.data.training.rows, trial.data.validation.rows) == (1438, 359)
    assert trial.steps == 2 * 23
    described = json.loads((trial.directory / "safetensors" / "model.json").read_text())
    assert list(described["inputs"]) == list(described["preparation"]) == ["anchor", "positive", "negative"]


def test_training_prints_the_output_in_the_readme(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    assert main(["train", "specs/iris.toml", "--out", str(tmp_path / "run")]) == 0
    printed = capsys.readouterr().out.replace(str(tmp_path / "run"), "runs/iris/1")
    printed = re.sub(r"[\d.]+ s\. Results", "2.1 s. Results", printed)
    before, after = blocks("text")[0].split("      …\n")
    assert printed.startswith(before)
    assert printed.endswith(after)


def test_the_columns_of_tables_are_prepared_as_shown(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(ROOT / "specs")
    kinds, groups = map(tomllib.loads, blocks("toml", "tables"))
    assert tomllib.loads((ROOT / "specs" / "penguins.toml").read_text())["data"]["columns"] == kinds["data"]["columns"]
    monkeypatch.setattr("hookline.cli.specs.plan.screen_width", lambda: 200)
    command, shown = shown_of("plan", "tables")
    assert main(command) == 0
    assert "\n".join(shown) in capsys.readouterr().out
    data = hookline.load({**tomllib.loads(blocks("toml")[0]), **groups}).data
    assert list(data.inputs) == ["numbers", "places"]
    assert data.columns["Island"].gives_indices


def test_a_streamed_table_is_planned_as_shown(monkeypatch, capsys):
    monkeypatch.chdir(ROOT / "specs")
    [shown] = map(tomllib.loads, blocks("toml", "streaming"))
    assert shown["data"].items() <= tomllib.loads((ROOT / "specs" / "streamed.toml").read_text())["data"].items()
    monkeypatch.setattr("hookline.cli.specs.plan.screen_width", lambda: 200)
    command, lines = shown_of("plan", "streaming")
    assert main(command) == 0
    assert "\n".join(lines) in capsys.readouterr().out


def test_a_spec_is_drafted_trained_and_changed_as_shown(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / "specs" / "data" / "penguins.csv", tmp_path)
    shutil.copy("penguins.csv", "new.csv")
    first, changes = blocks("sh", "new_spec")
    command, shown = shown_of("new spec penguins.csv", "new_spec")
    assert first.splitlines()[0].split() == ["hookline", *command]
    for index, line in enumerate(first.splitlines()):
        assert main([*line.split()[1:], *(["-q", "--set", "run.epochs=2"] if "train" in line else [])]) == 0
        if index == 0:
            assert capsys.readouterr().out.splitlines() == shown
    columns, changed = blocks("toml", "new_spec")
    assert columns in Path("penguins.toml").read_text()
    for line in changes.splitlines():
        assert main([*line.split()[1:], "-q", "--set", "run.epochs=1"]) == 0
    table, more = tomllib.loads(Path("penguins.toml").read_text()), tomllib.loads(changed)
    spec = hookline.load({**table, **more, "data": {**table["data"], **more["data"]}})
    assert (spec.data.group_column, spec.loss.weight) == ("Individual ID", "balanced")
    Path("broken.csv").write_text("width,length,kind\n1,2,a\n1,2,a\n1,2\n" + "1,2,b\n" * 9)
    command, shown = shown_of("new spec broken.csv", "new_spec")
    capsys.readouterr()
    assert main(command) == 2
    assert capsys.readouterr().err.splitlines() == shown


@pytest.fixture
def specs(tmp_path, monkeypatch):
    """A directory with the spec of the README, its data, and the spec that extends it."""
    shutil.copytree(ROOT / "specs" / "data", tmp_path / "data")
    (tmp_path / "iris.toml").write_text((ROOT / "specs" / "iris.toml").read_text())
    [extending] = [block for block in blocks("toml", "specs") if block.startswith("extends")]
    (tmp_path / "tuned.toml").write_text(extending)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def shown_of(command, page="specs"):
    """A command, and the output that a page shows."""
    [block] = [block for block in blocks("text", page) if block.startswith(f"$ hookline {command} ")]
    first, *lines = block.splitlines()
    return first.removeprefix("$ hookline ").split(), lines


def test_mistakes_are_reported_as_shown(specs, capsys):
    text = blocks("toml")[0].replace("epochs", "epoch").replace('"species"', '"specie"')
    wrong = text.replace('"ReLU"', '"Relu"').replace('"Accuracy"', '"R2Score"')
    (specs / "iris.toml").write_text(f"\n{wrong}")
    words, shown = shown_of("check", "mistakes")
    assert main(words) == 1
    assert capsys.readouterr().out.splitlines() == shown


@pytest.mark.parametrize(("command", "code"), [("explain", 0), ("diff", 1)])
def test_an_extending_spec_is_explained_and_compared_as_shown(specs, capsys, command, code):
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


def iris_with(shown, changes=()):
    """The spec of the README, with some of its sections replaced."""
    return hookline.load({**tomllib.loads(blocks("toml")[0]), **shown}, changes)


def test_the_data_is_read_as_shown(tmp_path, monkeypatch):
    [shown] = [block for block in map(tomllib.loads, blocks("toml", "data")) if block["data"].get("test")]
    shutil.copy(ROOT / "specs" / "data" / "iris.csv", tmp_path / shown["data"]["path"])
    monkeypatch.chdir(tmp_path)
    trial = hookline.train(iris_with(shown, ["run.epochs=1"]), out=tmp_path / "run")
    assert (trial.data.training.rows, trial.data.validation.rows, trial.data.test.rows) == (90, 30, 30)


def test_images_are_trained_and_predicted_as_shown(tmp_path, monkeypatch, capsys):
    (tmp_path / "data").symlink_to(ROOT / "specs" / "data")
    monkeypatch.chdir(tmp_path)
    folders, table = map(tomllib.loads, blocks("toml", "images"))
    layers = [{"type": "Flatten"}, {"type": "Linear", "out_features": 3}]
    model = {"model": {"type": "Sequential", "layers": layers}}
    trial = hookline.train(iris_with({**folders, **model}, ["run.epochs=1"]), out="runs/images")
    assert (trial.data.training.rows, trial.data.validation.rows) == (27, 9)
    for command in blocks("sh", "images")[0].splitlines():
        assert main(command.split()[1:]) == 0
    assert "data/digit_images/2/011.png" in capsys.readouterr().out
    regression = {"loss": {"type": "MSELoss"}, "metrics": []}
    spec = iris_with({**table, **model, **regression}, ["run.epochs=1", "model.layers.1.out_features=1"])
    assert hookline.train(spec, out="runs/table").data.training.rows == 29


def test_the_model_is_built_as_shown(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT / "specs")
    shown, branched = [block for block in map(tomllib.loads, blocks("toml", "models")) if "model" in block]
    trial = hookline.train(iris_with(shown, ["run.epochs=1"]), out=tmp_path / "run")
    assert [type(layer).__name__ for layer in trial.model] == [layer["type"] for layer in shown["model"]["layers"]]
    assert trial.model[3].out_features == 3
    assert list(iris_with(branched).model.layers[0].branches) == ["numbers", "city", "words", "prices"]


def test_models_for_tables_are_built_as_shown(tmp_path, monkeypatch):
    plain, of_houses, embedded, _ = map(tomllib.loads, blocks("toml", "tabular_models"))
    rows = [f"{90 + row},{row % 5},{row % 20},{row * 9 % 500},{100 + row * 37 % 101}" for row in range(60)]
    (tmp_path / "houses.csv").write_text("\n".join(["area,rooms,city,street,price", *rows]))
    monkeypatch.chdir(tmp_path)
    sections = {"run": {"epochs": 1, "name": "houses"}, "loss": {"type": "MSELoss"}, "optimizer": {"type": "AdamW"}}
    known = {"cat_cardinalities": of_houses["model"]["cat_cardinalities"]}
    for number, shown in enumerate((plain, of_houses, embedded)):
        spec = hookline.load({**sections, **of_houses, "model": known | shown["model"]})
        trial = hookline.train(spec, out=tmp_path / str(number))
        assert type(trial.model).__name__ == shown["model"]["type"]


def test_a_linear_model_for_few_rows_is_built_as_shown(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT / "specs")
    *_, linear = map(tomllib.loads, blocks("toml", "tabular_models"))
    trial = hookline.train(iris_with(linear, ["run.epochs=1"]), out=tmp_path / "run")
    assert [(layer.in_features, layer.out_features) for layer in trial.model] == [(4, 3)]


def test_the_training_options_are_read_as_shown():
    first, partition, length, measured = map(tomllib.loads, blocks("toml", "training"))
    spec = iris_with(first)
    assert (spec.run.epochs, spec.run.device, spec.optimizer.weight_decay) == (30, "cuda", 0.05)
    assert [type(callback).__name__ for callback in spec.callbacks] == ["StepLR"]
    assert [type(part.optimizer).__name__ for part in iris_with(partition).optimizer.parts] == ["Muon", "AdamW"]
    assert iris_with(length).run.limits == "at most 200,000 steps, at most 1d12h, validated every 5,000 steps"
    metrics = iris_with(measured).metrics
    assert [(metric.label, type(metric).__name__) for metric in metrics] == [
        ("CohenKappa", "CohenKappa"),
        ("recall at 0.9", "RecallAtFixedPrecision"),
    ]


def test_the_table_of_metrics_is_complete():
    table = PAGES["training"].partition("| To measure | Metrics |")[2].partition("\n\n")[0]
    listed = [name for row in table.splitlines()[2:] for name in row.split("|")[2].strip().split(", ")]
    assert sorted(listed) == sorted(hookline_metrics.register_specs())


def test_a_run_is_repeated_and_compared_as_shown(tmp_path, monkeypatch, capsys):
    (tmp_path / "specs").symlink_to(ROOT / "specs")
    monkeypatch.chdir(tmp_path)
    commands = re.findall(r"^    hookline (.+)$", PAGES["runs"], re.MULTILINE)
    assert [main(command.split()) for command in commands] == [0, 0, 0]
    table = PAGES["runs"].partition("## The run directory")[2]
    documented = {name.rstrip("/") for name in re.findall(r"^\| `([^`]+)`", table, re.MULTILINE)}
    assert {path.name for path in Path("runs/first").iterdir()} == documented - {"plugins", "checkpoints"} | {
        "safetensors"
    }


def test_new_rows_are_predicted_as_shown(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    header, *flowers = (ROOT / "specs" / "data" / "iris.csv").read_text().splitlines()
    Path("flowers.csv").write_text("\n".join([header, *flowers]))
    rows = [f"{number},{flower.rpartition(',')[0]}" for number, flower in enumerate(flowers, 1)]
    Path("new.csv").write_text("\n".join([f"id,{header.removesuffix(',species')}", *rows]))
    install, *commands = blocks("sh", "finished_runs")[0].splitlines()
    assert install.removeprefix("python -m ") in PAGES["README"]
    for command in commands:
        assert main(command.split()[1:]) == 0
    shown, *_ = blocks("text", "finished_runs")
    first, second, _ = shown.splitlines()
    written = Path("predictions.csv").read_text().splitlines()
    assert (written[0], len(written)) == (first, 151)
    assert written[1].split(",")[:2] == second.split(",")[:2]

    capsys.readouterr()
    exec(blocks("python", "finished_runs")[0], {})  # noqa: S102 - the example must run unchanged.
    assert capsys.readouterr().out == "['setosa', 'setosa', 'setosa']\n[{'prediction': 'setosa'}]\n"

    bad = [row.replace(",0.2", ",wide") if number == 3 else row for number, row in enumerate(rows, 1)]
    Path("new.csv").write_text("\n".join([f"id,{header.removesuffix(',species')}", *bad]))
    assert main(["predict", "runs/flowers", "new.csv"]) == 2
    assert blocks("text", "finished_runs")[1].splitlines()[1] in capsys.readouterr().err


def test_a_finished_run_is_opened_as_shown(tmp_path, monkeypatch, capsys):
    (tmp_path / "specs").symlink_to(ROOT / "specs")
    monkeypatch.chdir(tmp_path)
    assert main(["train", "specs/iris.toml", "-q", "--set", "run.epochs=1"]) == 0
    capsys.readouterr()
    [shown] = [block for block in blocks("python", "finished_runs") if "run.model" in block]
    exec(shown, {})  # noqa: S102 - the example must run unchanged.
    first, classes, model = capsys.readouterr().out.split("\n", 2)
    assert re.fullmatch(r"finished 1 0\.\d+", first)
    assert classes == "('setosa', 'versicolor', 'virginica')"
    assert model.startswith("Sequential(")


def test_the_attributes_of_a_finished_run_exist_as_documented():
    section = PAGES["finished_runs"].partition("## Open a run in Python")[2].partition("\n## ")[0]
    named = set(re.findall(r"`run\.(\w+)`", section))
    assert named >= {"spec", "state", "metrics"}
    # The others are attributes that `__init__` sets.
    assert named - {"spec", "result", "trial"} <= set(dir(hookline.FinishedRun))


def test_a_finished_run_is_evaluated_as_shown(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    section = PAGES["finished_runs"].partition("## Evaluate\n")[2]
    [shown], [commands], [python] = (
        re.findall(rf"```{language}\n(.*?)```", section.partition("\n## ")[0], re.DOTALL)
        for language in ("console", "sh", "python")
    )
    hookline.train(hookline.load(ROOT / "specs" / "iris.toml", ["run.epochs=60"]), out=Path("runs/iris/1"))
    first, *others = shown.removeprefix("$ ").partition("\n")[0].split(), *map(str.split, commands.splitlines())
    capsys.readouterr()
    assert main(first[1:]) == 0
    # The numbers may differ on another machine.
    assert re.sub(r"[\d.%]+", "0", capsys.readouterr().out).split() == re.sub(r"[\d.%]+", "0", shown).split()[4:]
    shutil.copy(ROOT / "specs" / "data" / "iris.csv", "new.csv")
    for command in others:
        words = shlex.split(" ".join(command))
        assert main(words[1:]) == 0
    assert Path("runs/iris/1/evaluation-test/curves.png").is_file()
    exec(python, {})  # noqa: S102 - the example must run unchanged.


def test_deployed_models_are_loaded_as_shown(tmp_path, monkeypatch, capsys):
    (tmp_path / "specs").symlink_to(ROOT / "specs")
    monkeypatch.chdir(tmp_path)
    assert main(["train", "specs/iris.toml", "-q"]) == 0
    first, last = map(tomllib.loads, blocks("toml", "deployment"))
    assert first["deploy"] == tomllib.loads(blocks("toml")[0])["deploy"]
    run = hookline.open_run("runs/iris/1")
    folder = run.deploy(last["deploy"][0]).place
    assert f"hookline predict {folder} new.csv" in PAGES["deployment"]
    for target in ("ONNX", "TorchExport"):
        run.deploy(target)
    capsys.readouterr()
    printed = []
    for block in blocks("python", "deployment"):
        exec(block, {})  # noqa: S102 - the examples must run unchanged.
        printed.append(capsys.readouterr().out)
    deployed, onnx, program, weights, loader = printed
    assert deployed.startswith("The largest difference from the model in memory is ")
    assert re.fullmatch(r"\['setosa'\] \[\[[\d.e -]+\]\] \[ True\]\n", onnx)
    assert re.fullmatch(r"tensor\(\[\[[\d., e-]+\]\]\)\n", program)
    assert weights == "{'0.bias': (16,), '0.weight': (16, 4), '2.bias': (3,), '2.weight': (3, 16)}\n"
    assert loader == "setosa\n"


def test_predictions_are_served_as_shown(tmp_path, monkeypatch, capsys):
    trial = hookline.train(hookline.load(ROOT / "specs" / "iris.toml"), out=tmp_path / "run")
    command, answer = blocks("console", "serving")[0].splitlines()
    _, _, url, _, row = shlex.split(command)
    assert url == "http://127.0.0.1:8000/predict"
    with client(application(Predictor(hookline.open_run(trial.directory)), Limits())) as served:
        found = served.post("/predict", json=json.loads(row))
        assert found.json().keys() == json.loads(answer).keys()
        assert found.json()["prediction"] == json.loads(answer)["prediction"]
        wrong = json.loads(blocks("json", "serving")[0])
        rows = [json.loads(row), {**json.loads(row), "petal_width": "wide"}]
        assert served.post("/predict", json=rows).json() == wrong

        def urlopen(request):
            sent = served.post("/predict", content=request.data, headers=dict(request.header_items()))
            return io.BytesIO(sent.content)

        monkeypatch.setattr("urllib.request.urlopen", urlopen)
        exec(blocks("python", "serving")[0], {})  # noqa: S102 - the example must run unchanged.
    assert capsys.readouterr().out == "['setosa', 'virginica']\n"


def test_a_spec_is_ejected_as_shown(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    assert main(["eject", "specs/iris.toml"]) == 0
    [loop] = blocks("python", "eject")
    assert loop in capsys.readouterr().out


def test_what_has_no_lines_is_refused_as_shown(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    words, shown = shown_of("eject", "eject")
    assert main(words) == 1
    assert capsys.readouterr().err.splitlines() == shown


def test_the_layer_with_lines_is_ejected_as_shown(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    [layer] = [block for block in blocks("python", "plugins") if "def eject" in block]
    register = "from hookline import hookimpl\n\n\n@hookimpl\ndef register_specs():\n    return [Scale]\n"
    Path("scale.py").write_text(f"{layer}\n\n{register}")
    change = 'model.layers=[{type = "Scale", factor = 3.0}, {type = "Linear"}]'
    assert main(["eject", str(ROOT / "specs" / "iris.toml"), "-p", "scale.py", "--set", change]) == 0
    assert "model = nn.Sequential(\n    Scale(3.0),\n    nn.Linear(4, 3),\n)" in capsys.readouterr().out


def test_the_initialization_is_read_as_shown():
    [shown] = [block for block in map(tomllib.loads, blocks("toml", "models")) if "initialize" in block]
    spec = hookline.load({**tomllib.loads((ROOT / "specs" / "iris.toml").read_text()), **shown})
    assert [type(rule).__name__ for rule in spec.initialize] == ["kaiming_normal_"]


def test_the_callbacks_of_a_spec_are_read_as_shown():
    [shown] = map(tomllib.loads, blocks("toml", "callbacks"))
    spec = hookline.load({**tomllib.loads((ROOT / "specs" / "iris.toml").read_text()), **shown})
    assert [type(callback).__name__ for callback in spec.callbacks] == ["EarlyStopping", "GradientClipping"]


@pytest.mark.parametrize("page", ["README", "callbacks"])
def test_the_callback_changes_the_training(tmp_path, page):
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
    [drafting] = [block for block in blocks("python", "plugins") if "def draft_spec" in block]
    monkeypatch.chdir(tmp_path)
    Path("notes.py").write_text(drafting)
    Path("song.notes").write_text("do re mi")
    assert main(["new", "spec", "song.notes", "-p", "notes.py", "--target", "pitch"]) == 0
    assert capsys.readouterr().out == (
        "Created song.toml. It predicts pitch.\nTrain it: hookline train song.toml\n"
        "Then predict new rows: hookline predict runs/song/1 new.csv\n"
    )
    assert tomllib.loads(Path("song.toml").read_text()) == {"data": {"type": "Notes", "targets": "pitch"}}


def test_the_plugin_adds_a_loss_that_trains(tmp_path):
    module, *_ = blocks("python", "plugins")
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


def test_the_wrapper_the_metric_and_the_callback_work_in_plugin_files(tmp_path):
    _, wrapper, metric, callback, *_ = blocks("python", "plugins")
    spec = tmp_path / "spec.toml"
    text = blocks("toml")[0].replace('"data/iris.csv"', json.dumps(str(ROOT / "specs" / "data" / "iris.csv")))
    added = '[[metrics]]\ntype = "Confidence"\nthreshold = 0.6\n[[callbacks]]\ntype = "StopBelow"\nthreshold = 10.0\n'
    spec.write_text(f"{text}\n{added}")
    metrics = {}
    for name, files in {"plain": [metric, callback], "halved": [metric, callback, wrapper]}.items():
        arguments = []
        for number, file in enumerate(files):
            path = tmp_path / f"plugin_{number}.py"
            path.write_text(file)
            arguments += ["-p", str(path)]
        assert main(["train", str(spec), "-q", *arguments, "--out", str(tmp_path / name)]) == 0
        metrics[name] = [json.loads(line) for line in (tmp_path / name / "metrics.jsonl").read_text().splitlines()]
    assert [len(records) for records in metrics.values()] == [3, 3]
    assert metrics["plain"][-1]["validation/Confidence"] > 0
    assert metrics["halved"][-1]["validation/Confidence"] == 0


def test_the_data_source_is_trained_on(tmp_path):
    [source] = [block for block in blocks("python", "plugins") if "DataSpec" in block]
    (tmp_path / "parabola.py").write_text(source)
    (tmp_path / "spec.toml").write_text(
        '[data]\ntype = "Parabola"\n[model]\ntype = "Linear"\nout_features = 1\n[loss]\ntype = "MSELoss"\n'
        '[optimizer]\ntype = "SGD"\nlr = 0.1\n[run]\nepochs = 2\n'
    )
    arguments = ["train", str(tmp_path / "spec.toml"), "-q", "-p", str(tmp_path / "parabola.py")]
    assert main([*arguments, "--out", str(tmp_path / "run")]) == 0
    last = json.loads((tmp_path / "run" / "metrics.jsonl").read_text().splitlines()[-1])
    assert last["validation/loss"] > 0


def test_the_deployment_target_writes_and_compares(tmp_path, capsys):
    [target] = [block for block in blocks("python", "plugins") if "DeploySpec" in block]
    (tmp_path / "arrays.py").write_text(target)
    run = hookline.train(hookline.load(ROOT / "specs" / "iris.toml", ["run.epochs=1"]), out=tmp_path / "run").directory
    assert main(["deploy", str(run), "--type", "Arrays", "-p", str(tmp_path / "arrays.py")]) == 0
    assert "is 0 on 64 rows (NumPy" in capsys.readouterr().out
    assert sorted(path.name for path in (run / "arrays").iterdir()) == ["model.json", "weights.npz"]


def test_several_losses_are_those_of_the_example():
    shown = [block for block in map(tomllib.loads, blocks("toml", "specs")) if "losses" in block]
    assert [block["losses"] for block in shown] == [
        tomllib.loads((ROOT / "specs" / "several_losses.toml").read_text())["losses"]
    ]


def test_the_python_examples_run_one_after_the_other(tmp_path, monkeypatch, capsys):
    (tmp_path / "specs").symlink_to(ROOT / "specs")
    monkeypatch.chdir(tmp_path)
    exec("".join(blocks("python", "python")), {})  # noqa: S102 - the examples must run unchanged.
    printed = capsys.readouterr().out
    assert "Linear(in_features=4, out_features=16, bias=True)" in printed
    assert "{'training': 90, 'validation': 30, 'test': 30} 131\n" in printed
    assert "['setosa'" in printed
    assert (tmp_path / "runs" / "iris" / "1" / "result.json").exists()


def test_ids_are_read_as_shown():
    [shown] = [block for block in map(tomllib.loads, blocks("toml", "data")) if "id_columns" in block["data"]]
    assert hookline.load({**tomllib.loads(blocks("toml")[0]), **shown}).data.always_kept == ("customer_id", "contract")


def test_the_stages_are_listed_in_order():
    from hookline.plugins.stages import STAGES

    sentence = PAGES["callbacks"].partition("The stages, in order, are ")[2].partition(";")[0]
    assert re.findall(r"`(\w+)`", sentence) == list(STAGES)


@pytest.mark.parametrize(
    "door", ["", ".data", ".errors", ".files", ".plots", ".script", ".spec", ".testing", ".training"]
)
def test_every_public_name_exists(door):
    module = importlib.import_module(f"hookline{door}")
    assert module.__all__
    assert all(getattr(module, name) is not None for name in module.__all__)


def test_other_names_do_not_exist():
    assert not hasattr(hookline, "nothing_like_it")


def test_a_component_is_shown_as_printed(capsys, monkeypatch):
    words, shown = shown_of("show")
    monkeypatch.setenv("COLUMNS", "84")
    assert main(words) == 0
    assert capsys.readouterr().out.splitlines() == shown


def test_specs_are_tuned_as_shown(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT / "specs")
    for shown in map(tomllib.loads, blocks("toml", "tuning")):
        table = tomllib.loads((ROOT / "specs" / "breast_cancer.toml").read_text())
        defaults = {"type": "Optuna", "trials": 2, "space": {"optimizer.lr": [0.1, 0.2]}}
        data = {**table["data"], **shown.get("data", {})}
        if "folds" in data:
            del data["validation"]
        spec = hookline.load({**table, "data": data, "tune": {**defaults, **shown["tune"]}})
        assert spec.tune.trials == shown["tune"].get("trials", 2)
    (tmp_path / "specs").symlink_to(ROOT / "specs")
    monkeypatch.chdir(tmp_path)
    exec(blocks("python", "tuning")[0], {})  # noqa: S102 - the example must run unchanged.
