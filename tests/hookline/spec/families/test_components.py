from collections.abc import Mapping

import pytest
import torch

from hookline.spec import (
    CallbackSpec,
    DataSpec,
    DeploySpec,
    InitializationSpec,
    LayerSpec,
    LossSpec,
    MetricSpec,
    ModelSpec,
    OptimizerSpec,
    Spec,
    option,
    spec,
)
from hookline.spec.options import Bounds


@spec
class Focal(LossSpec):
    """A loss."""

    gamma: float = option(default=2.0, minimum=0)
    """A number."""
    weight: tuple[float, ...] | None = None
    """Some numbers."""


@spec
class Other(LossSpec):
    """A loss with the same options."""

    gamma: float = 2.0
    """A number."""
    weight: tuple[float, ...] | None = None
    """Some numbers."""


@spec
class Nested(CallbackSpec):
    """A component with a component."""

    inner: LossSpec = Focal()
    """A component."""
    name: str
    """A name."""


@spec
class Named(CallbackSpec):
    """A component with components by name."""

    inner: Mapping[str, LossSpec]
    """Components."""


@spec
class Judge(MetricSpec):
    """A metric."""


def test_specs_are_equal_if_type_and_options_are():
    assert Focal(gamma=1.0) == Focal(gamma=1.0)
    assert Focal(gamma=1.0) != Focal(gamma=1.5)
    assert Focal() != Other()
    assert Focal() != "Focal"


def test_equal_specs_have_equal_hashes():
    assert len({Focal(gamma=1.0), Focal(gamma=1.0), Focal(gamma=1.5), Other(gamma=1.0)}) == 3


def test_specs_with_values_by_name_are_equal_and_hashed_in_whichever_order_the_names_stand():
    made = Named(inner={"a": Focal(), "b": Other()})
    same = Named(inner={"b": Other(), "a": Focal()})
    other = Named(inner={"a": Other(), "b": Focal()})
    assert made == same != other
    assert len({made, same, other}) == 2


def test_specs_are_equal_if_those_within_them_are():
    assert Nested(name="x", inner=Focal(gamma=1.0)) == Nested(name="x", inner=Focal(gamma=1.0))
    assert Nested(name="x", inner=Focal(gamma=1.0)) != Nested(name="x", inner=Other(gamma=1.0))


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (Focal(), "Focal()"),
        (Focal(gamma=2.0), "Focal()"),
        (Focal(gamma=1.0, weight=(1.0, 2.0)), "Focal(gamma=1.0, weight=(1.0, 2.0))"),
        (Nested(name="x"), "Nested(name='x')"),
        (Nested(name="x", inner=Focal(gamma=1.0)), "Nested(inner=Focal(gamma=1.0), name='x')"),
    ],
)
def test_a_spec_is_shown_with_the_options_that_are_not_at_their_defaults(made, text):
    assert repr(made) == text


@pytest.mark.parametrize(
    ("base", "family"),
    [
        (Spec, None),
        (DataSpec, "data source"),
        (ModelSpec, "model"),
        (LayerSpec, "layer"),
        (LossSpec, "loss"),
        (OptimizerSpec, "optimizer"),
        (MetricSpec, "metric"),
        (CallbackSpec, "callback"),
        (DeploySpec, "deployment target"),
        (InitializationSpec, "initialization"),
    ],
)
def test_a_family_is_called_by_what_its_components_are(base, family):
    assert base.family == family


def test_a_metric_is_called_by_its_type_or_as_it_is_reported():
    assert (Judge().label, Judge(name="mine").label) == ("Judge", "mine")


def test_a_metric_takes_predictions_and_targets_as_they_are_unless_it_says_otherwise():
    predictions, targets = torch.ones(2), torch.zeros(2)
    assert Judge().prepare(predictions, targets) == (predictions, targets)


def test_a_callback_without_state_is_its_spec():
    made = Nested(name="x")
    assert made.build() is made


def test_a_batch_has_32_shuffled_rows_unless_the_spec_says_otherwise():
    made = DataSpec()
    assert (made.batch_size, made.shuffle, made.drop_last) == (32, True, False)


def test_a_batch_has_at_least_one_row():
    with pytest.raises(ValueError, match=rf"^0 is out of bounds: it must be {Bounds(minimum=1)}\.$"):
        DataSpec(batch_size=0)
