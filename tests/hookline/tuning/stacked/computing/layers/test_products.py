import pytest
import torch

from hookline.tuning.stacked.computing.layers.products import Convolutions, Products


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("has_biases", [True, False])
@pytest.mark.parametrize("is_first", [True, False])
def test_products_and_gradients_equal_those_of_a_layer_of_each_member(outputs, has_biases, is_first):
    generator = torch.Generator().manual_seed(0)

    def random(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64).requires_grad_()

    rows, weights, gradients = random(4, 5, 2), random(4, outputs, 2), random(4, 5, outputs).detach()
    biases = random(4, outputs) if has_biases else None
    if is_first:  # The inputs of a network need no gradients.
        rows = rows.detach()
    of = [one for one in (rows, weights, biases) if one is not None and one.requires_grad]
    found = Products.apply(rows, weights, biases)
    of_each = zip(rows, weights, biases if has_biases else [None] * 4, strict=True)
    wanted = torch.stack([torch.nn.functional.linear(*one) for one in of_each])
    torch.testing.assert_close(found, wanted, rtol=1e-14, atol=1e-14)
    pairs = zip(torch.autograd.grad(found, of, gradients), torch.autograd.grad(wanted, of, gradients), strict=True)
    for one, other in pairs:
        torch.testing.assert_close(one, other, rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize("has_biases", [True, False])
@pytest.mark.parametrize("is_first", [True, False])
def test_convolutions_and_gradients_equal_those_of_torch(has_biases, is_first):
    generator = torch.Generator().manual_seed(0)

    def random(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64).requires_grad_()

    images, weights, biases = random(3, 8, 7, 6), random(12, 2, 3, 2), random(12) if has_biases else None
    options = [2, 1], [1, 2], [1, 2], 4
    if is_first:
        images = images.detach()
    of = [one for one in (images, weights, biases) if one is not None and one.requires_grad]
    found, wanted = (
        Convolutions.apply(images, weights, biases, options),
        torch.conv2d(images, weights, biases, *options),
    )
    assert torch.equal(found, wanted)
    gradients = random(*wanted.shape).detach()
    pairs = zip(torch.autograd.grad(found, of, gradients), torch.autograd.grad(wanted, of, gradients), strict=True)
    for one, other in pairs:
        torch.testing.assert_close(one, other, rtol=1e-14, atol=1e-14)
