import pytest
import torch
from loaded_model import loaded_model
from torch import nn

from hookline.errors import MismatchError
from hookline.training import build_and_apply

CASES = [
    ((6, 4), "Bilinear", {"out_features": 3}, lambda: nn.Bilinear(6, 4, 3)),
    (
        (6, 4),
        "Bilinear",
        {"in1_features": 6, "in2_features": 4, "out_features": 3, "bias": False},
        lambda: nn.Bilinear(6, 4, 3, bias=False),
    ),
    ((6, 6), "PairwiseDistance", {}, nn.PairwiseDistance),
    (
        (6, 6),
        "PairwiseDistance",
        {"p": 1, "eps": 0.1, "keepdim": True},
        lambda: nn.PairwiseDistance(1.0, 0.1, keepdim=True),
    ),
    ((6, 6), "CosineSimilarity", {}, nn.CosineSimilarity),
    ((6, 6), "CosineSimilarity", {"dim": -1, "eps": 3}, lambda: nn.CosineSimilarity(-1, 3.0)),
]


def pair(sizes):
    generator = torch.Generator().manual_seed(3)
    return [torch.randn(5, size, generator=generator) for size in sizes]


@pytest.mark.parametrize(
    ("sizes", "name", "options", "torchs"), CASES, ids=[f"{name} {options}" for _, name, options, _ in CASES]
)
def test_a_layer_for_two_inputs_equals_torchs(sizes, name, options, torchs):
    inputs = pair(sizes)
    torch.manual_seed(1)
    module, _ = build_and_apply(loaded_model({"type": name, **options}), *(rows[:1] for rows in inputs))
    torch.manual_seed(1)
    expected = torchs()
    assert type(module) is type(expected)
    assert repr(module) == repr(expected)
    assert torch.equal(module(*inputs), expected(*inputs))
    assert [torch.equal(one, other) for one, other in zip(module.parameters(), expected.parameters(), strict=True)] == [
        True for _ in expected.parameters()
    ]


def test_a_sequence_may_start_with_a_layer_for_two_inputs():
    inputs = pair((6, 4))
    layers = [{"type": "Bilinear", "out_features": 3}, {"type": "ReLU"}, {"type": "Linear", "out_features": 2}]
    torch.manual_seed(1)
    module, _ = build_and_apply(loaded_model({"type": "Sequential", "layers": layers}), *(rows[:1] for rows in inputs))
    torch.manual_seed(1)
    bilinear, linear = nn.Bilinear(6, 4, 3), nn.Linear(3, 2)
    assert list(module.state_dict()) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert torch.equal(module(*inputs), linear(bilinear(*inputs).relu()))


@pytest.mark.parametrize(
    ("model", "count", "message"),
    [
        ({"type": "Bilinear", "out_features": 1}, 1, "Bilinear takes 2 inputs, but receives 1."),
        ({"type": "CosineSimilarity"}, 3, "CosineSimilarity takes 2 inputs, but receives 3."),
        ({"type": "Linear", "out_features": 1}, 2, "Linear takes 1 input, but receives 2."),
        (
            {"type": "Sequential", "layers": [{"type": "ReLU"}]},
            2,
            "layers[0]: ReLU takes 1 input, but receives 2.",
        ),
        (
            {"type": "Sequential", "layers": [{"type": "ReLU"}, {"type": "PairwiseDistance"}]},
            1,
            "layers[1]: PairwiseDistance takes 2 inputs, but receives 1.",
        ),
        ({"type": "Residual", "layers": [{"type": "ReLU"}]}, 2, "Residual takes 1 input, but receives 2."),
    ],
)
def test_a_layer_reports_how_many_inputs_it_takes(model, count, message):
    with pytest.raises(MismatchError) as raised:
        build_and_apply(loaded_model(model), *[torch.zeros(1, 4)] * count)
    assert str(raised.value) == message


@pytest.mark.parametrize("name", ["PairwiseDistance", "CosineSimilarity"])
def test_inputs_of_different_shapes_are_not_compared(name):
    with pytest.raises(MismatchError) as raised:
        build_and_apply(loaded_model({"type": name}), torch.zeros(1, 4), torch.zeros(1, 1))
    assert str(raised.value) == f"{name} cannot take inputs of shapes (4,), (1,). Both inputs must have the same shape."
