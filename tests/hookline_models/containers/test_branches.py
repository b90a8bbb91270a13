"""A branch for each group of inputs."""

import pytest
import torch
from torch import nn

import hookline
from hookline.data import Batch, Data, TensorBatches, input_groups
from hookline.errors import MismatchError
from hookline.plugins.manager import Plugins

KINDS = {kind.__name__: kind for kind in Plugins().catalog}
GENERATOR = torch.Generator().manual_seed(0)
NUMBERS = torch.randn(6, 3, generator=GENERATOR)
CITY = torch.tensor([[0], [4], [2], [3], [1], [4]])
WORDS = torch.tensor([[1, 2, 0], [3, 0, 0], [1, 1, 1], [2, 0, 0], [5, 4, 0], [6, 5, 4]])
WORD_LENGTHS = torch.tensor([2, 1, 3, 1, 2, 3])
SERIES = torch.randn(6, 4, 2, generator=GENERATOR)
SERIES_LENGTHS = torch.tensor([4, 2, 1, 3, 4, 2])
KNOWN = {"city": {"cardinalities": [5]}, "words": {"cardinalities": [7]}}


def layer(name, **options):
    return KINDS[name](**options)


def built(model, named, lengths=None):
    rows = TensorBatches(named, lengths=lengths or {}, batch_size=3)
    data = Data(training=rows, example=rows.all.slice(0, 2), targets={}, preparation=KNOWN)
    row = rows.all.slice(0, 1)
    module, _ = hookline.training.build_and_apply(
        model, *row.inputs.values(), lengths=row.lengths or None, groups=input_groups(data)
    )
    return module.eval(), Batch(named, lengths=lengths or {})


def test_each_group_gets_its_layers_and_its_lengths():
    branches = {
        "series": (layer("LSTM", hidden_size=4, returns="last"),),
        "numbers": (),
        "city": (layer("Embedding", embedding_dim=2),),
        "words": (layer("EmbeddingBag", embedding_dim=3),),
    }
    model = layer("Sequential", layers=(layer("Branches", branches=branches), layer("Linear", out_features=2)))
    named = {"numbers": NUMBERS, "city": CITY, "words": WORDS, "series": SERIES}
    module, batch = built(model, named, {"words": WORD_LENGTHS, "series": SERIES_LENGTHS})
    outputs = hookline.training.applied(module, batch, ("input",))

    of = module[0].branches
    assert list(of) == ["series", "numbers", "city", "words"]
    assert of.city[0].weight.shape == (5, 2)
    assert of.words[0].weight.shape == (7, 3)
    rows = []
    for row in range(6):
        _, (state, _) = nn.LSTM.forward(of.series[0], SERIES[row : row + 1, : SERIES_LENGTHS[row]])
        mean = of.words[0].weight[WORDS[row, : WORD_LENGTHS[row]]].mean(dim=0)
        rows.append(torch.cat([state[-1, 0], NUMBERS[row], of.city[0].weight[CITY[row, 0]], mean]))
    torch.testing.assert_close(outputs, module[1](torch.stack(rows)))


def test_branches_in_heads_and_in_parallel_get_the_lengths_of_their_groups():
    def branches():
        words = {"words": (layer("EmbeddingBag", embedding_dim=3),), "series": (layer("SequencePool"),)}
        return layer("Sequential", layers=(layer("Branches", branches=words), layer("Linear", out_features=1)))

    named = {"series": SERIES, "words": WORDS}
    lengths = {"series": SERIES_LENGTHS, "words": WORD_LENGTHS}
    for model in (
        layer("Heads", heads={"one": branches(), "other": branches()}),
        layer("Parallel", branches=(branches(), branches()), join="sum"),
    ):
        module, batch = built(model, named, lengths)
        whole = hookline.training.applied(module, batch, ("input",))
        for row in range(6):
            cut = {
                "series": SERIES[row : row + 1, : SERIES_LENGTHS[row]],
                "words": WORDS[row : row + 1, : WORD_LENGTHS[row]],
            }
            alone = module(
                *cut.values(), lengths={"series": SERIES_LENGTHS[row : row + 1], "words": WORD_LENGTHS[row : row + 1]}
            )
            for part, one in (
                [(whole, alone)] if torch.is_tensor(whole) else zip(whole.values(), alone.values(), strict=True)
            ):
                torch.testing.assert_close(part[row : row + 1], one)


@pytest.mark.parametrize(
    ("branches", "path", "words"),
    [
        (
            {"numbers": (), "ciy": ()},
            ("branches", "ciy"),
            'The data has no group of inputs "ciy". Did you mean "city"?',
        ),
        ({"numbers": ()}, ("branches",), 'There is no branch for "city": add it, or remove the group'),
        ({"numbers": (), "city": ()}, ("branches", "city"), "returns the type int64"),
        ({"numbers": (), "city": ("Linear",)}, ("branches", "city", 0), "Linear cannot take"),
    ],
)
def test_wrong_groups_are_reported_at_their_key(branches, path, words):
    branches = {name: tuple(layer(kind, out_features=2) for kind in kinds) for name, kinds in branches.items()}
    with pytest.raises(MismatchError) as raised:
        built(layer("Branches", branches=branches), {"numbers": NUMBERS, "city": CITY})
    assert raised.value.diagnostic.path == path
    assert words in raised.value.message


def test_a_branch_that_returns_sequences_is_refused():
    branches = {"words": (layer("Embedding", embedding_dim=2),)}
    with pytest.raises(MismatchError) as raised:
        built(layer("Branches", branches=branches), {"words": WORDS}, {"words": WORD_LENGTHS})
    assert raised.value.diagnostic.path == ("branches", "words")
    assert "SequencePool" in raised.value.message


def test_branches_after_another_layer_are_refused():
    model = layer("Sequential", layers=(layer("ReLU"), layer("Branches", branches={"numbers": ()})))
    with pytest.raises(MismatchError) as raised:
        built(model, {"numbers": NUMBERS})
    assert "It must be the first layer" in raised.value.message


def test_groups_may_have_the_names_of_attributes_of_modules():
    module, batch = built(
        layer("Branches", branches={"values": (), "a.b": (), "a_b": ()}),
        {"values": NUMBERS, "a.b": 2 * NUMBERS, "a_b": 3 * NUMBERS},
    )
    expected = torch.cat([NUMBERS, 2 * NUMBERS, 3 * NUMBERS], dim=1)
    assert torch.equal(module(*batch.inputs.values()), expected)
