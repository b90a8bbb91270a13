"""Layers shared by several inputs."""

import pytest
import torch
from torch import nn

from hookline.errors import MismatchError
from hookline.training import build_and_apply
from hookline_models.activations.rectifiers import ReLU
from hookline_models.containers.siamese import Siamese
from hookline_models.linear import Linear
from hookline_models.pairs import PairwiseDistance

SPEC = Siamese(layers=(Linear(out_features=4), ReLU()), join=PairwiseDistance(keepdim=True))


def test_the_layers_share_parameters_for_both_inputs_and_the_join_compares_them():
    first, second = torch.randn(2, 3, 5, generator=torch.Generator().manual_seed(0))
    torch.manual_seed(1)
    model, _ = build_and_apply(SPEC, first[:1], second[:1])
    torch.manual_seed(1)
    layers = nn.Sequential(nn.Linear(5, 4), nn.ReLU())
    assert torch.equal(model(first, second), nn.PairwiseDistance(keepdim=True)(layers(first), layers(second)))
    assert list(model.state_dict()) == ["layers.0.weight", "layers.0.bias"]


@pytest.mark.parametrize(
    ("spec", "inputs", "path", "message"),
    [
        (SPEC, [(1, 5), (1, 4)], (), "All inputs share the same layers, so they must have the same shape"),
        (SPEC, [(1, 5)], ("join",), "PairwiseDistance takes 2 inputs, but receives 1"),
        (
            Siamese(layers=(Linear(in_features=3, out_features=4),), join=PairwiseDistance()),
            [(1, 5)] * 2,
            ("layers", 0),
            "",
        ),
    ],
)
def test_an_error_is_reported_at_its_place(spec, inputs, path, message):
    with pytest.raises(MismatchError) as raised:
        build_and_apply(spec, *(torch.zeros(shape) for shape in inputs))
    assert raised.value.path == path
    assert message in raised.value.message
