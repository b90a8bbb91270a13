"""A resumed training equals one that was never interrupted: each callback loads its state.

The training loop of these tests is small: it saves and loads states where the manual of `fit` says.
"""

import io

import pytest
import torch
from image_training import EPOCHS, Spoiled, same, trained

import hookline
import hookline_callbacks
from hookline.plugins.manager import callback_name


class Going:
    """A plugin whose training starts with a state, if there is one, and ends after some steps, saving its state."""

    def __init__(self, state=None, until=None):
        self.state, self.until = state, until

    @hookline.hookimpl
    def fit(self, run, data, model, criterion, optimizer):
        owners = {"model": model, "criterion": criterion, "optimizer": optimizer}
        for index, callback in enumerate(run.spec.callbacks):
            plugin = run.stages.manager.get_plugin(callback_name(index, callback))
            if hasattr(plugin, "state_dict"):
                owners[str(index)] = plugin
        if self.state is not None:
            states = torch.load(io.BytesIO(self.state), weights_only=True)
            run.state.step, run.state.history = states.pop("step"), states.pop("history")
            for name, state in states.items():
                owners[name].load_state_dict(state)
        for epoch in range(run.step // run.steps_per_epoch + 1, EPOCHS + 1):
            run.state.epoch = epoch
            model.train()
            for batch in data.training.epoch(epoch, run.step % run.steps_per_epoch):
                run.is_stepping = True
                self.gradients(run, model, criterion, optimizer, batch)
                run.stages.step(run=run, optimizer=optimizer, closure=None)
                run.is_stepping = False
                run.state.step += 1
                if run.step == self.until and run.step % run.steps_per_epoch:
                    return self.kept(run, owners)
            record = {"epoch": epoch, "step": run.step, "training/loss": 0.0}
            scores = run.stages.evaluate(
                run=run, model=model, criterion=criterion, batches=data.validation, split="validation"
            )
            record |= {f"validation/{name}": value for name, value in scores.items()}
            run.history.append(run.stages.log(run=run, record=record))
            if run.step == self.until:
                return self.kept(run, owners)
            if run.stopped:
                break
        return model

    def gradients(self, run, model, criterion, optimizer, batch):
        optimizer.zero_grad()
        outputs = run.stages.forward(run=run, model=model, batch=batch)
        loss = run.stages.loss(run=run, criterion=criterion, outputs=outputs, batch=batch)
        run.loss = run.stages.backward(run=run, loss=loss)

    def kept(self, run, owners):
        file = io.BytesIO()
        torch.save(
            {name: owner.state_dict() for name, owner in owners.items()} | {"step": run.step, "history": run.history},
            file,
        )
        self.state = file.getvalue()
        return owners["model"]


def without_states_of_callbacks(state):
    states = torch.load(io.BytesIO(state), weights_only=True)
    file = io.BytesIO()
    torch.save({name: states[name] for name in ("step", "history", "model", "criterion", "optimizer")}, file)
    return file.getvalue()


def gone_on(path, callbacks, plugins, *, until, with_callbacks=True):
    first = Going(until=until)
    trained(path, *callbacks, plugins=[first, *plugins])
    state = first.state if with_callbacks else without_states_of_callbacks(first.state)
    return trained(path, *callbacks, plugins=[Going(state), *plugins])


def came_of(trial):
    """Return the results of a training except the training loss, which does not belong to a callback."""
    records = [{name: value for name, value in record.items() if name != "training/loss"} for record in trial.history]
    return {record["epoch"]: record for record in records}, trial.stopped, trial.notes


EMA, SWA, GUARD = "ExponentialMovingAverage", "StochasticWeightAveraging", "NaNGuard"
IN_AN_EPOCH, BETWEEN_EPOCHS = 7, 9
CASES = {
    "mean of steps": ([{"type": EMA, "decay": 0.9}], ()),
    "mean of steps and buffers": ([{"type": EMA, "decay": 0.9, "use_buffers": True}], ()),
    "mean of some steps": ([{"type": EMA, "decay": 0.9, "every": 2}], ()),
    "mean of epochs": ([{"type": SWA, "start": 2}], ()),
    "mean of epochs and learning rate": ([{"type": SWA, "start": 2, "swa_lr": 0.2, "anneal_epochs": 3}], ()),
    "stopping": ([{"type": "EarlyStopping", "patience": 3, "min_delta": 1.0}], ()),
    "going back": ([{"type": GUARD, "action": "roll_back", "copy_every": 5}], (9,)),
    "leaving out": ([{"type": GUARD, "action": "skip"}], (2, 10)),
    "frozen": ([{"type": "Freeze", "layers": "1", "until": 3}], ()),
    "frozen by two": (
        [{"type": "Freeze", "layers": "1", "until": 3}, {"type": "Freeze", "parameters": "*.bias", "until": 5}],
        (),
    ),
    "schedule of steps": ([{"type": "CosineAnnealingLR", "interval": "step"}], ()),
    "schedule of epochs": ([{"type": "LinearLR", "total_iters": 5}], ()),
    "schedule by what is logged": ([{"type": "ReduceLROnPlateau", "patience": 1, "threshold": 0.9}], ()),
    "skipping, and a mean": ([{"type": GUARD, "action": "skip"}, {"type": EMA, "decay": 0.9}], (2, 10)),
    "frozen, and a mean": ([{"type": "Freeze", "layers": "1", "until": 3}, {"type": SWA, "start": 2}], ()),
}


@pytest.mark.parametrize("until", [IN_AN_EPOCH, BETWEEN_EPOCHS], ids=["in an epoch", "between epochs"])
@pytest.mark.parametrize("case", CASES)
def test_a_resumed_training_equals_an_uninterrupted_one(case, until, tmp_path):
    callbacks, spoiled = CASES[case]
    plugins = [Spoiled(*spoiled)]
    whole = trained(tmp_path, *callbacks, plugins=plugins)
    later = gone_on(tmp_path, callbacks, plugins, until=until)
    assert same(later.model, whole.model)
    assert came_of(later) == came_of(whole)
    lost = gone_on(tmp_path, callbacks, plugins, until=until, with_callbacks=False)
    assert not same(lost.model, whole.model) or came_of(lost) != came_of(later)


def test_gradient_norms_resume_in_the_middle_of_an_epoch(tmp_path):
    callbacks = [{"type": "GradientNorm"}]
    whole = trained(tmp_path, *callbacks)
    records = came_of(whole)[0]
    later = came_of(gone_on(tmp_path, callbacks, [], until=IN_AN_EPOCH))[0]
    lost = came_of(gone_on(tmp_path, callbacks, [], until=IN_AN_EPOCH, with_callbacks=False))[0]
    assert later == records
    assert lost[3] != records[3]


@pytest.mark.parametrize("until", [IN_AN_EPOCH, BETWEEN_EPOCHS])
@pytest.mark.parametrize("kind", ["Mixup", "CutMix"])
def test_mixing_needs_no_state(kind, until, tmp_path):
    callbacks = [{"type": kind}]
    whole = trained(tmp_path, *callbacks)
    assert same(gone_on(tmp_path, callbacks, [], until=until).model, whole.model)


def test_every_callback_with_state_is_tested_here():
    tried = {callback["type"] for callbacks, _ in CASES.values() for callback in callbacks}
    with_state = set()
    for kind in hookline_callbacks.register_specs().values():
        if kind.build is not hookline.spec.WrapperSpec.build:
            options = {"Freeze": {"layers": "1"}, "GradientClipping": {"max_norm": 1.0}}.get(kind.__name__, {})
            if hasattr(kind(**options).build(), "state_dict"):
                with_state.add(kind.__name__)
    assert with_state == {name for name in tried if name in hookline_callbacks.register_specs()} | {
        "GradientNorm",
        "Checkpoint",
        "CSVLog",
    }
