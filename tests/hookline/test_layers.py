import pytest
import torch
from torch import nn

from hookline.layers import noted_layers


class Odd(nn.Module):
    """Uses the parameters of layers that it never calls, one of them twice, and has some of its own."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.tied = nn.Linear(4, 4)
        self.tied.weight = self.first.weight
        self.scale = nn.Parameter(torch.ones(4))
        self.extra = nn.ParameterList([nn.Parameter(torch.ones(3))])

    def forward(self, inputs):
        return nn.functional.linear(self.first(inputs), self.tied.weight, self.tied.bias) * self.scale


MODELS = {
    "attention": lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 8, batch_first=True), 2),
    "odd": Odd,
    "odd inside": lambda: nn.Sequential(nn.Linear(4, 4), Odd(), nn.ReLU()),
}


@pytest.mark.parametrize("name", MODELS)
def test_every_parameter_is_counted_once(name):
    model = MODELS[name]()
    with noted_layers(model) as layers:
        model(torch.ones(2, 3, 4))
    assert sum(layer.parameters for layer in layers) == sum(parameter.numel() for parameter in model.parameters())


def test_a_layer_that_is_not_called_follows_the_one_that_it_is_in():
    model = nn.Sequential(nn.Linear(4, 4), Odd(), nn.ReLU())
    with noted_layers(model) as layers:
        model(torch.ones(2, 4))
    assert [(layer.name, layer.output, layer.parameters) for layer in layers] == [
        ("0", (4,), 20),
        ("1.first", (4,), 20),
        ("1", (4,), 4),
        ("1.tied", None, 4),
        ("1.extra", None, 3),
        ("2", (4,), 0),
    ]
