from types import SimpleNamespace

import pytest
import torch

from hookline.data import Batch
from hookline.errors import MismatchError
from hookline.spec import LossSpec, MetricSpec, Prediction, spec
from hookline.spec.objective.objective import Objective
from hookline.training import SplitMetrics
from hookline.training.metric_groups import LARGEST
from hookline_losses.classification import CrossEntropyLoss
from hookline_metrics.classification.agreement import CohenKappa
from hookline_metrics.classification.decisions import Accuracy, F1Score
from hookline_metrics.classification.rates import Precision


class Sizes:
    """Notes the shape of the rows of each update."""

    def __init__(self):
        self.shapes, self.total = [], 0.0

    def to(self, device):
        return self

    def update(self, predictions, targets):
        if targets.sum() < 0:
            raise ValueError("A target is negative.")
        assert predictions.shape == targets.shape
        self.shapes.append(tuple(predictions.shape))
        self.total += float(predictions.sum())

    def compute(self):
        return self.total


@spec
class Joining(MetricSpec):
    joins_batches = True

    def build(self, loss, predictions):
        states[self.label] = Sizes()
        return states[self.label]


@spec
class Apart(Joining):
    joins_batches = False


states = {}


def metrics_of(*metrics):
    objective = Objective.of(LossSpec())
    return SplitMetrics(SimpleNamespace(spec=SimpleNamespace(metrics=metrics), objective=objective, kept={}), "test")


def add(metrics, *outputs):
    for one in outputs:
        metrics.add({"target": Prediction(LossSpec(), None, one, Batch({"input": one}, {"target": one}))})


def test_a_metric_that_joins_batches_is_updated_once():
    metrics = metrics_of(Joining(), Apart(), Joining(name="another"))
    buffer = torch.empty(2, 3)
    for number in (1.0, 2.0, 4.0):  # A layer may return the same memory for each batch.
        add(metrics, buffer.fill_(number))
    add(metrics, torch.ones(1, 3))
    assert metrics.values() == {"Joining": 45.0, "Apart": 45.0, "another": 45.0}
    assert states["Joining"].shapes == states["another"].shapes == [(7, 3)]
    assert states["Apart"].shapes == [(2, 3)] * 3 + [(1, 3)]


def test_rows_of_other_shapes_and_many_rows_are_not_joined():
    many = torch.zeros(LARGEST // 24 + 1, 3)
    metrics = metrics_of(Joining())
    add(metrics, torch.ones(2, 3), torch.ones(2, 4), torch.ones(3, 4), many, torch.ones(2, 3))
    assert metrics.values() == {"Joining": 32.0}
    assert states["Joining"].shapes == [(2, 3), (5, 4), tuple(many.shape), (2, 3)]


def test_rows_that_begin_to_wait_since_others_do_not_fit_are_copied():
    metrics = metrics_of(Joining())
    half = torch.ones(LARGEST // 40, 3)  # Rows and targets have more than half of the size to wait for.
    buffer = torch.ones(LARGEST // 48, 4)
    add(metrics, half, buffer)
    buffer.fill_(7.0)  # A layer may return the same memory for each batch.
    assert metrics.values() == {"Joining": float(half.numel() + buffer.numel())}
    assert states["Joining"].shapes == [tuple(half.shape), tuple(buffer.shape)]


class Following(Sizes):
    """Takes the updates of another object of its class."""

    def shares_updates_of(self, other):
        self.other = other
        return type(other) is Following

    def compute(self):
        return getattr(self, "other", self).total


@spec
class Sharing(Joining):
    def build(self, loss, predictions):
        states[self.label] = Following()
        return states[self.label]


def test_metrics_that_count_the_same_are_updated_once():
    metrics = metrics_of(Joining(), Sharing(), Sharing(name="another"))
    add(metrics, torch.ones(2, 3), torch.ones(1, 3))
    assert metrics.values() == {"Joining": 9.0, "Sharing": 9.0, "another": 9.0}
    assert [states[name].shapes for name in ("Joining", "Sharing", "another")] == [[(3, 3)], [(3, 3)], []]


@pytest.mark.parametrize("options", [{}, {"top_k": 2}, {"ignore_index": 0}])
def test_metrics_that_share_counts_are_equal_to_each_alone(options):
    torch.manual_seed(4)
    outputs, targets = torch.randn(30, 4), torch.randint(4, (30,))
    kinds = [Accuracy(), F1Score(average="macro"), Precision(name="other", average="macro", **options), CohenKappa()]

    def values(*several):
        metrics = SplitMetrics(
            SimpleNamespace(
                spec=SimpleNamespace(metrics=several),
                objective=Objective.of(CrossEntropyLoss(ignore_index=3)),
                kept={},
            ),
            "test",
        )
        for one, true in zip(outputs.split(7), targets.split(7), strict=True):
            batch = Batch({"input": one}, {"target": true})
            metrics.add({"target": Prediction(CrossEntropyLoss(ignore_index=3), None, one, batch)})
        return metrics.values()

    together = values(*kinds)
    assert together == {name: value for kind in kinds for name, value in values(kind).items()}
    assert len(set(together.values())) == 4


class Resetting(Sizes):
    """Can be used again."""

    def reset(self):
        self.total = 0.0


@spec
class Kept(Joining):
    resets = True

    def build(self, loss, predictions):
        built.append(tuple(predictions.shape))
        return Resetting()


built = []
LOSS = LossSpec()


def test_a_metric_that_resets_is_built_once_for_rows_of_one_kind():
    built.clear()
    run = SimpleNamespace(spec=SimpleNamespace(metrics=[Kept()]), objective=Objective.of(LossSpec()), kept={})
    rows, loss = torch.ones(2, 3), LossSpec()

    def value(outputs, loss, split="test"):
        metrics = SplitMetrics(run, split)
        for _ in range(2):
            batch = Batch({"input": outputs}, {"target": outputs})
            metrics.add({"target": Prediction(loss, None, outputs, batch)})
        [number] = metrics.values().values()
        return number

    assert [value(rows, loss), value(rows[:1], loss), value(rows, loss)] == [12.0, 6.0, 12.0]
    assert built == [(2, 3)]
    assert [value(rows[:, :2], loss), value(rows[:, :2].double(), loss), value(rows, LossSpec())] == [8.0, 8.0, 12.0]
    assert built == [(2, 3), (2, 2), (2, 2), (2, 3)]
    assert value(rows, loss, "training") == 12.0
    assert len(built) == 5


def test_a_metric_that_fails_is_built_anew():
    built.clear()
    run = SimpleNamespace(spec=SimpleNamespace(metrics=[Kept()]), objective=Objective.of(LossSpec()), kept={})

    def add(outputs):
        metrics = SplitMetrics(run, "test")
        metrics.add({"target": Prediction(LOSS, None, outputs, Batch({"input": outputs}, {"target": outputs}))})
        return metrics.values()

    add(torch.ones(2, 3))
    with pytest.raises(MismatchError):
        add(-torch.ones(2, 3))
    assert add(torch.ones(2, 3)) == {"Kept": 6.0}
    assert len(built) == 2


def test_an_error_in_joined_rows_has_the_place_of_the_metric():
    metrics = metrics_of(Apart(), Joining())
    add(metrics, torch.ones(2, 3))
    with pytest.raises(MismatchError, match=r"Apart cannot be computed on the test split. A target is neg") as error:
        add(metrics, -torch.ones(2, 3))
    assert error.value.path == ("metrics", 0)
    metrics = metrics_of(Joining(), Joining(name="second"))
    add(metrics, torch.ones(2, 3), -2 * torch.ones(2, 3))
    with pytest.raises(MismatchError, match=r"Joining cannot be computed on the test split. A target is neg") as error:
        metrics.values()
    assert error.value.path == ("metrics", 0)
