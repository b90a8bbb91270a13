from contextlib import ExitStack

import pytest
import torch
from small_training import SPECS, small

from hookline import hookimpl
from hookline.check.load import Loader
from hookline.check.toml.document import read
from hookline.errors import StageError
from hookline.plugins.manager import Plugins
from hookline.training.preflight.shapes import deep_check
from hookline.training.run_setup import new_run


def test_a_run_has_its_own_random_numbers_and_default_dtype():
    spec = small(run={"epochs": 1, "dtype": "float64"})
    state = torch.get_rng_state()
    with new_run(spec, Plugins()) as run:
        assert torch.get_default_dtype() == run.dtype == torch.float64
        torch.rand(1)
    assert torch.get_default_dtype() == torch.float32
    assert torch.equal(torch.get_rng_state(), state)


def test_resources_are_closed_at_the_end_or_by_another_stack():
    closed = []
    with new_run(small(), Plugins()) as run:
        run.resources.callback(closed.append, "first")
    assert closed == ["first"]
    with ExitStack() as stack:
        with new_run(small(), Plugins(), closed_by=stack) as run:
            run.resources.callback(closed.append, "second")
        assert closed == ["first"]
    assert closed == ["first", "second"]


def test_an_error_in_a_plugin_names_the_plugin():
    class Failing:
        @hookimpl
        def select_loss(self):
            raise KeyError("x")

    with (
        pytest.raises(StageError, match='The plugin "Failing" failed in the stage "select_loss"'),
        new_run(small(), Plugins(extra=[Failing()])) as run,
    ):
        run.stages.select_loss(run=run, data=None)


def test_the_place_of_a_plugin_does_not_come_from_its_name():
    class Failing:
        __hookline_name__ = "callbacks[3] Failing"

        @hookimpl
        def select_loss(self):
            raise KeyError("x")

    with (
        pytest.raises(StageError) as raised,
        new_run(small(), Plugins(extra=[Failing()])) as run,
    ):
        run.stages.select_loss(run=run, data=None)
    assert raised.value.path == ("loss",)


def test_a_stage_whose_section_the_spec_does_not_have_has_no_place():
    class Failing:
        @hookimpl
        def deploy(self):
            raise KeyError("x")

    with (
        pytest.raises(StageError) as raised,
        new_run(small(), Plugins(extra=[Failing()])) as run,
    ):
        run.stages.deploy(run=run, trial=None)
    assert raised.value.path == ()


def test_a_deep_check_preserves_the_random_state_of_the_caller():
    state = torch.get_rng_state()
    assert deep_check(read(SPECS / "iris.toml"), Loader()) == []
    assert torch.equal(torch.get_rng_state(), state)
