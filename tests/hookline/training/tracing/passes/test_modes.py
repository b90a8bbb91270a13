"""Modules switch their mode as with `train` and `eval`, also those that do something else then."""

import pytest
from torch import nn

from hookline.training.tracing.passes.modes import set_modes


class Noting(nn.Module):
    """Notes each call of the method that it overrides."""

    def __init__(self, name):
        super().__init__()
        self.inner = nn.Linear(1, 1)
        self.calls = []
        self.name = name


class Training(Noting):
    def train(self, mode=True):  # noqa: FBT002 - As torch declares it.
        self.calls.append(("train", mode))
        return super().train(mode)


class Evaluating(Noting):
    def eval(self):
        self.calls.append("eval")
        return super().eval()


class Frozen(Noting):
    """Keeps a child in evaluation mode."""

    def train(self, mode=True):  # noqa: FBT002 - As torch declares it.
        super().train(mode)
        self.inner.training = False
        return self


class Hiding(Noting):
    def children(self):
        return iter(())


class Assigning(Noting):
    def __setattr__(self, name, value):
        if name == "training":
            self.__dict__.setdefault("assigned", []).append(value)
        super().__setattr__(name, value)


def observed(root):
    return [
        (type(one).__name__, one.training, getattr(one, "calls", None), getattr(one, "assigned", None))
        for one in root.modules()
    ]


@pytest.mark.parametrize("is_inside", [False, True])
@pytest.mark.parametrize("kind", [Training, Evaluating, Frozen, Hiding, Assigning, Noting])
def test_the_modes_are_those_of_train_and_eval(kind, is_inside):
    def made():
        module = kind("x")
        root = nn.Sequential(nn.Linear(1, 1), nn.ModuleList([module, nn.ReLU()]), nn.Dropout()) if is_inside else module
        root.register_module("nothing", None)
        return root

    ours, theirs = made(), made()
    for is_training in (False, True, False, False, True):
        set_modes([ours], is_training=is_training)
        theirs.train() if is_training else theirs.eval()
        assert observed(ours) == observed(theirs)


def test_a_method_of_a_single_module_is_called():
    module, calls = nn.Sequential(nn.ReLU()), []
    module[0].train = lambda mode=True: calls.append(mode)
    set_modes([module], is_training=False)
    assert calls == [False]
    assert (module.training, module[0].training) == (False, True)


def test_a_module_in_two_places_has_one_mode():
    shared = nn.ReLU()
    module = nn.Sequential(shared, nn.Sequential(shared))
    set_modes([module, shared], is_training=False)
    assert not any(one.training for one in module.modules())
