"""Parameter groups: separate options for some parameters."""

import numpy
import pytest
import torch
from same_weights import assert_same_weights
from torch import nn

import hookline
from hookline_optimizers.adam import AdamW
from hookline_optimizers.sgd import SGD

ROWS = 24


def spec(optimizer, layers=None, **run):
    return hookline.load(
        {
            "run": {"epochs": 3, "seed": 5, **run},
            "data": {"type": "Random", "features": 6, "targets": [row % 2 for row in range(ROWS)], "batch_size": 8},
            "model": {
                "type": "Sequential",
                "layers": layers
                or [
                    {"type": "Linear", "out_features": 4},
                    {"type": "LayerNorm"},
                    {"type": "Linear", "out_features": 1},
                ],
            },
            "loss": {"type": "MSELoss"},
            "optimizer": optimizer,
        }
    )


def by_hand(build):
    """Return the weights of a loop without Hookline; `build` makes the optimizer, or several."""
    x = torch.randn(ROWS, 6, generator=torch.Generator().manual_seed(0))
    y = torch.tensor([[float(row % 2)] for row in range(ROWS)])
    torch.manual_seed(5)
    model = nn.Sequential(nn.Linear(6, 4), nn.LayerNorm(4), nn.Linear(4, 1))
    optimizers = build(model)
    for epoch in range(1, 4):
        for batch in torch.from_numpy(numpy.random.default_rng((5, epoch)).permutation(ROWS)).split(8):
            model.zero_grad()
            nn.functional.mse_loss(model(x[batch]), y[batch]).backward()
            for optimizer in optimizers:
                optimizer.step()
    return model


GROUPED = {
    "type": "AdamW",
    "lr": 0.05,
    "weight_decay": 0.3,
    "groups": [{"parameters": "*.bias", "weight_decay": 0.0}, {"layers": "LayerNorm", "lr": 0.2, "betas": [0.5, 0.9]}],
}


def test_groups_train_like_torchs(tmp_path):
    def build(model):
        first, norm, last = model
        groups = [
            {"params": [first.bias, norm.bias, last.bias], "weight_decay": 0.0},
            {"params": [norm.weight], "lr": 0.2, "betas": (0.5, 0.9)},
            {"params": [first.weight, last.weight]},
        ]
        return [torch.optim.AdamW(groups, lr=0.05, weight_decay=0.3, fused=True)]

    trial = hookline.train(spec(GROUPED), out=tmp_path / "run")
    assert_same_weights(trial.model, by_hand(build))


def test_the_saved_spec_has_the_groups_and_trains_the_same(tmp_path):
    trial = hookline.train(spec(GROUPED), out=tmp_path / "run")
    kept = hookline.load(trial.directory / "spec.toml")
    assert kept.optimizer == trial.spec.optimizer
    assert hash(kept.optimizer) == hash(trial.spec.optimizer)
    assert_same_weights(hookline.train(kept, out=tmp_path / "again").model, trial.model)


def test_a_group_can_be_created_in_python_with_the_options_of_its_optimizer():
    optimizer = AdamW(groups=(AdamW.group(parameters="*.bias", weight_decay=0.0),))
    assert optimizer == AdamW(groups=(AdamW.group(parameters="*.bias", weight_decay=0.0),))
    assert optimizer != AdamW(groups=(AdamW.group(parameters="*.bias", weight_decay=0.1),))
    assert repr(optimizer.groups[0]) == "AdamWGroup(parameters='*.bias', weight_decay=0.0)"
    with pytest.raises(TypeError):
        AdamW.group(momentum=0.9)
    assert SGD.group(momentum=0.9).options() == {"momentum": 0.9}


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (
            [{"parameters": "*.bias", "weight_decya": 0.0}],
            'optimizer.groups[0].weight_decya: There is no key "weight_d',
        ),
        ([{"lr": 0.1}, {"lr": -1}], "optimizer.groups[1].lr: -1 is out of bounds: it must be at least 0."),
        ([{"lr": "x"}], 'optimizer.groups[0].lr: This must be a number, but it is the string "x".'),
        ([{"betas": [0.9, 1]}], "optimizer.groups[0].betas[1]: 1 is out of bounds"),
        ([{"fused": True}], 'optimizer.groups[0].fused: There is no key "fused".'),
        ([{"capturable": True}], 'optimizer.groups[0].capturable: There is no key "capturable".'),
        ([3], "optimizer.groups[0]: This must be a table, but it is the number 3."),
    ],
)
def test_a_group_is_checked_like_its_optimizer(groups, message):
    with pytest.raises(hookline.errors.SpecError) as raised:
        spec({"type": "AdamW", "groups": groups})
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("groups", "path", "message"),
    [
        ([{"parameters": "*.bais"}], ("optimizer", "groups", 0, "parameters"), 'there is no parameter "*.bais"'),
        (
            [{}, {"dimensions": 2}],
            ("optimizer", "groups", 1),
            "Every parameter it selects already belongs to an earlier entry.",
        ),
    ],
)
def test_a_group_without_parameters_is_reported_before_anything_is_written(groups, path, message, tmp_path):
    with pytest.raises(hookline.errors.MismatchError) as raised:
        hookline.train(spec({"type": "AdamW", "groups": groups}), out=tmp_path / "run")
    assert raised.value.path == path
    assert message in raised.value.message
    assert not (tmp_path / "run").exists()


def test_lbfgs_has_no_groups():
    with pytest.raises(hookline.errors.SpecError, match=r"optimizer\.groups: LBFGS does not support groups"):
        spec({"type": "LBFGS", "groups": [{}]})


class Halving(hookline.spec.OptimizerSpec):
    """A third party's optimizer without code for groups."""

    rate: float = 0.5
    """The remaining fraction."""

    def build(self, parameters):
        return torch.optim.SGD(parameters, lr=self.rate)


def test_an_optimizer_of_a_third_party_supports_groups_automatically():
    kind = hookline.spec.spec(Halving)
    parameters = hookline.spec.named_parameters(nn.Linear(2, 1))
    optimizer = kind(groups=(kind.group(parameters="bias", rate=0.1),)).build_for(parameters)
    assert [group["name"] for group in optimizer.param_groups] == ["bias", "others"]
    assert optimizer.param_groups[0]["rate"] == 0.1


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "Adagrad"])
@pytest.mark.parametrize(
    ("options", "is_fused"),
    [
        ({}, True),
        ({"maximize": True}, True),
        ({"fused": True}, True),
        ({"fused": False}, False),
        ({"foreach": False}, None),
        ({"foreach": True}, None),
    ],
)
def test_the_fused_kernel_is_the_default_on_the_cpu(name, options, is_fused, tmp_path):
    trial = hookline.train(spec({"type": name, "lr": 0.05, **options}), out=tmp_path / "run")
    theirs = {"lr": 0.05, **options} | ({} if is_fused is None else {"fused": is_fused})
    assert_same_weights(trial.model, by_hand(lambda model: [getattr(torch.optim, name)(model.parameters(), **theirs)]))


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "Adagrad"])
def test_fused_and_foreach_exclude_each_other(name):
    with pytest.raises(hookline.errors.SpecError, match=r"optimizer\.fused: Set either `fused` or `foreach`, not both"):
        spec({"type": name, "fused": True, "foreach": True})


def test_the_introduction_shows_each_group_with_its_size_and_options(tmp_path, capsys):
    [progress] = hookline.load(
        {
            "data": {"type": "Random", "features": 1, "targets": [1]},
            "model": {"type": "Linear", "out_features": 1},
            "loss": {"type": "MSELoss"},
            "optimizer": {"type": "SGD"},
            "callbacks": [{"type": "Progress"}],
        }
    ).callbacks
    hookline.train(spec(GROUPED, epochs=1), plugins=[progress.build()], out=tmp_path / "run")
    assert capsys.readouterr().out.splitlines()[4:8] == [
        "  optimizer  AdamW",
        "    *.bias      9 parameters, lr 0.05, betas (0.9, 0.999), weight_decay 0.0",
        "    LayerNorm   4 parameters, lr 0.2, betas (0.5, 0.9), weight_decay 0.3",
        "    others     28 parameters, lr 0.05, betas (0.9, 0.999), weight_decay 0.3",
    ]
