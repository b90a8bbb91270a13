from pathlib import Path

import pytest

from hookline.spec import LossSpec, option, spec
from hookline.spec.lint.lint import misdeclared, misnamed


def loss(annotation, default):
    said = {"__doc__": "A loss.", "__module__": __name__, "__annotations__": {"gamma": annotation}, "gamma": default}
    return spec(type("FocalLoss", (LossSpec,), said))


@pytest.mark.parametrize(
    ("annotation", "default", "message"),
    [
        (float, "2", "the default '2', which must be a number."),
        (int, 2.0, "the default 2.0, which must be an integer."),
        (bool, 1, "the default 1, which must be true or false."),
        (float, None, "the default None, which must be a number."),
        (tuple[float, ...], [1.0], "the default [1.0], which must be an array of numbers."),
        (tuple[float, float], (1.0,), "the default (1.0,), which must be an array of 2 numbers."),
        (Path, "x.csv", "the default 'x.csv', which must be a string with the path of a file."),
        (LossSpec | None, 3, "the default 3, which must be a loss (a table with a `type`)."),
    ],
)
def test_a_default_must_be_of_the_type_of_its_option(annotation, default, message):
    for declared in (default, option(default=default)):
        reported = misdeclared(loss(annotation, declared))
        assert reported == f'has the option "gamma" with {message} '


@pytest.mark.parametrize(
    ("annotation", "declared", "message"),
    [
        (float, option(default=-1.0, minimum=0), "-1 is out of bounds: it must be at least 0."),
        (float | None, option(default=2.0, below=1), "2 is out of bounds: it must be less than 1."),
        (tuple[float, ...], option(default=(0.5, 3.0), maximum=1), "3 is out of bounds: it must be at most 1."),
        (float, option(default=float("inf"), minimum=0), "This must be a finite number, not inf."),
    ],
)
def test_a_default_must_be_within_the_bounds_of_its_option(annotation, declared, message):
    reported = misdeclared(loss(annotation, declared))
    assert reported == f'has the option "gamma" with a default that its bounds do not allow. {message} '


@pytest.mark.parametrize(
    ("annotation", "declared"),
    [
        (float, 1),
        (float | None, None),
        (tuple[float, ...] | None, (1, 2.5)),
        (float, option(default=0.0, minimum=0)),
        (float, option(default=float("inf"), minimum=0, infinite=True)),
        (float, option(minimum=0)),
    ],
)
def test_a_valid_default_is_accepted(annotation, declared):
    assert misdeclared(loss(annotation, declared)) is None


def test_a_misspelled_attribute_is_reported_with_its_place():
    @spec
    class Focal(LossSpec):
        """A loss."""

        activaton = "softmax"

    assert misnamed(Focal).startswith("has `activaton`, which Hookline does not use. Did you mean `activation`?")
    assert f"({__file__}, line " in misnamed(Focal)


def test_an_option_cannot_have_the_name_of_the_key_that_names_the_component():
    said = {"__doc__": "A loss.", "__module__": __name__, "__annotations__": {"type": str}, "type": "a"}
    reported = misdeclared(spec(type("FocalLoss", (LossSpec,), said)))
    assert reported.startswith('has the option "type", which names the component in a spec: choose another name.')
