"""A training with hidden state is found, and the component is named; a training without any is exact."""

import itertools
import random

import pytest
import torch
from attrs import evolve
from small_training import small
from torch import nn

import hookline
from hookline.plugins.manager import Plugins
from hookline.spec import CallbackSpec, DataSpec, ModelSpec, OptimizerSpec, spec
from hookline.training.exactness.verify_spec import verify_spec

EVERYTHING = [
    {"type": "Checkpoint", "every_steps": 1},
    {"type": "Mixup", "alpha": 0.4},
    {"type": "ExponentialMovingAverage", "decay": 0.8},
    {"type": "NaNGuard", "action": "roll_back", "copy_every": 2},
    {"type": "OneCycleLR", "max_lr": 0.02},
    {"type": "EarlyStopping", "patience": 9, "monitor": "training/loss", "restore_best": False},
]
FEW = EVERYTHING[1:3]
"""Callbacks with state, for trainings that are observed at every place, which takes longer with each of them."""

LAYERS = [
    {"type": "Linear", "out_features": 8},
    {"type": "BatchNorm1d"},
    {"type": "Dropout", "p": 0.3},
    {"type": "Linear", "out_features": 3},
]
ADVICE = "Its `state_dict` must return everything that it depends on, and `load_state_dict` must restore it."
NUMBERS = itertools.count()


class Wrapper:
    """Multiplies the loss of a step by a number."""

    def number(self):
        raise NotImplementedError

    @hookline.hookimpl(wrapper=True)
    def loss(self, run):
        loss = yield
        return loss * self.number() if run.is_stepping else loss


class Counted(Wrapper):
    def __init__(self):
        self.count = 0

    def number(self):
        self.count += 1
        return self.count


class Restored(Counted):
    def state_dict(self):
        return {"count": self.count}

    def load_state_dict(self, state):
        self.count = state["count"]


class BadlyRestored(Restored):
    def load_state_dict(self, state):
        self.count = state["count"] + 1


class Unrestorable(Restored):
    def load_state_dict(self, state):
        raise ValueError("no")


class Unsavable(Restored):
    def state_dict(self):
        return {"count": print}


class Drawn(Wrapper):
    def __init__(self):
        self.draw = random.Random(3)  # noqa: S311

    def number(self):
        return self.draw.random()


class GloballyDrawn(Wrapper):
    def number(self):
        return random.random()  # noqa: S311


class OfClosure(Wrapper):
    @hookline.hookimpl(wrapper=True)
    def fit(self):
        counts = (one for one in range(1, 100))
        self.number = lambda: next(counts)
        return (yield)


class OfModule(Wrapper):
    def number(self):
        return next(NUMBERS)


class Clocked:
    @hookline.hookimpl(wrapper=True)
    def log(self):
        record = yield
        return {**record, "clock": next(NUMBERS)}


class Stopping:
    """Stops after two epochs of its own."""

    def __init__(self):
        self.epochs = 0

    @hookline.hookimpl(wrapper=True)
    def log(self, run):
        self.epochs += 1
        if self.epochs == 2:
            run.stop("enough")
        return (yield)


@spec
class Hidden(CallbackSpec):
    """Builds one of the classes above."""

    name: str = ""
    """Its name."""

    def build(self):
        return globals()[self.name]()


@spec
class Elsewhere(CallbackSpec):
    """Fails if it is used."""

    writes_to = ("/elsewhere",)

    def build(self):
        return Failing()


class Failing:
    @hookline.hookimpl
    def fit(self):
        raise AssertionError("It has been used.")


class CountingLayer(nn.Module):
    def __init__(self):
        super().__init__()
        self.calls = 0

    def forward(self, inputs):
        self.calls += self.training
        return inputs * (1 + self.calls / 5)


@spec
class HiddenLayer(ModelSpec):
    """A layer that counts."""

    def build(self, inputs):
        return CountingLayer()


@spec
class HiddenSteps(OptimizerSpec):
    """Gradient descent with steps that become smaller."""

    lr: float = 0.1
    """The learning rate."""

    def build(self, parameters):
        class Descent(torch.optim.SGD):
            number = 0

            def step(self, closure=None):
                self.number += 1
                for group in self.param_groups:
                    for parameter in group["params"]:
                        parameter.data.sub_(parameter.grad, alpha=group["lr"] / self.number)

        return Descent(parameters, lr=self.lr)


class Growing:
    """Batches that continue where the last epoch has ended."""

    def __init__(self, inside):
        self.inside, self.rows, self.position = inside, inside.rows, 0

    def __len__(self):
        return len(self.inside)

    def epoch(self, number, start=0):
        for batch in self.inside.epoch(1, start):
            self.position += 1
            yield batch.changed(lambda tensor: tensor.roll(self.position, 0))


@spec
class HiddenPosition(DataSpec):
    """A source with a position of its own."""

    source: DataSpec
    """The rows."""

    def check(self, loss):
        return self.source.check(loss)

    def prepare(self, run, loss):
        made = self.source.prepare(run, loss)
        return evolve(made, training=Growing(made.training))


class Components:
    @hookline.hookimpl
    def register_specs(self):
        return [Hidden, HiddenLayer, HiddenSteps, HiddenPosition]


PLUGINS = Plugins((), [Components()])


def verified(*callbacks, cuts=(3,), among=FEW, **sections):
    made = small(*among, model={"type": "Sequential", "layers": LAYERS})
    return verify_spec(evolve(made, callbacks=(*made.callbacks, *callbacks), **sections), PLUGINS, cuts=cuts)


@pytest.mark.parametrize("cuts", [(), (2, 4, 5)], ids=str)
def test_a_training_without_hidden_state_is_exact(cuts):
    found = verified(Hidden(name="Restored"), Hidden(name="GloballyDrawn"), cuts=cuts, among=EVERYTHING)
    assert found.is_exact, found.summary
    assert (found.cuts, found.steps) == (cuts or (1, 2, 3), 6)
    assert (found.compared["model"], found.changing, found.unequal) == (9, (), {})


@pytest.mark.parametrize(
    ("name", "where", "attributes"),
    [
        ("Counted", 'callbacks.2 (Hidden), in step 4, in the stage "loss"', "`count` (6, and 0 after resuming)"),
        ("BadlyRestored", "callbacks.2 (Hidden): count, in step 4", "`count` (6, and 7 after resuming)"),
        ("Drawn", 'callbacks.2 (Hidden), in step 4, in the stage "loss"', "`draw`"),
        ("OfClosure", 'callbacks.2 (Hidden), in step 4, in the stage "loss"', None),
        ("Stopping", 'callbacks.2 (Hidden), after step 4, in the stage "log"', "`epochs` (1, and 0 after resuming)"),
    ],
)
def test_a_callback_with_hidden_state_is_named(name, where, attributes):
    found = verified(Hidden(name=name))
    assert not found.is_exact
    said = f" Attributes that differ: {attributes}." if attributes else ""
    assert str(found.difference) == f"The first difference is in {where}.{said} {ADVICE}"
    assert found.summary == f"The resumed training differs from the other one. {found.difference}"


def test_a_plugin_beside_the_callbacks_is_named():
    found = verify_spec(small(), Plugins((), [Counted()]), cuts=[3])
    assert str(found.difference).startswith('The first difference is in Counted, in step 4, in the stage "loss".')


def test_a_state_that_cannot_be_saved_or_restored_names_the_callback():
    found = verified(Hidden(name="Unrestorable"))
    assert not found.is_exact
    assert found.summary.endswith("callbacks[2] Hidden cannot load its state: ValueError: no")
    found = verified(Hidden(name="Unsavable"))
    assert "callbacks[2] Hidden.count has the type builtin_function" in found.summary


def test_a_layer_an_optimizer_and_a_source_with_hidden_state_are_named():
    usual = small(model={"type": "Sequential", "layers": LAYERS})
    layers = evolve(usual.model, layers=(*usual.model.layers[:2], HiddenLayer(), *usual.model.layers[2:]))
    for part, where in (
        ({"model": layers}, 'layer 2, in step 2, in the stage "forward". Attributes that differ: `calls` (1, and 0'),
        ({"optimizer": HiddenSteps()}, 'optimizer (HiddenSteps), in step 2, in the stage "step". Attributes'),
        ({"data": HiddenPosition(source=usual.data)}, "data (HiddenPosition), in step 2. Attributes that differ: `pos"),
    ):
        found = verify_spec(evolve(usual, **part), PLUGINS, cuts=[1])
        assert str(found.difference).startswith(f"The first difference is in {where}"), found.summary


def test_state_of_a_module_is_found_without_an_interruption():
    found = verified(Hidden(name="OfModule"))
    assert (found.is_exact, found.is_repeatable) == (False, False)
    assert found.summary.startswith(
        "Two trainings with the same seed differ even without an interruption. The first difference is in "
        'callbacks.2 (Hidden), in step 1, in the stage "loss". Draw random numbers'
    )


def test_a_number_in_the_log_that_differs_each_time_is_not_compared():
    found = verified(Hidden(name="Clocked"))
    assert found.is_exact
    assert found.changing == ("log line 1: clock", "log line 2: clock", "log line 3: clock")
    found = verified(Hidden(name="Clocked"), Hidden(name="Counted"))
    assert found.difference.component == "callbacks.3 (Hidden)"


def test_callbacks_with_effects_elsewhere_are_left_out_and_the_others_keep_their_numbers():
    made = small()
    found = verify_spec(evolve(made, callbacks=(Elsewhere(), Hidden(name="Counted"))), PLUGINS, cuts=[3])
    assert found.left_out == ("callbacks.0 (Elsewhere)",)
    assert found.difference.component == "callbacks.1 (Hidden)"


def test_a_training_without_a_step_to_cut_at_is_refused():
    for cuts in ([7], [2, 7]):
        with pytest.raises(hookline.HooklineError, match=r"cuts: The training has 6 steps: .* after step 7"):
            verified(cuts=cuts)


def test_the_random_generators_of_the_caller_stay_as_they_are():
    before = random.getstate(), torch.get_rng_state()
    verified(cuts=[2])
    assert random.getstate() == before[0]
    assert torch.equal(torch.get_rng_state(), before[1])
