"""A loss that does not accept the outputs is reported at its place before anything is written."""

import pytest
from small_training import small
from torch import nn

import hookline

HEADS = {"type": "Heads", "heads": {name: {"type": "Linear", "out_features": 3} for name in ("kind", "other")}}
SENTENCE = (
    'takes one output of the model, which returns "kind" and "other": select one with `output`, or use [losses] with a loss '
    "for each."
)


@hookline.spec.spec
class Plain(hookline.spec.LossSpec):
    """Uses the built-in call of the criterion."""

    encoding = hookline.data.Classes()

    def build(self, data):
        return nn.CrossEntropyLoss()


@hookline.spec.spec
class Checking(Plain):
    """Reads the shape of the outputs, which it assumes to be one tensor."""

    def check(self, outputs, batch, data):
        """Read the shape."""
        if outputs.shape[1] != 3:
            raise ValueError("Three are wanted.")


@hookline.spec.spec
class Computing(Plain):
    """Computes the loss itself, from outputs that it assumes to be one tensor."""

    def compute(self, criterion, outputs, batch):
        """Call the criterion."""
        return criterion(outputs.float(), batch.target)


class Plugin:
    @hookline.hookimpl
    def register_specs(self):
        return [Plain, Checking, Computing]


def loaded(loss, model):
    return hookline.load(
        {
            "data": {"type": "CSV", "path": str(small().data.path), "targets": "species", "validation": 0.2},
            "model": model,
            "loss": {"type": loss},
            "optimizer": {"type": "SGD"},
        },
        plugins=[Plugin()],
    )


@pytest.mark.parametrize("loss", ["Plain", "Checking", "Computing", "CrossEntropyLoss"])
def test_a_model_with_heads_is_reported_at_the_loss(loss, tmp_path):
    with pytest.raises(hookline.errors.MismatchError) as raised:
        hookline.train(loaded(loss, HEADS), plugins=[Plugin()], out=tmp_path / "run")
    assert raised.value.message == f"{loss} {SENTENCE}"
    assert raised.value.path == ("loss",)
    assert raised.value.against == (("model",),)
    assert not (tmp_path / "run").exists()


def test_another_failure_of_a_loss_is_reported_at_the_loss(tmp_path):
    class Wrong:
        @hookline.hookimpl(wrapper=True)
        def forward(self):
            return (yield).long()

    with pytest.raises(hookline.errors.StageError, match="not implemented for") as raised:
        hookline.train(
            loaded("Plain", {"type": "Linear", "out_features": 3}), plugins=[Plugin(), Wrong()], out=tmp_path / "run"
        )
    assert raised.value.path == ("loss",)
