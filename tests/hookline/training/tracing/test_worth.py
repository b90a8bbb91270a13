"""When a trace is expected to earn back its cost: by the number of steps, whatever the speed of the machine."""

import itertools
import json
from pathlib import Path

import pytest
import torch
import tracing
from torch import nn

import hookline
from hookline.data import Batch
from hookline.plugins.traced_steps import TracedSteps
from hookline.training.tracing import beginning, traced_gradients, worth
from hookline.training.tracing.passes import to_come

MACHINES = (1e-5, 1e-4, 1e-3)
"""The seconds of a step whose time is all in Python."""


def earns(steps, seconds, share=1.0, **options):
    run = tracing.run_of(steps)
    run.steps_per_epoch = 100
    return worth.earns_its_cost(run, seconds, share, **{"with_updates": True, "is_first": True, **options})


@pytest.mark.parametrize(
    ("steps", "options", "answer"),
    [
        (60, {}, False),
        (90, {}, True),
        (90, {"with_updates": False}, False),
        (180, {"with_updates": False}, True),
        (100, {"share": 0.5}, False),
        (100, {"share": 0.5, "is_first": False}, True),
        (20, {"share": 5.0}, True),
        (12, {"is_other_shape": True}, True),
        (11, {"is_other_shape": True}, False),
        (30, {"is_other_shape": True, "with_updates": False}, False),
    ],
    ids=str,
)
def test_the_answer_depends_on_the_number_of_steps_and_not_on_the_machine(steps, options, answer):
    assert {earns(steps, seconds, **options) for seconds in MACHINES} == {answer}


@pytest.mark.parametrize(("patience", "epoch", "steps"), [(None, 1, 900), (3, 1, 400), (3, 5, 800), (3, 50, 900)])
def test_a_run_that_may_end_early_is_expected_to_last_as_long_as_before(patience, epoch, steps):
    run = tracing.run_of(1000)
    run.step, run.epoch, run.steps_per_epoch = 100, epoch, 100
    run.spec.callbacks = [hookline.load(EARLY).callbacks[0]] if patience else []
    assert worth.steps_to_come(run) == steps


EARLY = {
    "data": {"type": "Random", "features": 2, "targets": [0, 1, 2]},
    "model": {"type": "Linear"},
    "loss": {"type": "CrossEntropyLoss"},
    "optimizer": {"type": "SGD", "lr": 0.1},
    "run": {"epochs": 2},
    "callbacks": [{"type": "EarlyStopping", "monitor": "training/loss", "patience": 3}],
}


@pytest.mark.parametrize(("operations", "answer"), [(None, True), (200, True), (20, False)])
def test_few_operations_that_take_long_are_computation(operations, answer):
    saved = None if operations is None else 0.0
    assert earns(150, 0.003, operations=operations, saved=saved) == answer


def test_evaluations_need_as_many_batches_on_each_machine():
    for seconds in (1e-5, 1e-4):
        answers = {count: to_come.earns_its_cost(seconds, count) for count in (30, 50, 55, 200)}
        assert answers == {30: False, 50: False, 55: True, 200: True}
        assert to_come.earns_its_cost(seconds, 50, is_first=False)
    assert not to_come.earns_its_cost(0.05, 200)


ROWS = torch.randint(5, (4, 3), generator=torch.Generator().manual_seed(1))
BATCHES = [Batch({"x": ROWS}, {"y": torch.zeros(4)})] * 20


class Bags(nn.Module):
    """A sum of embeddings, with sparse gradients or not."""

    def __init__(self, *, sparse):
        super().__init__()
        self.embedding = nn.Embedding(5, 2, sparse=sparse)

    def forward(self, rows):
        """Embed rows."""
        return self.embedding(rows).sum((1, 2))


def test_sparse_gradients_are_found_without_a_recording(monkeypatch):
    monkeypatch.setattr(worth, "earns_its_cost", lambda *_, **__: True)
    recorded = []
    monkeypatch.setattr(traced_gradients, "RecordedStep", lambda *_: recorded.append(_))
    model, criterion, run = Bags(sparse=True), nn.MSELoss(), tracing.run_of()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    by_layers = tracing.Plain(model, criterion, optimizer).gradients
    gradients = beginning.traced_gradients(run, model, criterion, optimizer, by_layers)
    for batch in BATCHES:
        gradients(batch)
    assert run.traced_steps == TracedSteps(0, 20, ["the gradient of a parameter is sparse"])
    assert recorded == []


def test_nothing_is_measured_in_a_run_that_cannot_earn_the_cost():
    made, by_layers = (torch.nn.Linear(1, 1), nn.MSELoss(), torch.optim.SGD), lambda batch: batch
    run = tracing.run_of(31)
    assert beginning.traced_gradients(run, *made, by_layers) is by_layers
    assert run.traced_steps == TracedSteps(0, 0, [worth.TOO_SHORT])
    run.spec.optimizer.needs_closure = True
    assert beginning.traced_gradients(run, *made, by_layers) is not by_layers
    assert beginning.traced_gradients(tracing.run_of(33), *made, by_layers) is not by_layers


def test_a_further_training_of_a_process_does_not_count_the_time_to_compile(monkeypatch):
    asked = []
    monkeypatch.setattr(worth, "earns_its_cost", lambda *_, is_first, **__: asked.append(is_first))
    monkeypatch.setattr(worth, "can_earn_its_cost", lambda run: True)
    monkeypatch.setattr(worth, "trainings", itertools.count())
    for _ in range(2):
        tracing.both_ways(lambda: (Bags(sparse=False), nn.MSELoss()), BATCHES[:4])
    assert asked[0]
    assert not asked[-1]


def test_an_optimizer_that_evaluates_a_batch_several_times_earns_the_cost_in_fewer_steps(monkeypatch):
    """All batches of `both_ways` belong to the first step of a run, of 20 or of 200 steps."""
    monkeypatch.setattr(worth, "is_faster", lambda *_: True)
    monkeypatch.setattr(worth, "can_earn_its_cost", lambda run: True)
    asked = []
    earns_its_cost = worth.earns_its_cost

    def asking(run, seconds, share, **options):
        asked.append(share)
        return earns_its_cost(run, seconds, share, **options)

    monkeypatch.setattr(worth, "earns_its_cost", asking)
    found = tracing.both_ways(lambda: (Bags(sparse=False), nn.MSELoss()), BATCHES, steps=200)
    assert asked[0] == worth.WARM_UP + 1
    assert found.traced > 0


SPECS = Path(__file__).parents[4] / "specs"

STOPPING = 'callbacks=[{ type = "EarlyStopping", patience = 3 }]'


@pytest.mark.parametrize(("callbacks", "is_decided_again"), [("callbacks=[]", False), (STOPPING, True)])
def test_a_run_that_may_last_longer_decides_again_about_batches_of_another_shape(
    callbacks, is_decided_again, monkeypatch, tmp_path
):
    monkeypatch.setattr(worth, "is_faster", lambda *_: True)
    monkeypatch.setattr(worth, "can_earn_its_cost", lambda run: True)
    monkeypatch.setattr(
        worth, "earns_its_cost", lambda run, *_, is_other_shape, **__: not is_other_shape or run.epoch >= 4
    )
    spec = hookline.load(SPECS / "iris.toml", ["run.epochs=12", "deploy=[]", callbacks])
    hookline.train(spec, out=tmp_path / "run")
    steps = json.loads((tmp_path / "run" / "result.json").read_text())["traced_steps"]
    assert steps["traced"] + steps["by_layers"] == 12 * 6
    assert (steps["by_layers"] < 4 + 12) == is_decided_again  # Each epoch has five full batches and a smaller one.
