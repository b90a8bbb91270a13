from copy import deepcopy

import numpy
import pytest
import torch
from indices_table import spec
from torch import nn

import hookline
from hookline import hookimpl
from hookline.cli.main import main
from hookline.spec import LayerSpec, spec as declared


def test_sparse_gradients_cannot_be_accumulated(tmp_path):
    with pytest.raises(hookline.errors.SpecError, match="torch cannot divide sparse gradients"):
        spec(tmp_path, numpy.arange(8).reshape(8, 1), sparse=True, scale_grad_by_freq=True)


@pytest.mark.parametrize(
    "callback", [{"type": "GradientNorm"}, {"type": "GradientClipping", "max_norm": 1}, {"type": "NaNGuard"}]
)
def test_callbacks_that_compute_norms_reject_sparse_gradients_at_their_place(callback, tmp_path):
    from attrs import evolve

    made = spec(tmp_path, numpy.arange(8).reshape(8, 1), sparse=True)
    others = hookline.load({**TABLE, "callbacks": [{"type": "CSVLog"}, callback]}).callbacks
    with pytest.raises(hookline.errors.MismatchError, match="is sparse, which") as raised:
        hookline.train(evolve(made, callbacks=others), out=tmp_path / "run")
    assert raised.value.path == ("callbacks", 1)


@pytest.mark.parametrize("answer", [3, None, {"input": 3}])
def test_a_wrong_answer_of_forward_is_reported_with_its_stage(answer, tmp_path):
    class Answering:
        @hookline.hookimpl(wrapper=True)
        def forward(self):
            yield
            return answer

    with pytest.raises(hookline.errors.StageError, match="forward") as raised:
        hookline.train(hookline.load(TABLE), plugins=[Answering()], out=tmp_path / "run")
    assert raised.value.path == ("model",)
    assert not (tmp_path / "run").exists()


TABLE = {
    "data": {"type": "Random", "features": 1, "targets": [0, 1]},
    "model": {"type": "Linear", "out_features": 1},
    "loss": {"type": "MSELoss"},
    "optimizer": {"type": "SGD"},
}


@declared
class Silent(LayerSpec):
    """A layer whose module returns nothing."""

    def build(self, inputs):
        class Forgetful(nn.Linear):
            def forward(self, inputs):
                super().forward(inputs)

        return Forgetful(inputs.shape[1], 1)


class Layers:
    @hookimpl
    def register_specs(self):
        return [Silent]


def test_a_model_that_returns_none_is_reported(tmp_path):
    table = {
        "data": {"type": "Random", "features": 2, "targets": [0, 1]},
        "model": {"type": "Silent"},
        "loss": {"type": "MSELoss"},
        "optimizer": {"type": "SGD"},
    }
    with pytest.raises(hookline.errors.MismatchError) as raised:
        hookline.train(hookline.load(table, plugins=[Layers()]), plugins=[Layers()], out=tmp_path / "run")
    assert str(raised.value) == "model: The model returns `None`: each `forward` must return its result."


class Passing:
    """Wraps the stages without changing anything."""

    @hookimpl(wrapper=True)
    def loss(self):
        return (yield)

    @hookimpl(wrapper=True)
    def forward(self):
        return (yield)


class FloatLoss:
    """Wraps the loss and returns a number."""

    @hookimpl(wrapper=True)
    def loss(self, run):
        value = yield
        return value if self.only_in_steps and not run.is_stepping else float(value.detach())

    only_in_steps = False


class FloatLossInSteps(FloatLoss):
    """Does so only in steps, not in the preflight."""

    only_in_steps = True


class AnsweringLoss:
    """Answers with a loss for each row."""

    @hookimpl
    def loss(self, outputs, batch):
        return (outputs - batch.target).square()


class ListOfOutputs:
    """Wraps the outputs in a list."""

    @hookimpl(wrapper=True)
    def forward(self):
        return [(yield)]


@declared
class Rounding(hookline.spec.CallbackSpec):
    """A callback that returns a number."""

    @hookimpl(wrapper=True)
    def loss(self):
        return float((yield).detach())


class Callbacks:
    @hookimpl
    def register_specs(self):
        return [Rounding]


@pytest.mark.parametrize("accumulate", [1, 2])
@pytest.mark.parametrize(
    ("plugin", "message"),
    [
        (FloatLoss, 'The wrapper of {} around the stage "loss" must return a scalar tensor, but its return value is of type float.'),
        (FloatLossInSteps, 'The wrapper of {} around the stage "loss" must return a scalar tensor, but its return value is of type float.'),
        (AnsweringLoss, 'The implementation by {} of the stage "loss" must return a scalar tensor, but its return value is of type Tensor and shape (2, 1).'),
        (ListOfOutputs, 'The wrapper of {} around the stage "forward" must return a tensor, or a mapping with tensors by name, but its return value is of type list.'),
    ],
)  # fmt: skip
def test_the_plugin_whose_answer_has_the_wrong_type_is_named(plugin, message, accumulate, tmp_path):
    wrong = plugin()
    made = hookline.load({**TABLE, "run": {"accumulate": accumulate}})
    with pytest.raises(hookline.errors.StageError) as raised:
        hookline.train(made, plugins=[Passing(), wrong, Passing()], out=tmp_path / "run")
    named = (
        str(raised.value).split(" of ")[1].split(" around")[0]
        if "wrapper" in message
        else str(raised.value).split(" by ")[1].split(" of the stage")[0]
    )
    assert plugin.__name__ in named
    assert str(raised.value) == message.format(named)


def test_a_callback_whose_answer_has_the_wrong_type_is_reported_at_its_place(tmp_path):
    table = {**TABLE, "callbacks": [{"type": "CSVLog"}, {"type": "Rounding"}]}
    with pytest.raises(hookline.errors.StageError, match=r"wrapper of callbacks\[1\] Rounding around") as raised:
        hookline.train(hookline.load(table, plugins=[Callbacks()]), plugins=[Callbacks()], out=tmp_path / "run")
    assert raised.value.path == ("callbacks", 1)


@declared
class ForEachRow(hookline.spec.LossSpec):
    """A loss without reduction."""

    def build(self, data):
        return nn.MSELoss(reduction="none")


class Losses:
    @hookimpl
    def register_specs(self):
        return [ForEachRow]


def test_a_loss_without_reduction_is_named(tmp_path):
    made = hookline.load({**TABLE, "loss": {"type": "ForEachRow"}}, plugins=[Losses()])
    with pytest.raises(hookline.errors.StageError) as raised:
        hookline.train(made, plugins=[Losses(), Passing()], out=tmp_path / "run")
    assert str(raised.value) == (
        'The stage "loss" must be answered with a scalar tensor, but the answer is of type Tensor and shape (2, 1). '
        "ForEachRow must return the sum or the mean over its rows."
    )
    assert raised.value.path == ("loss",)


SEVERAL_LAYERS = {
    "type": "Sequential",
    "layers": [
        {"type": "Linear", "out_features": 3},
        {"type": "ReLU"},
        {"type": "Mish", "inplace": True},
        {"type": "Linear", "out_features": 1},
    ],
}


def test_a_layer_without_a_gradient_is_reported_before_anything_is_written(tmp_path, capsys):
    reported = "A layer with `inplace` overwrites what the previous layer needs for its gradient: remove `inplace`."
    made = hookline.load({**TABLE, "model": SEVERAL_LAYERS})
    with pytest.raises(hookline.errors.MismatchError) as raised:
        hookline.train(made, out=tmp_path / "run")
    assert str(raised.value) == f"model: {reported}"
    assert not (tmp_path / "run").exists()
    (tmp_path / "spec.toml").write_text(hookline.dumps(made))
    assert main(["check", "--deep", str(tmp_path / "spec.toml")]) == 1
    assert reported in capsys.readouterr().out


def test_a_plugin_whose_gradient_fails_is_reported_with_its_line(tmp_path):
    class Failing(torch.autograd.Function):
        @staticmethod
        def forward(context, outputs):
            return outputs.clone()

        @staticmethod
        def backward(context, gradient):
            raise ZeroDivisionError("no gradient")

    class Plugin:
        @hookimpl(wrapper=True)
        def forward(self):
            return Failing.apply((yield))

    with pytest.raises(hookline.errors.StageError) as raised:
        hookline.train(hookline.load(TABLE), plugins=[Plugin()], out=tmp_path / "run")
    line = Failing.backward.__code__.co_firstlineno + 2
    message = f"The gradients cannot be computed. {__file__}, line {line}: ZeroDivisionError: no gradient"
    assert str(raised.value) == message


def test_the_preflight_leaves_no_gradients(tmp_path):
    kept = []

    class Looking:
        @hookimpl(wrapper=True)
        def select_optimizer(self, model):
            kept.extend(parameter.grad for parameter in model.parameters())
            return (yield)

    hookline.train(hookline.load(TABLE), plugins=[Looking()], out=tmp_path / "run")
    assert kept == [None, None]


@pytest.mark.parametrize("stage", ["forward", "loss"])
def test_the_preflight_runs_without_cudnn_and_training_with_it(stage, tmp_path):
    enabled = []

    def note(self):
        enabled.append(torch.backends.cudnn.enabled)
        return (yield)

    noting = type("Noting", (), {stage: hookimpl(wrapper=True)(note)})
    hookline.train(hookline.load(TABLE), plugins=[noting()], out=tmp_path / "run")
    assert enabled[0] is False
    assert set(enabled[1:]) == {True}


@pytest.mark.parametrize(("stage", "section"), [("build_model", "model"), ("select_loss", "loss")])
def test_a_state_that_cannot_be_saved_is_rejected_before_training(stage, section, tmp_path):
    class Extra:
        pass

    def implementation(self):
        module = yield
        module.__class__ = type("Extended", (type(module),), {"get_extra_state": lambda self: {"seen": 3}})
        return module

    implementation.__name__ = stage
    setattr(Extra, stage, hookimpl(wrapper=True)(implementation))
    with pytest.raises(hookline.errors.MismatchError) as raised:
        hookline.train(hookline.load(TABLE), plugins=[Extra()], out=tmp_path / "run")
    assert str(raised.value) == (
        f'{section}: Its state contains "_extra_state", which is of type dict, but only tensors can be saved: use a '
        f"buffer instead of `get_extra_state`."
    )
    assert not (tmp_path / "run").exists()


class Level(nn.Module):
    """Divides by a mean of all losses so far, which it keeps in a buffer that it changes or replaces."""

    def __init__(self, *, replaces):
        super().__init__()
        self.replaces = replaces
        self.register_buffer("level", torch.ones(()))
        self.register_buffer("sparse", torch.eye(2).to_sparse())
        self.register_buffer("expanded", torch.ones(1).expand(3))

    def forward(self, outputs, targets):
        loss = (outputs - targets).square().mean()
        mean = 0.9 * self.level + 0.1 * loss.detach()
        if self.replaces:
            self.level = mean
        else:
            self.level.copy_(mean)
        return loss / mean


@pytest.mark.parametrize("replaces", [True, False])
def test_the_first_step_finds_the_buffers_of_a_loss_as_they_were_built(replaces, tmp_path):
    class Leveling:
        @hookimpl(wrapper=True)
        def select_loss(self):
            yield
            return Level(replaces=replaces)

        @hookimpl(wrapper=True)
        def fit(self, data, model, criterion, optimizer):
            [batch], own = data.training.epoch(1), deepcopy(model)
            by_hand = Level(replaces=replaces)
            expected = by_hand(own(batch.input), batch.target)
            answer = yield
            assert criterion.level == by_hand.level
            losses.append(expected.item())
            return answer

    losses = []
    made = hookline.load({**TABLE, "data": {**TABLE["data"], "batch_size": 1024}, "run": {"epochs": 1}})
    trial = hookline.train(made, plugins=[Leveling()], out=tmp_path / "run")
    assert [one["training/loss"] for one in trial.history] == losses
