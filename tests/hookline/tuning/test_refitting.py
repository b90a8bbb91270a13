import json

import numpy
import pytest
from safetensors.numpy import load_file
from small_training import SPECS
from tuning import tuned

import hookline
from hookline.errors import SpecError

DATA = {"type": "CSV", "path": str(SPECS / "data/iris.csv"), "targets": "species", "standardize": True}
DATA |= {"validation": 0.3, "test": 0.2, "stratify": True, "batch_size": 32}
STOPPING = {"type": "EarlyStopping", "patience": 2, "min_delta": 0.05}
SPACE = {"optimizer.lr": [0.05, 0.2]}


def refitting(space=SPACE, *, data=DATA, callbacks=(STOPPING,), sections=None, **tune):
    sections = {"data": data, "callbacks": list(callbacks), "deploy": [{"type": "Safetensors"}], **(sections or {})}
    return tuned(space, type="GridSearch", epochs=9, refit=True, sections=sections, **{"trials": 2, **tune})


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return hookline.tune(refitting(), out=tmp_path_factory.mktemp("refit") / "one")


def data_of(file, home):
    return hookline.train(hookline.load(file, ["run.epochs=1", "deploy=[]"]), out=home / file.stem).data


def test_the_spec_of_the_refit_is_an_ordinary_one_that_trains_to_the_same_bits(study, tmp_path):
    spec = hookline.load(study.root / "refit.toml")
    [best] = study.best
    assert spec.optimizer.lr == best.values["optimizer.lr"]
    assert spec.run.epochs == best.trainings[0].epoch < 9
    assert spec.callbacks == ()
    hookline.train(spec, out=tmp_path / "again")
    again, refit = (load_file(home / "model.safetensors") for home in (tmp_path / "again", study.root / "refit"))
    assert all((again[name] == refit[name]).all() for name in refit)


def test_statistics_are_those_of_training_and_validation_rows_and_the_test_rows_stay(study, tmp_path):
    best, refit = data_of(study.root / "best.toml", tmp_path), data_of(study.root / "refit.toml", tmp_path)
    rows = {split: set(numbers.tolist()) for split, numbers in best.row_numbers.items()}
    both = sorted(rows["training"] | rows["validation"])
    assert refit.row_numbers["training"].tolist() == both
    assert refit.row_numbers["test"].tolist() == best.row_numbers["test"].tolist()
    assert refit.validation is None
    table = numpy.loadtxt(SPECS / "data/iris.csv", delimiter=",", skiprows=1, usecols=range(4))[both]
    inputs = refit.training.all.input.numpy()
    assert numpy.allclose(inputs, (table - table.mean(0)) / table.std(0), atol=1e-6)


def test_the_refit_is_deployed_in_place_of_the_best_trial_and_done_once(study):
    assert [path.parent.name for path in study.root.glob("*/safetensors")] == ["refit"]
    written = (study.root / "refit" / "result.json").stat().st_mtime_ns
    hookline.tune(resume=study.root)
    assert (study.root / "refit" / "result.json").stat().st_mtime_ns == written
    result = json.loads((study.root / "refit" / "result.json").read_text())
    assert (result["state"], list(result["metrics"])) == ("finished", ["test"])


def test_a_better_trial_is_trained_anew(tmp_path):
    study = hookline.tune(refitting({"optimizer.lr": [1e-4, 0.1]}), trials=1, out=tmp_path / "one")
    first = (study.root / "refit.toml").read_text()
    longer = hookline.tune(resume=study.root, trials=2)
    assert [record.number for record in longer.best] == [2]
    assert (study.root / "refit.toml").read_text() != first
    assert hookline.open_run(study.root / "refit").spec.optimizer.lr == 0.1


def test_folds_are_joined_and_the_mean_of_the_best_epochs_counts(tmp_path):
    data = {name: value for name, value in DATA.items() if name != "validation"} | {"folds": 3}
    study = hookline.tune(refitting(data=data, folds=True), out=tmp_path / "one")
    spec = hookline.load(study.root / "refit.toml")
    epochs = [training.epoch for training in study.best[0].trainings]
    assert spec.run.epochs == round(sum(epochs) / len(epochs))
    assert data_of(study.root / "refit.toml", tmp_path).training.rows == 120


def test_without_test_rows_the_refit_has_no_metrics(tmp_path):
    data = {**DATA, "test": 0.0}
    study = hookline.tune(refitting(data=data, sections={"deploy": []}), out=tmp_path / "one")
    assert hookline.load(study.root / "refit.toml").metrics == ()


@pytest.mark.parametrize(
    ("options", "messages"),
    [
        (
            {"callbacks": [{"type": "ReduceLROnPlateau"}]},
            ['callbacks[0].monitor: "validation/loss" is not logged.'],
        ),
        (
            {"data": {**DATA, "validation": 0.0}, "monitor": "training/loss", "callbacks": []},
            ["tune.refit: The data has no validation split."],
        ),
        ({"monitor": ["validation/loss", "parameters"]}, ["tune.refit: With several monitored numbers"]),
        (
            {
                "callbacks": [STOPPING, {"type": "Checkpoint", "keep_best": 1}],
                "sections": {"run": {"validate_every_epochs": 2}},
            },
            [],
        ),
    ],
)
def test_what_cannot_be_trained_on_validation_rows_is_refused(options, messages):
    if not messages:
        refitting(**options)
        return
    with pytest.raises(SpecError) as error:
        refitting(**options)
    found = [str(problem) for problem in error.value.problems]
    assert [text[: len(start)] for text, start in zip(found, messages, strict=True)] == messages


def test_an_interrupted_refit_begins_anew(tmp_path, monkeypatch):
    spec = refitting()
    with monkeypatch.context() as patched:
        patched.setattr("hookline.tuning.refitting.train_once", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            hookline.tune(spec, out=tmp_path / "one")
    assert not (tmp_path / "one" / "refit").exists()
    hookline.tune(resume=tmp_path / "one")
    assert (tmp_path / "one" / "refit" / "model.safetensors").is_file()
