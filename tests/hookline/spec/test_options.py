import math
from collections.abc import Mapping

import pytest
from attrs import exceptions, fields

import hookline
from hookline.errors import OptionError
from hookline.spec import LossSpec, option, spec
from hookline.spec.options import Bounds


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
def test_bounds_are_reported_in_words(bounds, words):
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
        ({"required": math.nan}, "This must be a finite number, not nan."),
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


UNUSED = [
    ("callbacks", {"type": "GradientClipping", "clip_value": 1.0, "norm_type": 1.0}, "norm_type", "without `max_norm`"),
    ("callbacks", {"type": "StochasticWeightAveraging", "anneal_epochs": 2}, "anneal_epochs", "without `swa_lr`"),
    (
        "callbacks",
        {"type": "StochasticWeightAveraging", "anneal_strategy": "linear"},
        "anneal_strategy",
        "without `swa_lr`",
    ),
    (
        "callbacks",
        {"type": "CyclicLR", "base_lr": 0.1, "max_lr": 0.2, "gamma": 0.9},
        "gamma",
        'unless `mode` is "exp_range"',
    ),
    (
        "callbacks",
        {"type": "OneCycleLR", "max_lr": 0.2, "cycle_momentum": False, "max_momentum": 0.99},
        "max_momentum",
        "unless `cycle_momentum` is true",
    ),
    ("callbacks", {"type": "NaNGuard", "copy_every": 5}, "copy_every", 'unless `action` is "roll_back"'),
    ("loss", {"type": "PoissonNLLLoss", "eps": 1e-6}, "eps", "unless `log_input` is false"),
]
USED = [
    {"type": "GradientClipping", "max_norm": 1.0, "norm_type": 1.0},
    {"type": "GradientClipping", "clip_value": 1.0, "norm_type": 2.0},
    {"type": "StochasticWeightAveraging", "swa_lr": 0.0, "anneal_epochs": 2},
    {"type": "CyclicLR", "base_lr": 0.1, "max_lr": 0.2, "mode": "exp_range", "gamma": 0.9, "max_momentum": 0.95},
    {"type": "NaNGuard", "action": "roll_back", "copy_every": 5},
]


def table_with(section, given):
    table = {
        "data": {"type": "Random", "features": 1, "targets": [0, 1]},
        "model": {"type": "Linear", "out_features": 1},
        "loss": {"type": "MSELoss"},
        "optimizer": {"type": "SGD", "momentum": 0.9},
    }
    return {**table, section: [given] if section == "callbacks" else given}


@pytest.mark.parametrize(("section", "given", "name", "wanted"), UNUSED)
def test_an_option_without_effect_is_reported_at_its_place(section, given, name, wanted):
    with pytest.raises(hookline.errors.SpecError) as raised:
        hookline.load(table_with(section, given))
    [problem] = raised.value.problems
    assert problem.path[-1] == name
    assert problem.message == f"This has no effect {wanted}."


@pytest.mark.parametrize("given", USED)
def test_an_option_with_what_it_needs_is_good(given):
    hookline.load(table_with("callbacks", given))


def test_an_option_without_effect_is_reported_by_a_component_that_is_made_in_python():
    @spec
    class Declared(hookline.spec.CallbackSpec):
        """A callback."""

        rate: float | None = None
        """A number."""
        power: float = option(default=1.0, only_with=("rate",))
        """What is done with it."""

    assert Declared(rate=0.0, power=2.0).power == 2.0
    with pytest.raises(OptionError, match=r"^This has no effect without `rate`\.$") as raised:
        Declared(power=2.0)
    assert raised.value.path == ("power",)
