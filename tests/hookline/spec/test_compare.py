"""Two specs are compared by what they mean."""

import pytest

import hookline
from hookline.spec.compare import ABSENT, Difference, differences

BASE = {
    "data": {"type": "Random", "features": 4, "targets": [0, 1, 1, 0]},
    "model": {"type": "Sequential", "layers": [{"type": "Linear", "out_features": 8}, {"type": "ReLU"}]},
    "loss": {"type": "CrossEntropyLoss"},
    "optimizer": {"type": "SGD", "lr": 0.1},
}


def spec(**sections):
    return hookline.load({**BASE, **sections})


def reported(first, second):
    return [(difference.path, difference.first, difference.second) for difference in differences(first, second)]


def layers(*kinds):
    made = [{"type": kind, **({"out_features": 8} if kind == "Linear" else {})} for kind in kinds]
    return spec(model={"type": "Sequential", "layers": made})


@pytest.mark.parametrize(
    "sections",
    [
        {"optimizer": {"lr": 0.1, "type": "SGD"}},
        {"optimizer": {"type": "SGD", "lr": 0.1, "momentum": 0.0}},
        {"run": {"seed": 0}},
        {"metrics": []},
    ],
)
def test_order_and_explicit_defaults_make_no_difference(sections):
    assert reported(spec(), spec(**sections)) == []


def test_metrics_are_compared_by_their_names():
    accuracy, score = {"type": "Accuracy"}, {"type": "F1Score", "average": "macro"}
    assert reported(spec(metrics=[accuracy, score]), spec(metrics=[score, accuracy])) == []
    assert reported(spec(metrics=[accuracy, score]), spec(metrics=[{**score, "average": "micro"}, accuracy])) == [
        (("metrics", 0, "average"), "macro", "micro")
    ]
    both = spec(metrics=[score, accuracy])
    assert reported(both, spec(metrics=[{**accuracy, "name": "right"}, score])) == [
        (("metrics", 0, "name"), None, "right")
    ]
    assert reported(both, spec(metrics=[accuracy])) == [(("metrics", 0), both.metrics[0], ABSENT)]
    assert reported(spec(metrics=[accuracy]), both) == [(("metrics", 0), ABSENT, both.metrics[0])]


@pytest.mark.parametrize(
    ("first", "second", "wanted"),
    [
        ({"targets": "y"}, {"targets": ["y"]}, []),
        ({"targets": {"a": "y"}}, {"targets": {"a": ["y"]}}, []),
        ({"targets": "y", "inputs": ["x*"]}, {"targets": ["y"], "inputs": "x*"}, []),
        ({"targets": "y"}, {"targets": ["y", "z"]}, [(("data", "targets"), "y", ("y", "z"))]),
        ({"targets": "y"}, {"targets": {"a": "y"}}, [(("data", "targets"), "y", {"a": "y"})]),
        # The single group of an array of one name has the name of the array.
        (
            {"type": "NPZ", "inputs": "x"},
            {"type": "NPZ", "inputs": ["x"]},
            [(("data", "inputs"), "x", ("x",))],
        ),
    ],
)
def test_a_name_equals_an_array_of_one_name_where_both_are_allowed(first, second, wanted):
    data = {"type": "CSV", "path": "flowers.csv"}
    assert reported(spec(data={**data, **first}), spec(data={**data, **second})) == wanted


def test_a_value_differs_at_its_path():
    other = spec(optimizer={"type": "SGD", "lr": 0.2}, run={"seed": 3})
    assert reported(spec(), other) == [(("run", "seed"), 0, 3), (("optimizer", "lr"), 0.1, 0.2)]


def test_another_component_differs_as_a_whole():
    [(path, first, second)] = reported(spec(), spec(optimizer={"type": "Adam", "lr": 0.1}))
    assert (path, type(first).__name__, type(second).__name__) == (("optimizer",), "SGD", "Adam")


@pytest.mark.parametrize(
    ("first", "second", "paths"),
    [
        (["Linear", "ReLU"], ["Linear", "Tanh"], [("model", "layers", 1)]),
        (["Linear", "ReLU"], ["Linear"], [("model", "layers", 1)]),
        (["Linear"], ["ReLU", "Linear"], [("model", "layers", 0)]),
        (["Linear", "ReLU", "Linear"], ["Linear", "Linear"], [("model", "layers", 1)]),
        (
            ["Linear", "ReLU", "Linear"],
            ["Linear", "Tanh", "Dropout", "Linear"],
            [("model", "layers", 1), ("model", "layers", 2)],
        ),
    ],
)
def test_an_added_or_removed_element_does_not_shift_the_others(first, second, paths):
    assert [path for path, _, _ in reported(layers(*first), layers(*second))] == paths


def test_a_value_that_only_one_spec_has_is_absent_in_the_other():
    [(_, first, second)] = reported(layers("Linear", "ReLU"), layers("Linear"))
    assert (type(first).__name__, second) == ("ReLU", ABSENT)


def test_tables_are_compared_key_by_key():
    found = list(differences({"a": 1, "b": (2,)}, {"b": (3,), "c": 1}, ("x",)))
    assert found == [
        Difference(("x", "a"), 1, ABSENT),
        Difference(("x", "b"), (2,), (3,)),
        Difference(("x", "c"), ABSENT, 1),
    ]


def test_one_added_layer_before_very_many_is_one_difference():
    layers = [{"type": "Linear", "out_features": 3}, {"type": "ReLU"}] * 130

    def spec(layers):
        return hookline.load(
            {
                "data": {"type": "Random", "features": 3, "targets": [0, 1]},
                "model": {"type": "Sequential", "layers": layers},
                "loss": {"type": "MSELoss"},
                "optimizer": {"type": "SGD"},
            }
        )

    [difference] = differences(spec(layers), spec([{"type": "Flatten"}, *layers]))
    assert difference.path == ("model", "layers", 0)
