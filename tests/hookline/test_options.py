import math
from collections.abc import Mapping

import pytest
from attrs import exceptions, fields

from hookline import Bounds, LossSpec, option, spec


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        (Bounds(minimum=1), "at least 1"),
        (Bounds(above=0), "greater than 0"),
        (Bounds(maximum=1.5), "at most 1.5"),
        (Bounds(below=1), "less than 1"),
        (Bounds(minimum=0, below=1), "at least 0 and less than 1"),
        (Bounds(above=0, maximum=1), "greater than 0 and at most 1"),
        (Bounds(), ""),
    ],
)
def test_bounds_are_told_in_words(bounds, words):
    assert str(bounds) == words


@pytest.mark.parametrize(
    ("bounds", "inside", "outside"),
    [
        (Bounds(minimum=1), [1, 2, 1e308], [0, 0.999, -math.inf, math.inf]),
        (Bounds(above=1), [1.001, 2], [1, 0]),
        (Bounds(maximum=1), [1, 0, -1e308], [1.001, math.inf, -math.inf]),
        (Bounds(minimum=1, infinite=True), [1, math.inf], [0, -math.inf, math.nan]),
        (Bounds(below=1), [0.999, -5], [1, 2]),
        (Bounds(minimum=0, below=1), [0, 0.5], [-0.001, 1]),
    ],
)
def test_numbers_are_inside_or_outside_of_bounds(bounds, inside, outside):
    assert [bounds.contains(number) for number in inside] == [True] * len(inside)
    assert [bounds.contains(number) for number in outside] == [False] * len(outside)


@pytest.mark.parametrize("bounds", [Bounds(minimum=0), Bounds(above=0), Bounds(maximum=0), Bounds(below=0), Bounds()])
def test_nan_is_inside_of_no_bounds(bounds):
    assert not bounds.contains(math.nan)


@spec
class Example(LossSpec):
    """An example."""

    required: float = option(minimum=0)
    """A number."""
    several: tuple[int, ...] = option(default=(1,), minimum=1, maximum=3)
    """Some numbers."""
    either: int | str | bool | None = option(default=None, minimum=1)
    """A number, or not."""
    even: int = option(default=2, minimum=0, validator=lambda _, __, value: _refuse_odd(value))
    """A number that two divides."""
    named: Mapping[str, int] = option(default={}, minimum=1)
    """Numbers by name."""
    free: float = option(default=-1.0)
    """Any number."""


def _refuse_odd(value):
    if value % 2:
        raise ValueError(f"{value} is odd.")


def test_an_option_without_a_default_is_required():
    with pytest.raises(TypeError, match="required"):
        Example()


def test_defaults_are_filled_in():
    made = Example(required=1)
    assert (made.several, made.either, made.even, made.free) == ((1,), None, 2, -1.0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"required": -1}, "-1 is out of bounds: it must be at least 0."),
        ({"required": math.nan}, "This must be a finite number, and it is nan."),
        ({"several": (2, 0)}, "0 is out of bounds: it must be at least 1 and at most 3."),
        ({"several": (4,)}, "4 is out of bounds: it must be at least 1 and at most 3."),
        ({"named": {"a": 1, "b": 0}}, "0 is out of bounds: it must be at least 1."),
        ({"either": 0}, "0 is out of bounds: it must be at least 1."),
        ({"even": 3}, "3 is odd."),
        ({"even": -2}, "-2 is out of bounds: it must be at least 0."),
    ],
)
def test_a_number_outside_of_the_bounds_is_refused(options, message):
    with pytest.raises(ValueError, match=r"\.$") as error:
        Example(**{"required": 1.0, **options})
    assert str(error.value) == message


@pytest.mark.parametrize("value", ["", "x", False, True, None])
def test_bounds_are_for_numbers_only(value):
    assert Example(required=1, either=value).either is value


def test_an_option_without_bounds_has_no_validator():
    assert fields(Example).free.validator is None


def test_options_are_given_by_name_only():
    with pytest.raises(TypeError):
        Example(1.0)


def test_a_spec_cannot_be_changed():
    made = Example(required=1)
    with pytest.raises(exceptions.FrozenInstanceError):
        made.required = 2
