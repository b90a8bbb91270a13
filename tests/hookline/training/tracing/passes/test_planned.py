"""The plan says of evaluations what is traced in a training, and planning leaves the model as it was."""

import numpy
import pytest
import torch
import tracing
from torch import nn

import hookline
from hookline.training.tracing.passes.recorded_batch import RecordedBatch

X = numpy.random.default_rng(2).standard_normal((24, 3)).astype("float32")
DATA = {"x": X, "y": (X[:, 0] > 0).astype("int64")}


def spec_of(**run):
    return hookline.load(
        {
            "run": {"epochs": 2, **run},
            "data": {"type": "Arrays", "inputs": ["x"], "targets": ["y"], "batch_size": 4, "validation": 0.25},
            "model": {
                "type": "Sequential",
                "layers": [{"type": "BatchNorm1d"}, {"type": "Dropout"}, {"type": "Linear"}],
            },
            "loss": {"type": "CrossEntropyLoss"},
            "optimizer": {"type": "SGD", "lr": 0.1},
            "metrics": [{"type": "Accuracy"}],
        }
    )


class Building:
    """Builds a model, and keeps it."""

    def __init__(self, make):
        self.make, self.model = make, None

    @hookline.hookimpl
    def build_model(self):
        self.model = self.make()
        return self.model


class Looking(nn.Linear):
    """A layer that looks at values in evaluations only."""

    def forward(self, x):
        return super().forward(x if self.training else x * x.sum().item())


class Around:
    @hookline.hookimpl(wrapper=True)
    def predict(self):
        return (yield)


def test_the_plan_counts_the_operations_of_the_trace(monkeypatch, tmp_path):
    tracing.trace_everything(monkeypatch, "python")
    counts, traced = [], RecordedBatch.traced

    def counting(self, *arguments, **options):
        trace = traced(self, *arguments, **options)
        counts.append(len(trace.graph.calls))
        return trace

    monkeypatch.setattr(RecordedBatch, "traced", counting)
    hookline.train(spec_of(), data=DATA, out=tmp_path / "run")
    [of_training] = set(counts)
    sentence = hookline.plan(spec_of(), data=DATA).traced_evaluation
    assert sentence == (
        f"Evaluations become {of_training} operations, if there are enough batches to earn back the cost."
    )


@pytest.mark.parametrize(
    ("run", "plugins", "reason"),
    [
        ({"trace": "off"}, [], '`trace` is "off"'),
        ({}, [Building(lambda: Looking(3, 2))], "aten._local_scalar_dense.default looks at the values of a tensor"),
        ({}, [Around()], 'Around implements the stage "predict"'),
    ],
    ids=["off", "values", "wrapped"],
)
def test_the_plan_says_why_the_layers_evaluate(run, plugins, reason, tmp_path):
    plan = hookline.plan(spec_of(**run), data=DATA, plugins=plugins)
    assert plan.traced_evaluation == f"Evaluations are computed by the layers: {reason}."
    assert plan.tracing.startswith("Forward" if not run else "Steps are computed by the layers")


def test_planning_leaves_the_model_in_its_mode_and_state():
    building = Building(lambda: nn.Sequential(nn.BatchNorm1d(3), nn.Dropout(), nn.Linear(3, 2)))
    hookline.plan(spec_of(), data=DATA, plugins=[building])
    model = building.model
    assert all(module.training for module in model.modules())
    assert model[0].num_batches_tracked.item() == 0
    assert torch.equal(model[0].running_mean, torch.zeros(3))
