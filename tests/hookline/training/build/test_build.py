import pytest
import torch
from torch import nn

from hookline.errors import MismatchError
from hookline.spec import LayerSpec, spec
from hookline.training import apply_module, build_and_apply
from hookline.training.build.build import unchanged_embeddings


class Scaled(nn.Module):
    """Records its inputs."""

    takes_lengths = True
    called_with = None

    def forward(self, inputs, lengths):
        self.called_with = lengths
        return 2 * inputs


def one(kind):
    """A layer with one input that builds this module."""
    return spec(type("One", (LayerSpec,), {"build": lambda self, inputs: kind()}))()


@spec
class Added(LayerSpec):
    """Takes two or three inputs."""

    def build(self, first, second, third=None):
        return nn.Identity() if third is None else nn.Bilinear(1, 1, 1)


@spec
class Any(LayerSpec):
    """Takes any number of inputs."""

    def build(self, *inputs):
        return nn.Identity()


ROW = torch.zeros(1, 4)


def refused(made, *inputs):
    with pytest.raises(MismatchError) as raised:
        build_and_apply(made, *inputs)
    return raised.value


@pytest.mark.parametrize(
    ("build", "cause"), [(lambda: nn.Linear(4, 10**12), RuntimeError), (lambda: bytearray(10**15), MemoryError)]
)
def test_too_little_memory_is_not_a_wrong_shape(build, cause):
    error = refused(one(build), ROW)
    assert (str(error), type(error.__cause__)) == (
        "One needs more memory than there is, for its parameters or outputs.",
        cause,
    )


def test_a_module_is_applied_in_evaluation_mode_and_returned_in_training_mode():
    torch.manual_seed(0)
    before = torch.get_rng_state()
    module, outputs = build_and_apply(one(lambda: nn.Sequential(nn.Dropout(), nn.BatchNorm1d(4))), ROW + 1)
    assert all(part.training for part in module.modules())
    assert torch.equal(module[1].running_mean, torch.zeros(4))
    assert torch.equal(torch.get_rng_state(), before)
    assert not outputs.requires_grad


def test_only_modules_that_take_lengths_receive_them():
    lengths = torch.tensor([3])
    module, outputs = build_and_apply(one(Scaled), ROW + 1, lengths=lengths)
    assert module.called_with is lengths
    assert torch.equal(outputs, 2 * (ROW + 1))
    assert torch.equal(build_and_apply(one(nn.Identity), ROW, lengths=lengths)[1], ROW)
    apply_module(module, ROW)
    assert module.called_with is None


def test_the_arguments_of_build_say_how_many_inputs_a_layer_takes():
    assert str(refused(one(nn.Identity), ROW, ROW)) == "One takes 1 input, but receives 2."
    assert str(refused(one(nn.Identity))) == "One takes 1 input, but receives 0."
    assert str(refused(Added(), ROW)) == "Added takes 2 to 3 inputs, but receives 1."
    assert build_and_apply(Any(), ROW)[1] is ROW


@pytest.mark.parametrize(
    ("inputs", "shown"),
    [
        ((torch.zeros(1, 4),), "an input of shape (4,)"),
        ((torch.zeros(1, 4, dtype=torch.int64),), "an input of shape (4,) and type int64"),
        ((torch.zeros(1),), "an input of shape ()"),
        (
            (torch.zeros(1, 4), torch.zeros(1, 2, 3, dtype=torch.bool)),
            "inputs of shapes (4,), (2, 3) and type bool",
        ),
    ],
)
@pytest.mark.parametrize("failure", [ValueError, RuntimeError, IndexError, TypeError, AssertionError])
def test_an_error_in_a_layer_is_reported_with_the_shapes_of_its_inputs(inputs, shown, failure):
    class Failing(nn.Module):
        def forward(self, *inputs):
            raise failure("This\n  fails.")

    made = spec(type("Wrong", (LayerSpec,), {"build": lambda self, *inputs: Failing()}))()
    error = refused(made, *inputs)
    assert str(error) == f"Wrong cannot take {shown}. This fails."
    assert isinstance(error.__cause__, failure)


def test_several_outputs_are_rejected_as_input():
    assert str(refused(one(nn.Identity), {"a": ROW})) == (
        "One takes one tensor but receives several outputs: the layer with several outputs must come last."
    )


@pytest.mark.parametrize("kind", [nn.Embedding, nn.EmbeddingBag])
def test_max_norm_is_disabled_inside_the_context_and_restored_after_an_error(kind):
    embedding = kind(3, 2, max_norm=0.1)
    before = embedding.weight.clone()
    model = nn.Sequential(embedding)
    indices = torch.tensor([[0, 1, 2]])

    def apply_and_fail():
        with unchanged_embeddings(model), torch.no_grad():
            model(indices)
            raise KeyError

    with pytest.raises(KeyError):
        apply_and_fail()
    assert torch.equal(embedding.weight, before)
    assert embedding.max_norm == 0.1
    with torch.no_grad():
        model(indices)
    assert not torch.equal(embedding.weight, before)
