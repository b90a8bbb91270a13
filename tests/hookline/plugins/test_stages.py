import inspect
import io

import pytest
import torch
from attrs import fields

import hookline
from hookline.plugins.dispatch.dispatcher import Dispatcher
from hookline.plugins.manager import Plugins
from hookline.plugins.registration import new_manager
from hookline.plugins.stages import STAGES, Stages
from hookline.plugins.state import RunState


@pytest.mark.parametrize("stage", STAGES)
def test_the_stages_declare_the_arguments_they_are_called_with(stage):
    declared = [name for name in inspect.signature(getattr(Stages, stage)).parameters if name != "self"]
    assert list(getattr(new_manager().hook, stage).spec.argnames) == declared
    assert declared[0] == "run"
    assert "Built in: " in getattr(Stages, stage).__doc__


def test_the_dispatcher_has_every_stage_and_no_other_public_names():
    dispatcher = Dispatcher(Plugins().manager())
    assert isinstance(dispatcher, Stages)
    assert {name for name in vars(dispatcher) if not name.startswith("_")} == {*STAGES, "manager"}


def test_help_documents_every_attribute_of_a_run():
    described = inspect.getdoc(hookline.Run)
    assert [one.name for one in fields(hookline.Run) if f"\n    {one.name}: " not in described] == []
    members = [member for name, member in vars(hookline.Run).items() if not name.startswith("_")]
    documented = [one for one in members if inspect.isfunction(one) or isinstance(one, property)]
    assert all(one.__doc__ for one in documented)
    state = {one.name for one in fields(RunState)}
    assert {name for name in state if isinstance(vars(hookline.Run).get(name), property)} == state


def test_the_state_of_a_run_is_plain_data_that_is_saved_and_loaded():
    state = RunState(epoch=2, step=7, history=[{"epoch": 1, "step": 5, "training/loss": 0.5}], notes=["Look."])
    state.weights = hookline.Weights(source="EarlyStopping", epoch=1, step=5)
    file = io.BytesIO()
    torch.save(state.state_dict(), file)
    state.history.append({"epoch": 2})
    file.seek(0)
    loaded = RunState()
    loaded.load_state_dict(torch.load(file, weights_only=True))
    del state.history[1]
    assert loaded == state
    assert isinstance(loaded.weights, hookline.Weights)
    with pytest.raises(AttributeError):
        hookline.Run(spec=None, stages=None, plugins=(), catalog=None, device=None).step = 1
