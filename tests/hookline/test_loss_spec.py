import pytest
import torch

from hookline import Batch, LossSpec, spec

OUTPUTS = torch.tensor([[-1.0, 0.0, 2.0], [3.0, 0.5, -2.0]])


@spec
class Plain(LossSpec):
    """A loss that says nothing of itself."""


@pytest.mark.parametrize(
    ("activation", "predict"),
    [
        ("identity", lambda outputs: outputs),
        ("sigmoid", torch.sigmoid),
        ("softmax", lambda outputs: torch.softmax(outputs, dim=1)),
        ("exp", torch.exp),
    ],
)
def test_predictions_are_what_the_activation_makes_of_the_outputs(activation, predict):
    kind = spec(type("Activated", (LossSpec,), {"activation": activation}))
    assert torch.equal(kind().predictions(None, OUTPUTS, None), predict(OUTPUTS))


def test_a_loss_is_a_mean_over_rows_unless_it_says_otherwise():
    assert Plain().divisor(torch.nn.MSELoss(), Batch({"input": torch.zeros(7, 2)})) == 7


def test_a_loss_takes_any_outputs_unless_it_says_otherwise():
    assert Plain().check(OUTPUTS, None, None) is None
