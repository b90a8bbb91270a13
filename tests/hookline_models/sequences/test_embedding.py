import pytest
import torch
from torch import nn

import hookline
from hookline.errors import MismatchError
from hookline.training import build_and_apply

INDICES = torch.tensor([[1, 4, 0, 0], [2, 2, 3, 0], [5, 1, 2, 4]])
LENGTHS = torch.tensor([2, 3, 4])


def loaded(name, options):
    spec = {
        "data": {"type": "Random", "features": 1, "targets": [0, 1]},
        "model": {"type": name, "num_embeddings": 6, "embedding_dim": 3, **options},
        "loss": {"type": "MSELoss"},
        "optimizer": {"type": "SGD"},
    }
    return hookline.load(spec).model


def built(name, options, by_hand):
    torch.manual_seed(1)
    module, _ = build_and_apply(loaded(name, options), INDICES[:1])
    torch.manual_seed(1)
    expected = by_hand()
    assert repr(module) == repr(expected)
    assert list(module.state_dict()) == list(expected.state_dict()) == ["weight"]
    assert torch.equal(module.weight, expected.weight)
    return module, expected


def gradient(module, outputs):
    outputs.square().sum().backward()
    return module.weight.grad


EMBEDDINGS = [
    ({}, lambda: nn.Embedding(6, 3)),
    ({"padding_idx": 0, "scale_grad_by_freq": True}, lambda: nn.Embedding(6, 3, 0, scale_grad_by_freq=True)),
    ({"padding_idx": -1, "max_norm": 1, "norm_type": 1}, lambda: nn.Embedding(6, 3, -1, 1.0, 1.0)),
    ({"sparse": True}, lambda: nn.Embedding(6, 3, sparse=True)),
]


@pytest.mark.parametrize(("options", "by_hand"), EMBEDDINGS, ids=[str(options) for options, _ in EMBEDDINGS])
def test_an_embedding_equals_torchs(options, by_hand):
    module, expected = built("Embedding", options, by_hand)
    assert type(module) is nn.Embedding
    outputs, expected_outputs = module(INDICES), expected(INDICES)
    assert torch.equal(outputs, expected_outputs)
    mine, theirs = gradient(module, outputs), gradient(expected, expected_outputs)
    assert mine.is_sparse == theirs.is_sparse == bool(options.get("sparse"))
    assert torch.equal(mine.to_dense(), theirs.to_dense())


BAGS = [
    ({}, lambda: nn.EmbeddingBag(6, 3)),
    ({"mode": "max", "padding_idx": 2}, lambda: nn.EmbeddingBag(6, 3, mode="max", padding_idx=2)),
    ({"mode": "sum", "scale_grad_by_freq": True}, lambda: nn.EmbeddingBag(6, 3, None, 2.0, True, "sum")),  # noqa: FBT003
    ({"max_norm": 0.5, "norm_type": 1, "sparse": True}, lambda: nn.EmbeddingBag(6, 3, 0.5, 1.0, sparse=True)),
]


@pytest.mark.parametrize(("options", "by_hand"), BAGS, ids=[str(options) for options, _ in BAGS])
@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["full", "with lengths"])
def test_an_embedding_bag_equals_torchs_and_skips_padding(options, by_hand, lengths):
    module, expected = built("EmbeddingBag", options, by_hand)
    assert isinstance(module, nn.EmbeddingBag)
    outputs = module(INDICES, lengths=lengths)
    if lengths is None:
        expected_outputs = expected(INDICES)
    else:
        # torch takes rows of different lengths as concatenated indices with offsets.
        expected_outputs = expected(torch.tensor([1, 4, 2, 2, 3, 5, 1, 2, 4]), torch.tensor([0, 2, 5]))
    assert torch.equal(outputs, expected_outputs)
    mine, theirs = gradient(module, outputs), gradient(expected, expected_outputs)
    assert torch.equal(mine.to_dense(), theirs.to_dense())


def test_an_embedding_takes_indices_of_any_shape():
    _, outputs = build_and_apply(loaded("Embedding", {}), torch.ones(1, 2, 3, 4, dtype=torch.int64))
    assert outputs.shape == (1, 2, 3, 4, 3)


@pytest.mark.parametrize("name", ["Embedding", "EmbeddingBag"])
@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (
            torch.zeros(1, 4),
            r"^{name} cannot take an input of shape \(4,\)\. It looks up indices of the type "
            r'int64, but the inputs have the type float32: set `dtype = "int64"` in \[data\], or use Linear for numbers\.$',
        ),
        (torch.tensor([[0, 6]]), r"It has the indices 0 to 5, but the inputs contain 6\.$"),
        (
            torch.tensor([[0, -1]]),
            r"of shape \(2,\) and type int64\. It has the indices 0 to 5, but the inputs contain -1\.$",
        ),
    ],
)
def test_an_invalid_index_is_reported_with_advice(name, inputs, message):
    with pytest.raises(MismatchError, match=message.replace("{name}", name)):
        build_and_apply(loaded(name, {}), inputs)


def test_a_bag_must_be_a_row_of_indices():
    with pytest.raises(MismatchError, match=r"It takes 1 dimensions per row: steps\."):
        build_and_apply(loaded("EmbeddingBag", {}), torch.zeros(1, 2, 3, dtype=torch.int64))


def test_building_a_model_does_not_renormalize_embedding_vectors():
    torch.manual_seed(1)
    module, _ = build_and_apply(loaded("Embedding", {"max_norm": 0.1}), INDICES[:1])
    torch.manual_seed(1)
    assert torch.equal(module.weight, nn.Embedding(6, 3).weight)
    assert module.max_norm == 0.1
    assert module(INDICES).norm(dim=-1).max() <= 0.1 + 1e-6
