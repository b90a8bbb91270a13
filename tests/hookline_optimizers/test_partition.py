"""Several optimizers, each for a part of the model."""

from copy import deepcopy

import numpy
import pytest
import torch
from torch import nn
from torch.optim import lr_scheduler

import hookline

ROWS = 24
PARTITION = {
    "type": "Partition",
    "parts": [
        {"layers": "Linear", "dimensions": 2, "optimizer": {"type": "Muon", "lr": 0.02}},
        {"optimizer": {"type": "AdamW", "lr": 0.03, "groups": [{"layers": "LayerNorm", "weight_decay": 0.0}]}},
    ],
}


def spec(optimizer, callbacks=()):
    return hookline.load(
        {
            "run": {"epochs": 3, "seed": 5},
            "data": {"type": "Random", "features": 6, "targets": [row % 2 for row in range(ROWS)], "batch_size": 8},
            "model": {
                "type": "Sequential",
                "layers": [
                    {"type": "Linear", "out_features": 4},
                    {"type": "LayerNorm"},
                    {"type": "Linear", "out_features": 1},
                ],
            },
            "loss": {"type": "MSELoss"},
            "optimizer": optimizer,
            "callbacks": list(callbacks),
        }
    )


def network():
    torch.manual_seed(5)
    return nn.Sequential(nn.Linear(6, 4), nn.LayerNorm(4), nn.Linear(4, 1))


def optimizers_of(model):
    first, norm, last = model
    return [
        torch.optim.Muon([first.weight, last.weight], lr=0.02),
        torch.optim.AdamW(
            [{"params": [norm.weight, norm.bias], "weight_decay": 0.0}, {"params": [first.bias, last.bias]}],
            lr=0.03,
            fused=True,
        ),
    ]


def test_a_cycle_moves_the_momentum_of_all_parts(tmp_path):
    parts = [
        {"layers": "LayerNorm", "optimizer": {"type": "SGD", "lr": 0.1, "momentum": 0.9}},
        {"optimizer": {"type": "SGD", "lr": 0.1, "momentum": 0.5, "weight_decay": 0.1}},
    ]
    cycle = {"type": "OneCycleLR", "max_lr": 0.2}
    trial = hookline.train(spec({"type": "Partition", "parts": parts}, [cycle]), out=tmp_path / "run")
    model = network()
    first, norm, last = model
    own = [
        {"params": [norm.weight, norm.bias]},
        {"params": [*first.parameters(), *last.parameters()], "weight_decay": 0.1},
    ]
    optimizer = torch.optim.SGD(own, lr=0.1, momentum=0.9, fused=True)
    scheduler = lr_scheduler.OneCycleLR(optimizer, 0.2, total_steps=9)
    for x, y in batches(range(1, 4)):
        optimizer.zero_grad()
        nn.functional.mse_loss(model(x), y).backward()
        optimizer.step()
        scheduler.step()
    assert_same(trial.model, model)


def test_a_cycle_over_parts_without_a_common_momentum_is_reported_with_advice(tmp_path):
    with pytest.raises(hookline.errors.MismatchError, match="set `cycle_momentum = false`"):
        hookline.train(spec(PARTITION, [{"type": "OneCycleLR", "max_lr": 0.2}]), out=tmp_path / "run")
    cycle = {"type": "OneCycleLR", "max_lr": 0.2, "cycle_momentum": False}
    assert hookline.train(spec(PARTITION, [cycle]), out=tmp_path / "run").steps == 9


def batches(epochs):
    x = torch.randn(ROWS, 6, generator=torch.Generator().manual_seed(0))
    y = torch.tensor([[float(row % 2)] for row in range(ROWS)])
    for epoch in epochs:
        for batch in torch.from_numpy(numpy.random.default_rng((5, epoch)).permutation(ROWS)).split(8):
            yield x[batch], y[batch]


def gradients(model, x, y):
    model.zero_grad()
    nn.functional.mse_loss(model(x), y).backward()


def assert_same(model, expected):
    weights, others = model.state_dict(), expected.state_dict()
    assert [name for name in weights if not torch.equal(weights[name], others[name])] == []


@pytest.mark.parametrize("scheduled", [False, True])
def test_the_parts_train_like_separate_optimizers(scheduled, tmp_path):
    callbacks = [{"type": "ExponentialLR", "gamma": 0.8, "interval": "step"}] if scheduled else []
    trial = hookline.train(spec(PARTITION, callbacks), out=tmp_path / "run")

    model = network()
    optimizers = optimizers_of(model)
    schedulers = [lr_scheduler.ExponentialLR(optimizer, 0.8) for optimizer in optimizers] if scheduled else []
    for x, y in batches(range(1, 4)):
        gradients(model, x, y)
        for part in (*optimizers, *schedulers):
            part.step()
    assert_same(trial.model, model)


def test_a_loaded_state_continues_like_the_original():
    kind = spec(PARTITION).optimizer
    model = network()
    optimizer = kind.build_for(hookline.spec.named_parameters(model))
    for x, y in batches([1]):
        gradients(model, x, y)
        optimizer.step()
    copied = network()
    copied.load_state_dict(model.state_dict())
    other = kind.build_for(hookline.spec.named_parameters(copied))
    other.load_state_dict(deepcopy(optimizer.state_dict()))
    for x, y in batches([2]):
        for trained, by in ((model, optimizer), (copied, other)):
            gradients(trained, x, y)
            by.step()
    assert_same(copied, model)
    assert len(other.state) == len(list(copied.parameters()))


def test_a_look_at_the_states_does_not_change_them():
    model = network()
    optimizer = spec(PARTITION).optimizer.build_for(hookline.spec.named_parameters(model))
    for x, y in batches([1]):
        gradients(model, x, y)
        optimizer.step()
    seen = list(optimizer.state.values())
    assert len(seen) == len(list(model.parameters()))
    assert [len(part.state) for part in optimizer.optimizers] == [
        sum(len(group["params"]) for group in part.param_groups) for part in optimizer.optimizers
    ]
    with pytest.raises(KeyError):
        optimizer.state[torch.nn.Parameter(torch.zeros(1))]


def test_the_groups_are_shared_with_the_parts_so_that_changes_reach_them():
    optimizer = spec(PARTITION).optimizer.build_for(hookline.spec.named_parameters(network()))
    assert isinstance(optimizer, torch.optim.Optimizer)
    assert [group["name"] for group in optimizer.param_groups] == [
        "Muon: Linear, of 2 dimensions",
        "AdamW: all, LayerNorm",
        "AdamW: all, others",
    ]
    optimizer.param_groups[0]["lr"] = 0.5
    assert optimizer.optimizers[0].param_groups[0]["lr"] == 0.5


def test_a_closure_is_called_once_before_the_steps():
    model = network()
    optimizer = spec(PARTITION).optimizer.build_for(hookline.spec.named_parameters(model))
    calls = []

    def closure():
        calls.append(torch.is_grad_enabled())
        return 7

    with torch.no_grad():
        assert optimizer.step(closure) == 7
    assert calls == [True]


ADAM = {"type": "Adam"}


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (
            [{"optimizer": ADAM}],
            "optimizer.parts: There must be at least two parts; otherwise, use the optimizer directly.",
        ),
        (
            [{"dimensions": 2, "optimizer": {"type": "LBFGS"}}, {"optimizer": ADAM}],
            "optimizer.parts[0]: LBFGS evaluates the loss several times per step, so it cannot train a part.",
        ),
        (
            [{"optimizer": {"type": "Adam", "lr": -1}}, {"optimizer": ADAM}],
            "optimizer.parts[0].optimizer.lr: -1 is out",
        ),
        ([{"optimizer": ADAM, "lr": 1}, {"optimizer": ADAM}], 'optimizer.parts[0].lr: There is no key "lr".'),
    ],
)
def test_invalid_parts_are_reported(parts, message):
    with pytest.raises(hookline.errors.SpecError) as raised:
        spec({"type": "Partition", "parts": parts})
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("optimizer", "message"),
    [
        (
            {"type": "Partition", "parts": [{"dimensions": 2, "optimizer": ADAM}, {"layers": "0", "optimizer": ADAM}]},
            "optimizer.parts: No part trains 1.weight: add a last part without a selection, which takes all others.",
        ),
        (
            {"type": "Partition", "parts": [{"optimizer": ADAM}, {"layers": "0", "optimizer": ADAM}]},
            "optimizer.parts[1]: Every parameter it selects already belongs to an earlier entry.",
        ),
        (
            {"type": "Partition", "parts": [{"layers": "1", "optimizer": {"type": "Muon"}}, {"optimizer": ADAM}]},
            "optimizer.parts[0].optimizer: Muon trains matrices, but 1.weight has the shape (4,)",
        ),
        ({"type": "Muon"}, "optimizer: Muon trains matrices, but 0.bias has the shape (4,)"),
        (
            {"type": "Adam", "capturable": True},
            "optimizer.capturable: 0.weight is on the CPU, so no CUDA graph",
        ),
        ({"type": "SparseAdam"}, "optimizer: SparseAdam takes sparse gradients, but that of 0.weight is dense"),
    ],
)
def test_parameters_that_an_optimizer_cannot_train_are_reported_before_anything_is_written(
    optimizer, message, tmp_path
):
    with pytest.raises(hookline.errors.MismatchError) as raised:
        hookline.train(spec(optimizer), out=tmp_path / "run")
    assert message in str(raised.value)
    assert not (tmp_path / "run").exists()


DENSE_ONLY = ("Adam", "AdamW", "Adamax", "NAdam", "RAdam", "RMSprop", "Adadelta", "Adafactor", "ASGD", "Rprop", "Muon")
SPARSE = nn.Sequential(nn.Embedding(5, 3, sparse=True), nn.Linear(3, 1))


@pytest.mark.parametrize(
    ("optimizer", "message"),
    [
        *(
            ({"type": name}, f"{name} cannot train 0.weight, whose gradient is sparse: remove the layer's `sparse`")
            for name in (
                "Adam",
                "AdamW",
                "Adamax",
                "NAdam",
                "RAdam",
                "RMSprop",
                "Adadelta",
                "Adafactor",
                "ASGD",
                "Rprop",
            )
        ),
        ({"type": "SGD", "weight_decay": 0.1}, "is sparse, which SGD does not support with `weight_decay`."),
        ({"type": "SGD", "fused": True}, "is sparse, which SGD does not support with `fused`."),
        ({"type": "Adagrad", "weight_decay": 0.1}, "is sparse, which Adagrad does not support with `weight_decay`."),
        ({"type": "SparseAdam"}, "that of 1.weight is dense"),
    ],
)
def test_sparse_gradients_are_refused_by_optimizers_that_cannot_take_them(optimizer, message):
    with pytest.raises(hookline.errors.MismatchError) as raised:
        spec(optimizer).optimizer.build_for(hookline.spec.named_parameters(SPARSE))
    assert message in str(raised.value)


@pytest.mark.filterwarnings("ignore:Sparse invariant checks are implicitly disabled")
@pytest.mark.parametrize(
    "optimizer",
    [
        {"type": "SGD", "lr": 0.1, "momentum": 0.9},
        {"type": "Adagrad", "lr": 0.1},
        {
            "type": "Partition",
            "parts": [{"layers": "Embedding", "optimizer": {"type": "SparseAdam"}}, {"optimizer": {"type": "Adam"}}],
        },
        {"type": "LBFGS"},
    ],
    ids=lambda optimizer: optimizer["type"],
)
def test_sparse_gradients_are_accepted_by_optimizers_that_can_take_them(optimizer):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Embedding(5, 3, sparse=True), nn.Linear(3, 1))
    before = [parameter.clone() for parameter in model.parameters()]
    built = spec(optimizer).optimizer.build_for(hookline.spec.named_parameters(model))

    def closure():
        model.zero_grad()
        loss = model(torch.tensor([0, 1, 1])).square().sum()
        loss.backward()
        return loss

    built.step(closure)
    assert [torch.equal(new, old) for new, old in zip(model.parameters(), before, strict=True)] == [False] * 3
