import random

import numpy
import torch
from small_training import SPECS

import hookline
from hookline.plugins.manager import Plugins
from hookline.training.planning.pace import seconds_of_epoch
from hookline.training.preparation import prepared
from hookline.training.run_setup import new_run


class Writing:
    """Fails in the stages whose wrappers may write something."""

    @hookline.hookimpl(wrapper=True)
    def backward(self, run):
        raise AssertionError
        yield

    @hookline.hookimpl(wrapper=True)
    def step(self, run):
        raise AssertionError
        yield

    @hookline.hookimpl(wrapper=True)
    def evaluate(self, run):
        raise AssertionError
        yield


def test_the_time_of_an_epoch_is_estimated_without_wrappers_and_without_changing_generators():
    spec = hookline.load(SPECS / "breast_cancer.toml", ["deploy=[]"])
    with new_run(spec, Plugins(extra=[Writing()])) as run:
        made = prepared(run)
        before = random.getstate(), numpy.random.get_state()[1].tolist(), torch.get_rng_state().tolist()
        assert seconds_of_epoch(run, made) > 0
        assert (random.getstate(), numpy.random.get_state()[1].tolist(), torch.get_rng_state().tolist()) == before


def test_there_is_no_estimate_if_the_steps_fail():
    with new_run(hookline.load(SPECS / "iris.toml", ["deploy=[]"]), Plugins()) as run:
        made = prepared(run)
        made.model.register_forward_hook(lambda *_: 1 / 0)
        assert seconds_of_epoch(run, made) is None
