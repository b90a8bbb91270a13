import pytest
from torch import nn

from hookline.errors import MismatchError
from hookline.spec import ParameterSelection, divided, named_parameters


def model():
    return nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Sequential(nn.Linear(3, 2, bias=False)))


def names(parameters):
    return [parameter.name for parameter in parameters]


def test_parameters_have_torchs_names_and_order_and_know_their_layer():
    parameters = named_parameters(model(), nn.PReLU())
    assert names(parameters) == ["0.weight", "0.bias", "1.weight", "1.bias", "2.0.weight", "criterion.weight"]
    assert [parameter.layer for parameter in parameters] == [
        "Linear",
        "Linear",
        "BatchNorm1d",
        "BatchNorm1d",
        "Linear",
        "PReLU",
    ]
    assert [parameter.place for parameter in parameters] == ["0", "0", "1", "1", "2.0", "criterion"]


def test_a_layer_that_is_a_model_has_names_without_a_place():
    assert names(named_parameters(nn.Linear(2, 1))) == ["weight", "bias"]


def test_a_shared_parameter_is_there_once_and_a_frozen_one_not_at_all():
    shared = model()
    shared[2][0].weight = nn.Parameter(shared[2][0].weight)
    shared.append(nn.Linear(3, 2, bias=False))
    shared[3].weight = shared[2][0].weight
    shared[0].bias.requires_grad_(requires_grad=False)
    assert names(named_parameters(shared)) == ["0.weight", "1.weight", "1.bias", "2.0.weight"]


def test_a_kind_of_linear_within_another_layer_is_selected_as_linear():
    parameters = named_parameters(nn.MultiheadAttention(4, 2))
    selected, others = divided(parameters, [ParameterSelection(layers="Linear")])
    assert names(selected) == ["out_proj.weight", "out_proj.bias"]
    assert names(others) == ["in_proj_weight", "in_proj_bias"]


def test_an_embedding_says_whether_its_gradient_is_sparse():
    embeddings = nn.Sequential(nn.Embedding(3, 2, sparse=True), nn.Embedding(3, 2))
    assert [parameter.has_sparse_gradient for parameter in named_parameters(embeddings)] == [True, False]


@pytest.mark.parametrize(
    ("selection", "selected"),
    [
        ({"parameters": "*.bias"}, ["0.bias", "1.bias"]),
        ({"parameters": ("0.*", "1.bias")}, ["0.weight", "0.bias", "1.bias"]),
        ({"layers": "BatchNorm*"}, ["1.weight", "1.bias"]),
        ({"layers": "2.*"}, ["2.0.weight"]),
        ({"layers": ("Linear", "1"), "parameters": "*.bias"}, ["0.bias", "1.bias"]),
        ({"dimensions": 2}, ["0.weight", "2.0.weight"]),
        ({"dimensions": 1, "layers": "Linear"}, ["0.bias"]),
        ({}, ["0.weight", "0.bias", "1.weight", "1.bias", "2.0.weight"]),
    ],
)
def test_a_selection_has_the_parameters_for_which_everything_holds(selection, selected):
    assert names(divided(named_parameters(model()), [ParameterSelection(**selection)])[0]) == selected


def test_the_first_selection_that_selects_a_parameter_has_it_and_the_rest_comes_last():
    groups = divided(
        named_parameters(model()), [ParameterSelection(parameters="*.bias"), ParameterSelection(layers="BatchNorm1d")]
    )
    assert [names(group) for group in groups] == [["0.bias", "1.bias"], ["1.weight"], ["0.weight", "2.0.weight"]]


@pytest.mark.parametrize(
    ("selections", "path", "message"),
    [
        ([{"parameters": "0.wieght"}], (0, "parameters"), 'there is no parameter "0.wieght". Did you mean "0.weight"?'),
        (
            [{"layers": "BatchNorm2d"}],
            (0, "layers"),
            'no layer "BatchNorm2d" has parameters. Did you mean "BatchNorm1d"?',
        ),
        ([{"layers": ("Conv8", "Conv9")}], (0, "layers", 0), 'no layer "Conv8" has parameters.'),
        (
            [{"layers": "Linear", "dimensions": 3}],
            (0,),
            "This selects nothing: no parameter matches all of its options.",
        ),
        ([{}, {"dimensions": 1}], (1,), "Every parameter it selects already belongs to an earlier entry."),
    ],
)
def test_a_selection_without_a_parameter_is_an_error_that_says_why(selections, path, message):
    with pytest.raises(MismatchError) as raised:
        divided(named_parameters(model()), [ParameterSelection(**selection) for selection in selections])
    assert raised.value.path == path
    assert message in raised.value.message
