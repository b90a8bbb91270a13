"""The kit finds the mistakes of a tuner."""

from types import SimpleNamespace

import pytest

import hookline
from hookline.spec import Choices, Range, Space, TrialRecord, TunerSpec, spec
from hookline.testing.conformity import cases
from hookline.testing.outcomes import NotConforming

SPACE = Space({"optimizer": Choices(choices=({"type": "SGD", "lr": Range(low=0.1, high=0.3)}, {"type": "Adam"}))})


@spec
class Alternating(TunerSpec):
    """Try the choices in turn."""

    def build(self, seed, maximized):
        """The search."""
        return Turns(self.space)


class Turns:
    def __init__(self, space):
        self.space = space

    def value(self, parameter, number):
        return parameter.domain.labels[number % 2] if isinstance(parameter.domain, Choices) else parameter.domain.low

    def suggest(self, number, trials):
        return TrialRecord(number=number, values=self.space.chosen(lambda one: self.value(one, number)))

    def prunes(self, trials, record):
        return None


class Forgetting(Turns):
    """Depends on what it was asked before."""

    asked = 0

    def value(self, parameter, number):
        self.asked += 1
        return super().value(parameter, self.asked)


class Outside(Turns):
    def value(self, parameter, number):
        value = super().value(parameter, number)
        return value if isinstance(value, str) else value + 1


class Unconditional(Turns):
    def suggest(self, number, trials):
        return TrialRecord(number=number, values={"optimizer": "Adam", "optimizer.SGD.lr": 0.2})


@pytest.mark.parametrize(
    ("search", "mistake"),
    [
        (Turns, None),
        (Forgetting, "Alternating suggests other values for trial 2 when it is built again"),
        (Outside, r"Alternating suggests 1\.1 for optimizer\.SGD\.lr, outside of its domain"),
        (Unconditional, r"but a trial with these choices has \['optimizer'\]: use `space\.chosen`"),
    ],
)
def test_mistakes_are_found(search, mistake, monkeypatch):
    monkeypatch.setattr(Alternating, "build", lambda self, seed, maximized: search(self.space))
    plugin = SimpleNamespace(register_specs=hookline.hookimpl(lambda: [Alternating]))
    plugin.register_specs.__name__ = "register_specs"
    [case] = [case for case in cases(plugin, Alternating(space=SPACE, trials=4)) if case.name == "Alternating-suggests"]
    if mistake is None:
        case()
    else:
        with pytest.raises(NotConforming, match=mistake):
            case()
