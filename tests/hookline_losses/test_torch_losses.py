"""Each loss equals torch's, with the same options."""

from inspect import Parameter, signature

import pytest
import torch
from attrs import NOTHING, fields
from torch import nn
from torchs_losses import CASES, OPTIONS, OTHER_CASES, OTHER_OPTIONS, as_torch_takes, compared, given, loaded, torchs

import hookline
from hookline_losses import register_specs

DEPRECATED = {"size_average", "reduce"}
LEFT_OUT = {
    "AdaptiveLogSoftmaxWithLoss": {"device", "dtype"},
    "LinearCrossEntropyLoss": {"device", "dtype", "options", "out_features"},
}
"""Arguments of torch that are options elsewhere, objects, or only for targets of several dimensions."""
FOLLOWS = {"n_classes", "num_classes"}
"""Required arguments of torch that follow from the data."""
TORCHS = [kind for kind in register_specs().values() if issubclass(kind, hookline.spec.LossSpec)]

COMMON = {option.name for option in fields(hookline.spec.LossSpec)}


@pytest.mark.parametrize(("name", "options"), CASES)
def test_loss_and_gradients_equal_those_of_torch(name, options):
    outputs, targets = compared(name)
    mine, theirs = outputs.clone().requires_grad_(), outputs.clone().requires_grad_()
    criterion, expected = loaded(name, options).build(data=None), torchs(name, options)
    assert type(criterion) is type(expected)
    loss, expected_loss = criterion(mine, targets), expected(theirs, targets)
    loss.backward()
    expected_loss.backward()
    assert torch.equal(loss, expected_loss)
    assert torch.equal(mine.grad, theirs.grad)


@pytest.mark.filterwarnings("ignore:reduction. 'mean' divides the total loss by both")
@pytest.mark.parametrize(("name", "options"), OTHER_CASES)
def test_loss_and_gradients_with_several_arguments_equal_those_of_torch(name, options):
    outputs, targets = given(name, options)
    known = hookline.data.Target(columns=("y",), classes=("a", "b", "c"))
    data = hookline.data.Data(training=None, example=None, targets=dict.fromkeys(targets, known))
    own, theirs = {}, dict(options)
    if name in ("AdaptiveLogSoftmaxWithLoss", "LinearCrossEntropyLoss"):
        own, count = {"in_features": 4}, "n_classes" if name.startswith("Adaptive") else "num_classes"
        theirs = {**own, count: 3, **options}
    spec = loaded(name, {**own, **options})
    torch.manual_seed(0)
    criterion = spec.build(data)
    torch.manual_seed(0)
    expected = torchs(name, theirs)
    assert type(criterion) is type(expected)

    mine, others = ({key: value.clone().requires_grad_() for key, value in outputs.items()} for _ in range(2))
    its = mine if len(mine) > 1 else mine["input"]
    loss = spec.compute(criterion, its, hookline.data.Batch(outputs, targets))
    expected_loss = expected(*as_torch_takes(name, others, targets))
    expected_loss = getattr(expected_loss, "loss", expected_loss)  # One loss gives log-probabilities beside it.
    loss.backward()
    expected_loss.backward()
    assert expected_loss.isfinite()
    assert torch.equal(loss, expected_loss)
    for gradient, other in zip(
        [*mine.values(), *criterion.parameters()], [*others.values(), *expected.parameters()], strict=True
    ):
        assert torch.equal(gradient.grad, other.grad)


def test_every_loss_is_compared_with_torch():
    assert {*OPTIONS, *OTHER_OPTIONS} == {kind.__name__ for kind in TORCHS}


@pytest.mark.parametrize("kind", TORCHS, ids=lambda kind: kind.__name__)
def test_each_option_of_a_loss_is_compared_with_torch(kind):
    compared = {name for options in {**OPTIONS, **OTHER_OPTIONS}[kind.__name__] for name in options}
    # Distances are compared in another test.
    assert {option.name for option in fields(kind)} - COMMON - compared <= {"in_features", "distance_function"}


@pytest.mark.parametrize("kind", TORCHS, ids=lambda kind: kind.__name__)
def test_a_loss_has_torchs_options_with_torchs_defaults(kind):
    theirs = {
        parameter.name: parameter.default
        for parameter in signature(getattr(nn, kind.__name__)).parameters.values()
        if parameter.name not in DEPRECATED | LEFT_OUT.get(kind.__name__, set())
    }
    ours = {option.name: option.default for option in fields(kind) if option.name not in COMMON}
    assert set(ours) == set(theirs)
    for name, default in theirs.items():
        if default is Parameter.empty:
            assert ours[name] is (None if name in FOLLOWS else NOTHING)
        elif (name, default) == ("ignore_index", -100):
            assert ours[name] is None  # Torch's number says the same, that no class is ignored.
        else:
            assert ours[name] == default


def test_every_loss_of_torch_is_available():
    theirs = {name for name in vars(nn) if "Loss" in name} - {"NLLLoss2d"}  # An old name of NLLLoss.
    assert {kind.__name__ for kind in TORCHS} == theirs


@pytest.mark.parametrize("batches", [[24], [16, 8], [7, 7, 7, 3], [1] * 24], ids=str)
@pytest.mark.parametrize(("name", "options"), CASES)
def test_losses_of_unequal_batches_weighted_by_their_divisors_average_to_the_loss_of_all_rows(name, options, batches):
    spec = loaded(name, options)
    criterion = spec.build(data=None).double()
    outputs, targets = compared(name)
    outputs = outputs.double()
    targets = targets.double() if targets.is_floating_point() else targets
    losses, divisors = [], []
    for some_outputs, some_targets in zip(outputs.split(batches), targets.split(batches), strict=True):
        divisor = spec.divisor(criterion, hookline.data.Batch({"input": some_outputs}, {"target": some_targets}))
        if divisor is None or divisor > 0:
            losses.append(float(criterion(some_outputs, some_targets)))
            divisors.append(divisor)
    whole = float(criterion(outputs, targets))
    if options.get("reduction") == "sum":
        assert set(divisors) == {None}
        assert sum(losses) == pytest.approx(whole, rel=1e-12)
    else:
        weighted = sum(loss * float(divisor) for loss, divisor in zip(losses, divisors, strict=True))
        assert weighted / float(sum(divisors)) == pytest.approx(whole, rel=1e-12)


@pytest.mark.parametrize(
    ("name", "prediction"),
    [
        ("CrossEntropyLoss", lambda outputs: outputs.softmax(dim=1)),
        ("NLLLoss", torch.exp),
        ("BCELoss", torch.clone),
        ("BCEWithLogitsLoss", torch.sigmoid),
        ("MSELoss", torch.clone),
        ("L1Loss", torch.clone),
        ("SmoothL1Loss", torch.clone),
        ("HuberLoss", torch.clone),
    ],
)
def test_predictions_are_probabilities_if_the_loss_defines_them_and_numbers_otherwise(name, prediction):
    outputs, _ = compared(name)
    assert torch.equal(loaded(name, {}).predictions(None, outputs, None), prediction(outputs))


@pytest.mark.parametrize(
    ("name", "options", "path"),
    [
        ("CrossEntropyLoss", {"label_smoothing": 1.5}, "loss.label_smoothing"),
        ("CrossEntropyLoss", {"weight": [1, -1]}, "loss.weight.1"),
        ("CrossEntropyLoss", {"reduction": "none"}, "loss.reduction"),
        ("SmoothL1Loss", {"beta": -1}, "loss.beta"),
        ("HuberLoss", {"delta": 0}, "loss.delta"),
        ("MSELoss", {"size_average": True}, "loss.size_average"),
    ],
)
def test_options_that_torch_would_refuse_later_are_reported_with_the_spec(name, options, path):
    with pytest.raises(hookline.errors.SpecError) as raised:
        loaded(name, options)
    assert [".".join(map(str, problem.path)) for problem in raised.value.problems] == [path]
