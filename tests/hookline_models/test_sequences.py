"""Layers for sequences equal handwritten uses of torch's, with and without lengths."""

import pytest
import torch
from ejected import layer_of_script
from loaded_model import loaded_model
from same_weights import assert_same_weights
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from hookline.errors import MismatchError
from hookline.training import apply_module, build_and_apply

# torch warns that its fastest code does not support `proj_size`.
pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")

ROWS, STEPS, FEATURES = 5, 7, 6
LENGTHS = torch.tensor([3, 7, 1, 6, 7])
PADDING = torch.arange(STEPS) >= LENGTHS.unsqueeze(1)


def sequences():
    return torch.randn(ROWS, STEPS, FEATURES, generator=torch.Generator().manual_seed(3))


def built(name, options, by_hand, inputs):
    """Return the module of a spec and the handwritten one, with the same seed."""
    torch.manual_seed(1)
    module, _ = build_and_apply(loaded_model({"type": name, **options}), inputs[:1])
    torch.manual_seed(1)
    return module, by_hand()


def applied(call, module, *, training):
    """Return the outputs, in training mode with the same random numbers, and the gradients of the parameters."""
    module.train(training)
    torch.manual_seed(2)
    outputs = call(module)
    gradients = torch.autograd.grad(outputs.square().sum(), list(module.parameters()))
    with torch.no_grad():
        torch.manual_seed(2)
        return [outputs, *gradients, call(module)]


def assert_same(mine, theirs):
    assert all(torch.equal(one, other) for one, other in zip(mine, theirs, strict=True))


RECURRENT = [
    ("RNN", {"hidden_size": 4}, lambda: nn.RNN(6, 4, batch_first=True)),
    (
        "RNN",
        {"hidden_size": 4, "num_layers": 2, "nonlinearity": "relu", "bias": False, "dropout": 0.5},
        lambda: nn.RNN(6, 4, 2, "relu", bias=False, batch_first=True, dropout=0.5),
    ),
    ("LSTM", {"hidden_size": 4}, lambda: nn.LSTM(6, 4, batch_first=True)),
    (
        "LSTM",
        {"input_size": 6, "hidden_size": 4, "num_layers": 2, "bidirectional": True, "dropout": 0.3, "proj_size": 3},
        lambda: nn.LSTM(6, 4, 2, batch_first=True, dropout=0.3, bidirectional=True, proj_size=3),
    ),
    ("GRU", {"hidden_size": 4}, lambda: nn.GRU(6, 4, batch_first=True)),
    ("GRU", {"hidden_size": 4, "bidirectional": True}, lambda: nn.GRU(6, 4, batch_first=True, bidirectional=True)),
]
IDS = [f"{name} {options}" for name, options, _ in RECURRENT]


@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
@pytest.mark.parametrize(("name", "options", "by_hand"), RECURRENT, ids=IDS)
def test_a_recurrent_layer_equals_torchs_and_returns_the_outputs_of_every_step(name, options, by_hand, training):
    inputs = sequences()
    module, expected = built(name, options, by_hand, inputs)
    assert type(module).__name__ == name
    assert isinstance(module, type(expected))
    assert repr(module) == repr(expected)
    assert_same_weights(module, expected)
    assert_same(
        applied(lambda module: apply_module(module, inputs), module, training=training),
        applied(lambda module: module(inputs)[0], expected, training=training),
    )


@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
@pytest.mark.parametrize(("name", "options", "by_hand"), RECURRENT, ids=IDS)
def test_a_recurrent_layer_packs_rows_with_lengths(name, options, by_hand, training):
    inputs = sequences()
    module, expected = built(name, options, by_hand, inputs)

    def packed(module):
        outputs, _ = module(pack_padded_sequence(inputs, LENGTHS, batch_first=True, enforce_sorted=False))
        return pad_packed_sequence(outputs, batch_first=True, total_length=STEPS)[0]

    outputs = applied(lambda module: apply_module(module, inputs, lengths=LENGTHS), module, training=training)
    assert_same(outputs, applied(packed, expected, training=training))
    assert torch.equal(outputs[0][PADDING], torch.zeros_like(outputs[0][PADDING]))


@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["full", "with lengths"])
@pytest.mark.parametrize(("name", "options", "by_hand"), RECURRENT, ids=IDS)
def test_a_recurrent_layer_can_return_the_output_at_the_end_of_each_row(name, options, by_hand, lengths):
    inputs = sequences()
    module, expected = built(name, {**options, "returns": "last"}, by_hand, inputs)
    outputs = module.eval()(inputs, lengths=lengths)
    every_step = expected.eval()
    size = outputs.shape[1] // (2 if expected.bidirectional else 1)
    for row, length in enumerate([STEPS] * ROWS if lengths is None else lengths.tolist()):
        alone = every_step(inputs[row : row + 1, :length])[0][0]
        parts = [alone[-1, :size], *([alone[0, size:]] if expected.bidirectional else [])]
        torch.testing.assert_close(outputs[row], torch.cat(parts))


@pytest.mark.parametrize("bidirectional", [True, False])
def test_the_last_of_an_lstm_is_the_final_state_of_its_top_layer(bidirectional):
    inputs = sequences()
    options = {"hidden_size": 4, "num_layers": 2, "bidirectional": bidirectional}
    module, expected = built(
        "LSTM", {**options, "returns": "last"}, lambda: nn.LSTM(6, **options, batch_first=True), inputs
    )
    packed = pack_padded_sequence(inputs, LENGTHS, batch_first=True, enforce_sorted=False)
    hidden = expected(packed)[1][0]
    expected_outputs = torch.cat([hidden[-2], hidden[-1]], dim=1) if bidirectional else hidden[-1]
    assert torch.equal(module(inputs, lengths=LENGTHS), expected_outputs)


ATTENTION = [
    ("MultiheadAttention", {"num_heads": 2}, lambda: nn.MultiheadAttention(6, 2, batch_first=True)),
    (
        "MultiheadAttention",
        {"embed_dim": 6, "num_heads": 3, "dropout": 0.3, "bias": False, "add_bias_kv": True, "add_zero_attn": True},
        lambda: nn.MultiheadAttention(
            6, 3, dropout=0.3, bias=False, add_bias_kv=True, add_zero_attn=True, batch_first=True
        ),
    ),
    ("TransformerEncoderLayer", {"nhead": 2}, lambda: nn.TransformerEncoderLayer(6, 2, batch_first=True)),
    (
        "TransformerEncoderLayer",
        {
            "d_model": 6,
            "nhead": 3,
            "dim_feedforward": 8,
            "dropout": 0.3,
            "activation": "gelu",
            "layer_norm_eps": 0.1,
            "norm_first": True,
            "bias": False,
        },
        lambda: nn.TransformerEncoderLayer(6, 3, 8, 0.3, "gelu", 0.1, norm_first=True, bias=False, batch_first=True),
    ),
    (
        "TransformerEncoder",
        {"nhead": 2, "dim_feedforward": 8, "num_layers": 2},
        lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(6, 2, 8, batch_first=True), 2),
    ),
    (
        "TransformerEncoder",
        {"nhead": 2, "dim_feedforward": 8, "num_layers": 3, "norm_first": True, "norm": {"type": "LayerNorm"}},
        lambda: nn.TransformerEncoder(
            nn.TransformerEncoderLayer(6, 2, 8, norm_first=True, batch_first=True),
            3,
            nn.LayerNorm(6),
            enable_nested_tensor=False,
        ),
    ),
]
ATTENTION_IDS = [f"{name} {options}" for name, options, _ in ATTENTION]


def attended(inputs, *, mask, padding):
    """Return the outputs of torch's module, whichever of the three it is."""

    def call(module):
        if isinstance(module, nn.MultiheadAttention):
            options = {"key_padding_mask": padding, "attn_mask": mask, "need_weights": False}
            # With `is_causal`, torch would hide the additional keys of `add_bias_kv` and `add_zero_attn`.
            is_causal = mask is not None and not module.add_zero_attn
            return module(inputs, inputs, inputs, **options, is_causal=is_causal)[0]
        name = "mask" if isinstance(module, nn.TransformerEncoder) else "src_mask"
        return module(inputs, **{name: mask}, src_key_padding_mask=padding, is_causal=mask is not None)

    return call


@pytest.fixture
def without_fast_path():
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    yield
    torch.backends.mha.set_fastpath_enabled(before)


@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["full", "with lengths"])
@pytest.mark.parametrize("causal", [True, False], ids=["causal", "both ways"])
@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
@pytest.mark.parametrize(("name", "options", "by_hand"), ATTENTION, ids=ATTENTION_IDS)
def test_an_attention_layer_equals_torchs_with_masks_for_padding_and_later_steps(
    name, options, by_hand, training, causal, lengths, without_fast_path
):
    inputs = sequences()
    module, expected = built(name, {**options, "causal": causal}, by_hand, inputs)
    if name == "TransformerEncoder":
        expected.use_nested_tensor = False
    assert isinstance(module, type(expected))
    assert repr(module) == repr(expected)
    assert_same_weights(module, expected)
    mask = torch.ones(STEPS, STEPS, dtype=torch.bool).triu(1) if causal else None
    padding = None if lengths is None else PADDING
    assert_same(
        applied(lambda module: apply_module(module, inputs, lengths=lengths), module, training=training),
        applied(attended(inputs, mask=mask, padding=padding), expected, training=training),
    )


@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["full", "with lengths"])
@pytest.mark.parametrize("causal", [True, False], ids=["causal", "both ways"])
@pytest.mark.parametrize(("name", "options", "by_hand"), ATTENTION, ids=ATTENTION_IDS)
def test_an_attention_layer_computes_in_evaluation_what_it_does_in_training(
    name, options, by_hand, causal, lengths, without_fast_path
):
    inputs = sequences()
    module, plain = built(name, {**options, "causal": causal}, by_hand, inputs)
    for one in (module, plain):
        for part in one.modules():
            if isinstance(part, nn.Dropout):
                part.p = 0.0
            if isinstance(part, nn.MultiheadAttention):
                part.dropout = 0.0
    trained = apply_module(module.train(), inputs, lengths=lengths)
    mask = torch.ones(STEPS, STEPS, dtype=torch.bool).triu(1) if causal else None
    by_torch = attended(inputs, mask=mask, padding=None if lengths is None else PADDING)(plain.eval())
    torch.backends.mha.set_fastpath_enabled(True)  # Whatever the process has set.
    with torch.no_grad():
        evaluated = apply_module(module.eval(), inputs, lengths=lengths)
    assert torch.equal(evaluated, trained)
    assert torch.equal(evaluated, by_torch)


@pytest.mark.parametrize(
    ("name", "options", "by_hand", "causal"),
    [
        *((*case, {}) for case in RECURRENT),
        *((*case, {"causal": causal}) for case in ATTENTION for causal in (True, False)),
    ],
)
def test_padding_does_not_change_the_output_of_a_row(name, options, by_hand, causal):
    inputs = sequences()
    module, _ = built(name, {**options, **causal}, by_hand, inputs)
    with torch.no_grad():
        outputs = module.eval()(inputs, lengths=LENGTHS)
        for row, length in enumerate(LENGTHS.tolist()):
            torch.testing.assert_close(outputs[row, :length], module(inputs[row : row + 1, :length])[0])


LAYERS = [
    *((name, {**options, "returns": returns}) for name, options, _ in RECURRENT for returns in ("sequence", "last")),
    *((name, {**options, "causal": causal}) for name, options, _ in ATTENTION for causal in (False, True)),
    *(("SequencePool", {"mode": mode}) for mode in ("mean", "sum", "max")),
    ("LearnedPositionalEmbedding", {}),
    ("Residual", {"layers": [{"type": "GRU", "hidden_size": 6}]}),
    ("Parallel", {"branches": [{"type": "GRU", "hidden_size": 6}, {"type": "Linear", "out_features": 6}], "dim": 2}),
    ("Parallel", {"branches": [{"type": "GRU", "hidden_size": 6}, {"type": "Identity"}], "join": "product"}),
    ("Siamese", {"layers": [{"type": "SequencePool"}], "join": {"type": "Linear", "out_features": 2}}),
]


@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["full", "with lengths"])
def test_the_layers_of_a_script_compute_the_same(lengths, without_fast_path):
    inputs = sequences()
    for layer in loaded_model(
        {"type": "Sequential", "layers": [{"type": name, **options} for name, options in LAYERS]}
    ).layers:
        torch.manual_seed(1)
        module, _ = build_and_apply(layer, inputs[:1])
        other = layer_of_script(layer, module, lengths={} if lengths is None else {"x": "steps"})
        assert_same_weights(module, other)
        for training in (True, False):
            mine, theirs = (called(one, inputs, lengths, training=training) for one in (module, other))
            assert_same(mine, theirs)


def called(module, inputs, lengths, *, training):
    """The outputs of a module, with the same random numbers."""
    module.train(training)
    torch.manual_seed(2)
    outputs = apply_module(module, inputs, lengths=lengths)
    return list(outputs.values()) if isinstance(outputs, dict) else [outputs]


def test_a_causal_layer_does_not_see_later_steps():
    inputs = sequences()
    module, _ = build_and_apply(
        loaded_model({"type": "TransformerEncoderLayer", "nhead": 2, "causal": True}), inputs[:1]
    )
    changed = inputs.clone()
    changed[:, 4:] += 1
    outputs, others = module.eval()(inputs), module(changed)
    torch.testing.assert_close(outputs[:, :4], others[:, :4])
    assert not torch.isclose(outputs[:, 4:], others[:, 4:]).all(dim=2).any()


def test_the_layers_of_a_transformer_encoder_start_with_the_same_parameters():
    options = {"nhead": 2, "num_layers": 2}
    module, _ = build_and_apply(loaded_model({"type": "TransformerEncoder", **options}), sequences()[:1])
    first, second = (layer.state_dict() for layer in module.layers)
    assert all(torch.equal(first[key], second[key]) for key in first)


def test_an_error_in_the_last_layer_of_an_encoder_names_its_place():
    options = {"nhead": 2, "num_layers": 2, "norm": {"type": "LayerNorm", "normalized_shape": 5}}
    with pytest.raises(MismatchError, match=r"^norm: LayerNorm cannot take an input of shape \(7, 6\)\."):
        build_and_apply(loaded_model({"type": "TransformerEncoder", **options}), sequences()[:1])


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
def test_pooling_over_steps_excludes_padding(mode):
    inputs = sequences()
    module, outputs = build_and_apply(loaded_model({"type": "SequencePool", "mode": mode}), inputs[:1])
    by_hand = {"sum": torch.sum, "mean": torch.mean, "max": torch.amax}[mode]
    assert outputs.shape == (1, FEATURES)
    assert list(module.parameters()) == []
    torch.testing.assert_close(module(inputs), by_hand(inputs, dim=1))
    pooled = module(inputs, lengths=LENGTHS)
    for row, length in enumerate(LENGTHS.tolist()):
        torch.testing.assert_close(pooled[row], by_hand(inputs[row, :length], dim=0))


def test_pooling_over_steps_takes_steps_of_any_shape():
    images = torch.randn(ROWS, STEPS, 2, 3)
    module, _ = build_and_apply(loaded_model({"type": "SequencePool", "mode": "max"}), images[:1])
    pooled = module(images, lengths=LENGTHS)
    assert all(torch.equal(pooled[row], images[row, :length].amax(dim=0)) for row, length in enumerate(LENGTHS))


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
def test_non_finite_padding_does_not_affect_pooling(mode):
    inputs = sequences()
    inputs[PADDING] = float("nan")
    module, _ = build_and_apply(loaded_model({"type": "SequencePool", "mode": mode}), inputs[1:2])
    assert module(inputs, lengths=LENGTHS).isfinite().all()


def test_a_learned_positional_embedding_adds_the_vector_of_each_position():
    inputs = sequences()
    module, expected = built("LearnedPositionalEmbedding", {}, lambda: nn.Embedding(STEPS, FEATURES), inputs)
    assert_same_weights(module, expected)
    assert torch.equal(module(inputs), inputs + expected(torch.arange(STEPS)))
    assert torch.equal(module(inputs[:, :3]), inputs[:, :3] + expected(torch.arange(3)))


def test_a_sequence_may_be_as_long_as_there_are_positions():
    spec = loaded_model({"type": "LearnedPositionalEmbedding", "num_embeddings": 9})
    module, _ = build_and_apply(spec, sequences()[:1])
    assert module(torch.randn(2, 9, FEATURES)).shape == (2, 9, FEATURES)
    with pytest.raises(ValueError, match=r"It has 9 positions, but a sequence has 10 steps\."):
        module(torch.randn(2, 10, FEATURES))


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("LSTM", {"hidden_size": 2}),
        ("TransformerEncoderLayer", {"nhead": 2}),
        ("SequencePool", {}),
        ("MultiheadAttention", {"num_heads": 2}),
    ],
)
@pytest.mark.parametrize(
    ("length", "message"),
    [
        (0, "Each row must have at least one step, but the length of one is 0."),
        (8, "There are 7 steps, but the length of a row"),
    ],
)
def test_an_impossible_length_is_reported(name, options, length, message):
    with pytest.raises(MismatchError, match=rf"^{name} cannot take an input of shape \(7, 6\)\. {message}"):
        build_and_apply(loaded_model({"type": name, **options}), sequences()[:1], lengths=torch.tensor([length]))


@pytest.mark.parametrize(
    ("name", "options", "shape"),
    [
        *(
            (name, options, shape)
            for name, options in (
                ("RNN", {"hidden_size": 2}),
                ("LSTM", {"hidden_size": 2}),
                ("GRU", {"hidden_size": 2}),
                ("MultiheadAttention", {"num_heads": 1}),
                ("TransformerEncoderLayer", {"nhead": 1}),
                ("TransformerEncoder", {"nhead": 1, "num_layers": 1}),
                ("LearnedPositionalEmbedding", {}),
            )
            for shape in ((1, 6), (1, 2, 3, 4))
        ),
        ("SequencePool", {}, (1, 6)),
    ],
)
def test_a_layer_for_sequences_refuses_other_inputs(name, options, shape):
    with pytest.raises(MismatchError, match=r"It takes (at least )?2 dimensions per row: steps, features\."):
        build_and_apply(loaded_model({"type": name, **options}), torch.zeros(shape))


def test_heads_must_divide_the_features():
    with pytest.raises(MismatchError, match="embed_dim must be divisible by num_heads"):
        build_and_apply(loaded_model({"type": "MultiheadAttention", "num_heads": 4}), sequences()[:1])


def test_transpose_swaps_two_dimensions_but_not_the_rows():
    inputs = torch.randn(2, 3, 4, 5)
    assert torch.equal(
        build_and_apply(
            loaded_model(
                {
                    "type": "Transpose",
                }
            ),
            inputs,
        )[1],
        inputs.transpose(1, 2),
    )
    options = {"dim0": -1, "dim1": 1}
    assert torch.equal(
        build_and_apply(loaded_model({"type": "Transpose", **options}), inputs)[1], inputs.transpose(1, 3)
    )
    with pytest.raises(MismatchError, match="is the batch dimension"):
        build_and_apply(loaded_model({"type": "Transpose", "dim0": -4}), inputs)
