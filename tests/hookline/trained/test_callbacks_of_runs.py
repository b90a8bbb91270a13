"""A finished run has the callbacks that are part of its model, and no others."""

import pytest
import torch
from small_training import small

import hookline
from hookline.spec import CallbackSpec, spec


@spec
class Shifted(CallbackSpec):
    """Adds a number to the outputs."""

    amount: float = 1.0
    """The number."""

    @hookline.hookimpl(wrapper=True)
    def forward(self):
        outputs = yield
        return outputs + self.amount


@spec
class Observing(CallbackSpec):
    """Looks at the outputs without changing them."""

    is_part_of_model = False

    @hookline.hookimpl(wrapper=True)
    def forward(self):
        return (yield)


@spec
class Logging(CallbackSpec):
    """Wraps no stage of a prediction."""

    @hookline.hookimpl(wrapper=True)
    def log(self):
        return (yield)


@spec
class Declared(Logging):
    """Says that it is part of the model."""

    is_part_of_model = True


class Components:
    """A plugin with these callbacks."""

    @hookline.hookimpl
    def register_specs(self):
        return [Shifted, Observing, Logging, Declared]


@pytest.fixture
def finished(tmp_path):
    plugin = Components()
    table = hookline.spec.plain(small(epochs=1), tmp_path)
    table["data"]["path"] = str(small().data.path)
    names = ("Shifted", "Observing", "Logging", "Declared", "EarlyStopping", "ConfusionMatrix", "Timing")
    table["callbacks"] = [{"type": name} for name in names]
    with pytest.warns(hookline.HooklineWarning):  # One epoch is too short for EarlyStopping.
        hookline.train(hookline.load(table, plugins=[plugin]), plugins=[plugin], out=tmp_path / "run")
    return hookline.open_run(tmp_path / "run", plugins=[plugin])


def test_a_finished_run_has_the_callbacks_that_are_part_of_its_model(finished):
    rows = torch.linspace(-2, 2, 28).reshape(7, 4)
    with finished.opened() as run, torch.no_grad():
        assert [type(callback).__name__ for callback in run.spec.callbacks] == ["Shifted", "Declared"]
        batch = hookline.data.Batch({"input": rows})
        answer = run.stages.forward(run=run, model=finished.model, batch=batch)
        assert answer.equal(finished.model(rows) + 1)
    assert len(finished.spec.callbacks) == 7
