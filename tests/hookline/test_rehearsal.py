import numpy
import pytest
import torch
from torch import nn

import hookline
from hookline import LayerSpec, hookimpl
from hookline import spec as declared
from hookline.command_line import main
from indices_table import spec


def test_sparse_gradients_cannot_be_divided(tmp_path):
    with pytest.raises(hookline.SpecError, match="torch cannot divide sparse gradients"):
        spec(tmp_path, numpy.arange(8).reshape(8, 1), sparse=True, scale_grad_by_freq=True)


@pytest.mark.parametrize(
    "callback", [{"type": "GradientNorm"}, {"type": "GradientClipping", "max_norm": 1}, {"type": "NaNGuard"}]
)
def test_callbacks_that_look_at_norms_refuse_sparse_gradients_at_their_place(callback, tmp_path):
    from attrs import evolve

    made = spec(tmp_path, numpy.arange(8).reshape(8, 1), sparse=True)
    others = hookline.load({**TABLE, "callbacks": [{"type": "CSVLog"}, callback]}).callbacks
    with pytest.raises(hookline.MisfitError, match="is sparse, which") as raised:
        hookline.train(evolve(made, callbacks=others), out=tmp_path / "run")
    assert raised.value.path == ("callbacks", 1)


@pytest.mark.parametrize("answer", [3, None, {"input": 3}])
def test_an_answer_of_forward_that_no_loss_can_take_is_told_by_its_stage(answer, tmp_path):
    class Answering:
        @hookline.hookimpl(wrapper=True)
        def forward(self):
            yield
            return answer

    with pytest.raises(hookline.StageError, match="forward") as raised:
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
    """A layer whose module forgets to return."""

    def build(self, inputs):
        class Forgetful(nn.Linear):
            def forward(self, inputs):
                super().forward(inputs)

        return Forgetful(inputs.shape[1], 1)


class Layers:
    @hookimpl
    def register_specs(self):
        return [Silent]


def test_a_model_that_gives_nothing_is_told(tmp_path):
    table = {
        "data": {"type": "Random", "features": 2, "targets": [0, 1]},
        "model": {"type": "Silent"},
        "loss": {"type": "MSELoss"},
        "optimizer": {"type": "SGD"},
    }
    with pytest.raises(hookline.MisfitError) as raised:
        hookline.train(hookline.load(table, plugins=[Layers()]), plugins=[Layers()], out=tmp_path / "run")
    assert str(raised.value) == "model: It gives nothing: each `forward` must return what it computes."


SEVERAL_LAYERS = {
    "type": "Sequential",
    "layers": [
        {"type": "Linear", "out_features": 3},
        {"type": "ReLU"},
        {"type": "Mish", "inplace": True},
        {"type": "Linear", "out_features": 1},
    ],
}


def test_a_layer_that_has_no_gradient_is_told_before_anything_is_written(tmp_path, capsys):
    told = "A layer with `inplace` writes over what the one before it needs for its gradient: leave it out."
    made = hookline.load({**TABLE, "model": SEVERAL_LAYERS})
    with pytest.raises(hookline.MisfitError) as raised:
        hookline.train(made, out=tmp_path / "run")
    assert str(raised.value) == f"model: {told}"
    assert not (tmp_path / "run").exists()
    (tmp_path / "spec.toml").write_text(hookline.dumps(made))
    assert main(["check", "--deep", str(tmp_path / "spec.toml")]) == 1
    assert told in capsys.readouterr().out


def test_a_plugin_whose_gradient_fails_is_told_with_its_line(tmp_path):
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

    with pytest.raises(hookline.StageError) as raised:
        hookline.train(hookline.load(TABLE), plugins=[Plugin()], out=tmp_path / "run")
    line = Failing.backward.__code__.co_firstlineno + 2
    message = f"The gradients cannot be computed. {__file__}, line {line}: ZeroDivisionError: no gradient"
    assert str(raised.value) == message


def test_the_rehearsal_leaves_no_gradients(tmp_path):
    kept = []

    class Looking:
        @hookimpl(wrapper=True)
        def select_optimizer(self, model):
            kept.extend(parameter.grad for parameter in model.parameters())
            return (yield)

    hookline.train(hookline.load(TABLE), plugins=[Looking()], out=tmp_path / "run")
    assert kept == [None, None]
