"""Options of `[run]`, of callbacks and of losses: a script trains to the same bits with each of them."""

import csv
from pathlib import Path

import ejected
import pytest
from exhaustive import EXHAUSTIVE, sampled

import hookline
from hookline.errors import SpecError

ROOT = Path(__file__).parents[2]
BALANCED = {"type": "CrossEntropyLoss", "weight": "balanced"}
IGNORING = {"type": "CrossEntropyLoss", "weight": [1.0, 2.0, 3.0], "ignore_index": 1}
SUM = {"type": "CrossEntropyLoss", "reduction": "sum"}
HIGH = {"type": "SGD", "lr": 3.0}
STOP = {"type": "EarlyStopping", "patience": 1}
MEAN = {"type": "ExponentialMovingAverage", "decay": 0.5}
SKIP = {"type": "NaNGuard", "action": "skip"}
PLATEAU = {"type": "ReduceLROnPlateau", "patience": 0}
FINDER = {"type": "LearningRateFinder", "steps": 10, "use": True}
SEVERAL = {
    "data": {
        "targets": {"species": "species", "width": "petal_width*"},
        "inputs": ["sepal_*"],
    },
    "heads": {"species": {"type": "Linear", "out_features": 3}, "width": {"type": "Linear", "out_features": 1}},
}


def several(loss, *callbacks, batch_size=32, **run):
    """Two losses, one of which has other options."""
    return {
        "run": run,
        "data": {**SEVERAL["data"], "batch_size": batch_size},
        "losses": {"species": loss, "width": {"type": "MSELoss", "factor": 2.0}},
        "callbacks": list(callbacks),
    }


def calling(*callbacks, loss=None, optimizer=None, **run):
    """Callbacks, with other options of the run."""
    others = {"loss": loss, "optimizer": optimizer}
    return {"run": run, "callbacks": list(callbacks), **{name: given for name, given in others.items() if given}}


BROKEN = {"path": "{broken}", "standardize": False, "batch_size": 8}
"""Rows with a number so large that the loss is infinite."""
METRICS = [
    *(
        {"type": kind, "name": f"{kind} at thresholds", "thresholds": 5}
        for kind in ("AUROC", "AveragePrecision", "EER")
    ),
    *({"type": kind} for kind in ("AUROC", "AveragePrecision", "EER", "ClusterAccuracy", "CohenKappa", "RandScore")),
    *(
        {"type": "F1Score", "name": f"F1Score {average}", "average": average}
        for average in ("micro", "macro", "weighted")
    ),
    *({"type": "Accuracy", "name": f"Accuracy of {count}", "top_k": count} for count in (1, 2)),
]
WEIGHTED = {"weight_column": "petal_width", "inputs": ["sepal_*"]}
LAST = {"type": "LinearCrossEntropyLoss", "in_features": 3}
MARGIN = {"type": "MultiMarginLoss", "p": 2}
CASES = {
    "accumulate": {"run": {"accumulate": 3}},
    "accumulate with weights": {"run": {"accumulate": 3}, "loss": BALANCED},
    "accumulate with ignored parts": {"run": {"accumulate": 7}, "loss": IGNORING},
    "accumulate sums": {"run": {"accumulate": 3}, "loss": SUM},
    "accumulate with a factor": {"run": {"accumulate": 3}, "loss": {"type": "CrossEntropyLoss", "factor": 0.3}},
    "accumulate mixed rows": calling({"type": "Mixup", "probability": 0.5}, accumulate=3),
    "accumulate in a closure": calling(optimizer={"type": "LBFGS", "lr": 0.1}, accumulate=3),
    "max_steps": {"run": {"max_steps": 5}},
    "max_time": {"run": {"max_time": "1h"}},
    "validations inside epochs": calling({"type": "StepLR", "step_size": 1}, validate_every_steps=2, max_steps=11),
    "stop inside an epoch": calling(STOP, optimizer=HIGH, validate_every_steps=2),
    "stop in some epochs": calling({**STOP, "every": 3}, optimizer=HIGH, validate_every_epochs=2, epochs=24),
    "stop inside some epochs": calling({**STOP, "every": 2}, optimizer=HIGH, validate_every_steps=2, epochs=12),
    "stop later": calling({**STOP, "first": 3}, optimizer=HIGH, epochs=12),
    "stop by training": calling(
        {**STOP, "monitor": "training/loss", "min_delta": 0.1}, validate_every_steps=2, epochs=12
    ),
    "plateau of some epochs": calling(PLATEAU, optimizer=HIGH, validate_every_epochs=2, epochs=8),
    "plateau inside epochs": calling(PLATEAU, optimizer=HIGH, validate_every_steps=2),
    "plateau beside a scheduler": calling({"type": "StepLR", "step_size": 1}, PLATEAU, optimizer=HIGH),
    "skip": {"data": BROKEN, "loss": MARGIN, **calling(MEAN, SKIP, {"type": "OneCycleLR", "max_lr": 0.1})},
    "skip after clipping": {
        "data": BROKEN,
        "loss": MARGIN,
        **calling({"type": "GradientClipping", "clip_value": 0.1}, SKIP),
    },
    "skip parts": {"data": BROKEN, "loss": MARGIN, **calling(SKIP, accumulate=2)},
    "roll back": {
        "data": BROKEN,
        "loss": MARGIN,
        **calling({**SKIP, "action": "roll_back", "copy_every": 2}, {"type": "OneCycleLR", "max_lr": 0.1}),
    },
    "check some steps": calling({"type": "NaNGuard", "every": 2}),
    "freeze twice": calling(
        {"type": "Freeze", "layers": "0", "until": 3},
        {"type": "Freeze", "parameters": "*.bias"},
        optimizer={"type": "SGD", "lr": 0.1, "momentum": 0.9},
    ),
    "freeze until others": calling(
        {"type": "Freeze", "layers": "0", "until": 3}, {"type": "Freeze", "parameters": "*.bias", "until": 2}, FINDER
    ),
    "mean with a criterion": calling({**MEAN, "use_buffers": True}, loss=BALANCED),
    "mean of epochs": calling({"type": "StochasticWeightAveraging"}, loss=BALANCED, max_steps=7),
    "mean of epochs with validations inside": calling(
        {"type": "StochasticWeightAveraging", "start": 2, "swa_lr": 0.1}, validate_every_steps=2
    ),
    "mix some steps": calling({"type": "Mixup", "every": 2}, loss={"type": "CrossEntropyLoss", "factor": 0.3}),
    "find a rate with a criterion": calling(FINDER, loss=BALANCED),
    "find a rate with mixed rows": calling({"type": "Mixup", "probability": 0.5}, FINDER),
    "two schedulers of groups": calling(
        {"type": "StepLR", "step_size": 1},
        {"type": "ExponentialLR", "gamma": 0.9, "interval": "step"},
        optimizer={"type": "SGD", "lr": 0.1, "groups": [{"parameters": "*.bias", "lr": 0.05}]},
    ),
    "metrics with the same helpers": {"metrics": METRICS},
    "weights of rows": {"data": WEIGHTED, "loss": IGNORING, "run": {"accumulate": 3}},
    "weights of rows, a sum": {"data": WEIGHTED, "loss": SUM},
    "weights of rows in a last layer": {"data": WEIGHTED, "loss": {**LAST, "weight": "balanced", "ignore_index": 1}},
    "weights of rows in a last layer, a sum": {"data": WEIGHTED, "loss": {**LAST, "reduction": "sum"}},
    "weights of classes in a last layer": {"loss": {**LAST, "weight": "balanced", "bias": True}},
    "two losses, weights of rows": {**several(BALANCED), "data": {**SEVERAL["data"], "weight_column": "petal_length"}},
    "two losses, weights": several(BALANCED),
    "two losses, ignored rows": several({**IGNORING, "factor": 0.3}, batch_size=2),
    "two losses, a sum": several(SUM),
    "two losses in parts": several({"type": "CrossEntropyLoss"}, accumulate=2),
    "two losses in mixed parts": several({"type": "CrossEntropyLoss"}, {"type": "Mixup"}, accumulate=2),
    "two losses, mixed": several(BALANCED, {"type": "Mixup", "probability": 0.5}),
    "two losses, a rate": several({"type": "CrossEntropyLoss"}, FINDER),
    "two losses in a closure": {**several(BALANCED, epochs=2), "optimizer": {"type": "LBFGS", "lr": 0.001}},
}
QUICK = (
    *("accumulate", "accumulate with ignored parts", "validations inside epochs", "stop inside some epochs", "skip"),
    *("roll back", "freeze until others", "mean with a criterion", "mean of epochs", "two losses, ignored rows"),
    *("two losses in mixed parts", "two losses in a closure", "weights of rows"),
)
REFUSED = {
    "run.accumulate: Losses that are divided by different numbers have no lines for the parts of a batch.": several(
        BALANCED, accumulate=2
    ),
    "callbacks[1]: ReduceLROnPlateau beside another scheduler has no lines for validations.": calling(
        {"type": "StepLR", "step_size": 1}, PLATEAU, validate_every_steps=2
    ),
    "callbacks[0].monitor: The record of a script has only the numbers of the splits.": calling(
        {**STOP, "monitor": "lr"}, {"type": "StepLR", "step_size": 1}
    ),
    "callbacks[0]: An average of epochs that EarlyStopping may end early has no lines.": calling(
        {"type": "StochasticWeightAveraging"}, {**STOP, "restore_best": False}, validate_every_steps=2
    ),
}


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """A copy of the iris with numbers so large that a loss of them is infinite."""
    rows = list(csv.reader((ROOT / "specs/data/iris.csv").open()))
    for row in (5, 40, 60, 90, 120):
        rows[row][0] = "1e30"
    path = tmp_path_factory.mktemp("data") / "broken.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return str(path)


def made(changes, broken=""):
    """A small spec with other options."""
    data = {
        "type": "CSV",
        "path": "specs/data/iris.csv",
        "targets": "species",
        "standardize": True,
        "validation": 0.2,
        "test": 0.2,
        "batch_size": 32,
        **changes.get("data", {}),
    }
    data["path"] = data["path"].format(broken=broken)
    last = (
        {"type": "Heads", "heads": SEVERAL["heads"]} if "losses" in changes else {"type": "Linear", "out_features": 3}
    )
    is_whole = changes.get("run", {}).get("accumulate", 1) == 1 and "path" not in changes.get("data", {})
    norm = [{"type": "BatchNorm1d"}] if is_whole else []
    layers = [{"type": "Linear", "out_features": 8}, *norm, {"type": "ReLU"}, last]
    return {
        "model": {"type": "Sequential", "layers": layers},
        **({} if "losses" in changes else {"loss": {"type": "CrossEntropyLoss"}}),
        "optimizer": {"type": "Adam", "lr": 0.01},
        **changes,
        "run": {"epochs": 4, **changes.get("run", {})},
        "data": data,
    }


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", sampled(CASES, QUICK))
def test_a_script_trains_to_the_same_bits_with(case, broken, monkeypatch):
    monkeypatch.chdir(ROOT)
    _, found = ejected.compare(made(CASES[case], broken))
    assert found == []


@EXHAUSTIVE
@pytest.mark.filterwarnings("ignore")
def test_the_scripts_pass_ruff(broken, tmp_path, monkeypatch):
    pytest.importorskip("ruff")
    monkeypatch.chdir(ROOT)
    for index, changes in enumerate(CASES.values()):
        (tmp_path / f"script_{index}.py").write_text(hookline.eject(hookline.load(made(changes, broken))))
    assert ejected.lint(tmp_path) == ""


@pytest.mark.parametrize("message", REFUSED)
def test_what_has_no_lines_is_named(message, monkeypatch):
    monkeypatch.chdir(ROOT)
    with pytest.raises(SpecError) as raised:
        hookline.eject(hookline.load(made(REFUSED[message])))
    assert [(problem.id, str(problem)) for problem in raised.value.problems] == [("not-ejectable", message)]


@pytest.mark.parametrize("options", [{}, {"layers": "0"}, {"checkpoint": 6}])
def test_a_script_begins_with_the_weights_of_another_run(options, tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    saving = {"type": "Checkpoint", "every_steps": 3, "keep_last": 9}
    run = hookline.train(hookline.load(made(calling(saving, loss=BALANCED))), out=tmp_path / "run").directory
    spec = made({"run": {"seed": 1, "epochs": 2}, "initialize_from": {"run": str(run), **options}})
    _, found = ejected.compare(spec)
    assert found == []
