"""The objective: several losses train like a hand-written loop, and each is logged separately."""

import json
import math

import numpy
import pytest
import torch
from attrs import evolve
from small_training import SPECS
from torch import nn

import hookline
from hookline.check.load import Loader
from hookline.check.toml.document import read as read_document
from hookline.spec import Objective
from hookline_losses.labels import BCELoss

ROWS = 10
X = torch.randn(ROWS, 4, generator=torch.Generator().manual_seed(0))
KIND, SIZE = torch.arange(ROWS) % 3, torch.randn(ROWS, 2, generator=torch.Generator().manual_seed(1))


@hookline.spec.spec
class Given(hookline.spec.DataSpec):
    """Rows with a class and two sizes."""

    def prepare(self, run, loss):
        columns = {"kind": {"k": KIND.numpy()}, "size": {"a": SIZE[:, 0].numpy(), "b": SIZE[:, 1].numpy()}}
        splits = {"training": slice(0, 7), "validation": slice(7, 10)}
        return hookline.data.in_memory(
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
    "kind": {"type": "CrossEntropyLoss", "factor": 2.0},
    "size": {"type": "MSELoss", "factor": 0.5},
}
HEADS = {"kind": {"type": "Linear", "out_features": 3}, "size": {"type": "Linear", "out_features": 2}}


def spec(losses=LOSSES, heads=HEADS, metrics=(), plugin=None, **run):
    return hookline.load(
        {
            "run": {"epochs": 3, **run},
            "data": {"type": "Given", "batch_size": 3},
            "model": {"type": "Heads", "heads": heads},
            "losses": losses,
            "optimizer": {"type": "SGD", "lr": 0.1},
            "metrics": list(metrics),
        },
        plugins=[plugin or Plugin()],
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
def test_the_sum_trains_like_a_hand_written_loop_and_each_loss_is_logged(accumulate, tmp_path):
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


def test_a_metric_names_the_target_that_it_evaluates(tmp_path):
    metrics = [{"type": "Accuracy", "target": "kind"}, {"type": "MeanSquaredError", "target": "size"}]
    trial = hookline.train(spec(metrics=metrics), plugins=[Plugin()], out=tmp_path / "run")
    with torch.no_grad():
        kind, size = trial.model["kind"](X[7:]), trial.model["size"](X[7:])
    assert trial.metrics["validation/Accuracy"] == numpy.float32((kind.argmax(dim=1) == KIND[7:]).float().mean())
    assert trial.metrics["validation/MeanSquaredError"] == pytest.approx(float(((size - SIZE[7:]) ** 2).mean()))


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        ({"type": "Accuracy"}, 'metrics[0].target: There are several losses: set `target` to "kind" or "size".'),
        (
            {"type": "Accuracy", "target": "knd"},
            'metrics[0].target: There is no loss "knd" in [losses]. Did you mean "kind"?',
        ),
        (
            {"type": "R2Score", "target": "kind"},
            "metrics[0].type: R2Score evaluates numbers or labels, but CrossEntropyLoss predicts classes.",
        ),
    ],
)
def test_a_metric_that_does_not_fit_its_target_is_reported(metric, message):
    with pytest.raises(hookline.errors.SpecError) as raised:
        spec(metrics=[metric])
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("target", "id", "help"),
    [({}, "missing-option", ""), ({"target": "knd"}, "invalid-value", 'Did you mean "kind"?')],
)
def test_a_wrong_target_of_a_metric_has_its_own_id(target, id, help):  # noqa: A002
    with pytest.raises(hookline.errors.SpecError) as raised:
        spec(metrics=[{"type": "Accuracy", **target}])
    [problem] = raised.value.problems
    assert (problem.path, problem.id, problem.help) == (("metrics", 0, "target"), id, help)
    assert problem.related == (("losses",),)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"losses": {**LOSSES, "other": {"type": "MSELoss"}}},
            'There is no target "other" for the loss other.',
        ),
        ({"losses": {"kind": LOSSES["kind"]}}, 'No loss takes the target "size".'),
        (
            {"heads": {"kind": HEADS["kind"], "sizes": HEADS["size"]}},
            'losses.size: The model returns no output "size". Did you mean "sizes"?',
        ),
        (
            {"losses": {**LOSSES, "size": {**LOSSES["size"], "output": "sise"}}},
            'losses.size.output: The model returns no output "sise". Did you mean "size"?',
        ),
        (
            {"heads": {"kind": HEADS["size"], "size": HEADS["size"]}},
            "losses.kind: CrossEntropyLoss takes one score per",
        ),
    ],
)
def test_losses_that_do_not_fit_data_or_model_are_reported_before_anything_is_written(changes, message, tmp_path):
    with pytest.raises(hookline.HooklineError) as raised:
        hookline.train(spec(**changes), plugins=[Plugin()], out=tmp_path / "run")
    assert message in str(raised.value)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("losses", "message"),
    [
        ({}, "losses: There must be at least one loss."),
        (
            {"a": {"type": "TripletMarginLoss", "target": "kind"}},
            "losses.a.target: TripletMarginLoss takes no target: remove this option.",
        ),
        (
            {"a": {"type": "GaussianNLLLoss", "output": "mean"}},
            'losses.a.output: GaussianNLLLoss takes several outputs: use a table, { input = "…", var = "…" }.',
        ),
        (
            {"a": {"type": "GaussianNLLLoss", "output": {"vra": "spread"}}},
            'losses.a.output.vra: GaussianNLLLoss takes "input" and "var", not "vra".',
        ),
        (
            {"a": {"type": "MSELoss", "output": {"input": "mean"}}},
            "losses.a.output: MSELoss takes one output: use its name instead of a table.",
        ),
        ({"a": {"type": "WeightedSum", "losses": LOSSES}}, "losses.a.type: There is no loss called"),
        ({"a": {"factor": 1}}, "losses.a: The `type`, which names the loss, is missing."),
    ],
)
def test_meaningless_sums_are_problems_of_the_spec(losses, message):
    with pytest.raises(hookline.errors.SpecError) as raised:
        spec(losses)
    assert message in str(raised.value)


WEIGHTED = {"type": "CrossEntropyLoss", "weight": [1.0, 2.0, 3.0]}
WITHOUT_A_CLASS = {"type": "CrossEntropyLoss", "weight": [0.0, 2.0, 3.0]}
IGNORING = {"type": "CrossEntropyLoss", "ignore_index": 1}
SUMMED = {"type": "MSELoss", "reduction": "sum"}


class Gradients:
    """Records the gradients and the loss of each step."""

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
    losses = {"kind": {**kind, "factor": 2.0}, "size": {**size, "factor": 0.5}}
    whole, at_once = trained(losses, tmp_path / "whole", epochs=1)
    made, in_parts = trained(losses, tmp_path / "parts", epochs=1, accumulate=parts)
    torch.testing.assert_close(in_parts, at_once, rtol=1e-5, atol=1e-6)
    for name, value in whole.history[0].items():
        assert made.history[0][name] == pytest.approx(value, rel=1e-5), name


def test_two_losses_with_the_same_class_weights_are_accumulated(tmp_path):
    losses = {
        "kind": WEIGHTED,
        "smooth": {**WEIGHTED, "label_smoothing": 0.2, "target": "kind", "output": "kind"},
        "size": {"type": "MSELoss"},
    }
    _, at_once = trained(losses, tmp_path / "whole", epochs=1)
    _, in_parts = trained(losses, tmp_path / "parts", epochs=1, accumulate=2)
    torch.testing.assert_close(in_parts, at_once, rtol=1e-5, atol=1e-6)


def test_the_shares_of_different_losses_equal_a_hand_written_loop_bit_for_bit(tmp_path):
    losses = {"kind": {**WEIGHTED, "factor": 2.0}, "size": {**SUMMED, "factor": 0.5}}
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
def test_a_batch_that_one_loss_ignores_is_trained_with_the_other_loss(accumulate, tmp_path):
    losses = {"kind": IGNORING, "size": {"type": "MSELoss"}}
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


def total_of(kind, size, rows):
    """The total over all rows in float64, with the initial weights of the model."""
    torch.manual_seed(0)
    heads = nn.Linear(4, 3).double(), nn.Linear(4, 2).double()
    x, classes, sizes = X[rows].double(), KIND[rows], SIZE[rows].double()
    options = {name: value for name, value in kind.items() if name != "type"}
    if "weight" in options:
        options["weight"] = torch.tensor(options["weight"], dtype=torch.float64)
    first = nn.functional.cross_entropy(heads[0](x), classes, **options)
    second = nn.functional.mse_loss(heads[1](x), sizes, reduction=size.get("reduction", "mean"))
    return float((2.0 * first + 0.5 * second).detach())


TRAINING, VALIDATION = slice(0, 7), slice(7, 10)
SUMMED_KIND = {"type": "CrossEntropyLoss", "reduction": "sum"}


@pytest.mark.parametrize(
    ("kind", "size"),
    [(WEIGHTED, {"type": "MSELoss"}), (IGNORING, SUMMED), (SUMMED_KIND, {"type": "MSELoss"}), (SUMMED_KIND, SUMMED)],
    ids=str,
)
@pytest.mark.parametrize(("batch_size", "accumulate"), [(1, 1), (3, 1), (7, 1), (3, 2)])
def test_the_total_is_the_sum_of_the_losses_for_any_batch_size(kind, size, batch_size, accumulate, tmp_path):
    made = spec({"kind": {**kind, "factor": 2.0}, "size": {**size, "factor": 0.5}}, accumulate=accumulate)
    made = evolve(made, data=evolve(made.data, batch_size=batch_size), optimizer=evolve(made.optimizer, lr=0.0))
    for record in hookline.train(made, plugins=[Plugin()], out=tmp_path / "run").history:
        for split, rows in (("training", TRAINING), ("validation", VALIDATION)):
            assert record[f"{split}/loss"] == pytest.approx(total_of(kind, size, rows), rel=1e-6)
            parts = 2.0 * record[f"{split}/loss[kind]"] + 0.5 * record[f"{split}/loss[size]"]
            assert record[f"{split}/loss"] == pytest.approx(parts, rel=1e-6)


def test_a_loss_that_ignores_every_row_of_a_split_adds_nothing_to_the_total(tmp_path):
    losses = {"kind": {**IGNORING, "factor": 2.0}, "size": {"type": "MSELoss"}}
    made = spec(losses)
    made = evolve(made, optimizer=evolve(made.optimizer, lr=0.0))

    class OneClass:
        @hookline.hookimpl(wrapper=True)
        def prepare_data(self):
            data = yield
            data.validation.all.targets["kind"].fill_(1)
            return data

    trial = hookline.train(made, plugins=[Plugin(), OneClass()], out=tmp_path / "run")
    assert math.isnan(trial.metrics["validation/loss[kind]"])
    assert trial.metrics["validation/loss"] == trial.metrics["validation/loss[size]"]


@pytest.mark.parametrize("accumulate", [1, 2])
def test_the_total_includes_what_a_wrapper_adds_to_the_loss(accumulate, tmp_path):
    class Penalty:
        @hookline.hookimpl(wrapper=True)
        def loss(self):
            return (yield) + 3.0

    made = spec({"kind": {**WEIGHTED, "factor": 2.0}, "size": {**SUMMED, "factor": 0.5}}, accumulate=accumulate)
    made = evolve(made, optimizer=evolve(made.optimizer, lr=0.0))
    trial = hookline.train(made, plugins=[Plugin(), Penalty()], out=tmp_path / "run")
    for split, rows in (("training", TRAINING), ("validation", VALIDATION)):
        assert trial.history[0][f"{split}/loss"] == pytest.approx(total_of(WEIGHTED, SUMMED, rows) + 3.0, rel=1e-6)


@hookline.spec.spec
class Unfit(hookline.spec.LossSpec):
    """A loss that does not support accumulation."""

    def check_accumulation(self):
        """Always reject it."""
        raise ValueError("It looks at all rows.")


class UnfitPlugin(Plugin):
    @hookline.hookimpl
    def register_specs(self):
        return [Given, Unfit]


def test_several_losses_can_be_accumulated_if_each_of_them_can():
    with pytest.raises(hookline.errors.SpecError) as raised:
        spec({**LOSSES, "size": {"type": "Unfit"}}, plugin=UnfitPlugin(), accumulate=2)
    [problem] = raised.value.problems
    assert (problem.path, problem.message) == (("run", "accumulate"), "It looks at all rows.")
    assert problem.related == (("losses", "size", "type"),)


def heads(**ends):
    """A model with an output of two numbers for each name, some with further layers."""
    layers = {
        name: {"type": "Sequential", "layers": [{"type": "Linear", "out_features": 2}, *end]}
        for name, end in ends.items()
    }
    return {"type": "Sequential", "layers": [{"type": "Linear", "out_features": 3}, {"type": "Heads", "heads": layers}]}


SIGMOID, SOFTPLUS = {"type": "Sigmoid"}, {"type": "Softplus"}


def two(first, second="MSELoss", **model):
    return hookline.load(
        {
            "run": {"epochs": 1},
            "data": {"type": "Two", "batch_size": 4},
            "model": heads(**model),
            "losses": {"a": {"type": first}, "b": {"type": second}},
            "optimizer": {"type": "SGD"},
        },
        plugins=[TwoPlugin()],
    )


@hookline.spec.spec
class Two(hookline.spec.DataSpec):
    """Rows with two targets, each with two columns of 0 and 1."""

    def prepare(self, run, loss):
        columns = {name: {f"{name}{i}": (SIZE[:, i] > 0).numpy() * 1.0 for i in (0, 1)} for name in ("a", "b")}
        return hookline.data.in_memory(self, run, loss, {"training": {"input": X}}, {"training": columns})


class TwoPlugin:
    @hookline.hookimpl
    def register_specs(self):
        return [Two]


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (two("BCELoss", a=[], b=[]), "a: BCELoss takes probabilities from 0 to 1"),
        (
            two("BCELoss", a=[SIGMOID, {"type": "Dropout"}, {"type": "Linear", "out_features": 2}], b=[SIGMOID]),
            "a: BCE",
        ),
        (two("MSELoss", "BCELoss", a=[SIGMOID], b=[{"type": "Flatten"}]), "b: BCELoss takes probabilities"),
        (two("GaussianNLLLoss", input=[], var=[], b=[]), "a: A variance is not negative"),
    ],
)
def test_a_head_that_does_not_fit_its_loss_is_rejected(made, message, tmp_path):
    with pytest.raises(hookline.errors.MismatchError) as raised:
        hookline.train(made, plugins=[TwoPlugin()], out=tmp_path / "run")
    name, _, sentence = message.partition(": ")
    assert str(raised.value).startswith(f"losses.{name}: {sentence}")
    assert not (tmp_path / "run").exists()


def test_only_a_head_that_its_loss_doubts_causes_a_warning(tmp_path):
    with pytest.warns(hookline.HooklineWarning) as reported:
        hookline.train(two("BCEWithLogitsLoss", a=[SIGMOID], b=[SIGMOID]), plugins=[TwoPlugin()], out=tmp_path / "run")
    assert [str(warning.message) for warning in reported] == [
        "losses.a: BCEWithLogitsLoss takes raw scores and turns them into probabilities itself, but the model ends in "
        "Sigmoid: remove that layer."
    ]


@hookline.spec.spec
class Threes(hookline.spec.DataSpec):
    """Three groups of inputs, and the class and size of the first."""

    targets: tuple[str, ...]
    """Which of both there are."""

    def prepare(self, run, loss):
        inputs = {"anchor": X, "positive": X.flip(0), "negative": X.roll(3, 0)}
        columns = {"kind": {"k": KIND.numpy()}, "size": {"a": SIZE[:, 0].numpy(), "b": SIZE[:, 1].numpy()}}
        targets = {name: columns[name] for name in self.targets}
        return hookline.data.in_memory(self, run, loss, {"training": inputs}, {"training": targets})


class ThreesPlugin:
    @hookline.hookimpl
    def register_specs(self):
        return [Threes]


def test_a_triplet_loss_and_a_class_loss_train_like_a_hand_written_loop(tmp_path):
    made = hookline.load(
        {
            "run": {"epochs": 2},
            "data": {"type": "Threes", "targets": ["kind"], "batch_size": 4, "shuffle": False},
            "model": {"type": "Linear", "out_features": 3},
            "losses": {
                "near": {"type": "TripletMarginLoss", "factor": 2.0},
                "kind": {"type": "CrossEntropyLoss", "output": "anchor"},
            },
            "optimizer": {"type": "SGD", "lr": 0.1},
        },
        plugins=[ThreesPlugin()],
    )
    trial = hookline.train(made, plugins=[ThreesPlugin()], out=tmp_path / "run")
    torch.manual_seed(0)
    model, near, kind = nn.Linear(4, 3), nn.TripletMarginLoss(), nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, fused=True)
    for batch in torch.arange(ROWS).split(4) * 2:
        optimizer.zero_grad()
        anchor, positive, negative = (model(rows[batch]) for rows in (X, X.flip(0), X.roll(3, 0)))
        (2.0 * near(anchor, positive, negative) + kind(anchor, KIND[batch])).backward()
        optimizer.step()
    assert torch.equal(trial.model.weight, model.weight)
    assert torch.equal(trial.model.bias, model.bias)
    assert sorted(trial.history[0]) == ["epoch", "step", "training/loss", "training/loss[kind]", "training/loss[near]"]


@pytest.mark.parametrize("output", [None, {"var": "spread"}, {"input": "mean", "var": "spread"}])
def test_a_gaussian_loss_and_a_class_loss_train_like_a_hand_written_loop(output, tmp_path):
    names = {"input": "input", "var": "var", **(output or {})}
    var = {"type": "Sequential", "layers": [{"type": "Linear", "out_features": 2}, SOFTPLUS]}
    made = spec(
        {
            "size": {"type": "GaussianNLLLoss"} if output is None else {"type": "GaussianNLLLoss", "output": output},
            "kind": LOSSES["kind"],
        },
        heads={names["input"]: HEADS["size"], names["var"]: var, "kind": HEADS["kind"]},
        metrics=[{"type": "Accuracy", "target": "kind"}, {"type": "MeanSquaredError", "target": "size"}],
    )
    trial = hookline.train(made, plugins=[Plugin()], out=tmp_path / "run")
    torch.manual_seed(0)
    mean, variance, kind = nn.Linear(4, 2), nn.Sequential(nn.Linear(4, 2), nn.Softplus()), nn.Linear(4, 3)
    parameters = [parameter for module in (mean, variance, kind) for parameter in module.parameters()]
    optimizer = torch.optim.SGD(parameters, lr=0.1, fused=True)
    for epoch in range(1, 4):
        for batch in torch.from_numpy(numpy.random.default_rng((0, epoch)).permutation(7)).split(3):
            optimizer.zero_grad()
            sizes = nn.functional.gaussian_nll_loss(mean(X[batch]), SIZE[batch], variance(X[batch]))
            (sizes + 2.0 * nn.functional.cross_entropy(kind(X[batch]), KIND[batch])).backward()
            optimizer.step()
    for mine, theirs in zip(trial.model.parameters(), parameters, strict=True):
        assert torch.equal(mine, theirs)
    with torch.no_grad():
        assert trial.metrics["validation/MeanSquaredError"] == pytest.approx(
            float((mean(X[7:]) - SIZE[7:]).square().mean())
        )


def test_a_model_with_several_outputs_applied_to_several_inputs_is_reported(tmp_path):
    made = hookline.load(
        {
            "data": {"type": "Threes", "targets": [], "batch_size": 4},
            "model": {"type": "Heads", "heads": {"one": {"type": "Linear", "out_features": 3}}},
            "losses": {"near": {"type": "TripletMarginLoss"}},
            "optimizer": {"type": "SGD"},
        },
        plugins=[ThreesPlugin()],
    )
    with pytest.raises(
        hookline.errors.MismatchError, match=r"near: TripletMarginLoss takes one output of the model, which"
    ):
        hookline.train(made, plugins=[ThreesPlugin()], out=tmp_path / "run")


def test_an_unfit_loss_among_several_is_reported_at_its_place(tmp_path):
    projecting = {"type": "AdaptiveLogSoftmaxWithLoss", "in_features": 4, "cutoffs": [3]}
    with pytest.raises(hookline.errors.MismatchError) as raised:
        hookline.train(spec({**LOSSES, "kind": projecting}), plugins=[Plugin()], out=tmp_path / "run")
    assert str(raised.value) == "losses.kind.cutoffs: There are 3 classes, but a cluster begins at 3."

    combined = Objective.of(None, {"a": BCELoss()})
    data = hookline.data.Data(training=None, example=None, targets={"a": hookline.data.Target(columns=("a",))})
    with pytest.raises(hookline.errors.MismatchError, match=r"^losses\.a: BCELoss takes probabilities"):
        combined.compute(
            combined.build(data), torch.full((1, 1), 2.0), hookline.data.Batch({"x": X}, {"a": torch.ones(1, 1)})
        )


def test_a_metric_need_not_name_the_target_of_a_single_loss(tmp_path):
    single = {"only": {"type": "CrossEntropyLoss", "target": "kind", "output": "kind"}}

    class OneTarget:
        @hookline.hookimpl
        def prepare_data(self, run):
            rows = {"training": TRAINING, "validation": VALIDATION}
            inputs = {split: {"input": X[place]} for split, place in rows.items()}
            targets = {split: {"kind": {"k": KIND.numpy()[place]}} for split, place in rows.items()}
            return hookline.data.in_memory(run.spec.data, run, run.objective, inputs, targets)

    made = spec(single, heads={"kind": HEADS["kind"]}, metrics=[{"type": "Accuracy"}])
    trial = hookline.train(made, plugins=[Plugin(), OneTarget()], out=tmp_path / "run")
    with torch.no_grad():
        right = trial.model["kind"](X[VALIDATION]).argmax(dim=1) == KIND[VALIDATION]
    assert trial.metrics["validation/Accuracy"] == numpy.float32(right.float().mean())


def test_a_batch_that_one_loss_ignores_has_only_the_gradients_of_the_others(tmp_path):
    losses = {**LOSSES, "kind": {"type": "CrossEntropyLoss", "weight": [0.0, 1.0, 1.0], "factor": 2.0}}
    made = spec(losses, epochs=1)
    made = evolve(made, data=evolve(made.data, batch_size=1), optimizer=evolve(made.optimizer, lr=0.0))
    seen = []

    class Gradients:
        @hookline.hookimpl(wrapper=True)
        def step(self, optimizer):
            seen.append([parameter.grad for group in optimizer.param_groups for parameter in group["params"]])
            return (yield)

    hookline.train(made, plugins=[Plugin(), Gradients()], out=tmp_path / "run")
    assert len(seen) == 7
    assert all(bool(gradient.isfinite().all()) for gradients in seen for gradient in gradients if gradient is not None)


def test_the_divisor_of_a_weighted_part_is_computed_once_for_each_step(monkeypatch, tmp_path):
    from hookline_losses.classification import CrossEntropyLoss

    calls = []
    divisor = CrossEntropyLoss.divisor

    def counted(self, criterion, batch):
        calls.append(criterion.training)
        return divisor(self, criterion, batch)

    monkeypatch.setattr(CrossEntropyLoss, "divisor", counted)
    losses = {**LOSSES, "kind": {**WEIGHTED, "factor": 2.0}}
    trial = hookline.train(spec(losses, epochs=2), plugins=[Plugin()], out=tmp_path / "run")
    # An epoch has 3 steps of training and 1 batch of validation; the preflight comes first, and the evaluation of the
    # training rows last.
    assert len(calls) == 1 + 2 * (3 + 1) + 3
    assert len(trial.history) == 2


def test_a_loss_that_overrides_its_divisor_is_asked_for_it():
    class Halved(BCELoss):
        def divisor(self, criterion, batch):
            return batch.rows / 2

    batch = hookline.data.Batch({"input": X}, {"target": SIZE})
    assert Objective({None: BCELoss()}).divisor(nn.BCELoss(), batch) == ROWS
    assert Objective({None: Halved()}).divisor(nn.BCELoss(), batch) == ROWS / 2


def test_one_loss_takes_the_target_and_the_output_that_it_names_times_its_factor(tmp_path):
    class OneTarget:
        @hookline.hookimpl
        def prepare_data(self, run):
            columns = {"kind": {"k": KIND.numpy()[TRAINING]}}
            given = {"training": {"input": X[TRAINING]}}, {"training": columns}
            return hookline.data.in_memory(run.spec.data, run, run.objective, *given)

    table = {
        "run": {"epochs": 2},
        "data": {"type": "Given", "batch_size": 7, "shuffle": False},
        "model": {"type": "Heads", "heads": HEADS},
        "loss": {"type": "CrossEntropyLoss", "target": "kind", "output": "kind", "factor": 3.0},
        "optimizer": {"type": "SGD", "lr": 0.1},
    }
    made = hookline.load(table, plugins=[Plugin()])
    trial = hookline.train(made, plugins=[Plugin(), OneTarget()], out=tmp_path / "run")
    torch.manual_seed(0)
    kind = nn.Linear(4, 3)
    optimizer = torch.optim.SGD(kind.parameters(), lr=0.1, fused=True)
    for _ in range(2):
        optimizer.zero_grad()
        loss = 3.0 * nn.functional.cross_entropy(kind(X[TRAINING]), KIND[TRAINING])
        loss.backward()
        optimizer.step()
    assert torch.equal(trial.model["kind"].weight, kind.weight)
    assert trial.history[1]["training/loss"] == loss.item()
    wrong = hookline.load({**table, "loss": {**table["loss"], "output": "kid"}}, plugins=[Plugin()])
    with pytest.raises(hookline.HooklineError, match=r'The model returns no output "kid"\. Did you mean "kind"\?'):
        hookline.train(wrong, plugins=[Plugin(), OneTarget()], out=tmp_path / "wrong")


@pytest.mark.parametrize(
    ("sections", "path", "message"),
    [
        ({}, ("loss",), "This section is missing. It must be a loss (a table with a `type`)."),
        (
            {"loss": {"type": "MSELoss"}, "losses": LOSSES},
            ("losses",),
            "A spec has either [loss] or [losses]: remove one.",
        ),
        (
            {"loss": {"type": "WeightedSum", "losses": {"a": {"loss": {"type": "MSELoss"}}}}},
            ("loss", "type"),
            'There is no loss called "WeightedSum". Give each of several losses its own section: [losses.size] with '
            'type = "MSELoss" and factor = 0.5, and so on.',
        ),
        ({"losses": {"a": {"type": "MSELoss", "factr": 2}}}, ("losses", "a", "factr"), 'Did you mean "factor"?'),
    ],
)
def test_a_spec_has_one_loss_or_several(sections, path, message):
    table = {"data": {"type": "Given"}, "model": {"type": "Linear", "out_features": 1}, "optimizer": {"type": "SGD"}}
    with pytest.raises(hookline.errors.SpecError) as raised:
        hookline.load({**table, **sections}, plugins=[Plugin()])
    [problem] = raised.value.problems
    assert problem.path == path
    assert message in problem.text


def test_a_wrapper_around_predict_changes_the_inputs_of_metrics(tmp_path):
    class Reversed:
        @hookline.hookimpl(wrapper=True)
        def predict(self):
            predicted = yield
            return {**predicted, "size": predicted["size"].replaced(-predicted["size"].predictions)}

    metrics = [{"type": "Accuracy", "target": "kind"}, {"type": "MeanSquaredError", "target": "size"}]
    plain, other = (
        hookline.train(spec(metrics=metrics), plugins=[Plugin(), *more], out=tmp_path / f"run{len(more)}")
        for more in ((), (Reversed(),))
    )
    assert plain.metrics["validation/Accuracy"] == other.metrics["validation/Accuracy"]
    with torch.no_grad():
        size = -other.model["size"](X[7:])
    expected = float((size - SIZE[7:]).double().square().mean())
    assert other.metrics["validation/MeanSquaredError"] == pytest.approx(expected)


def test_a_metric_cannot_take_the_name_of_a_logged_loss():
    with pytest.raises(hookline.errors.SpecError) as raised:
        hookline.load(
            SPECS / "several_losses.toml", ['metrics=[{type="Accuracy", name="loss[species]", target="species"}]']
        )
    [problem] = raised.value.problems
    assert (problem.path, problem.message) == (
        ("metrics", 0),
        'A metric cannot have the name "loss[species]": set another `name`.',
    )


def test_a_predict_wrapper_that_drops_a_loss_is_named(tmp_path):
    class Dropping:
        @hookline.hookimpl(wrapper=True)
        def predict(self):
            predictions = yield
            return {name: one for name, one in predictions.items() if name != "species"}

    made = hookline.load(SPECS / "several_losses.toml", ["run.epochs=1"])
    with pytest.raises(hookline.errors.StageError, match='a prediction of each loss, but "species" is missing'):
        hookline.train(made, plugins=[Dropping()], out=tmp_path / "run")


def test_the_loss_that_is_not_a_scalar_is_named(tmp_path):
    @hookline.spec.spec
    class Unreduced(hookline.spec.LossSpec):
        """A loss that is not a scalar."""

        encoding = hookline.data.Numbers()

        def build(self, data):
            return nn.MSELoss(reduction="none")

    class Bringing:
        @hookline.hookimpl
        def register_specs(self):
            return [Unreduced]

    made = hookline.load(
        SPECS / "several_losses.toml", ['losses.width={type="Unreduced"}', "metrics=[]"], plugins=[Bringing()]
    )
    with pytest.raises(
        hookline.errors.StageError, match="Unreduced must return the sum or the mean over its rows"
    ) as raised:
        hookline.train(made, plugins=[Bringing()], out=tmp_path / "run")
    assert raised.value.path == ("losses", "width")


def test_the_loss_that_cannot_be_built_is_named(tmp_path):
    @hookline.spec.spec
    class Broken(hookline.spec.LossSpec):
        """A loss without a criterion."""

        encoding = hookline.data.Numbers()

        def build(self, data):
            raise KeyError("x")

    class Bringing:
        @hookline.hookimpl
        def register_specs(self):
            return [Broken]

    made = hookline.load(
        SPECS / "several_losses.toml", ['losses.width={type="Broken"}', "metrics=[]"], plugins=[Bringing()]
    )
    with pytest.raises(hookline.errors.StageError, match=r"^Broken failed\. .*, line [0-9]+: KeyError: 'x'$") as raised:
        hookline.train(made, plugins=[Bringing()], out=tmp_path / "run")
    assert raised.value.path == ("losses", "width")


@pytest.mark.parametrize("stage", ["select_loss", "loss", "predict"])
def test_a_failing_stage_of_several_losses_is_reported_at_their_section(stage, tmp_path):
    def failing(self):
        raise ZeroDivisionError

    failing.__name__ = stage
    plugin = type("Failing", (Plugin,), {stage: hookline.hookimpl(failing)})()
    metrics = [{"type": "Accuracy", "target": "kind"}]
    with pytest.raises(hookline.errors.StageError, match=f'"Failing" failed in the stage "{stage}"') as raised:
        hookline.train(spec(metrics=metrics, plugin=plugin), plugins=[plugin], out=tmp_path / "run")
    assert raised.value.path == ("losses",)


def test_a_criterion_without_those_of_the_losses_is_refused_with_what_it_must_be(tmp_path):
    class One(Plugin):
        @hookline.hookimpl
        def select_loss(self):
            return nn.CrossEntropyLoss()

    with pytest.raises(hookline.errors.StageError) as raised:
        hookline.train(spec(plugin=One()), plugins=[One()], out=tmp_path / "run")
    assert str(raised.value).startswith(
        'The stage "select_loss" must be answered with an nn.Module whose attribute `losses`, an nn.ModuleDict, '
        'contains the criterion of each loss, as `run.objective.build(data)` returns it, but "kind" and "size" are '
        "missing. Plugins that implement it, in calling order: One, "
    )
    assert raised.value.path == ("losses",)


@pytest.mark.parametrize(
    ("losses", "missing"),
    [
        (3, '"kind" and "size" are missing'),
        ([nn.CrossEntropyLoss(), nn.MSELoss()], '"kind" and "size" are missing'),
        (nn.ModuleDict({"kind": nn.CrossEntropyLoss()}), '"size" is missing'),
    ],
)
def test_a_criterion_whose_losses_are_something_else_is_refused(losses, missing, tmp_path):
    class Other(Plugin):
        @hookline.hookimpl
        def select_loss(self):
            criterion = nn.Module()
            criterion.losses = losses
            return criterion

    with pytest.raises(hookline.errors.StageError, match=f"returns it, but {missing}"):
        hookline.train(spec(plugin=Other()), plugins=[Other()], out=tmp_path / "run")


def test_a_criterion_of_a_plugin_with_those_of_the_losses_trains_like_the_built_in_one(tmp_path):
    class Own(Plugin):
        @hookline.hookimpl
        def select_loss(self):
            criterion = nn.Module()
            criterion.losses = nn.ModuleDict({"kind": nn.CrossEntropyLoss(), "size": nn.MSELoss()})
            return criterion

    trials = [
        hookline.train(spec(plugin=plugin), plugins=[plugin], out=tmp_path / type(plugin).__name__)
        for plugin in (Plugin(), Own())
    ]
    assert trials[0].history == trials[1].history


NAMED = {"height": "height", "width": "width"}
MSE = {"type": "MSELoss"}


@pytest.mark.parametrize(
    ("data", "losses", "path", "meant"),
    [
        ({"targets": NAMED}, {"loss": {**MSE, "target": "heigth"}}, ("loss", "target"), 'Did you mean "height"?'),
        (
            {"targets": NAMED},
            {"losses": {"a": {**MSE, "target": "height"}, "b": {**MSE, "target": "widht"}}},
            ("losses", "b", "target"),
            'Did you mean "width"?',
        ),
        ({"targets": "height"}, {"loss": {**MSE, "target": "age"}}, ("loss", "target"), ""),
        ({"type": "Pairs"}, {"losses": {"b": {**MSE, "target": "age"}}}, ("losses", "b", "target"), ""),
    ],
)
def test_a_target_that_the_data_does_not_have_is_reported_at_the_option_of_the_loss(
    data, losses, path, meant, tmp_path
):
    (tmp_path / "table.csv").write_text("x,height,width\n1,2,3\n")
    source = {"type": "CSV", "path": str(tmp_path / "table.csv"), "inputs": "x"}
    data = {"type": "Pairs", "source": {**source, "targets": "height"}} if "type" in data else {**source, **data}
    made = hookline.load(
        {
            "data": data,
            "model": {"type": "Linear", "out_features": 1},
            **losses,
            "optimizer": {"type": "SGD"},
        }
    )
    (tmp_path / "spec.toml").write_text(hookline.dumps(made, tmp_path))
    [problem] = Loader().check(read_document(tmp_path / "spec.toml"))
    assert (problem.path, problem.id, problem.related) == (path, "unfit-targets", (("data", "targets"),))
    assert problem.place.line_text.startswith("target = ")
    assert meant in problem.message
    with pytest.raises(hookline.HooklineError) as raised:
        hookline.train(made, out=tmp_path / "run")
    assert raised.value.path == path
