"""Each initialization equals torch's function, with the same options, on the selected parameters."""

from inspect import Parameter, signature

import pytest
import torch
from attrs import NOTHING, fields
from torch import nn

import hookline
from hookline.errors import MismatchError
from hookline.plugins.manager import Plugins
from hookline.spec import LayerSpec, ParameterSelection, spec as declared
from hookline.training.run_setup import new_run
from hookline_initialization import register_specs

OPTIONS = {
    "constant_": [{"val": 3}, {"val": -0.5}],
    "dirac_": [{}, {"groups": 2}],
    "eye_": [{}],
    "kaiming_normal_": [{}, {"a": 0.1, "mode": "fan_out"}, {"nonlinearity": "relu"}],
    "kaiming_uniform_": [{}, {"a": 0.1, "mode": "fan_out"}, {"nonlinearity": "tanh"}],
    "normal_": [{}, {"mean": 1, "std": 0.1}],
    "ones_": [{}],
    "orthogonal_": [{}, {"gain": 2}],
    "sparse_": [{"sparsity": 0.5}, {"sparsity": 0.25, "std": 1}],
    "trunc_normal_": [{}, {"mean": 0.5, "std": 0.1, "a": 0.4, "b": 0.7}],
    "uniform_": [{}, {"a": -2, "b": -1}],
    "xavier_normal_": [{}, {"gain": 2}],
    "xavier_uniform_": [{}, {"gain": 2}],
    "zeros_": [{}],
}
CASES = [pytest.param(name, options, id=f"{name} {options}") for name in OPTIONS for options in OPTIONS[name]]


def spec(*rules, model=None, plugins=()):
    layers = [{"type": "Linear", "out_features": 4}, {"type": "ReLU"}, {"type": "Linear", "out_features": 1}]
    return hookline.load(
        {
            "run": {"epochs": 1, "seed": 5},
            "data": {"type": "Random", "features": 6, "targets": [0.0, 1.0, 0.5]},
            "model": model or {"type": "Sequential", "layers": layers},
            "initialize": list(rules),
            "loss": {"type": "MSELoss"},
            "optimizer": {"type": "SGD", "lr": 0.0},
        },
        plugins=plugins,
    )


def weights(made, tmp_path):
    """Return the initial parameters, which a learning rate of 0 leaves unchanged."""
    return list(hookline.train(made, out=tmp_path / "run").model.parameters())


def by_hand():
    torch.manual_seed(5)
    return nn.Sequential(nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 1))


def assert_equal(parameters, expected):
    assert all(torch.equal(one, other) for one, other in zip(parameters, expected, strict=True))


@pytest.mark.parametrize(("name", "options"), CASES)
def test_the_numbers_are_those_of_torchs_function(name, options):
    [rule] = spec({"type": name, **options}).initialize
    shape = (4, 3, 2) if name == "dirac_" else (8, 6)
    tensor, expected = nn.Parameter(torch.full(shape, 7.0)), torch.full(shape, 7.0)
    torch.manual_seed(1)
    rule.initialize(tensor)
    torch.manual_seed(1)
    getattr(nn.init, name)(expected, **options)
    assert torch.equal(tensor, expected)
    assert not (tensor == 7).all()


@pytest.mark.parametrize("kind", register_specs().values(), ids=lambda kind: kind.__name__)
def test_an_initialization_has_torchs_options_with_torchs_defaults(kind):
    theirs = {
        parameter.name: NOTHING if parameter.default is Parameter.empty else parameter.default
        for parameter in signature(getattr(nn.init, kind.__name__)).parameters.values()
        if parameter.name not in ("tensor", "generator")
    }
    selection = {option.name for option in fields(ParameterSelection)}
    assert not selection & set(theirs)
    assert {option.name: option.default for option in fields(kind) if option.name not in selection} == theirs


def test_every_function_of_torch_is_available_and_compared():
    theirs = {name for name in dir(nn.init) if name.endswith("_") and not name.startswith("_")}
    assert {kind.__name__ for kind in register_specs().values()} == set(OPTIONS) == theirs


def test_the_nonlinearities_are_those_with_a_gain_in_torch():
    theirs = signature(nn.init.kaiming_normal_).parameters["nonlinearity"].annotation
    kinds = {kind.__name__: kind for kind in register_specs().values()}
    assert fields(kinds["kaiming_normal_"]).nonlinearity.type == theirs
    assert fields(kinds["kaiming_uniform_"]).nonlinearity.type == theirs


def test_a_rule_initializes_its_selection_and_the_rest_stays_as_in_torch(tmp_path):
    rule = {"type": "kaiming_normal_", "layers": "Linear", "parameters": "*.weight", "nonlinearity": "relu"}
    model = by_hand()
    for layer in (model[0], model[2]):
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    assert_equal(weights(spec(rule), tmp_path), model.parameters())


def test_the_first_rule_that_selects_a_parameter_initializes_it(tmp_path):
    rules = [
        {"type": "normal_", "layers": "2", "std": 0.1},
        {"type": "constant_", "val": 0.5, "parameters": "*.bias"},
        {"type": "uniform_"},
    ]
    model = by_hand()
    nn.init.normal_(model[2].weight, std=0.1)
    nn.init.normal_(model[2].bias, std=0.1)
    nn.init.constant_(model[0].bias, 0.5)
    nn.init.uniform_(model[0].weight)
    assert_equal(weights(spec(*rules), tmp_path), model.parameters())


@pytest.mark.parametrize(("name", "layer"), [("Embedding", nn.Embedding), ("EmbeddingBag", nn.EmbeddingBag)])
@pytest.mark.parametrize("index", [0, -1])
def test_the_padding_vector_stays_zero_as_in_torch(name, layer, index):
    table = {"type": name, "num_embeddings": 5, "embedding_dim": 3, "padding_idx": index}
    batches = hookline.data.TensorBatches({"words": torch.tensor([[1, 2], [3, 4]])}, batch_size=2)
    data = hookline.data.Data(training=batches, example=batches.all, targets={})
    with new_run(spec({"type": "normal_", "std": 0.1}, model=table), Plugins()) as run:
        torch.manual_seed(5)
        model = run.stages.build_model(run=run, data=data)
    torch.manual_seed(5)
    expected = layer(5, 3, padding_idx=index)
    nn.init.normal_(expected.weight, std=0.1)
    expected._fill_padding_idx_with_zero()
    assert torch.equal(model.weight, expected.weight)
    assert model.weight[index].tolist() == [0, 0, 0]


@declared
class Pretrained(LayerSpec):
    """An embedding with a nonzero padding vector, followed by a layer."""

    def build(self, inputs):
        vectors = nn.Embedding.from_pretrained(torch.ones(5, 3), freeze=False, padding_idx=0)
        return nn.Sequential(vectors, nn.Flatten(), nn.Linear(6, 1))


class Bringing:
    @hookline.hookimpl
    def register_specs(self):
        return [Pretrained]


def test_an_embedding_that_no_rule_selects_keeps_its_padding_vector():
    made = spec({"type": "zeros_", "layers": "Linear"}, model={"type": "Pretrained"}, plugins=[Bringing()])
    batches = hookline.data.TensorBatches({"words": torch.tensor([[1, 2], [3, 4]])}, batch_size=2)
    data = hookline.data.Data(training=batches, example=batches.all, targets={})
    with new_run(made, Plugins(extra=[Bringing()])) as run:
        model = run.stages.build_model(run=run, data=data)
    assert torch.equal(model[0].weight, torch.ones(5, 3))
    assert torch.equal(model[2].weight, torch.zeros(1, 6))


def test_without_a_rule_everything_stays_as_in_torch(tmp_path):
    assert_equal(weights(spec(), tmp_path), by_hand().parameters())


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        (
            [{"type": "ones_"}, {"type": "zeros_", "parameters": "*.bias"}],
            "initialize[1]: Every parameter it selects already belongs to an earlier entry.",
        ),
        (
            [{"type": "zeros_", "parameters": "*.bais"}],
            'initialize[0].parameters: This selects nothing: there is no parameter "*.bais". Did you mean',
        ),
        (
            [{"type": "zeros_", "layers": "Conv2d"}],
            'initialize[0].layers: This selects nothing: no layer "Conv2d" has parameters. Available: "Linear".',
        ),
        (
            [{"type": "kaiming_normal_", "layers": "Linear"}],
            'initialize[0]: kaiming_normal_ cannot initialize "0.bias" of shape (4,). Fan in and fan out can not be '
            "computed for tensor with fewer than 2 dimensions.",
        ),
        (
            [{"type": "orthogonal_", "parameters": "*.weight"}, {"type": "eye_"}],
            'initialize[1]: eye_ cannot initialize "0.bias" of shape (4,). Only tensors with 2 dimensions are',
        ),
        (
            [{"type": "dirac_", "parameters": "2.weight"}],
            'initialize[0]: dirac_ cannot initialize "2.weight" of shape (1, 4). Only tensors with 3, 4, or 5 '
            "dimensions are supported.",
        ),
    ],
)
def test_a_rule_that_does_not_fit_the_model_is_reported_before_anything_is_written(rules, message, tmp_path):
    with pytest.raises(MismatchError) as raised:
        hookline.train(spec(*rules), out=tmp_path / "run")
    assert str(raised.value).startswith(message)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("rule", "path"),
    [
        ({"type": "constant_"}, "val"),
        ({"type": "sparse_"}, "sparsity"),
        ({"type": "sparse_", "sparsity": 1.5}, "sparsity"),
        ({"type": "normal_", "std": -1}, "std"),
        ({"type": "trunc_normal_", "std": 0}, "std"),
        ({"type": "trunc_normal_", "a": 3}, "b"),
        ({"type": "uniform_", "a": 2}, "b"),
        ({"type": "kaiming_normal_", "mode": "fan"}, "mode"),
        ({"type": "kaiming_normal_", "nonlinearity": "gelu"}, "nonlinearity"),
        ({"type": "dirac_", "groups": 0}, "groups"),
        ({"type": "normal_", "generator": 1}, "generator"),
        ({"type": "normal_", "dimensions": -1}, "dimensions"),
        ({"type": "normal"}, "type"),
    ],
)
def test_options_that_torch_would_refuse_are_reported(rule, path):
    with pytest.raises(hookline.errors.SpecError) as raised:
        spec(rule)
    assert [problem.path for problem in raised.value.problems] == [("initialize", 0, path)]
