"""Empty and wrong values for options of every component: the check reports them and never crashes."""

import itertools
from pathlib import Path

import pytest
from attrs import NOTHING, fields

from hookline.check.load import Loader
from hookline.check.toml.document import from_table
from hookline.plugins.catalog import is_family
from hookline.spec.families.callback import WrapperSpec
from hookline.spec.families.column import ColumnSpec
from hookline.spec.families.data import DataSpec
from hookline.spec.families.deploy import DeploySpec
from hookline.spec.families.distance import DistanceSpec
from hookline.spec.families.initialization import InitializationSpec
from hookline.spec.families.loss.loss import LossSpec
from hookline.spec.families.metric import MetricSpec
from hookline.spec.families.model import ModelSpec
from hookline.spec.families.optimizer import OptimizerSpec
from hookline.spec.families.transform import TransformSpec
from hookline.spec.families.tuner import TunerSpec
from hookline.spec.simple_types import Choice
from hookline.spec.types import Array, OneOf, SearchSpace, Table, option_type
from hookline_tune.pruners import PrunerSpec
from hookline_tune.samplers import SamplerSpec

WRONG = [
    {},
    [],
    [{}],
    [[]],
    {"a": {}},
    {"a": {"loss": {"type": "MSELoss", "x": 1}}},
    {"a": {"loss": {"type": "WeightedSum"}}},
    {"a": {"type": "MSELoss", "x": 1}},
    [{"optimizer": {"type": "SGD", "lr": "x"}}, {}],
    [{"type": "Linear"}],
    {"type": "None"},
    "",
    -1,
    True,
    float("nan"),
]
EVERY = 499
"""Test every n-th of some 12,000 combinations of component, option and value. A prime mixes all of them."""

TUNED = {"type": "Optuna", "trials": 2, "monitor": "training/loss", "space": {"optimizer.lr": [0.1, 0.2]}}

LOADER = Loader()
CATALOG = LOADER.reader(from_table({})).catalog


def spec_with(**changes):
    """A complete valid spec, with callbacks that check the other sections."""
    sections = {
        "data": {"type": "Random", "features": 2, "targets": [0, 1]},
        "model": {"type": "Linear", "out_features": 1},
        "loss": {"type": "BCEWithLogitsLoss"},
        "optimizer": {"type": "SGD"},
        "callbacks": [
            {"type": "EarlyStopping", "monitor": "training/loss"},
            {"type": "CSVLog"},
            {"type": "ReduceLROnPlateau", "monitor": "training/loss"},
        ],
        **changes,
    }
    return {name: value for name, value in sections.items() if value is not None}


def value_of(kind):
    """A valid value for an option of this type."""
    form = option_type(kind)
    if isinstance(form, OneOf):
        return value_of(form.inner[0].kind)
    if isinstance(form, Choice):
        return form.choices[0]
    if isinstance(form, Array):
        return [value_of(element.kind) for element in form.inner]
    if isinstance(form, Table):
        return {"a": value_of(form.inner[1].kind)}
    if isinstance(form, SearchSpace):
        return form.example([])
    simple = {bool: True, int: 2, float: 0.5, str: "a", Path: __file__}
    if kind in simple:
        return simple[kind]
    if not is_family(kind):
        return required_by(kind)
    name, found = min(CATALOG.family(kind).items(), key=lambda one: len(required_by(one[1], named_only=True)))
    return {"type": name, **required_by(found)}


def required_by(kind, *, named_only=False):
    """The required options, with values."""
    options = [option for option in fields(kind) if option.default is NOTHING and option.init]
    return {option.name: None if named_only else value_of(kind.option_type(option)) for option in options}


def uses(kind, table):
    """Specs that use a component of this table."""
    callbacks = spec_with()["callbacks"]
    families = {
        LossSpec: [
            {"loss": table},
            {"loss": None, "losses": {"a": table, "b": {"type": "MSELoss"}}},
        ],
        OptimizerSpec: [
            {"optimizer": table},
            {"optimizer": {"type": "Partition", "parts": [{"optimizer": table}, {"optimizer": {"type": "SGD"}}]}},
        ],
        ModelSpec: [{"model": table}, {"model": {"type": "Sequential", "layers": [table]}}],
        InitializationSpec: [{"initialize": [table]}],
        DistanceSpec: [{"loss": {"type": "TripletMarginWithDistanceLoss", "distance_function": table}}],
        DataSpec: [{"data": table}],
        ColumnSpec: [{"data": {"type": "CSV", "path": "t.csv", "columns": {"*": table}}}],
        TransformSpec: [{"data": {"type": "CSV", "path": "t.csv", "transforms": [table]}}],
        MetricSpec: [{"metrics": [table]}],
        WrapperSpec: [{"callbacks": [table, *callbacks]}, {"callbacks": [*callbacks, table]}],
        DeploySpec: [{"deploy": [table]}],
        TunerSpec: [{"tune": table}],
        SamplerSpec: [{"tune": {**TUNED, "sampler": table}}],
        PrunerSpec: [{"tune": {**TUNED, "pruner": table}}],
    }
    return next(made for family, made in families.items() if issubclass(kind, family))


def combinations():
    """Every component with every option and every wrong value."""
    for name, kind in sorted({CATALOG.name(kind): kind for kind in CATALOG}.items()):
        for option, wrong in itertools.product(fields(kind), WRONG):
            table = {"type": name, **required_by(kind), option.name: wrong}
            for place in uses(kind, table):
                yield name, kind.option_type(option), option.name, wrong, place


def test_a_wrong_value_is_reported_at_its_option_and_fails_no_component():
    looked_at = 0
    for name, kind, option, wrong, place in itertools.islice(combinations(), 0, None, EVERY):
        found = LOADER.check(from_table(spec_with(**place)))
        looked_at += 1
        assert not [str(problem) for problem in found if " failed. " in str(problem)], (name, option, wrong)
        if not option_type(kind).accepts(wrong):
            assert any(option in problem.path for problem in found), (name, option, wrong)
    assert looked_at >= 20


@pytest.mark.parametrize(
    ("place", "reported"),
    [
        (
            {"loss": None, "losses": {"a": {}}},
            ["losses.a: The `type`, which names the loss, is missing."],
        ),
        (
            {"optimizer": {"type": "Partition", "groups": [{}], "parts": []}},
            ["optimizer.parts: There must be at least two parts; otherwise, use the optimizer directly."],
        ),
        (
            {"optimizer": {"type": "Partition", "groups": [{}], "parts": [{"optimizer": {"type": "SGD"}}] * 2}},
            ["optimizer.groups: Set the groups of its parts, not of the Partition."],
        ),
    ],
)
def test_a_wrong_value_that_once_crashed_a_component_is_reported(place, reported):
    assert [str(problem) for problem in LOADER.check(from_table(spec_with(**place)))] == reported
