"""Errors of losses, metrics and data sources are in_spec in the spec."""

import re
from pathlib import Path

import pytest

import hookline
from hookline.errors.exceptions import DataError
from hookline.errors.option_errors import OptionError
from hookline.training.preflight.mismatches import in_spec, mismatch_of_loss, mismatch_of_metric

SPECS = Path(__file__).parents[4] / "specs"


def spec(**sections):
    table = {
        "data": {"type": "CSV", "path": str(SPECS / "data/iris.csv"), "targets": "species", "validation": 0.2},
        "model": {"type": "Linear", "out_features": 3},
        "loss": {"type": "CrossEntropyLoss"},
        "optimizer": {"type": "SGD"},
        **sections,
    }
    return hookline.load({name: value for name, value in table.items() if value is not None})


LINEAR = {"type": "Linear", "out_features": 3}


@pytest.mark.parametrize(
    ("model", "ending"),
    [
        (LINEAR, ()),
        ({"type": "Sequential", "layers": [LINEAR, LINEAR]}, ("layers", 1)),
        (
            {"type": "Sequential", "layers": [LINEAR, {"type": "Repeat", "layers": [LINEAR], "times": 2}]},
            ("layers", 1, "layers", 0),
        ),
        ({"type": "Residual", "layers": [LINEAR]}, ("layers", 0)),
        ({"type": "Siamese", "layers": [LINEAR], "join": {"type": "PairwiseDistance"}}, ("join",)),
    ],
)
def test_unfit_outputs_point_to_the_final_layer_of_the_model(model, ending):
    error = mismatch_of_loss(OptionError("loss", "No."), spec(model=model))
    assert (error.message, error.path, error.against) == ("No.", ("loss",), (("model", *ending),))


def test_an_option_of_the_loss_is_the_place_if_the_error_names_it():
    error = mismatch_of_loss(OptionError("loss", "No.", "weight", 1, against=[("loss", "reduction")]), spec())
    assert (error.path, error.against) == (("loss", "weight", 1), (("loss", "reduction"),))


@pytest.mark.parametrize(
    ("name", "ending"),
    [("a", ("layers", 1, "heads", "a")), ("b", ("layers", 1, "heads", "b", "layers", 0)), ("c", ("layers", 1))],
)
def test_one_of_several_losses_points_to_the_head_of_its_output(name, ending):
    heads = {"a": LINEAR, "b": {"type": "Sequential", "layers": [LINEAR]}}
    model = {"type": "Sequential", "layers": [LINEAR, {"type": "Heads", "heads": heads}]}
    losses = {name: {"type": "CrossEntropyLoss"} for name in "abc"}
    made = spec(model=model, loss=None, losses=losses)
    error = mismatch_of_loss(OptionError("losses", "No.", name), made)
    assert (error.path, error.against) == (("losses", name), (("model", *ending),))
    given = mismatch_of_loss(OptionError("losses", "No.", name, against=[("losses", name, "output")]), made)
    assert given.against == (("losses", name, "output"),)
    assert mismatch_of_loss(OptionError("losses", "No.", name, "output"), made).against == ()


def test_an_error_of_a_metric_is_located_at_its_option():
    made = spec(metrics=[{"type": "F1Score"}, {"type": "Accuracy", "top_k": 5}])
    error = mismatch_of_metric(
        ValueError("Argument `top_k`  is\n more than `num_classes`."), made.metrics[1], made, "test"
    )
    assert (
        error.message == "Accuracy cannot be computed on the test split. Argument `top_k` is more than `num_classes`."
    )
    assert error.path == ("metrics", 1), "an error that names no option is about the metric"
    reported = {
        str(mismatch_of_metric(OptionError("top_k", "No."), made.metrics[1], made, on)) for on in ("validation", "test")
    }
    assert reported == {"metrics[1].top_k: Accuracy cannot be computed. No."}, "an option is wrong for every split"
    assert mismatch_of_metric(ValueError("`top_k`"), made.metrics[0], made, "test").path == ("metrics", 0)


FILE = SPECS / "data/iris.csv"


@pytest.mark.parametrize(
    ("error", "message", "path"),
    [
        (
            DataError("The cell is empty.", file=FILE, row=3, columns=["species"]),
            f'{FILE}: row 3, column "species": The cell is empty.',
            ("path",),
        ),
        (
            DataError("The column is text.", file=FILE, columns=["species"]),
            f"{FILE}: The column is text.",
            ("targets",),
        ),
        (DataError("The file is empty.", file=FILE), f"{FILE}: The file is empty.", ("path",)),
        (DataError("There are no rows.", option=("targets",)), "data.targets: There are no rows.", ("targets",)),
        (DataError("No batch is left.", option=()), "data: No batch is left.", ()),
        (DataError("Something else."), "Something else.", ()),
    ],
)
def test_a_data_error_is_located_at_its_option(error, message, path):
    found = in_spec(error, spec().data)
    assert (found.message, found.path, found.id) == (message, ("data", *path), "invalid-data")


def test_a_data_option_named_by_the_error_is_the_place():
    inner = {"type": "CSV", "path": str(SPECS / "data/iris.csv"), "targets": "species", "shape": [2, 3]}
    message = "A row of the `shape` [2, 3] has 6 numbers, but the inputs have 4."
    made = spec(data={**inner, "validation": 0.2})
    with pytest.raises(DataError, match=re.escape(message)) as raised:
        hookline.train(made)
    assert in_spec(raised.value, made.data).path == ("data", "shape")
    made = spec(data={"type": "Triplets", "source": inner}, loss={"type": "TripletMarginLoss"})
    with pytest.raises(DataError, match=re.escape(message)) as raised:
        hookline.train(made)
    assert in_spec(raised.value, made.data).path == ("data", "source", "shape")


@pytest.mark.parametrize(
    ("inputs", "column", "against"),
    [
        (["sepal_*"], "species", [("data", "targets")]),
        (["petal_*", "sepal_*"], "sepal_width", [("data", "inputs", 1)]),
        (["*", "sepal_width"], "sepal_width", [("data", "inputs", 1)]),
        (["petal_*"], "sepal_width", []),
    ],
)
def test_an_error_in_a_cell_points_to_the_option_that_selects_its_column(inputs, column, against):
    data = spec(data={"type": "CSV", "path": str(FILE), "inputs": inputs, "targets": "species"}).data
    wrong_cell = DataError('"x" is not a number.', file=FILE, row=1, columns=[column])
    assert in_spec(wrong_cell, data).related == tuple(against)
    assert in_spec(DataError("There is no such column.", file=FILE, columns=[column]), data).related == ()


def test_the_file_of_a_nested_source_is_located():
    inner = {"type": "CSV", "path": str(SPECS / "data/iris.csv"), "targets": "species"}
    data = spec(data={"type": "Triplets", "source": inner}, loss={"type": "TripletMarginLoss"}).data
    assert in_spec(DataError("The file is empty.", file=data.source.path), data).path == ("data", "source", "path")
