"""Containers equal handwritten models."""

import pytest
import torch
from loaded_model import loaded_model
from torch import nn

from hookline.errors import MismatchError
from hookline.training import apply_module, build_and_apply

LENGTHS = torch.tensor([2, 4, 3])
GRU = {"type": "GRU", "hidden_size": 4}
EMBEDDING = {"type": "Embedding", "num_embeddings": 5, "embedding_dim": 4}


def linear(size, **options):
    return {"type": "Linear", "out_features": size, **options}


def sequence(*layers):
    return {"type": "Sequential", "layers": list(layers)}


def residual(*layers, **options):
    return {"type": "Residual", "layers": list(layers), **options}


def parallel(*branches, **options):
    return {"type": "Parallel", "branches": list(branches), **options}


def built(model, *inputs):
    torch.manual_seed(1)
    return build_and_apply(loaded_model(model), *(rows[:1] for rows in inputs))[0]


def flat(size=6):
    return torch.randn(3, size, generator=torch.Generator().manual_seed(3))


def keys(*names):
    return [f"{name}.{kind}" for name in names for kind in ("weight", "bias")]


def refused(model, *inputs, lengths=None):
    with pytest.raises(MismatchError) as raised:
        build_and_apply(loaded_model(model), *inputs, lengths=lengths)
    return str(raised.value)


def test_a_residual_adds_its_input_to_its_output():
    inputs = flat()
    module = built(residual(linear(4), {"type": "ReLU"}, linear(6)), inputs)
    torch.manual_seed(1)
    first, second = nn.Linear(6, 4), nn.Linear(4, 6)
    assert torch.equal(module(inputs), second(first(inputs).relu()) + inputs)
    assert list(module.state_dict()) == keys("layers.0", "layers.2")


def test_a_residual_with_a_shortcut_adds_the_output_of_the_shortcut():
    inputs = flat()
    module = built(residual(linear(4), {"type": "ReLU"}, linear(5), shortcut=[linear(5)]), inputs)
    torch.manual_seed(1)
    first, second, shortcut = nn.Linear(6, 4), nn.Linear(4, 5), nn.Linear(6, 5)
    assert torch.equal(module(inputs), second(first(inputs).relu()) + shortcut(inputs))
    assert list(module.state_dict()) == keys("layers.0", "layers.2", "shortcut.0")


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (
            residual(linear(4)),
            "Its layers return the shape (4,), to which the shape (6,) cannot be added: use a `shortcut` to change the latter.",
        ),
        # torch would broadcast this one to all six.
        (
            residual(linear(1)),
            "Its layers return the shape (1,), to which the shape (6,) cannot be added: use a `shortcut` to change the latter.",
        ),
        (
            residual(linear(4), shortcut=[linear(5)]),
            "Its layers return the shape (4,), to which the shape (5,) cannot be added.",
        ),
        (
            residual({"type": "Heads", "heads": {"a": linear(6)}}),
            "A layer in it returns several outputs, so it must be the last layer of the model.",
        ),
    ],
)
def test_shapes_that_cannot_be_added_are_reported(model, message):
    assert refused(model, flat()[:1]) == f"Residual cannot take an input of shape (6,). {message}"


@pytest.mark.parametrize(
    ("join", "by_hand"),
    [
        ({}, lambda one, other: torch.cat([one, other], dim=1)),
        ({"join": "concatenation", "dim": -1}, lambda one, other: torch.cat([one, other], dim=-1)),
        ({"join": "concatenation", "dim": 2}, lambda one, other: torch.cat([one, other], dim=2)),
        ({"join": "sum"}, torch.add),
        ({"join": "product"}, torch.mul),
    ],
)
def test_branches_get_the_same_input_and_are_joined(join, by_hand):
    inputs = torch.randn(3, 2, 6)
    module = built(parallel(linear(4), sequence(linear(5), linear(4)), **join), inputs)
    torch.manual_seed(1)
    first, second, third = nn.Linear(6, 4), nn.Linear(6, 5), nn.Linear(5, 4)
    assert torch.equal(module(inputs), by_hand(first(inputs), third(second(inputs))))
    assert list(module.state_dict()) == keys("0", "1.0", "1.1")


def test_concatenated_branches_may_differ_along_that_dimension():
    inputs = flat()
    module = built(parallel(linear(4), {"type": "Identity"}, linear(2)), inputs)
    torch.manual_seed(1)
    first, second = nn.Linear(6, 4), nn.Linear(6, 2)
    assert torch.equal(module(inputs), torch.cat([first(inputs), inputs, second(inputs)], dim=1))


def test_branches_get_all_inputs():
    first, second = flat(), flat() + 1
    module = built(parallel({"type": "CosineSimilarity"}, {"type": "PairwiseDistance"}, join="sum"), first, second)
    assert torch.equal(
        module(first, second), nn.CosineSimilarity()(first, second) + nn.PairwiseDistance()(first, second)
    )


@pytest.mark.parametrize(
    ("model", "shape", "message"),
    [
        (
            parallel(linear(4), linear(5), join="sum"),
            (1, 6),
            "Its branches return the shapes (4,), (5,), which cannot be joined by sum.",
        ),
        # torch would broadcast this one to all four.
        (
            parallel(linear(4), linear(1), join="product"),
            (1, 6),
            "Its branches return the shapes (4,), (1,), which cannot be joined by product.",
        ),
        (
            parallel(linear(4), linear(5)),
            (1, 2, 6),
            "Its branches return the shapes (2, 4), (2, 5), which cannot be joined by concatenation.",
        ),
        (
            parallel(linear(4), sequence({"type": "Flatten"}, linear(4)), dim=-1),
            (1, 2, 6),
            "Its branches return the shapes (2, 4), (4,), which cannot be joined by concatenation.",
        ),
        (parallel(linear(4), dim=0), (1, 6), "The outputs cannot be concatenated along the batch dimension."),
        (parallel(linear(4), dim=-2), (1, 6), "The outputs cannot be concatenated along the batch dimension."),
    ],
)
def test_branches_that_cannot_be_joined_are_reported_with_their_shapes(model, shape, message):
    assert refused(
        model, torch.zeros(shape)
    ) == f"Parallel cannot take an input of shape {shape[1:]}. {message}".replace("(6)", "(6,)")


def test_repeated_layers_equal_a_sequence_written_out():
    inputs = flat()
    layers = [linear(4), {"type": "LayerNorm"}, {"type": "ReLU"}]
    module = built({"type": "Repeat", "layers": layers, "times": 3}, inputs)
    torch.manual_seed(1)
    expected = nn.Sequential(
        *(layer for size in (6, 4, 4) for layer in (nn.Linear(size, 4), nn.LayerNorm(4), nn.ReLU()))
    )
    assert type(module) is nn.Sequential
    assert repr(module) == repr(expected)
    assert torch.equal(module(inputs), expected(inputs))
    assert len({id(parameter) for parameter in module.parameters()}) == 12


def test_an_error_in_a_repeated_layer_names_the_repetition():
    model = {"type": "Repeat", "layers": [linear(4, in_features=6), {"type": "ReLU"}], "times": 2}
    assert refused(model, flat()[:1]) == (
        "layers[0]: Linear cannot take an input of shape (4,). "
        "`in_features` is 6, but the inputs have 4: remove it to infer it from the inputs. This is in repetition 2 of 2."
    )


def test_each_head_gives_one_output():
    inputs = flat()
    module = built(
        {"type": "Heads", "heads": {"var": sequence(linear(2), {"type": "Softplus"}), "input": linear(2)}}, inputs
    )
    torch.manual_seed(1)
    var, input_ = nn.Linear(6, 2), nn.Linear(6, 2)
    outputs = module(inputs)
    assert list(outputs) == ["var", "input"]
    assert torch.equal(outputs["var"], nn.functional.softplus(var(inputs)))
    assert torch.equal(outputs["input"], input_(inputs))
    assert list(module.state_dict()) == keys("var.0", "input")


def test_heads_must_be_last():
    heads = {"type": "Heads", "heads": {"a": linear(2), "b": linear(3)}}
    module = built(sequence(linear(4), heads), flat())
    assert type(module) is nn.Sequential
    assert {name: outputs.shape for name, outputs in module(flat()).items()} == {"a": (3, 2), "b": (3, 3)}
    assert refused(sequence(heads, linear(1)), flat()[:1]) == (
        "layers[1]: Linear takes one tensor but receives several outputs: the layer with several outputs must come last."
    )
    nested = refused({"type": "Heads", "heads": {"a": heads}}, flat()[:1])
    assert nested.endswith("A layer in it returns several outputs, so it must be the last layer of the model.")


@pytest.mark.parametrize("name", ["forward", "training", "keys", "type"])
def test_a_head_cannot_have_the_name_of_a_module_attribute(name):
    message = refused({"type": "Heads", "heads": {name: linear(1)}}, flat()[:1])
    assert message == f'heads.{name}: "{name}" cannot be the name of an output: it is an attribute of every module.'


@pytest.mark.parametrize(
    ("model", "place"),
    [
        (residual(linear(4), linear(6, in_features=5)), "layers[1]"),
        (residual(linear(6), shortcut=[linear(6), linear(6, in_features=5)]), "shortcut[1]"),
        (parallel(linear(4), sequence(linear(4, in_features=5))), "branches[1].layers[0]"),
        ({"type": "Heads", "heads": {"a": linear(4), "b": linear(4, in_features=5)}}, "heads.b"),
        ({"type": "Repeat", "times": 2, "layers": [residual(linear(5)), linear(1)]}, "layers[0]"),
        (sequence(linear(3), residual(parallel(linear(1, in_features=5)))), "layers[1].layers[0].branches[0]"),
    ],
)
def test_an_error_names_the_place_of_the_layer(model, place):
    assert refused(model, flat()[:1]).startswith(f"{place}: ")


@pytest.mark.parametrize("first", ["ReLU", "Dropout"])
@pytest.mark.parametrize(
    "model",
    [
        lambda layer: residual(layer, linear(6)),
        lambda layer: residual(sequence(layer)),
        lambda layer: residual(linear(6), shortcut=[layer]),
        lambda layer: parallel(linear(1), sequence(layer, linear(1))),
        lambda layer: {"type": "Heads", "heads": {"a": layer, "b": linear(1)}},
    ],
)
def test_an_input_of_several_layers_must_not_be_overwritten(first, model):
    message = refused(model({"type": first, "inplace": True}), flat()[:1])
    assert message.endswith("A layer overwrites its input (`inplace = true`), but another layer uses it too.")


def test_an_input_of_a_single_layer_may_be_overwritten():
    inputs = flat()
    module = built(residual(linear(6), {"type": "ReLU", "inplace": True}), inputs)
    torch.manual_seed(1)
    assert torch.equal(module(inputs), nn.Linear(6, 6)(inputs).relu() + inputs)


@pytest.mark.parametrize(
    "model",
    [
        sequence(EMBEDDING, GRU),
        sequence(EMBEDDING, residual(GRU)),
        sequence(EMBEDDING, residual(linear(4), shortcut=[GRU])),
        sequence(EMBEDDING, parallel(linear(4), sequence(GRU), dim=2)),
        sequence(EMBEDDING, {"type": "Repeat", "layers": [GRU], "times": 2}),
        sequence(EMBEDDING, {"type": "Heads", "heads": {"a": GRU, "b": linear(1)}}),
        sequence(sequence(sequence(EMBEDDING, GRU))),
    ],
)
def test_a_container_takes_lengths_if_one_of_its_layers_does(model):
    indices = torch.tensor([[1, 2, 0, 0], [3, 1, 4, 2], [2, 2, 1, 0]])
    module = built(model, indices).eval()
    assert module.takes_lengths
    outputs = apply_module(module, indices, lengths=LENGTHS)
    alone = [module(indices[row : row + 1, :length]) for row, length in enumerate(LENGTHS.tolist())]
    for row, length in enumerate(LENGTHS.tolist()):
        if isinstance(outputs, dict):
            for name in outputs:
                torch.testing.assert_close(outputs[name][row, :length], alone[row][name][0])
        else:
            torch.testing.assert_close(outputs[row, :length], alone[row][0])
    full = module(indices)
    same = apply_module(module, indices, lengths=torch.tensor([4, 4, 4]))
    for name in full if isinstance(full, dict) else [...]:
        torch.testing.assert_close(full[name], same[name])


@pytest.mark.parametrize(
    "model",
    [
        sequence(EMBEDDING, linear(4)),
        sequence(EMBEDDING, residual(linear(4), shortcut=[linear(4)])),
        sequence(EMBEDDING, parallel(linear(4))),
        {"type": "Repeat", "layers": [EMBEDDING], "times": 1},
        sequence(EMBEDDING, {"type": "Heads", "heads": {"a": linear(1)}}),
    ],
)
def test_a_container_takes_no_lengths_if_no_layer_does(model):
    module = built(model, torch.ones(1, 4, dtype=torch.int64))
    assert type(module) is nn.Sequential
    assert not any(getattr(part, "takes_lengths", False) for part in module.modules())


def test_a_sequence_with_lengths_has_the_parameter_names_of_torchs():
    module = built(sequence(EMBEDDING, GRU), torch.ones(1, 4, dtype=torch.int64))
    torch.manual_seed(1)
    expected = nn.Sequential(nn.Embedding(5, 4), nn.GRU(4, 4, batch_first=True))
    assert isinstance(module, nn.Sequential)
    assert repr(module) == repr(expected)
    assert list(module.state_dict()) == list(expected.state_dict())
    assert all(torch.equal(one, other) for one, other in zip(module.parameters(), expected.parameters(), strict=True))
