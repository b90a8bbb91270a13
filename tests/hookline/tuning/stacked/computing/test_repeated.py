import json

import pytest
import torch
from tuning import tuned

import hookline
from hookline.tuning.stacked.computing import repeated
from hookline.tuning.stacked.computing.traced import Traced

LAST = {"type": "Linear", "out_features": 3}
IMAGE = {"type": "Unflatten", "dim": 1, "unflattened_size": [1, 2, 2]}
CASES = {
    # A learning rate of 0 leads to other operations, which are traced anew.
    "learning rates": {
        "optimizer": {"type": "SGD", "momentum": 0.9},
        "callbacks": [{"type": "StepLR", "step_size": 2}, {"type": "MultiStepLR", "milestones": [4], "gamma": 0.0}],
    },
    "dropout and metrics": {
        "model": {"type": "Sequential", "layers": [{"type": "Dropout", "p": 0.3}, {"type": "Dropout", "p": 0.1}, LAST]},
        "optimizer": {"type": "Adam"},
        "metrics": [{"type": "Accuracy"}],
    },
    "batches normalized": {
        "model": {
            "type": "Sequential",
            "layers": [
                IMAGE,
                {"type": "Conv2d", "out_channels": 4, "kernel_size": 2, "padding": 1},
                {"type": "BatchNorm2d"},
                {"type": "MaxPool2d", "kernel_size": 2},
                {"type": "Flatten"},
                LAST,
            ],
        },
        "optimizer": {"type": "Adagrad", "lr_decay": 0.1},
    },
    "steps wrapped": {
        "optimizer": {"type": "RMSprop"},
        "callbacks": [{"type": "OneCycleLR", "max_lr": 0.1}, {"type": "GradientClipping", "max_norm": 0.1}],
    },
}


@pytest.fixture
def called(monkeypatch):
    """The number of batches of each call of a trace, for steps and for evaluations.

    Each shape of batches is traced as soon as possible.
    """
    monkeypatch.setattr(repeated, "COST", 0.0)
    monkeypatch.setattr(repeated, "COST_IN_BATCHES", 0)
    sizes, by_trace = {True: [], False: []}, Traced.__call__

    def counted(self, batches):
        sizes[torch.is_grad_enabled()].append(len(batches))
        return by_trace(self, batches)

    monkeypatch.setattr(Traced, "__call__", counted)
    return sizes


@pytest.mark.parametrize("case", CASES)
def test_a_trace_of_a_stack_has_the_bits_of_its_operations_one_by_one(case, called, tmp_path):
    run = {"name": "stacked", "epochs": 6, "evaluate_training": False}
    space = {"optimizer.lr": {"low": 0.001, "high": 0.1}, "run.seed": [0, 1], "data.batch_size": [16]}
    found = {}
    for trace in ("off", "auto"):
        sections = {"metrics": [], **CASES[case], "run": {**run, "trace": trace}}
        spec = tuned(space, trials=4, vectorize=4, sections=sections)
        study = hookline.tune(spec, out=tmp_path / trace)
        for number in (one.number for one in study.records if one.is_rounded):
            result = json.loads((study.root / f"trial-{number}/result.json").read_text())
            assert (result["traced_steps"]["traced"] > 0) == (trace == "auto")
        found[trace] = [(one.values, one.curve, one.rounded or one.results) for one in study.records]
        assert [one.together for one in study.records] == [4] * 4
        assert [bool(sizes) for sizes in called.values()] == [trace == "auto"] * 2
    assert found["auto"] == found["off"]
    # Several steps are made in one call, unless callbacks come between them.
    assert (max(called[True]) > 1) == (case != "steps wrapped")
