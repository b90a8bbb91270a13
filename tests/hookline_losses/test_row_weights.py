"""Each loss with weights of rows equals what one writes by hand with torch's `reduction="none"`."""

import pytest
import torch
from torch import nn
from torchs_losses import ALL_CASES, as_torch_takes, given_to, loaded, torchs

import hookline
from hookline.data import Batch, Data, Target
from hookline.spec import Objective
from hookline_losses import register_specs

ROWS = 12


def case(name, options):
    """Return the loss, its criterion, torch's criterion without reduction, and outputs and targets of `ROWS` rows."""
    outputs, targets = given_to(name, options)
    outputs = {key: value[:ROWS] for key, value in outputs.items()}
    targets = {key: value[:ROWS] for key, value in targets.items()}
    known = Target(columns=("y",), classes=("a", "b", "c"))
    data = Data(training=None, example=None, targets=dict.fromkeys(targets, known))
    own, theirs = {}, dict(options)
    if name in ("AdaptiveLogSoftmaxWithLoss", "LinearCrossEntropyLoss"):
        own, count = {"in_features": 4}, "n_classes" if name.startswith("Adaptive") else "num_classes"
        theirs = {**own, count: 3, **options}
    if not name.startswith("Adaptive"):
        theirs["reduction"] = "none"
    spec = loaded(name, {**own, **options})
    torch.manual_seed(0)
    criterion = spec.build(data)
    torch.manual_seed(0)
    return spec, criterion, torchs(name, theirs), outputs, targets


def rows_of(outputs):
    return len(next(iter(outputs.values())))


def by_hand(name, options, unreduced, outputs, targets, weights):
    """Return the weighted loss as one would write it."""
    losses = unreduced(*as_torch_takes(name, outputs, targets))
    losses = -losses.output if name.startswith("Adaptive") else losses
    if options.get("reduction") == "sum":
        return (weights * (losses.flatten(1).sum(dim=1) if losses.dim() > 1 else losses)).sum()
    target = targets.get("target")
    if name == "CTCLoss":
        losses = losses / (target >= 0).sum(dim=1)
    if options.get("reduction") == "batchmean":
        losses = losses.sum(dim=1)
    elif losses.dim() > 1:
        losses = losses.mean(dim=1)
    divisor = weights
    if name in ("CrossEntropyLoss", "NLLLoss", "LinearCrossEntropyLoss"):
        of_class = torch.tensor(options["weight"])[target] if "weight" in options else 1
        divisor = of_class * (target != options.get("ignore_index", -100)) * weights
    return (weights * losses).sum() / divisor.sum()


def computed(spec, criterion, outputs, targets, weights=None):
    its = outputs if len(outputs) > 1 else next(iter(outputs.values()))
    return Objective.of(spec).compute(criterion, its, Batch(outputs, targets, weights=weights))


@pytest.mark.filterwarnings("ignore:reduction. 'mean' divides the total loss by both")
@pytest.mark.parametrize(("name", "options"), ALL_CASES)
def test_a_weighted_loss_and_its_gradients_equal_those_by_hand(name, options):
    spec, criterion, unreduced, outputs, targets = case(name, options)
    weights = torch.rand(rows_of(outputs), generator=torch.Generator().manual_seed(1)) * 3
    mine, theirs = ({key: value.clone().requires_grad_() for key, value in outputs.items()} for _ in range(2))
    loss = computed(spec, criterion, mine, targets, weights)
    expected = by_hand(name, options, unreduced, theirs, targets, weights)
    loss.backward()
    expected.backward()
    assert torch.equal(loss, expected)
    for one, other in zip(
        [*mine.values(), *criterion.parameters()], [*theirs.values(), *unreduced.parameters()], strict=True
    ):
        assert torch.equal(one.grad, other.grad)


@pytest.mark.filterwarnings("ignore:reduction. 'mean' divides the total loss by both")
@pytest.mark.parametrize(("name", "options"), ALL_CASES)
def test_a_weight_counts_like_repeated_rows(name, options):
    spec, criterion, _, outputs, targets = case(name, options)
    rows = rows_of(outputs)
    times = torch.arange(rows) % 4
    repeated = [
        {key: value.repeat_interleave(times, dim=0) for key, value in some.items()} for some in (outputs, targets)
    ]
    with torch.no_grad():
        weighted = computed(spec, criterion, outputs, targets, times.float())
        unweighted = computed(spec, criterion, *repeated)
        ones = computed(spec, criterion, outputs, targets, torch.ones(rows))
        plain = computed(spec, criterion, outputs, targets)
    torch.testing.assert_close(weighted, unweighted, rtol=1e-5, atol=1e-7)
    torch.testing.assert_close(ones, plain, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", ["CrossEntropyLoss", "MSELoss", "BCEWithLogitsLoss"])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_a_batch_whose_weights_are_all_0_has_no_loss_and_no_gradients(name, reduction):
    spec, criterion, _, outputs, targets = case(name, {"reduction": reduction})
    outputs = {key: value.requires_grad_() for key, value in outputs.items()}
    loss = computed(spec, criterion, outputs, targets, torch.zeros(rows_of(outputs)))
    loss.backward()
    assert float(loss.detach()) == 0
    assert all(not value.grad.any() for value in outputs.values())


@pytest.mark.parametrize("kind", register_specs().values(), ids=lambda kind: kind.__name__)
def test_every_loss_of_torch_takes_weights(kind):
    if issubclass(kind, hookline.spec.LossSpec):
        assert kind.takes_weights.fget(object.__new__(kind))


def test_a_loss_with_its_own_computation_takes_weights_only_with_its_own_losses_of_rows():
    class Own(hookline.spec.LossSpec):
        def compute(self, criterion, outputs, batch):
            return (outputs - batch.target).abs().sum()

    class OwnOfTorch(type(loaded("MSELoss", {}))):
        def build(self, data):
            return nn.MSELoss()

    class Weighted(Own):
        def row_losses(self, criterion, outputs, batch):
            return (outputs - batch.target).abs()

    assert [kind.takes_weights.fget(object.__new__(kind)) for kind in (Own, OwnOfTorch, Weighted)] == [
        False,
        False,
        True,
    ]
