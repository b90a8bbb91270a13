"""A fault of tracing itself, such as too little memory, leaves the batches to the layers."""

import pytest
import torch
import tracing

import hookline
from hookline.training.tracing import comparison, recorded_step, snapshot
from hookline.training.tracing.graphs import arranged, builder, runners
from hookline.training.tracing.passes import recorded_batch, traced_batch
from hookline.training.tracing.updates import optimizer_updates, update
from hookline.training.tracing.watching import finder

SPEC = {
    "run": {"epochs": 3, "seed": 1},
    "data": {"type": "Random", "features": 3, "targets": [0.5, 1, 2, 3] * 5, "batch_size": 4},
    "model": {
        "type": "Sequential",
        "layers": [
            {"type": "Linear", "out_features": 4},
            {"type": "BatchNorm1d"},
            {"type": "Dropout"},
            {"type": "Linear", "out_features": 1},
        ],
    },
    "loss": {"type": "MSELoss"},
    "optimizer": {"type": "Adam"},
    "callbacks": [{"type": "ExponentialLR", "gamma": 0.9, "interval": "step"}],
}
PLACES = [
    (comparison, "difference"),
    (finder.Finder, "complete"),
    (builder.GraphBuilder, "add"),
    (arranged, "simplified"),
    (recorded_batch, "arranged"),
    (recorded_step, "traced_step"),
    (runners, "best_of_batches"),
    (runners, "best_of_several"),
    (snapshot.Snapshot, "present"),
    (optimizer_updates, "traced_updates"),
    (torch, "_foreach_clone"),
    (traced_batch.TracedBatch, "run"),
    (update.TracedUpdates, "run"),
]


def left(out):
    """Everything that a training leaves."""
    trial = hookline.train(hookline.load(SPEC), out=out)
    return (
        {name: tensor.numpy().tobytes() for name, tensor in trial.model.state_dict().items()},
        torch.get_rng_state().tolist(),
        trial.history,
        trial.metrics,
    )


@pytest.mark.filterwarnings("ignore::hookline.HooklineWarning")
@pytest.mark.parametrize(("owner", "name"), PLACES, ids=lambda part: part if isinstance(part, str) else "")
def test_a_fault_at_any_place_changes_nothing(owner, name, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        tracing.trace_nothing(patch)
        expected = left(tmp_path / "layers")
    tracing.trace_everything(monkeypatch, "torchscript", checks=2)
    calls, usual = [], getattr(owner, name)

    def failing(*values, **more):
        calls.append(name)
        if len(calls) == 1:
            raise RuntimeError("There is not enough memory.")
        return usual(*values, **more)

    monkeypatch.setattr(owner, name, failing)
    assert left(tmp_path / "traced") == expected
    assert calls
