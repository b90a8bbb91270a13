from typing import ClassVar, Literal

import pytest

from hookline import hookimpl
from hookline.data import Classes
from hookline.spec import CallbackSpec, LossSpec, MetricSpec, Spec, option, spec
from hookline.spec.lint.class_attributes import misspelled, wrong_attribute


def loss(**said):
    return spec(type("FocalLoss", (LossSpec,), {"__doc__": "A loss.", "__module__": __name__, **said}))


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"encoding": Classes}, "sets `encoding = Classes`, which must be an Encoding: write `encoding = Classes()`."),
        ({"encoding": "classes"}, "sets `encoding = 'classes'`, which must be an Encoding."),
        (
            {"activation": "sofmax"},
            'sets `activation = \'sofmax\'`, which must be "identity", "sigmoid", "softmax", "exp" or "criterion".',
        ),
        (
            {"divided_by": "row"},
            'sets `divided_by = \'row\'`, which must be "rows", "weights" or "nothing".',
        ),
        ({"inputs": "input"}, "sets `inputs = 'input'`, which must be a tuple."),
        ({"ignored_class": 0.5}, "sets `ignored_class = 0.5`, which must be an int."),
    ],
)
def test_an_attribute_must_have_the_type_of_its_family(said, message):
    assert wrong_attribute(loss(**said)) == message


def test_a_class_variable_must_have_its_declared_type():
    @spec
    class Judge(MetricSpec):
        """A metric."""

        higher_is_better = "yes"

    assert wrong_attribute(Judge) == "sets `higher_is_better = 'yes'`, which must be a bool."


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"encoding": Classes(), "activation": "softmax", "divided_by": "nothing"},
        {"encoding": None, "inputs": ("anchor", "positive"), "ignored_class": 3},
        {"encoding": property(lambda self: Classes())},
        {"smallest": "a word of its own", "_activaton": "what is private"},
    ],
)
def test_a_valid_override_is_accepted(said):
    assert wrong_attribute(loss(**said)) is None
    assert misspelled(loss(**said)) is None


def test_a_family_of_a_third_party_is_checked_too():
    class Family(Spec):
        """A family."""

        __slots__ = ()
        family = "sampler"
        size: ClassVar[Literal["small", "large"]] = "small"

    @spec
    class Sampler(Family):
        """One of it."""

        size = 3

    assert wrong_attribute(Sampler) == 'sets `size = 3`, which must be "small" or "large".'


@pytest.mark.parametrize(
    ("said", "name", "near"),
    [
        ({"activaton": "softmax"}, "activaton", "activation"),
        ({"buid": lambda self, data: None}, "buid", "build"),
        ({"chek": lambda self, outputs, batch, data: None}, "chek", "check"),
        ({"encodng": Classes()}, "encodng", "encoding"),
        ({"divideby": "nothing"}, "divideby", "divided_by"),
    ],
)
def test_a_misspelled_attribute_of_a_family_is_reported(said, name, near):
    assert misspelled(loss(**said)) == (
        f"has `{name}`, which Hookline does not use. Did you mean `{near}`? Otherwise, call it `_{name}`."
    )


def test_options_hooks_and_names_beside_the_correct_one_are_not_reported():
    @spec
    class Logging(CallbackSpec):
        """A callback whose hook `log` is near to `logs`."""

        lasts: int = option(default=1, minimum=1)
        """An option."""

        @hookimpl(wrapper=True)
        def log(self):
            """A hook."""
            return (yield)

        def check(self, loss):
            """What the family has."""

        def checks(self):
            """Another."""

    assert misspelled(Logging) is None
