"""Checks of inputs and targets before they are read, such as misspelled names."""

import json

import numpy
import pytest

import hookline
from hookline.cli.main import main

GAUSSIAN = {"type": "GaussianNLLLoss"}
SUM = {
    "losses": {"species": {"type": "CrossEntropyLoss"}, "size": {"type": "MSELoss"}},
}
TRIPLET = {"type": "TripletMarginLoss"}
SPEC = """\
[data]
type = "CSV"
path = "table.csv"

[data.inputs]
anchor = "a"
postive = "b"
negative = "c"

[model]
type = "Linear"
out_features = 1

[loss]
type = "TripletMarginLoss"

[optimizer]
type = "SGD"
"""


def problems(directory, loss, *, kind="CSV", **options):
    """Return the place and the message of each problem of the data."""
    if kind == "CSV":
        path = directory / "table.csv"
        path.write_text("a,b,c,d\n1,2,3,4\n")
    else:
        path = directory / "arrays.npz"
        numpy.savez(path, a=[1.0], b=[1.0], c=[1.0], postive=[1.0])
    spec = hookline.load(
        {
            "data": {"type": kind, "path": str(path), **options},
            "model": {"type": "Linear", "out_features": 1},
            **(loss if "losses" in loss else {"loss": loss}),
            "optimizer": {"type": "SGD"},
        }
    )
    return [(error.path, error.diagnostic.on_key, str(error)) for error in spec.data.check(spec.objective)]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"shape": [3, 1]}, None),
        ({"shape": [3, 8]}, (("shape",), "A row of this shape has 24 numbers, but one of the inputs has 3.")),
        (
            {"inputs": {"anchor": "[ab]", "negative": "c"}, "shape": {"anchor": [2], "negative": [1, 2]}},
            (("shape", "negative"), 'A row of this shape has 2 numbers, but one of the inputs "negative" has 1.'),
        ),
    ],
)
def test_a_shape_with_more_elements_than_columns_is_reported_before_the_file_is_read(options, problem, tmp_path):
    found = problems(tmp_path, {"type": "MSELoss"}, targets="d", **options)
    assert found == ([] if problem is None else [(problem[0], False, problem[1])])


@pytest.mark.parametrize("kind", ["CSV", "NPZ"])
def test_a_misspelled_group_of_inputs_is_reported_at_its_name_with_all_names(kind, tmp_path):
    inputs = {"anchor": "a", "postive": "b", "negative": "c"}
    assert problems(tmp_path, TRIPLET, kind=kind, inputs=inputs) == [
        (
            ("inputs", "postive"),
            True,
            'TripletMarginLoss takes "anchor", "positive" and "negative", but the groups are "anchor", "postive" and '
            '"negative". Did you mean "positive"?',
        )
    ]


def test_the_error_points_at_the_name(tmp_path, capsys):
    (tmp_path / "table.csv").write_text("a,b,c\n1,2,3\n")
    (tmp_path / "spec.toml").write_text(SPEC)
    assert main(["check", str(tmp_path / "spec.toml"), "--format", "json"]) == 1
    [problem] = json.loads(capsys.readouterr().out)
    assert (problem["line"], problem["column"], problem["path"]) == (7, 1, "data.inputs.postive")


def test_each_misspelled_group_is_reported(tmp_path):
    inputs = {"achor": "a", "positive": "b", "neg": "c"}
    assert [path for path, _, _ in problems(tmp_path, TRIPLET, inputs=inputs)] == [
        ("inputs", "achor"),
        ("inputs", "neg"),
    ]


def test_an_array_named_like_a_misspelled_group_is_reported_where_it_is_listed(tmp_path):
    loss = {"losses": {"apart": {**TRIPLET, "output": {"anchor": "a", "negative": "b"}}}}
    [(path, on_key, message)] = problems(tmp_path, loss, kind="NPZ", inputs=["a", "postive", "b"])
    assert (path, on_key) == (("inputs", 1), False)
    assert message.endswith('Did you mean "positive"?')


@pytest.mark.parametrize(
    ("loss", "options"),
    [
        (TRIPLET, {"inputs": {"anchor": "a", "positive": "b", "negative": "c"}}),
        (TRIPLET, {"inputs": {"left": "a", "middle": "b", "right": "c"}}),
        (TRIPLET, {"inputs": {"postive": "a", "negative": "b"}}),
        (GAUSSIAN, {"inputs": {"input1": "a", "input2": "b"}, "targets": "c"}),
        (GAUSSIAN, {"inputs": ["a", "b"], "targets": "c"}),
        (GAUSSIAN, {"inputs": "a", "targets": {"price": "b", "var": "c"}}),
        (SUM, {"inputs": "a", "targets": {"species": "b", "size": "c"}}),
        ({"type": "MSELoss"}, {"inputs": {"inptu": "a", "b": "b"}, "targets": "c"}),
    ],
)
def test_names_that_a_model_may_take_are_accepted(loss, options, tmp_path):
    assert problems(tmp_path, loss, **options) == []


@pytest.mark.parametrize(
    ("loss", "targets", "place", "message"),
    [
        (
            GAUSSIAN,
            {"price": "b", "vra": "c"},
            "vra",
            'GaussianNLLLoss takes one target, and the variance as "var", not "price" and "vra". Did you mean "var"?',
        ),
        (
            GAUSSIAN,
            {"variance": "b", "price": "c"},
            "variance",
            'GaussianNLLLoss takes one target, and the variance as "var", not "variance" and "price". Did you '
            'mean "var"?',
        ),
        (
            SUM,
            {"speceis": "b", "size": "c"},
            "speceis",
            'The losses take "size" and "species", but the targets are "speceis" and "size". Did you mean "species"?',
        ),
        (
            SUM,
            {"species": "b", "size": "c", "color": "d"},
            "color",
            'No loss takes the target "color".',
        ),
    ],
)
def test_a_misspelled_target_is_reported_at_its_name_with_all_names(loss, targets, place, message, tmp_path):
    assert problems(tmp_path, loss, inputs="a", targets=targets) == [(("targets", place), True, message)]


def test_too_many_targets_without_a_misspelling_are_reported(tmp_path):
    [(path, on_key, message)] = problems(tmp_path, GAUSSIAN, inputs="a", targets={"price": "b", "size": "c"})
    assert (path, on_key) == (("targets",), False)
    assert message == "GaussianNLLLoss takes one target besides the variance, but 2 are given."


def test_an_error_explains_how_groups_are_passed_to_the_model(tmp_path):
    (tmp_path / "table.csv").write_text("a,b,c\n1,2,3\n")
    spec = hookline.load(
        {
            "data": {
                "type": "CSV",
                "path": str(tmp_path / "table.csv"),
                "inputs": {"left": "a", "middle": "b", "right": "c"},
            },
            "model": {"type": "Linear", "out_features": 1},
            "loss": TRIPLET,
            "optimizer": {"type": "SGD"},
        }
    )
    with pytest.raises(hookline.errors.MismatchError) as raised:
        hookline.train(spec, out=tmp_path / "run")
    assert str(raised.value) == (
        'model: Linear takes 1 input, but receives 3. TripletMarginLoss takes "anchor", "positive" and "negative": the '
        'model is applied separately to groups of inputs with these names, but takes "left", "middle" and "right" '
        "together."
    )
