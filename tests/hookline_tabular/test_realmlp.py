"""RealMLP is computed and initialized as the paper says."""

import math

import numpy
import pytest
import torch
from small_training import small
from torch.nn import functional

import hookline
from hookline.data import Batch, Data, TensorBatches, input_groups
from hookline.plugins.manager import Plugins

[REALMLP] = [kind for kind in Plugins().catalog if kind.__name__ == "RealMLP"]
CARDINALITIES = (2, 4, 12)


pytestmark = pytest.mark.usefixtures("in_float64")


def rows(count=300):
    numbers = torch.randn(count, 3) * torch.tensor([1.0, 20.0, 0.01]) + torch.tensor([0.0, 5.0, -1.0])
    categories = torch.stack([torch.randint(0, size, (count,)) for size in CARDINALITIES], dim=1)
    return {"numbers": torch.cat([numbers, torch.full((count, 1), 3.0)], dim=1), "categories": categories}


def built(named, **options):
    batches = TensorBatches(named, batch_size=32)
    known = {"categories": {"cardinalities": CARDINALITIES}}
    data = Data(training=batches, example=batches.all.slice(0, 2), targets={}, preparation=known)
    example = Batch(named).slice(0, 1).inputs.values()
    return hookline.training.build_and_apply(REALMLP(**options), *example, groups=input_groups(data))[0]


def clipped(named, of_training):
    """Numbers, the column with two categories and the one-hot encoded column, scaled and smoothly clipped."""

    def encoded(part):
        binary, several = part["categories"][:, :1] * 2.0 - 1.0, numpy.eye(4)[part["categories"][:, 1]]
        return numpy.concatenate([part["numbers"].numpy(), binary.numpy(), several], axis=1)

    low, median, high = numpy.quantile(encoded(of_training), [0.25, 0.5, 0.75], axis=0)
    x = encoded(named)
    for column in range(x.shape[1]):
        width = high[column] - low[column]
        if width == 0:
            values = encoded(of_training)[:, column]
            width = 0.5 * (values.max() - values.min())
        x[:, column] = (x[:, column] - median[column]) / width if width else 0.0
    return x / numpy.sqrt(1 + (x / 3) ** 2)


def outputs(model, named, of_training, act):
    """The outputs of the model, computed row by row and column by column."""
    x = clipped(named, of_training)
    weights = {name: tensor.detach().numpy() for name, tensor in model.named_parameters()}
    parts = []
    for column in range(4):
        angles = 2 * math.pi * x[:, [column]] * weights["plr_weight_1"][column] + weights["plr_bias_1"][column]
        parts.append(numpy.cos(angles) @ weights["plr_weight_2"][column] + weights["plr_bias_2"][column])
    parts += [x, weights["cat_emb.0.weight"][named["categories"][:, 2]]]
    h = numpy.concatenate(parts, axis=1) * weights["mlp.0.scale"]
    for first in (1, 5, 9):
        h = h @ weights[f"mlp.{first}.weight"] / math.sqrt(h.shape[1]) + weights[f"mlp.{first + 1}.bias"]
        alpha = weights[f"mlp.{first + 2}.weight"]
        h = (1 - alpha) * h + alpha * act(torch.from_numpy(h)).numpy()
    return h @ weights["mlp.13.weight"] / math.sqrt(h.shape[1]) + weights["mlp.14.bias"]


@pytest.mark.parametrize(("name", "act"), [("selu", functional.selu), ("mish", functional.mish)])
def test_it_equals_the_formulas_of_the_paper(name, act):
    training, new = rows(), rows(40)
    model = built(training, d_out=3, act=name).eval()
    for parameter in model.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    with torch.no_grad():
        found = model(*new.values()).numpy()
    numpy.testing.assert_allclose(found, outputs(model, new, training, act), rtol=1e-9, atol=1e-9)


def test_each_layer_begins_with_outputs_of_the_same_spread_for_training_rows():
    training = rows(256)
    model = built(training, d_out=3, p_drop=0.0)
    with torch.no_grad():
        x = model.embedded(list(training.values()))
        for layer in model.mlp:
            given, x = x, layer(x)
            if type(layer).__name__ == "Weight":
                torch.testing.assert_close(x.std(dim=0, correction=0), torch.ones(x.shape[1]))
            if type(layer).__name__ == "Bias":  # A mean of rows, so that each element is 0 within their range.
                assert (given.amin(dim=0) <= -layer.bias).all()
                assert (-layer.bias <= given.amax(dim=0)).all()


def test_the_simple_variant_begins_with_outputs_of_0():
    options = {"num_emb_type": "none", "use_parametric_act": False, "p_drop": 0.0, "weight_init_mode": "normal"}
    model = built(rows(), d_out=3, bias_init_mode="normal", zero_init_last_layer=True, **options)
    assert {type(layer).__name__ for layer in model.mlp} == {"Scale", "Weight", "Bias", "Activation", "Dropout"}
    assert not model(*rows(5).values()).any()
    assert sum(parameter.numel() for parameter in model.mlp[3].parameters()) == 0


def test_a_finished_run_is_rebuilt_without_the_training_rows(tmp_path):
    torch.set_default_dtype(torch.float32)
    for model in (
        {"type": "RealMLP"},
        {"type": "TabM", "k": 2, "num_embeddings": {"type": "PiecewiseLinearEmbeddings"}},
    ):
        out = tmp_path / model["type"]
        trained = hookline.train(small(model=model, epochs=1), out=out)
        opened = hookline.open_run(out).model.state_dict()
        for name, tensor in trained.model.state_dict().items():
            assert torch.equal(tensor, opened[name]), name
