"""A loss made of several: trained as by hand, logged part by part."""

import json

import numpy
import pytest
import torch
from torch import nn

import hookline
from hookline_losses.combined import WeightedLoss, WeightedSum
from hookline_losses.regression import MSELoss

ROWS = 10
X = torch.randn(ROWS, 4, generator=torch.Generator().manual_seed(0))
KIND, SIZE = torch.arange(ROWS) % 3, torch.randn(ROWS, 2, generator=torch.Generator().manual_seed(1))


@hookline.spec
class Given(hookline.DataSpec):
    """Rows with a class and two sizes."""

    def prepare(self, run, loss):
        columns = {"kind": {"k": KIND.numpy()}, "size": {"a": SIZE[:, 0].numpy(), "b": SIZE[:, 1].numpy()}}
        splits = {"training": slice(0, 7), "validation": slice(7, 10)}
        return hookline.in_memory(
            self,
            run,
            loss,
            {split: {"input": X[rows]} for split, rows in splits.items()},
            {
                split: {name: {key: cells[rows] for key, cells in group.items()} for name, group in columns.items()}
                for split, rows in splits.items()
            },
        )


class Plugin:
    @hookline.hookimpl
    def register_specs(self):
        return [Given]


LOSSES = {
    "kind": {"loss": {"type": "CrossEntropyLoss"}, "weight": 2.0},
    "size": {"loss": {"type": "MSELoss"}, "weight": 0.5},
}
HEADS = {"kind": {"type": "Linear", "out_features": 3}, "size": {"type": "Linear", "out_features": 2}}


def spec(losses=LOSSES, heads=HEADS, metrics=(), **run):
    return hookline.load(
        {
            "run": {"epochs": 3, **run},
            "data": {"type": "Given", "batch_size": 3},
            "model": {"type": "Heads", "heads": heads},
            "loss": {"type": "WeightedSum", "losses": losses},
            "optimizer": {"type": "SGD", "lr": 0.1},
            "metrics": list(metrics),
        },
        plugins=[Plugin()],
    )


def by_hand(parts=1):
    """The heads, and the means of both losses in each epoch."""
    torch.manual_seed(0)
    kind, size = nn.Linear(4, 3), nn.Linear(4, 2)
    optimizer = torch.optim.SGD([*kind.parameters(), *size.parameters()], lr=0.1, fused=True)
    logged = []
    for epoch in range(1, 4):
        sums = [0.0, 0.0]
        for batch in torch.from_numpy(numpy.random.default_rng((0, epoch)).permutation(7)).split(3):
            optimizer.zero_grad()
            x, classes, sizes = X[batch], KIND[batch], SIZE[batch]
            length = -(-len(batch) // parts)
            for start in range(0, len(batch), length):
                part = slice(start, start + length)
                first = nn.functional.cross_entropy(kind(x[part]), classes[part])
                second = nn.functional.mse_loss(size(x[part]), sizes[part])
                rows = len(x[part])
                (rows / len(batch) * (2.0 * first + 0.5 * second)).backward()
                sums = [total + rows * loss.item() for total, loss in zip(sums, (first, second), strict=True)]
            optimizer.step()
        logged.append([total / 7 for total in sums])
    return kind, size, logged


@pytest.mark.parametrize("accumulate", [1, 2])
def test_the_sum_trains_as_by_hand_and_each_part_is_logged(accumulate, tmp_path):
    trial = hookline.train(spec(accumulate=accumulate), plugins=[Plugin()], out=tmp_path / "run")
    kind, size, logged = by_hand(accumulate)
    for mine, theirs in ((trial.model["kind"], kind), (trial.model["size"], size)):
        assert torch.equal(mine.weight, theirs.weight)
        assert torch.equal(mine.bias, theirs.bias)
    records = [json.loads(line) for line in (trial.directory / "metrics.jsonl").read_text().splitlines()]
    for record, (first, second) in zip(records, logged, strict=True):
        assert record["training/loss[kind]"] == pytest.approx(first, rel=1e-6)
        assert record["training/loss[size]"] == pytest.approx(second, rel=1e-6)
        assert record["training/loss"] == pytest.approx(2 * first + 0.5 * second, rel=1e-6)
        validation = 2 * record["validation/loss[kind]"] + 0.5 * record["validation/loss[size]"]
        assert record["validation/loss"] == pytest.approx(validation, rel=1e-6)


def test_a_metric_says_which_target_it_judges(tmp_path):
    metrics = [{"type": "Accuracy", "target": "kind"}, {"type": "MeanSquaredError", "target": "size"}]
    trial = hookline.train(spec(metrics=metrics), plugins=[Plugin()], out=tmp_path / "run")
    with torch.no_grad():
        kind, size = trial.model["kind"](X[7:]), trial.model["size"](X[7:])
    assert trial.metrics["validation/Accuracy"] == numpy.float32((kind.argmax(dim=1) == KIND[7:]).float().mean())
    assert trial.metrics["validation/MeanSquaredError"] == pytest.approx(float(((size - SIZE[7:]) ** 2).mean()))


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        ({"type": "Accuracy"}, 'metrics[0].target: There are several targets: `target` says which, "kind" or "size".'),
        ({"type": "Accuracy", "target": "knd"}, 'metrics[0].target: There is no target "knd". Did you mean "kind"?'),
        (
            {"type": "R2Score", "target": "kind"},
            "metrics[0].type: R2Score compares numbers, and CrossEntropyLoss tells",
        ),
    ],
)
def test_a_metric_that_does_not_fit_its_target_is_told(metric, message):
    with pytest.raises(hookline.SpecError) as raised:
        spec(metrics=[metric])
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"losses": {**LOSSES, "other": {"loss": {"type": "MSELoss"}}}},
            'There is no target "other" for the loss other.',
        ),
        ({"losses": {"kind": LOSSES["kind"]}}, 'No loss takes the target "size".'),
        ({"heads": {"kind": HEADS["kind"], "sizes": HEADS["size"]}}, 'loss: The model gives no output "size".'),
        (
            {"heads": {"kind": HEADS["size"], "size": HEADS["size"]}},
            "loss: kind: CrossEntropyLoss compares a score for",
        ),
    ],
)
def test_parts_that_do_not_fit_data_or_model_are_told_before_anything_is_written(changes, message, tmp_path):
    with pytest.raises(hookline.HooklineError) as raised:
        hookline.train(spec(**changes), plugins=[Plugin()], out=tmp_path / "run")
    assert message in str(raised.value)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("losses", "message"),
    [
        ({}, "loss.losses: There must be at least one loss."),
        (
            {"a": {"loss": {"type": "TripletMarginLoss"}}},
            "loss.losses.a.loss: TripletMarginLoss compares several outputs",
        ),
        (
            {"a": {"loss": {"type": "WeightedSum", "losses": LOSSES}}},
            "loss.losses.a.loss: A part of a sum cannot be a sum",
        ),
        ({"a": {"weight": 1}}, "loss.losses.a.loss: This is missing."),
    ],
)
def test_sums_that_make_no_sense_are_problems_of_the_spec(losses, message):
    with pytest.raises(hookline.SpecError) as raised:
        spec(losses)
    assert message in str(raised.value)


WEIGHTED = {"type": "CrossEntropyLoss", "weight": [1.0, 2.0, 3.0]}
WITHOUT_A_CLASS = {"type": "CrossEntropyLoss", "weight": [0.0, 2.0, 3.0]}
IGNORING = {"type": "CrossEntropyLoss", "ignore_index": 1}
SUMMED = {"type": "MSELoss", "reduction": "sum"}


class Gradients:
    """Keeps the gradients and the loss of each step."""

    def __init__(self):
        self.steps = []

    @hookline.hookimpl(wrapper=True)
    def step(self, run, optimizer):
        gradients = [parameter.grad.clone() for group in optimizer.param_groups for parameter in group["params"]]
        self.steps.append([run.loss, *gradients])
        return (yield)


def trained(losses, out, **run):
    kept = Gradients()
    return hookline.train(spec(losses, **run), plugins=[Plugin(), kept], out=out), kept.steps


@pytest.mark.parametrize("kind", [WEIGHTED, WITHOUT_A_CLASS, IGNORING], ids=str)
@pytest.mark.parametrize("size", [{"type": "MSELoss"}, SUMMED], ids=str)
@pytest.mark.parametrize("parts", [2, 3])
def test_each_loss_has_its_own_share_in_a_part_of_a_batch(kind, size, parts, tmp_path):
    losses = {"kind": {"loss": kind, "weight": 2.0}, "size": {"loss": size, "weight": 0.5}}
    whole, at_once = trained(losses, tmp_path / "whole", epochs=1)
    made, in_parts = trained(losses, tmp_path / "parts", epochs=1, accumulate=parts)
    torch.testing.assert_close(in_parts, at_once, rtol=1e-5, atol=1e-6)
    for name, value in whole.history[0].items():
        assert made.history[0][name] == pytest.approx(value, rel=1e-5), name


def test_two_losses_of_one_target_that_weigh_its_classes_alike_are_accumulated(tmp_path):
    losses = {
        "kind": {"loss": WEIGHTED},
        "smooth": {"loss": {**WEIGHTED, "label_smoothing": 0.2}, "target": "kind", "output": "kind"},
        "size": {"loss": {"type": "MSELoss"}},
    }
    _, at_once = trained(losses, tmp_path / "whole", epochs=1)
    _, in_parts = trained(losses, tmp_path / "parts", epochs=1, accumulate=2)
    torch.testing.assert_close(in_parts, at_once, rtol=1e-5, atol=1e-6)


def test_the_shares_of_different_losses_equal_a_hand_written_loop_bit_for_bit(tmp_path):
    losses = {"kind": {"loss": WEIGHTED, "weight": 2.0}, "size": {"loss": SUMMED, "weight": 0.5}}
    trial, _ = trained(losses, tmp_path / "run", accumulate=2)
    torch.manual_seed(0)
    kind, size, weights = nn.Linear(4, 3), nn.Linear(4, 2), torch.tensor(WEIGHTED["weight"])
    optimizer = torch.optim.SGD([*kind.parameters(), *size.parameters()], lr=0.1, fused=True)
    for epoch in range(1, 4):
        for batch in torch.from_numpy(numpy.random.default_rng((0, epoch)).permutation(7)).split(3):
            optimizer.zero_grad()
            for part in batch.split(-(-len(batch) // 2)):
                rows = len(part) / len(batch)
                its_kind = weights[KIND[part]].sum() / weights[KIND[batch]].sum() / rows
                first = 2.0 * its_kind * nn.functional.cross_entropy(kind(X[part]), KIND[part], weights)
                second = 0.5 * (1 / rows) * nn.functional.mse_loss(size(X[part]), SIZE[part], reduction="sum")
                (rows * (first + second)).backward()
            optimizer.step()
    for mine, theirs in ((trial.model["kind"], kind), (trial.model["size"], size)):
        assert torch.equal(mine.weight, theirs.weight)
        assert torch.equal(mine.bias, theirs.bias)


@pytest.mark.parametrize("accumulate", [1, 2])
def test_a_batch_in_which_no_row_counts_for_one_loss_is_trained_by_the_other_alone(accumulate, tmp_path):
    losses = {"kind": {"loss": IGNORING}, "size": {"loss": {"type": "MSELoss"}}}
    trial, steps = trained(losses, tmp_path / "run", accumulate=accumulate, epochs=9)
    ignored = [
        (KIND[batch] == 1).all()
        for epoch in range(1, 10)
        for batch in torch.from_numpy(numpy.random.default_rng((0, epoch)).permutation(7)).split(3)
    ]
    assert sum(ignored) == 4
    for (_, *gradients), is_ignored in zip(steps, ignored, strict=True):
        assert [bool(gradient.any()) for gradient in gradients] == [not is_ignored, not is_ignored, True, True]
    assert numpy.isfinite([record["training/loss"] for record in trial.history]).all()


@hookline.spec
class Unfit(hookline.LossSpec):
    """A loss that cannot be accumulated."""

    def check_accumulation(self):
        """Refuse it always."""
        raise ValueError("It looks at all rows.")


def test_a_sum_can_be_accumulated_if_all_of_its_losses_can():
    combined = WeightedSum(losses={"a": WeightedLoss(loss=MSELoss()), "b": WeightedLoss(loss=Unfit())})
    with pytest.raises(ValueError, match=r"^b: It looks at all rows\.$"):
        combined.check_accumulation()
