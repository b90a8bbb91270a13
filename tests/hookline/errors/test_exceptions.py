import pytest

import hookline
from hookline import HooklineError
from hookline.errors import Diagnostic, MismatchError, OptionError, SpecError, did_you_mean, enumerate_names
from hookline.errors.text import dotted


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), ""),
        (("run",), "run"),
        (("model", "layers", 2, "out_features"), "model.layers[2].out_features"),
        ((0, "x"), "[0].x"),
        (("batch-size",), "batch-size"),
        (("data", "two words", "x"), 'data."two words".x'),
    ],
)
def test_a_path_is_formatted_for_messages(path, text):
    assert dotted(path) == text


def test_a_problem_is_reported_with_its_path():
    assert str(Diagnostic("mismatch", "This is wrong.", ("run", "epochs"))) == "run.epochs: This is wrong."


def test_a_problem_of_the_whole_file_is_reported_without_a_path():
    assert str(Diagnostic("mismatch", "This is wrong.")) == "This is wrong."


def test_a_spec_error_lists_all_problems_with_the_file():
    error = SpecError([Diagnostic("mismatch", "One.", ("a",)), Diagnostic("mismatch", "Two.")], "x.toml")
    assert str(error) == "x.toml: a: One.\nx.toml: Two."
    assert error.problems == (Diagnostic("mismatch", "One.", ("a",)), Diagnostic("mismatch", "Two."))
    assert error.source == "x.toml"


def test_a_misfit_error_collects_its_path_from_the_inside_out():
    error = MismatchError("It does not fit.", ("weight",)).within("layers", 1).within("model")
    assert str(error) == "model.layers[1].weight: It does not fit."
    assert (error.message, error.path) == ("It does not fit.", ("model", "layers", 1, "weight"))


def test_an_option_error_has_the_path_in_the_option():
    assert OptionError("metrics", "It does not fit.").path == ("metrics",)
    assert OptionError("metrics", "It does not fit.", 1, "name").path == ("metrics", 1, "name")


@pytest.mark.parametrize(
    "name", [name for name in hookline.__all__ if name.endswith("Error") and name != "OptionError"]
)
def test_every_error_is_a_hookline_error(name):
    assert issubclass(getattr(hookline, name), HooklineError)


def test_an_option_error_is_a_value_error_like_those_of_validators():
    assert issubclass(OptionError, ValueError)


@pytest.mark.parametrize(
    ("name", "known", "sentence"),
    [
        ("HuberLos", ["MSELoss", "HuberLoss"], ' Did you mean "HuberLoss"?'),
        ("relu", ["ReLU", "SELU"], ' Did you mean "ReLU"?'),
        ("RELU", ["ReLU6", "ReLU"], ' Did you mean "ReLU"?'),
        ("relu", ["ReLU", "RELU"], ' Did you mean "RELU"?'),
        ("Focal", ["MSELoss", "HuberLoss"], ' Available: "HuberLoss" and "MSELoss".'),
        ("Focal", ["MSELoss"], ' Available: "MSELoss".'),
        ("Focal", ["MSELoss", "MSELoss"], ' Available: "MSELoss".'),
        ("Focal", [], ""),
    ],
)
def test_the_nearest_name_is_suggested_or_else_all_are_listed(name, known, sentence):
    assert did_you_mean(name, known) == sentence


@pytest.mark.parametrize(
    ("names", "text"),
    [([], ""), (["a"], '"a"'), (["a", "b"], '"a" and "b"'), (["a", "b", 3], '"a", "b" and "3"')],
)
def test_names_are_enumerated_with_commas_and_a_conjunction(names, text):
    assert enumerate_names(names) == text


def test_names_are_enumerated_with_another_conjunction():
    assert enumerate_names(["a", "b"], "or") == '"a" or "b"'


def test_only_the_first_of_very_many_names_are_listed():
    names = [f"n{number:02}" for number in range(30)]
    listed = ", ".join(f'"n{number:02}"' for number in range(23))
    assert did_you_mean("Focal", names) == f" Available: {listed} and 7 others."
