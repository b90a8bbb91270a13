"""Which inputs the models for tables take, and what they refuse."""

import pytest
import torch

import hookline
from hookline.data import Batch, Data, TensorBatches, input_groups
from hookline.errors import MismatchError
from hookline.plugins.manager import Plugins

KINDS = {kind.__name__: kind for kind in Plugins().catalog}
NUMBERS = torch.randn(20, 3, generator=torch.Generator().manual_seed(0))
INDICES = torch.arange(40).reshape(20, 2) % 4
SEQUENCES = torch.ones(20, 6, dtype=torch.long)


def built(layer, named, known=None, lengths=None):
    batches = TensorBatches(named, lengths=lengths or {}, batch_size=8)
    data = Data(training=batches, example=batches.all.slice(0, 2), targets={}, preparation=known or {})
    example = Batch(named).slice(0, 1).inputs.values()
    return hookline.training.build_and_apply(layer, *example, groups=input_groups(data))[0]


@pytest.mark.parametrize("name", ["MLP", "ResNet", "FTTransformer", "TabM", "RealMLP"])
def test_groups_of_numbers_and_of_categories_are_joined_in_any_order(name):
    small = {"FTTransformer": {"n_blocks": 1}, "TabM": {"k": 2}}.get(name, {})
    layer = KINDS[name](d_out=2, **small)
    known = {"city": {"cardinalities": [4, 5]}, "color": {"cardinalities": [6]}}
    named = {"city": INDICES, "a": NUMBERS, "color": INDICES[:, :1], "b": NUMBERS[:, :1] + 1}
    torch.manual_seed(0)
    several = built(layer, named, known).eval()
    torch.manual_seed(0)
    joined = {"n": torch.cat([NUMBERS, NUMBERS[:, :1] + 1], dim=1), "c": torch.cat([INDICES, INDICES[:, :1]], dim=1)}
    single = built(layer, joined, {"c": {"cardinalities": [4, 5, 6]}}).eval()
    assert torch.equal(several(*named.values()), single(*joined.values()))
    assert torch.equal(several(*named.values())[:5], several(*(rows[:5] for rows in named.values())))


@pytest.mark.parametrize(
    ("name", "options", "named", "known", "words"),
    [
        ("MLP", {}, {"city": INDICES}, {}, 'does not say how many categories the columns of "city" have'),
        ("MLP", {"cat_cardinalities": (4,)}, {"city": INDICES}, {}, "has 1 numbers, but the inputs have 2 columns"),
        ("TabM", {"cat_cardinalities": (4, 3)}, {"city": INDICES}, {}, "column 2 of the indices has 3 categories"),
        ("MLP", {}, {"image": torch.zeros(20, 3, 4)}, {}, "takes rows of a table"),
        ("MLP", {"num_embeddings": "Linear"}, {"a": NUMBERS}, {}, "not a vector for each of the 3 numbers"),
        (
            "MLP",
            {"num_embeddings": "Periodic"},
            {"c": INDICES},
            {"c": {"cardinalities": [4, 4]}},
            "no numbers to embed",
        ),
        ("CategoricalEmbeddings", {"d_embedding": 2}, {"c": INDICES}, {}, "`cardinalities` is missing"),
        ("PeriodicEmbeddings", {}, {"c": INDICES}, {}, "floating-point number for each column"),
        ("PiecewiseLinearEmbeddings", {}, {"a": NUMBERS / 0}, {}, "NaN or infinity"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(name, options, named, known, words):
    embedding = {"Linear": KINDS["Linear"](out_features=2), "Periodic": KINDS["PeriodicEmbeddings"]()}
    options = {key: embedding.get(value, value) if isinstance(value, str) else value for key, value in options.items()}
    with pytest.raises(MismatchError) as raised:
        built(KINDS[name](**options), named, known)
    assert words in raised.value.message


def test_sequences_are_refused():
    with pytest.raises(MismatchError) as raised:
        built(KINDS["MLP"](), {"words": SEQUENCES}, lengths={"words": torch.full((20,), 3)})
    assert '"words" are sequences: use Branches' in raised.value.message


@pytest.mark.parametrize("name", ["PiecewiseLinearEmbeddings", "RealMLP"])
def test_what_is_fitted_to_the_rows_of_the_data_must_be_the_first_layer(name):
    layers = (KINDS["Linear"](out_features=3), KINDS[name]())
    with pytest.raises(MismatchError) as raised:
        built(KINDS["Sequential"](layers=layers), {"a": NUMBERS})
    assert raised.value.diagnostic.path == ("layers", 1)
    assert "must be the first layer" in raised.value.message


def test_rows_that_are_not_in_memory_are_read_to_fit_a_layer():
    class Streamed:
        rows = 20

        def __len__(self):
            return 3

        def epoch(self, number, start=0):
            return TensorBatches({"a": NUMBERS}, batch_size=8).epoch(number, start)

    data = Data(training=Streamed(), example=Batch({"a": NUMBERS[:2]}), targets={})
    layer = KINDS["PiecewiseLinearEmbeddings"](n_bins=4)
    module, _ = hookline.training.build_and_apply(layer, NUMBERS[:1], groups=input_groups(data))
    assert torch.equal(module.impl.weight, built(layer, {"a": NUMBERS}).impl.weight)
