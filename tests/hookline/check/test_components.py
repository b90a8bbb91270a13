import re

import pytest
from every_kind import problems, problems_of, table


@pytest.mark.parametrize(
    ("option", "value", "place", "message"),
    [
        ("weights", {"a": 1, "b": -1}, "weights.b", "-1 is out of bounds: it must be at least 0."),
        ("sizes", {"x": [1, 0]}, "sizes.x[1]", "0 is out of bounds: it must be at least 1."),
        ("padding", [1, -1], "padding[1]", "-1 is out of bounds: it must be at least 0."),
    ],
)
def test_an_element_that_is_out_of_bounds_is_reported_at_its_own_path(option, value, place, message):
    assert problems(**{option: value}) == [f"{place}: {message}"]


def test_an_unknown_option_is_reported_with_the_nearest_one():
    assert problems(cuont=3, xyz=1) == [
        'cuont: Kinds has no option "cuont". Did you mean "count"?',
        'xyz: Kinds has no option "xyz". Available: "count", "either", "flag", "fraction", "groups", "inner", "inners", '
        '"maybe", "mode", "mode_of", "named", "names", "norm", "padding", "pair", "path", "rate", "sizes", '
        '"text" and "weights".',
    ]


def test_a_missing_option_is_reported_with_its_type():
    assert problems_of(table(callbacks=[{"type": "Needy"}])) == [
        "callbacks[0].epochs: This option is missing. It must be an integer.",
        "callbacks[0].files: This option is missing. It must be an array of paths.",
        'callbacks[0].mode: This option is missing. It must be "a" or "b".',
    ]


@pytest.mark.parametrize("key", ["name", "kind", "class", "optimizer"])
def test_a_key_whose_value_names_a_component_is_taken_for_the_type(key):
    assert problems_of(table(optimizer={key: "Adam", "lr": -1})) == [
        f'optimizer.{key}: There is no option "{key}". Did you mean "type"?',
        "optimizer.lr: -1 is out of bounds: it must be at least 0.",
    ]


def test_no_option_of_an_unknown_type_is_reported_as_missing():
    layers = [{"type": "Linaer"}, {"type": "Linear", "out_feature": 2}, {"type": "Linaer", "out_features": "x"}]
    unknown = 'There is no layer called "Linaer". Did you mean "Linear"?'
    assert problems_of(table(model={"type": "Sequential", "layers": layers})) == [
        f"model.layers[0].type: {unknown}",
        'model.layers[1].out_feature: Linear has no option "out_feature". Did you mean "out_features"?',
        f"model.layers[2].type: {unknown}",
        'model.layers[2].out_features: This must be an integer, but it is the string "x".',
    ]


def test_for_very_many_components_a_message_names_the_command_that_lists_them():
    [reported] = problems_of(table(model={"type": "Wombat"}))
    assert re.fullmatch(
        r'model.type: There is no model called "Wombat". There are 1\d\d, such as "Branches", "Heads", .*: `hookline list` '
        "shows them. If it is in a file of your own, pass the file with `-p`.",
        reported,
    )


@pytest.mark.parametrize("name", ["hookline_models.linear.Linear", "torch.nn.Linear", "os.system", ""])
def test_a_type_is_looked_up_in_the_catalog_and_nowhere_else(name):
    [reported] = problems_of(table(model={"type": name}))
    assert reported.startswith(f'model.type: There is no model called "{name}".')


@pytest.mark.parametrize("key", ["__class__", "_target_", "family", "build", "follows"])
def test_a_key_that_is_an_attribute_of_the_class_but_not_an_option_is_refused(key):
    [reported] = problems_of(table(model={"type": "Linear", "out_features": 1, key: 1}))
    assert reported.startswith(f'model.{key}: Linear has no option "{key}".')
