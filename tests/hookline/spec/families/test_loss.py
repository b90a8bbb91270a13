import re

import pytest
import torch

from hookline.data import Batch, Numbers
from hookline.spec import LossSpec, spec

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


def arguments_of(*declared, targets):
    """What the criterion is called with."""
    inputs, encoding = declared
    kind = spec(type("Declared", (LossSpec,), {"__doc__": "One.", "inputs": inputs, "encoding": encoding}))
    outputs = OUTPUTS if len(inputs) == 1 else {name: OUTPUTS + place for place, name in enumerate(inputs)}
    batch = Batch({"input": OUTPUTS}, dict.fromkeys(targets, OUTPUTS * 2))
    return kind().compute(lambda *given: given, outputs, batch)


def test_the_criterion_is_called_with_the_outputs_that_the_loss_names_and_the_target_if_it_takes_one():
    one, other = OUTPUTS + 1, OUTPUTS * 2
    for declared, targets, expected in (
        ((("input",), Numbers()), ["y"], (OUTPUTS, other)),
        ((("input",), None), [], (OUTPUTS,)),
        ((("first", "second"), Numbers()), ["y"], (OUTPUTS, one, other)),
        ((("first", "second"), None), [], (OUTPUTS, one)),
    ):
        given = arguments_of(*declared, targets=targets)
        assert len(given) == len(expected)
        assert all(map(torch.equal, given, expected))


TAKES_TWO = spec(type("Two", (LossSpec,), {"__doc__": "Two.", "inputs": ("a", "b")}))


@pytest.mark.parametrize(
    ("loss", "outputs", "message"),
    [
        (Plain(), OUTPUTS, None),
        (TAKES_TWO(), {"a": OUTPUTS, "b": OUTPUTS, "c": OUTPUTS}, None),
        (
            Plain(),
            {"a": OUTPUTS, "b": OUTPUTS},
            'Plain takes one output of the model, which returns "a" and "b": select one with `output`, or use [losses] with '
            "a loss for each.",
        ),
        (
            TAKES_TWO(),
            OUTPUTS,
            'Two compares several outputs: name the inputs of the data "a" and "b", or return '
            "outputs with these names from the model.",
        ),
        (
            TAKES_TWO(),
            {"a": OUTPUTS, "c": OUTPUTS},
            'Two takes "a" and "b", but there is no "b": the model returns "a" and "c".',
        ),
        (
            TAKES_TWO(),
            {"a": {"x": OUTPUTS}, "b": {"x": OUTPUTS}},
            'Two takes one output of the model, which returns "x": select one with `output`, or use [losses] with a loss '
            "for each.",
        ),
    ],
)
def test_outputs_that_are_not_those_that_the_loss_names_are_reported(loss, outputs, message):
    assert loss.unlike_inputs(outputs) == message
    if message is None:
        loss.check_outputs(outputs)
    else:
        with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
            loss.check_outputs(outputs)


def test_a_loss_that_computes_by_itself_may_take_other_outputs():
    own = spec(type("Own", (LossSpec,), {"__doc__": "One.", "compute": lambda self, criterion, outputs, batch: None}))
    own().check_outputs({"a": OUTPUTS})
    assert own().unlike_inputs({"a": OUTPUTS}).startswith("Own takes one output")


def test_a_loss_that_does_not_say_what_metrics_compare_is_reported():
    with pytest.raises(ValueError, match=r"^Two takes several outputs and has no `predictions` for metrics\.$"):
        TAKES_TWO().predictions(None, {"a": OUTPUTS, "b": OUTPUTS}, None)
    with pytest.raises(ValueError, match=r"^Plain takes no target and has no `truth` for metrics\.$"):
        Plain().truth(Batch({"input": OUTPUTS}))
