"""Each loss is torch's own, with the same options."""

from inspect import Parameter, signature

import pytest
import torch
from attrs import NOTHING, fields
from torch import nn

import hookline
from hookline_losses import register_specs

DEPRECATED = {"size_average", "reduce"}
LEFT_OUT = {
    "AdaptiveLogSoftmaxWithLoss": {"device", "dtype"},
    "LinearCrossEntropyLoss": {"device", "dtype", "options", "out_features"},
}
"""What is said elsewhere, an object that is no data, and what is for targets of several dimensions."""
FOLLOWS = {"n_classes", "num_classes"}
"""What torch must be told and follows from the data here."""
TORCHS = [
    kind for kind in register_specs().values() if issubclass(kind, hookline.LossSpec) and kind.__name__ != "WeightedSum"
]

CLASSES = [
    {},
    {"reduction": "sum"},
    {"weight": [0.5, 2, 3]},
    {"weight": [0.5, 2, 3], "reduction": "sum"},
    {"ignore_index": 1},
    {"weight": [0.5, 2, 3], "ignore_index": 0},
]
SMOOTHED = [
    {"label_smoothing": 0.1},
    {"label_smoothing": 0.3, "weight": [0.5, 2, 3], "ignore_index": 2},
    {"label_smoothing": 0.3, "reduction": "sum"},
]
PROBABILITIES = [{}, {"reduction": "sum"}, {"weight": [0.5, 2]}, {"weight": [3.0], "reduction": "sum"}]
POSITIVE = [{"pos_weight": [0.5, 2]}, {"pos_weight": [4], "weight": [0.5, 2], "reduction": "sum"}]
NUMBERS = [{}, {"reduction": "sum"}]
OPTIONS = {
    "CrossEntropyLoss": CLASSES + SMOOTHED,
    "NLLLoss": CLASSES,
    "BCELoss": PROBABILITIES,
    "BCEWithLogitsLoss": PROBABILITIES + POSITIVE,
    "MSELoss": NUMBERS,
    "L1Loss": NUMBERS,
    "SmoothL1Loss": [*NUMBERS, {"beta": 0.25}, {"beta": 0.0}],
    "SoftMarginLoss": NUMBERS,
    "HingeEmbeddingLoss": [*NUMBERS, {"margin": 0.3}],
    "MultiLabelSoftMarginLoss": [{}, {"reduction": "sum"}, {"weight": [0.5, 2]}],
    "MultiMarginLoss": [{}, {"p": 2, "margin": 0.5}, {"weight": [0.5, 2, 3]}, {"reduction": "sum"}],
    "PoissonNLLLoss": [*NUMBERS, {"full": True}, {"log_input": False, "eps": 1e-3}, {"reduction": "sum", "full": True}],
    "HuberLoss": [*NUMBERS, {"delta": 0.25}, {"delta": 3, "reduction": "sum"}],
}
CASES = [pytest.param(name, options, id=f"{name} {options}") for name in OPTIONS for options in OPTIONS[name]]


def loaded(name, options):
    spec = {
        "data": {"type": "Random", "features": 1, "targets": [0, 1]},
        "model": {"type": "Linear", "out_features": 1},
        "loss": {"type": name, **options},
        "optimizer": {"type": "SGD"},
    }
    return hookline.load(spec).loss


def torchs(name, options):
    tensors = {key: torch.tensor(value) if isinstance(value, list) else value for key, value in options.items()}
    return getattr(nn, name)(
        **{key: value.float() if key.endswith("weight") else value for key, value in tensors.items()}
    )


def compared(name, rows=24):
    """Outputs and targets as the loss takes them, in which every class occurs."""
    generator = torch.Generator().manual_seed(3)
    if name in ("CrossEntropyLoss", "NLLLoss", "MultiMarginLoss"):
        scores = torch.randn(rows, 3, generator=generator)
        return scores.log_softmax(dim=1) if name == "NLLLoss" else scores, torch.arange(rows) % 3
    outputs, targets = torch.randn(2, rows, 2, generator=generator)
    if name.startswith("BCE"):
        return outputs.sigmoid() if name == "BCELoss" else outputs, (targets > 0).float()
    if name in ("SoftMarginLoss", "HingeEmbeddingLoss"):
        return outputs, targets.sign()
    if name == "MultiLabelSoftMarginLoss":
        return outputs, (targets > 0).float()
    if name == "PoissonNLLLoss":
        return outputs.abs(), (targets.abs() * 3).floor()
    return outputs, targets


@pytest.mark.parametrize(("name", "options"), CASES)
def test_the_criterion_gives_the_loss_and_the_gradients_of_torchs(name, options):
    outputs, targets = compared(name)
    mine, theirs = outputs.clone().requires_grad_(), outputs.clone().requires_grad_()
    criterion, expected = loaded(name, options).build(data=None), torchs(name, options)
    assert type(criterion) is type(expected)
    loss, expected_loss = criterion(mine, targets), expected(theirs, targets)
    loss.backward()
    expected_loss.backward()
    assert torch.equal(loss, expected_loss)
    assert torch.equal(mine.grad, theirs.grad)


@pytest.mark.parametrize("kind", TORCHS, ids=lambda kind: kind.__name__)
def test_a_loss_has_torchs_options_with_torchs_defaults(kind):
    theirs = {
        parameter.name: parameter.default
        for parameter in signature(getattr(nn, kind.__name__)).parameters.values()
        if parameter.name not in DEPRECATED | LEFT_OUT.get(kind.__name__, set())
    }
    ours = {option.name: option.default for option in fields(kind)}
    assert set(ours) == set(theirs)
    for name, default in theirs.items():
        if default is Parameter.empty:
            assert ours[name] is (None if name in FOLLOWS else NOTHING)
        else:
            assert ours[name] == default


def test_every_loss_of_torch_is_there():
    theirs = {name for name in vars(nn) if "Loss" in name} - {"NLLLoss2d"}  # An old name of NLLLoss.
    assert {kind.__name__ for kind in TORCHS} == theirs


@pytest.mark.parametrize("batches", [[24], [16, 8], [7, 7, 7, 3], [1] * 24], ids=str)
@pytest.mark.parametrize(("name", "options"), CASES)
def test_losses_of_unequal_batches_averaged_by_their_divisors_are_the_loss_of_all_rows(name, options, batches):
    spec = loaded(name, options)
    criterion = spec.build(data=None).double()
    outputs, targets = compared(name)
    outputs = outputs.double()
    targets = targets.double() if targets.is_floating_point() else targets
    losses, divisors = [], []
    for some_outputs, some_targets in zip(outputs.split(batches), targets.split(batches), strict=True):
        divisor = spec.divisor(criterion, hookline.Batch({"input": some_outputs}, {"target": some_targets}))
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
def test_predictions_are_probabilities_where_the_loss_knows_them_and_numbers_otherwise(name, prediction):
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
def test_options_that_torch_would_refuse_later_are_problems_of_the_spec(name, options, path):
    with pytest.raises(hookline.SpecError) as raised:
        loaded(name, options)
    assert [".".join(map(str, problem.path)) for problem in raised.value.problems] == [path]
