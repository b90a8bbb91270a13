import pytest
import torch
from torch import nn

from hookline.tuning.stacked.computing.layers.images import convolution, in_best_order

VALUES = torch.tensor([-2.0, -1.0, -0.0, 0.0, 0.5, 6.0, 7.0, float("inf"), float("-inf")])


@pytest.mark.parametrize("rising", [nn.ReLU(), nn.ReLU(inplace=True), nn.ReLU6()])
@pytest.mark.parametrize(
    "pooling", [nn.MaxPool2d(2), nn.MaxPool2d(3, stride=1, padding=1), nn.MaxPool2d(2, dilation=2)]
)
def test_pooling_before_relu_has_the_values_and_the_gradients_of_relu_before_pooling(rising, pooling):
    layers = [("first", nn.Identity()), ("second", rising), ("third", pooling), ("fourth", nn.Identity())]
    ordered = in_best_order(layers)
    assert [name for name, _ in ordered] == ["first", "third", "second", "fourth"]
    generator = torch.Generator().manual_seed(0)
    images = VALUES[torch.randint(len(VALUES), (8, 4, 9, 9), generator=generator)]  # Many of them are equal.
    images[0, 0, 4, 4] = float("nan")
    found = []
    for order in (layers, ordered):
        given = images.clone().requires_grad_()
        outputs = nn.Sequential(*(layer for _, layer in order))(given.clone())
        weights = torch.randn(outputs.shape, generator=torch.Generator().manual_seed(1))
        [gradients] = torch.autograd.grad(outputs, [given], weights)
        found.append((outputs.detach(), gradients))
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0, equal_nan=True)


def test_other_layers_keep_their_order():
    layers = [("0", nn.Tanh()), ("1", nn.MaxPool2d(2)), ("2", nn.ReLU()), ("3", nn.AvgPool2d(2)), ("4", nn.ReLU())]
    assert in_best_order(layers) == layers
    twice = [("0", nn.ReLU()), ("1", nn.MaxPool2d(2)), ("2", nn.MaxPool1d(2))]
    assert [name for name, _ in in_best_order(twice)] == ["1", "2", "0"]


@pytest.mark.parametrize("padding", ["same", "valid", 1, (0, 2)])
@pytest.mark.parametrize("size", [3, (2, 3)])
def test_the_padding_of_a_convolution_is_that_of_its_layer(padding, size):
    layer = nn.Conv2d(2, 3, size, padding=padding, dilation=(1, 2)).double()
    made = convolution(layer, {"weight": layer.weight[None], "bias": layer.bias[None]})
    if made is None:  # The sides differ.
        assert padding == "same"
        assert size == (2, 3)
        return
    images = torch.randn(4, 2, 8, 9, dtype=torch.float64)
    torch.testing.assert_close(made(images[None])[0], layer(images), rtol=1e-12, atol=1e-12)
