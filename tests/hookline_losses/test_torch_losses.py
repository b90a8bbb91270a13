"""Each loss equals torch's, with the same options."""

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
"""Arguments of torch that are options elsewhere, objects, or only for targets of several dimensions."""
FOLLOWS = {"n_classes", "num_classes"}
"""Required arguments of torch that follow from the data."""
TORCHS = [kind for kind in register_specs().values() if issubclass(kind, hookline.spec.LossSpec)]

COMMON = {option.name for option in fields(hookline.spec.LossSpec)}
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
    """Return outputs and targets in the form that the loss takes, in which every class occurs."""
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


LETTERS = torch.tensor([[1, 2, 2, -1], [3, -1, -1, -1], [1, 2, 3, 1], [2, 2, 2, 2]])
"""Target sequences that need up to 7 steps (2, 2, 2, 2); if an infinite loss is allowed, there are only 6."""
NO_BLANK = LETTERS.where(LETTERS < 0, LETTERS - 1)
HINGES = [{}, {"reduction": "sum"}, {"margin": 0.3}]
TRIPLETS = [{"reduction": "sum"}, {"margin": 0.5}, {"swap": True}, {"margin": 3.0, "swap": True, "reduction": "sum"}]
OTHER_OPTIONS = {
    "MultiLabelMarginLoss": NUMBERS,
    "CosineEmbeddingLoss": [*HINGES, {"margin": -0.5}],
    "MarginRankingLoss": HINGES,
    "TripletMarginLoss": [{}, *TRIPLETS, {"p": 1.0}, {"p": 3.0, "eps": 0.1, "swap": True}, {"eps": 0.0}],
    "TripletMarginWithDistanceLoss": [{}, *TRIPLETS],
    "GaussianNLLLoss": [*NUMBERS, {"full": True}, {"eps": 0.5}, {"full": True, "eps": 2.0, "reduction": "sum"}],
    "KLDivLoss": [
        {"reduction": reduction, "log_target": log_target}
        for reduction in ("mean", "batchmean", "sum")
        for log_target in (False, True)
    ],
    "CTCLoss": [{}, {"reduction": "sum"}, {"blank": 3}, {"zero_infinity": True}, {"blank": 3, "zero_infinity": True}],
    "AdaptiveLogSoftmaxWithLoss": [
        {"cutoffs": [1]},
        {"cutoffs": [1, 2], "div_value": 2.0},
        {"cutoffs": [2], "head_bias": True, "div_value": 1.5},
        {"cutoffs": [1], "n_classes": 4},
    ],
    "LinearCrossEntropyLoss": [
        *CLASSES,
        *SMOOTHED,
        {"bias": True},
        {"num_classes": 5, "bias": True, "reduction": "sum"},
    ],
}
"""Losses with other arguments than one output and one target of its shape, or with parameters."""
OTHER_CASES = [
    pytest.param(name, options, id=f"{name} {options}")
    for name, several in OTHER_OPTIONS.items()
    for options in several
]


def given(name, options):
    """Return the outputs of the model by argument name, and the targets as in the data."""
    generator = torch.Generator().manual_seed(3)
    first, second, third = torch.randn(3, 24, 4, generator=generator)
    signs = torch.randn(24, 4, generator=generator).sign()
    classes = {"target": torch.arange(24) % 3}
    if name.startswith("Triplet"):
        return {"anchor": first, "positive": second, "negative": third}, {}
    if name == "CosineEmbeddingLoss":
        return {"input1": first, "input2": second}, {"target": signs[:, 0]}
    if name == "MarginRankingLoss":
        return {"input1": first, "input2": second}, {"target": signs}
    if name == "GaussianNLLLoss":
        return {"input": first, "var": second.exp()}, {"target": third}
    if name == "KLDivLoss":
        target = second.log_softmax(dim=1)
        return {"input": first.log_softmax(dim=1)}, {"target": target if options["log_target"] else target.exp()}
    if name == "CTCLoss":
        scores = torch.randn(4, 6 if options.get("zero_infinity") else 7, 4, generator=generator)
        return {"input": scores.log_softmax(dim=2)}, {"target": LETTERS if options.get("blank", 0) == 0 else NO_BLANK}
    if name == "MultiLabelMarginLoss":
        holds = signs > 0
        indices = torch.where(holds, torch.arange(4), 4).sort(dim=1).values
        return {"input": first}, {"target": indices.where(indices < 4, -1)}
    return {"input": first}, classes


def as_torch_takes(name, outputs, targets):
    """Return the arguments of torch's criterion."""
    target = targets.get("target")
    if name == "GaussianNLLLoss":
        return outputs["input"], target, outputs["var"]
    if name == "CTCLoss":
        steps = torch.full((4,), outputs["input"].shape[1])
        return outputs["input"].transpose(0, 1), target, steps, (target >= 0).sum(dim=1)
    return (*outputs.values(), *targets.values())


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
