"""What a traced layer computes without packed sequences equals what it computes in memory."""

import pytest
import torch
from torch import nn

import hookline
from hookline.training import apply_module, build_and_apply, exporting

LENGTHS = torch.tensor([7, 1, 4, 6])


def built(name, **options):
    torch.manual_seed(0)
    table = {"type": name, **options}
    spec = hookline.load(
        {
            "data": {"type": "Random", "features": 2, "targets": [0, 1]},
            "model": table,
            "loss": {"type": "MSELoss"},
            "optimizer": {"type": "SGD"},
        }
    )
    inputs = torch.randint(0, 9, (4, 7)) if "num_embeddings" in options else torch.randn(4, 7, 3)
    module, _ = build_and_apply(spec.model, inputs[:1])
    return module.eval(), inputs


@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["full", "with lengths"])
@pytest.mark.parametrize("returns", ["sequence", "last"])
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("RNN", {"nonlinearity": "relu", "bias": False}),
        ("RNN", {"num_layers": 2, "bidirectional": True}),
        ("LSTM", {}),
        ("LSTM", {"num_layers": 3, "bidirectional": True, "dropout": 0.5}),
        ("LSTM", {"proj_size": 2, "bidirectional": True, "num_layers": 2}),
        ("GRU", {"num_layers": 2}),
        ("GRU", {"bidirectional": True}),
    ],
)
def test_a_recurrent_layer_runs_over_the_padding(name, options, returns, lengths):
    module, inputs = built(name, hidden_size=5, returns=returns, **options)
    with torch.no_grad():
        expected = apply_module(module, inputs, lengths=lengths)
        with exporting("torch"):
            found = apply_module(module, inputs, lengths=lengths)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-6)
    if returns == "sequence" and lengths is not None:
        assert not found[1, 1:].any()


@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["full", "with lengths"])
@pytest.mark.parametrize("options", [{}, {"padding_idx": 3}], ids=repr)
@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
def test_a_bag_is_computed_from_all_vectors(mode, options, lengths):
    module, inputs = built("EmbeddingBag", num_embeddings=9, embedding_dim=4, mode=mode, **options)
    inputs[1] = 3  # A row that consists of padding.
    with torch.no_grad():
        expected = apply_module(module, inputs, lengths=lengths)
        with exporting("onnx"):
            found = apply_module(module, inputs, lengths=lengths)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-6)


def test_a_layer_is_itself_again_after_tracing():
    module, inputs = built("GRU", hidden_size=5)
    with exporting("torch"):
        pass
    assert isinstance(module, nn.GRU)
    assert torch.equal(module(inputs), nn.GRU.forward(module, inputs)[0])
