"""The layers of a model, and models that a wrapper around `build_model` replaces."""

import pytest
import torch
from safetensors.torch import load_file
from small_training import SPECS
from torch import nn

import hookline
from hookline import hookimpl
from hookline.runs.plan.layers import recorded_layers

SPEC = {
    "run": {"epochs": 1, "device": "cpu"},
    "data": {"type": "CSV", "path": str((SPECS / "data/iris.csv").resolve()), "targets": "species", "batch_size": 50},
    "model": {
        "type": "Sequential",
        "layers": [{"type": "Linear", "out_features": 3}, {"type": "Tanh"}, {"type": "Linear", "out_features": 3}],
    },
    "loss": {"type": "CrossEntropyLoss"},
    "optimizer": {"type": "SGD", "lr": 0.1, "groups": [{"parameters": "0.weight", "lr": 0.5}]},
    "deploy": [{"type": "Safetensors"}],
}


class Rebuilding:
    """A wrapper that applies a function to the model."""

    def __init__(self, rebuild):
        self.rebuild = rebuild

    @hookimpl(wrapper=True)
    def build_model(self, run, data):
        return self.rebuild((yield))


def compiled_shapes(rebuild):
    """A function that compiles the model, and the input shapes for which it is compiled."""
    shapes = []

    def backend(graph, inputs):
        shapes.append([tuple(one.shape) for one in inputs if isinstance(one, torch.Tensor)])
        return graph.forward

    torch._dynamo.reset()
    return lambda model: rebuild(model, backend), shapes


def one_layer(model, backend):
    model[0] = torch.compile(model[0], backend=backend)
    return model


def trained(rebuild, place):
    return hookline.train(hookline.load(SPEC), plugins=[Rebuilding(rebuild)], out=place)


@pytest.mark.parametrize("rebuild", [lambda model, backend: torch.compile(model, backend=backend), one_layer])
def test_a_compiled_model_trains_like_an_uncompiled_one_and_nothing_is_compiled_before_training(tmp_path, rebuild):
    compiling, shapes = compiled_shapes(rebuild)
    one, other = trained(compiling, tmp_path / "compiled"), trained(lambda model: model, tmp_path / "plain")
    # The first compilation is for a full batch; two rows would mean that the preflight was compiled.
    assert shapes
    assert all((50, 4) in of_one and (2, 4) not in of_one for of_one in shapes), shapes
    assert one.history[0]["training/loss"] == other.history[0]["training/loss"]
    for file in ("model.safetensors", "safetensors/model.safetensors"):
        states = [load_file(tmp_path / name / file) for name in ("compiled", "plain")]
        assert list(states[0]) == list(states[1]) == ["0.bias", "0.weight", "2.bias", "2.weight"]
        assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


@pytest.mark.filterwarnings("ignore:.*torch.jit.script.* is deprecated:DeprecationWarning")
def test_a_scripted_model_can_be_trained(tmp_path):
    one, other = trained(torch.jit.script, tmp_path / "scripted"), trained(lambda model: model, tmp_path / "plain")
    assert one.history[0]["training/loss"] == other.history[0]["training/loss"]


def test_a_model_without_an_evaluation_mode_is_reported(tmp_path):
    class Exported(nn.Module):
        def train(self, *_):
            raise NotImplementedError("Calling train() is not supported yet.")

    with pytest.raises(hookline.errors.StageError) as error:
        trained(lambda model: Exported(), tmp_path / "run")
    assert str(error.value) == (
        "The model cannot be switched between training and evaluation: Calling train() is not supported yet."
    )


def test_explanations_of_the_compiler_are_not_part_of_a_message(tmp_path):
    def refusing(graph, inputs):
        raise KeyError("no such operator")

    with pytest.raises(hookline.errors.StageError) as error:
        trained(lambda model: torch.compile(model, backend=refusing), tmp_path / "run")
    what = "BackendCompilerFailed: backend='refusing' raised:\nKeyError: 'no such operator'"
    line = refusing.__code__.co_firstlineno + 1
    assert str(error.value) == f'The stage "forward" failed ({__file__}, line {line}): {what}'


class Odd(nn.Module):
    """Uses the parameters of layers that it never calls, one of them twice, and has its own parameters."""

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
    with recorded_layers(model) as layers:
        model(torch.ones(2, 3, 4))
    assert sum(layer.parameters for layer in layers) == sum(parameter.numel() for parameter in model.parameters())


def test_a_layer_that_is_not_called_follows_its_container():
    model = nn.Sequential(nn.Linear(4, 4), Odd(), nn.ReLU())
    with recorded_layers(model) as layers:
        model(torch.ones(2, 4))
    assert [(layer.name, layer.output, layer.parameters) for layer in layers] == [
        ("0", (4,), 20),
        ("1.first", (4,), 20),
        ("1", (4,), 4),
        ("1.tied", None, 4),
        ("1.extra", None, 3),
        ("2", (4,), 0),
    ]
