"""Trainings with tracing have the same bits as without, whatever else happens in the steps."""

import json
from pathlib import Path

import pytest
import tracing

import hookline
from hookline.training.tracing.updates import steps_at_once

IRIS = Path(__file__).parents[2] / "specs" / "data" / "iris.csv"
DROPPING = [
    {"type": "Linear", "out_features": 8},
    {"type": "BatchNorm1d"},
    {"type": "Dropout"},
    {"type": "Linear", "out_features": 3},
]
CASES = {
    "dropout": {},
    "clipping": {"callbacks": [{"type": "GradientClipping", "max_norm": 0.1}]},
    "EarlyStopping": {"callbacks": [{"type": "EarlyStopping", "patience": 2}]},
    "ExponentialMovingAverage": {"callbacks": [{"type": "ExponentialMovingAverage", "decay": 0.9}]},
    "Freeze": {"callbacks": [{"type": "Freeze", "parameters": ["0.*"], "until": 4}]},
    "LearningRateFinder": {"callbacks": [{"type": "LearningRateFinder", "steps": 10}]},
    "Mixup": {"callbacks": [{"type": "Mixup"}]},
    "NaNGuard": {"callbacks": [{"type": "NaNGuard", "action": "roll_back", "copy_every": 2}]},
    "OneCycleLR": {"callbacks": [{"type": "OneCycleLR", "max_lr": 0.1}]},
    "SWA": {"callbacks": [{"type": "StochasticWeightAveraging", "start": 4}]},
    "LBFGS": {"optimizer": {"type": "LBFGS", "lr": 0.1}, "model": {"type": "Linear", "out_features": 3}},
    "RMSprop": {"optimizer": {"type": "RMSprop"}},
    "accumulation": {"run": {"accumulate": 2}, "model": {"type": "Linear", "out_features": 3}},
    "two losses": {
        "loss": None,
        "losses": {
            "entropy": {"type": "CrossEntropyLoss", "target": "target"},
            "margin": {"type": "MultiMarginLoss", "target": "target", "factor": 0.5},
        },
    },
    "validation inside epochs": {"run": {"validate_every_steps": 2}},
    "float64": {"run": {"dtype": "float64"}},
}


def spec_of(case, trace):
    return hookline.load(table_of(case, trace))


def table_of(case, trace):
    whole = {
        "run": {"epochs": 8, "seed": 4, "trace": trace},
        "data": {"type": "CSV", "path": str(IRIS), "targets": "species", "validation": 0.2, "batch_size": 50},
        "model": {"type": "Sequential", "layers": DROPPING},
        "loss": {"type": "CrossEntropyLoss"},
        "optimizer": {"type": "Adam", "lr": 0.05},
    }
    for section, value in CASES[case].items():
        whole[section] = {**whole["run"], **value} if section == "run" else value
    return {section: value for section, value in whole.items() if value is not None}


def bits(trial):
    """Everything that a training computes."""
    states = {**trial.model.state_dict(), **{f"criterion.{k}": v for k, v in trial.criterion.state_dict().items()}}
    return {name: tensor.numpy().tobytes() for name, tensor in states.items()}, trial.history, trial.metrics


def counts(trial):
    return json.loads((trial.directory / "result.json").read_text())["traced_steps"]


@pytest.mark.filterwarnings("ignore::hookline.HooklineWarning")
@pytest.mark.parametrize("case", CASES)
def test_a_traced_training_has_the_same_bits(case, tmp_path, monkeypatch):
    plain = hookline.train(spec_of(case, "off"), out=tmp_path / "off")
    assert counts(plain) == {"traced": 0, "by_layers": 0, "reasons": ['`trace` is "off"']}
    tracing.trace_everything(monkeypatch, sorted(tracing.RUNNERS)[len(case) % 2])
    traced = hookline.train(spec_of(case, "auto"), out=tmp_path / "auto")
    assert bits(traced) == bits(plain)
    if case == "Mixup":
        assert counts(traced)["reasons"] == ['callbacks[0] Mixup implements the stage "forward"']
    else:
        assert counts(traced)["traced"] > 4


PER_EPOCH = [{"type": "StepLR", "step_size": 1}]
PER_STEP = [{"type": "OneCycleLR", "max_lr": 0.1}]
SEVERAL = {
    "SGD": {"optimizer": {"type": "SGD", "momentum": 0.9, "nesterov": True}},
    "Adam": {"optimizer": {"type": "Adam", "amsgrad": True}},
    "AdamW": {
        "optimizer": {"type": "AdamW", "groups": [{"parameters": "*.bias", "weight_decay": 0.0, "lr": 0.01}]},
        "callbacks": [{"type": "CosineAnnealingLR", "interval": "step"}, *PER_EPOCH],
    },
    "Adagrad": {"optimizer": {"type": "Adagrad"}},
    "OneCycleLR with momentum": {"optimizer": {"type": "SGD", "momentum": 0.9}, "callbacks": PER_STEP},
    "OneCycleLR with betas": {"optimizer": {"type": "Adam"}, "callbacks": PER_STEP},
    "two schedules": {
        "optimizer": {"type": "SGD"},
        "callbacks": [
            {"type": "ExponentialLR", "gamma": 0.99, "interval": "step"},
            {"type": "LinearLR", "interval": "step"},
        ],
    },
    "max_steps": {"run": {"max_steps": 23}},
    "max_time": {"run": {"max_time": "1h"}},
    "validation inside epochs": {"run": {"validate_every_steps": 5}},
    "checkpoints inside epochs": {"callbacks": [{"type": "Checkpoint", "every_steps": 6}, *PER_STEP]},
    "two losses": {**CASES["two losses"], "callbacks": PER_STEP},
    "two losses in parts": {
        **CASES["two losses"],
        "run": {"accumulate": 2},
        "model": {"type": "Linear", "out_features": 3},
    },
}


@pytest.mark.filterwarnings("ignore::hookline.HooklineWarning")
@pytest.mark.parametrize("runner", tracing.RUNNERS)
@pytest.mark.parametrize("case", SEVERAL)
def test_several_steps_at_once_have_the_same_bits(case, runner, tmp_path, monkeypatch):
    calls = []
    made = steps_at_once.StepsAtOnce.several

    def several(self, steps):
        calls.append(len(steps.batches))
        return made(self, steps)

    monkeypatch.setattr(steps_at_once.StepsAtOnce, "several", several)

    def trained(trace):
        table = {"callbacks": PER_EPOCH, **table_of("dropout", trace), **SEVERAL[case]}
        table["run"] = {**table_of("dropout", trace)["run"], "epochs": 4, **SEVERAL[case].get("run", {})}
        table["data"]["batch_size"] = 9
        table = {section: value for section, value in table.items() if value is not None}
        return hookline.train(hookline.load(table), out=tmp_path / trace)

    plain = trained("off")
    assert calls == []
    tracing.trace_everything(monkeypatch, runner)
    traced = trained("auto")
    assert bits(traced) == bits(plain)
    assert 4 in calls


@pytest.mark.filterwarnings("ignore::hookline.HooklineWarning")
@pytest.mark.parametrize("runner", tracing.RUNNERS)
def test_a_locked_run_is_repeated_by_layers_and_by_traces(runner, tmp_path, monkeypatch):
    spec = spec_of("LearningRateFinder", "auto")
    with monkeypatch.context() as patch:
        tracing.trace_nothing(patch)
        by_layers = hookline.train(spec, out=tmp_path / "layers")
    with monkeypatch.context() as patch:
        tracing.trace_everything(patch, runner)
        traced = hookline.train(spec, out=tmp_path / "traced", locked=tmp_path / "layers")
    assert counts(traced)["traced"] > 4
    with monkeypatch.context() as patch:
        tracing.trace_nothing(patch)
        again = hookline.train(spec, out=tmp_path / "again", locked=tmp_path / "traced")
    assert bits(by_layers) == bits(traced) == bits(again)
