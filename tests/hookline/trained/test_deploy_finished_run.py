"""A finished run is deployed as at the end of its training, from its directory alone."""

import json
import shutil

import pytest
from killed_process import files
from small_training import SPECS, small

import hookline
from hookline.cli.main import main
from hookline.errors import HooklineError, RunError, SpecError


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    home = tmp_path_factory.mktemp("trained")
    hookline.train(small(epochs=1, deploy=[{"type": "Safetensors"}]), out=home / "run")
    return home / "run"


@pytest.fixture
def run(trained, tmp_path):
    return shutil.copytree(trained, tmp_path / "moved")


def content(place):
    return {path.name: path.read_bytes() for path in place.iterdir()}


def test_a_finished_run_gives_the_same_files_as_its_training(trained, run, tmp_path):
    deployed = hookline.open_run(run).deploy("Safetensors", out=tmp_path / "model")
    assert content(deployed.place)["model.safetensors"] == content(trained / "safetensors")["model.safetensors"]
    ours, theirs = (
        json.loads((place / "model.json").read_text()) for place in (deployed.place, trained / "safetensors")
    )
    assert ours.pop("spec")["model"] == theirs.pop("spec")["model"]
    assert ours == theirs
    assert (deployed.comparison.rows, deployed.comparison.largest_difference) == (64, 0.0)


def test_a_directory_is_replaced_only_if_this_is_allowed(run):
    finished = hookline.open_run(run)
    before = content(run / "safetensors")
    with pytest.raises(hookline.HooklineError, match=r"safetensors already exists: .* replace it with `--force`\.$"):
        finished.deploy("Safetensors")
    assert content(run / "safetensors") == before
    assert [path.name for path in finished.deploy("Safetensors", force=True).files] == [
        "model.safetensors",
        "model.json",
    ]
    assert content(run / "safetensors") == before
    names = ["safetensors/model.safetensors", "safetensors/model.json"]
    assert json.loads((run / "result.json").read_text())["deployed"] == names
    assert hookline.open_run(run).result["deployed"] == names
    (run / "file").touch()
    with pytest.raises(hookline.HooklineError, match="is a file: choose another directory"):
        finished.deploy("Safetensors", out=run / "file", force=True)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("Safetensor", 'There is no deployment target called "Safetensor". Did you mean "Safetensors"?'),
        ({"type": "Safetensors", "a": 1}, 'Safetensors has no option "a".'),
    ],
)
def test_a_wrong_target_is_refused(target, message, run, tmp_path):
    with pytest.raises(SpecError) as error:
        hookline.open_run(run).deploy(target, out=tmp_path / "model")
    assert message in str(error.value)
    assert not (tmp_path / "model").exists()


def test_a_run_without_examples_reads_its_data_again(tmp_path):
    shutil.copy(SPECS / "data" / "iris.csv", tmp_path / "rows.csv")
    data = {"type": "CSV", "path": str(tmp_path / "rows.csv"), "targets": "species", "test": 0.2}
    spec = small(run={"keep_examples": False, "epochs": 1, "name": "small"}, data=data, metrics=[])
    hookline.train(spec, out=tmp_path / "run")
    assert not list((tmp_path / "run").glob("examples.*"))
    run = hookline.open_run(tmp_path / "run")
    assert run.deploy("Safetensors").comparison.rows == 64
    (tmp_path / "rows.csv").unlink()
    with pytest.raises(RunError, match=r"The data of the run is needed, but .*rows\.csv\" does not exist"):
        run.deploy("Safetensors", out=tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_damaged_examples_are_reported(run, tmp_path):
    (run / "examples.arrow").write_bytes((run / "examples.arrow").read_bytes()[::-1])
    with pytest.raises(RunError, match=r"examples.arrow: The file is damaged, or has been changed"):
        hookline.open_run(run).deploy("Safetensors", out=tmp_path / "model")


def test_the_kept_examples_can_be_predicted(run):
    table = hookline.open_run(run).predict(run / "examples.arrow", columns=["prediction"])
    assert table.num_rows == 64


def test_the_command_prints_what_it_has_written_and_compared(run, capsys, tmp_path):
    place = tmp_path / "model"
    assert main(["deploy", str(run), "--type", "Safetensors", "-o", str(place)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == [f"  deployed {place}/model.safetensors", f"  deployed {place}/model.json"]
    assert lines[2].startswith("The largest difference from the model in memory is 0 on 64 rows (safetensors ")
    assert lines[2].endswith("). Both refuse 4 rows with missing or unseen cells.")
    assert main(["deploy", str(run), "--force", "-q"]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("is_inside", [False, True])
def test_only_the_directory_of_a_deployed_model_is_replaced(is_inside, run, tmp_path, monkeypatch):
    """Other files would be lost, such as a run, or notes."""
    place = tmp_path / "model"
    finished = hookline.open_run(run)
    finished.deploy("Safetensors", out=place)
    assert [file.name for file in finished.deploy("Safetensors", out=place, force=True).files][-1] == "model.json"
    (place / "notes" / "mine.txt").parent.mkdir()
    (place / "notes" / "mine.txt").write_text("mine")
    if is_inside:
        monkeypatch.chdir(place)
    before = files(place)
    with pytest.raises(HooklineError) as error:
        finished.deploy("Safetensors", out="." if is_inside else place, force=True)
    reason = "has files that no deployment has written, such as notes/mine.txt: choose another directory."
    assert str(error.value) == f"{place} {reason}"
    with pytest.raises(HooklineError, match=r"has files that no deployment has written, such as .*: choose another"):
        finished.deploy("Safetensors", out=run, force=True)
    assert files(place) == before
    assert hookline.open_run(run).state == "finished"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--set", "a=1"], "`--set` sets options of a format: pass its type, too, with `--type`."),
        (["--type", "Safetensors", "--set", "a=1"], '--set a=1: deploy[0].a: Safetensors has no option "a".'),
        (["--type", "Safetensors", "--set", "a"], "--set a: This is not a path and a value"),
        (["--type", "Adam"], '--type Adam: deploy[0].type: There is no deployment target called "Adam". Adam belongs'),
        ([], "safetensors already exists: choose another directory, or replace it with `--force`."),
    ],
)
def test_the_command_reports_mistakes(words, message, run, capsys):
    assert main(["deploy", str(run), *words]) == 2
    reported = capsys.readouterr().err
    assert message in reported
    assert "Traceback" not in reported
