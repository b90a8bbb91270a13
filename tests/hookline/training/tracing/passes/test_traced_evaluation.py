"""The numbers of traced evaluations are those of the layers, and what cannot be traced is left to the layers."""

import json
from copy import deepcopy
from pathlib import Path

import numpy
import pytest
import torch
import tracing
from torch import nn

import hookline
from hookline.data import Batch
from hookline.errors import HooklineError
from hookline.training.tracing.graphs import rewritten
from hookline.training.tracing.graphs.fastest import Faster
from hookline.training.tracing.passes import traced_evaluation
from hookline.training.tracing.passes.traced_evaluation import TracedEvaluation

pytestmark = pytest.mark.filterwarnings("ignore::hookline.HooklineWarning")

SPECS = Path(__file__).parents[5] / "specs"
RNG = numpy.random.default_rng(3)
X = RNG.normal(size=(60, 4)).astype("float32")
DATA = {
    "x": X,
    "class": (X[:, 0] > 0).astype(int) + (X[:, 1] > 0.5),
    "label": (X[:, :2] + X[:, 2:] > 0).astype(int),
    "number": X @ RNG.normal(size=(4, 2)).astype("float32") * 30 + 7,
    "weight": RNG.uniform(0, 2, 60).astype("float32"),
}
LAYERS = [
    {"type": "ReLU", "inplace": True},
    {"type": "Linear", "out_features": 8},
    {"type": "BatchNorm1d"},
    {"type": "Dropout", "p": 0.5},
    {"type": "Linear"},
]
ENTROPY = {"type": "CrossEntropyLoss"}
RATES = [{"type": "Accuracy"}, {"type": "F1Score", "average": "macro"}, {"type": "AUROC"}, {"type": "Perplexity"}]
ERRORS = [{"type": "MeanAbsoluteError"}, {"type": "SpearmanCorrCoef"}]
CASES = {
    "classes": ("class", {"loss": ENTROPY, "metrics": RATES}),
    "weights of classes": ("class", {"loss": {**ENTROPY, "weight": [1.0, 2.0, 0.5]}, "metrics": RATES}),
    "an ignored class": ("class", {"loss": {**ENTROPY, "ignore_index": 1}, "metrics": RATES[:2]}),
    "a sum": ("class", {"loss": {**ENTROPY, "reduction": "sum", "factor": 0.5}}),
    "weights of rows": ("class", {"loss": ENTROPY, "metrics": RATES, "data": {"weight_column": "weight"}}),
    "labels": ("label", {"loss": {"type": "BCEWithLogitsLoss"}, "metrics": [RATES[2], {"type": "MultilabelRankingLoss"}]}),
    "numbers": ("number", {"loss": {"type": "MSELoss"}, "metrics": ERRORS}),
    "EarlyStopping": ("class", {"loss": ENTROPY, "callbacks": [{"type": "EarlyStopping", "patience": 1}]}),
    "several losses": (
        "class",
        {
            "losses": {
                "one": {**ENTROPY, "target": "target", "weight": [1.0, 2.0, 0.5]},
                "two": {"type": "MultiMarginLoss", "target": "target", "factor": 0.5},
            },
            "metrics": [{**metric, "target": "one"} for metric in RATES],
        },
    ),
}  # fmt: skip


def spec_of(trace, targets, sections=(), plugins=(), **more):
    whole = {
        "run": {"epochs": 6, "seed": 2, "trace": trace},
        "data": {"type": "Arrays", "inputs": ["x"], "targets": [targets], "batch_size": 8, "validation": 0.35},
        "model": {"type": "Sequential", "layers": LAYERS},
        "optimizer": {"type": "SGD", "lr": 0.01},
    }
    for section, options in {**dict(sections), **more}.items():
        whole[section] = {**whole["data"], **options} if section == "data" else options
    return hookline.load(whole, plugins=plugins)


def trained(trace, out, targets="class", sections=(), *plugins, data=DATA, **more):
    spec = spec_of(trace, targets, sections or {"loss": ENTROPY, "metrics": RATES}, plugins, **more)
    names = ("x", targets, *(("weight",) if getattr(spec.data, "weight_column", None) else ()))
    return hookline.train(spec, data={name: data[name] for name in names}, plugins=plugins, out=out / trace)


def numbers(trial):
    """Every number of the evaluations, and the state of the generator that layers may draw from."""
    return trial.history, trial.metrics, torch.get_rng_state().tolist()


def counts(trial):
    return json.loads((trial.directory / "result.json").read_text())["traced_evaluation"]


@pytest.mark.parametrize("runner", tracing.RUNNERS)
@pytest.mark.parametrize("case", CASES)
def test_the_numbers_are_those_of_the_layers(case, runner, tmp_path, monkeypatch):
    plain = trained("off", tmp_path, *CASES[case])
    expected = numbers(plain)
    assert counts(plain) == {"traced": 0, "by_layers": 0, "reasons": ['`trace` is "off"']}
    tracing.trace_everything(monkeypatch, runner)
    traced = trained("auto", tmp_path, *CASES[case])
    assert numbers(traced) == expected
    # The batches have 8, 7 and 5 rows.
    assert counts(traced)["by_layers"] == 3
    assert counts(traced)["traced"] >= 3 * len(traced.history) + 5 - 3


@pytest.mark.parametrize("runner", tracing.RUNNERS)
def test_metrics_are_in_the_original_unit(runner, tmp_path, monkeypatch):
    found = {}
    for trace in ("off", "auto"):
        scaled = "data.columns={progression={type='StandardScaler'}}"
        spec = hookline.load(SPECS / "diabetes.toml", ["run.epochs=4", scaled, f"run.trace={trace!r}"])
        found[trace] = hookline.train(spec, out=tmp_path / trace)
        tracing.trace_everything(monkeypatch, runner)
    assert numbers(found["off"])[:2] == numbers(found["auto"])[:2]
    assert counts(found["auto"])["traced"] >= 4


class Shaking(nn.Module):
    """Draws in evaluation, and counts the epochs in an attribute that decides what it computes."""

    def __init__(self):
        super().__init__()
        self.scale = 1.0

    def forward(self, x):
        return x * self.scale + (0 if self.training else 0.1 * torch.rand_like(x))


class Deciding(nn.Module):
    """Looks at values."""

    def forward(self, x):
        return x * 2 if self.training or x.sum().item() > 0 else x


class Comparing(nn.Module):
    """Has a condition on values."""

    def forward(self, x):
        return x * 2 if self.training or x[0].sum() > x[1].sum() else x


class With:
    """Puts a layer behind the model, and does something after each epoch."""

    def __init__(self, layer, after=lambda layer, data, epoch: None):
        self.layer, self.after = layer, after

    @hookline.hookimpl(wrapper=True)
    def prepare_data(self):
        self.data = yield
        return self.data

    @hookline.hookimpl(wrapper=True)
    def build_model(self):
        return nn.Sequential((yield), self.layer)

    @hookline.hookimpl(wrapper=True)
    def log(self, run):
        record = yield
        self.after(self.layer, self.data, run.epoch)
        return record


def both(tmp_path, monkeypatch, make):
    """Train by the layers and with traces; compare all numbers, and return what was traced."""
    plain = trained("off", tmp_path, "class", (), make())
    expected = numbers(plain)
    tracing.trace_everything(monkeypatch, "torchscript")
    traced = trained("auto", tmp_path, "class", (), make())
    assert numbers(traced) == expected
    return counts(traced)


def test_a_layer_that_changes_between_passes_is_recorded_again(tmp_path, monkeypatch):
    def change(layer, data, epoch):
        if epoch in (2, 4):
            layer.scale = 1.0 / epoch

    report = both(tmp_path, monkeypatch, lambda: With(Shaking(), change))
    assert report["by_layers"] == 7
    assert report["traced"] == 16
    assert report["reasons"] == ["a change of Sequential.1 required a new trace"]


class Before(With):
    """Does something before each evaluation."""

    @hookline.hookimpl(wrapper=True)
    def evaluate(self, run):
        self.after(self.layer, self.data, run.epoch)
        return (yield)


def test_a_change_before_an_evaluation_is_noticed(tmp_path, monkeypatch):
    def change(layer, data, epoch):
        layer.scale = 1.0 if epoch < 4 else 0.5

    report = both(tmp_path, monkeypatch, lambda: Before(Shaking(), change))
    assert report["reasons"] == ["a change of Sequential.1 required a new trace"]


def test_a_change_after_an_epoch_without_validation_is_noticed(tmp_path, monkeypatch):
    def change(layer, data, epoch):
        layer.scale = 1.0 if epoch < 5 else 0.5

    def make():
        return With(Shaking(), change)

    run = {"epochs": 5, "seed": 2, "validate_every_epochs": 2}
    plain = trained("off", tmp_path, "class", (), make(), run={**run, "trace": "off"}, loss=ENTROPY, metrics=RATES)
    tracing.trace_everything(monkeypatch, "torchscript")
    traced = trained("auto", tmp_path, "class", (), make(), run={**run, "trace": "auto"}, loss=ENTROPY, metrics=RATES)
    assert numbers(traced) == numbers(plain)
    assert "a change of Sequential.1 required a new trace" in counts(traced)["reasons"]


@pytest.mark.parametrize(("kind", "number"), [(With, 2), (Before, 6)])
def test_layers_are_compared_once_in_an_epoch_unless_the_evaluation_is_wrapped(kind, number, tmp_path, monkeypatch):
    epochs, usual = [], traced_evaluation.settings_of

    def settings_of(run, **options):
        epochs.append(plugin.epoch)
        return usual(run, **options)

    class Counting(kind):
        epoch = 1

        @hookline.hookimpl(wrapper=True)
        def log(self, run):
            self.epoch = run.epoch + 1
            return (yield)

    tracing.trace_everything(monkeypatch, "torchscript")
    monkeypatch.setattr(traced_evaluation, "settings_of", settings_of)
    plugin = Counting(nn.Identity())
    trained("auto", tmp_path, "class", (), plugin)
    assert len({epoch for epoch in epochs if epoch <= 6}) == number  # In the first epoch, and in the next one.


def test_the_rows_may_change_between_passes(tmp_path, monkeypatch):
    def change(layer, data, epoch):
        data.validation.all.inputs["x"].mul_(1.5)

    report = both(tmp_path, monkeypatch, lambda: With(nn.Identity(), change))
    assert report["by_layers"] == 3


@pytest.mark.parametrize("change", [lambda rows: rows[:10], lambda rows: rows[:1], lambda rows: rows.repeat(2, 1)[:40]])
def test_other_rows_may_take_the_place_of_those_of_a_split(change, tmp_path, monkeypatch):
    def replace(layer, data, epoch):
        if epoch == 3:
            rows = data.validation.all
            rows.inputs["x"] = change(rows.input)
            [target] = rows.targets
            rows.targets[target] = change(rows.target[:, None])[:, 0]

    both(tmp_path, monkeypatch, lambda: With(nn.Identity(), replace))


class Remembering(nn.Module):
    """Overwrites its input in evaluation, and keeps it for the next batch, which may be that of the next pass."""

    def __init__(self):
        super().__init__()
        self.last = None

    def forward(self, x):
        if self.training:
            return x
        x.mul_(1.5)
        before, self.last = self.last, x
        return x if before is None else x + 0.1 * before.mean()


class InFront(With):
    """Puts a layer before the model."""

    @hookline.hookimpl(wrapper=True)
    def build_model(self):
        return nn.Sequential(self.layer, (yield))


def test_a_layer_may_keep_and_overwrite_the_rows_of_a_pass(tmp_path, monkeypatch):
    report = both(tmp_path, monkeypatch, lambda: InFront(Remembering()))
    assert report["traced"] == 0


class KeptTruth:
    """Sums up the true numbers of this pass and of all passes before, which it keeps and overwrites."""

    def __init__(self, kept):
        self.kept = kept

    def to(self, device):
        return self

    def update(self, predictions, targets):
        self.kept.append(targets)
        targets.add_(len(self.kept))

    def compute(self):
        return float(sum(one.double().sum() for one in self.kept))


def metric_of(kept):
    """A plugin with a metric that keeps the true numbers of all passes here."""

    @hookline.spec.spec
    class Keeping(hookline.spec.MetricSpec):
        """Keep the true numbers."""

        def build(self, loss, predictions):
            return KeptTruth(kept)

    class Plugin:
        @hookline.hookimpl
        def register_specs(self):
            return [Keeping]

    return Plugin()


@pytest.mark.parametrize("checks", [0, 3])
def test_a_metric_may_keep_and_overwrite_the_rows_of_a_pass(checks, tmp_path, monkeypatch):
    kept, found = {"off": [], "auto": []}, {}
    sections = {"loss": {"type": "MSELoss"}, "metrics": [{"type": "Keeping"}, *ERRORS]}
    for trace, several in kept.items():
        found[trace] = numbers(trained(trace, tmp_path, "number", sections, metric_of(several)))
        tracing.trace_everything(monkeypatch, "torchscript", checks)
    assert found["auto"] == found["off"]
    assert all(map(torch.equal, *kept.values()))


class Scaling:
    """Lets splits yield other rows in each epoch."""

    @hookline.hookimpl(wrapper=True)
    def prepare_data(self):
        data = yield
        for split in (data.training, data.validation):
            split.epoch = self.scaled(split.epoch)
        return data

    def scaled(self, usual):
        def epoch(number, start=0):
            for batch in usual(number, start):
                yield Batch({"x": batch.input * number}, batch.targets)

        return epoch


def test_splits_may_yield_other_rows_in_each_epoch(tmp_path, monkeypatch):
    report = both(tmp_path, monkeypatch, Scaling)
    assert report["traced"] > 0


class Encoding(nn.Module):
    """A layer that computes in another way in evaluation, unless something sees each function of torch."""

    def __init__(self):
        super().__init__()
        self.layer = nn.TransformerEncoderLayer(3, 1, 4, batch_first=True)

    def forward(self, x):
        return self.layer(x[:, None])[:, 0]


def test_a_recorded_batch_has_the_bits_of_the_layers(tmp_path, monkeypatch):
    def make():
        torch.manual_seed(0)
        return With(Encoding())

    report = both(tmp_path, monkeypatch, make)
    assert report["traced"] > 0


def test_the_layers_evaluate_what_depends_on_values(tmp_path, monkeypatch):
    report = both(tmp_path, monkeypatch, lambda: With(Deciding()))
    assert report["traced"] == 0
    assert report["by_layers"] == 23
    assert "looks at the values of a tensor" in report["reasons"][0]


def test_the_layers_take_over_where_a_condition_has_another_value(tmp_path, monkeypatch):
    report = both(tmp_path, monkeypatch, lambda: With(Comparing()))
    assert report["traced"] + report["by_layers"] == 23
    assert report["reasons"] == ["the trace failed: the layers look at values, which lead to other operations now"]


class Switched(nn.Module):
    """Has a condition on a buffer."""

    def __init__(self):
        super().__init__()
        self.register_buffer("level", torch.zeros(()))

    def forward(self, x):
        return x * 2 if self.level > 0 else x


def test_no_batch_is_lost_if_the_trace_of_kept_groups_fails(tmp_path, monkeypatch):
    def change(layer, data, epoch):
        if epoch == 3:
            layer.level.fill_(1)

    monkeypatch.setitem(globals(), "LAYERS", [{"type": "Linear"}])  # It changes no state, so batches are grouped.
    rows = {name: numpy.tile(DATA[name], (3,) + (1,) * (DATA[name].ndim - 1)) for name in ("x", "class")}
    found = {}
    for trace in ("off", "auto"):
        trial = trained(trace, tmp_path, "class", (), With(Switched(), change), data=rows)
        found[trace] = numbers(trial)
        tracing.trace_everything(monkeypatch, "python")
    assert found["auto"] == found["off"]
    report = counts(trial)
    # The first evaluation records batches of 8 and of 7 rows. The groups of the second and the third one are traced.
    assert report["traced"] == 22
    assert report["by_layers"] == 6 * 8 + 15 - 22
    assert report["reasons"] == ["the trace failed: the layers look at values, which lead to other operations now"]


def test_batches_are_grouped_as_soon_as_a_trace_is_ready(tmp_path, monkeypatch):
    sizes = []
    grouped = traced_evaluation.TracedGroup.add_to

    def add_to(group, *sums):
        sizes.append(len(group.group.batches))
        grouped(group, *sums)

    monkeypatch.setattr(traced_evaluation.TracedGroup, "add_to", add_to)
    monkeypatch.setitem(globals(), "LAYERS", [{"type": "Linear"}])
    tracing.trace_everything(monkeypatch, "python")
    rows = {name: numpy.tile(DATA[name], (4,) + (1,) * (DATA[name].ndim - 1)) for name in ("x", "class")}
    once = {"run": {"epochs": 1}, "data": {"validation": 0.5}, "loss": ENTROPY}
    trained("auto", tmp_path, "class", once, data=rows)
    # At most four batches are in a call. The layers evaluate the first of 15 batches; those of training follow.
    assert sizes == [4, 4, 4, 2, 4, 4, 4, 3]


class Tripled:
    """Wraps a stage of the evaluation."""

    __hookline_name__ = "the wrapper"

    @hookline.hookimpl(wrapper=True)
    def predict(self):
        answer = yield
        return {key: one.replaced(one.predictions, one.scores * 3) for key, one in answer.items()}


def test_a_wrapper_around_predict_sees_every_batch(tmp_path, monkeypatch):
    report = both(tmp_path, monkeypatch, Tripled)
    assert report == {"traced": 0, "by_layers": 0, "reasons": ['the wrapper implements the stage "predict"']}


class Teacher:
    """Evaluates a copy of the model after each evaluation of the model."""

    def __init__(self):
        self.copy, self.is_inside = None, False

    @hookline.hookimpl(wrapper=True)
    def evaluate(self, run, model, criterion, batches, split):
        answer = yield
        if not self.is_inside:
            self.copy, self.is_inside = self.copy or deepcopy(model), True
            run.stages.evaluate(run=run, model=self.copy, criterion=criterion, batches=batches, split=split)
            self.is_inside = False
        return answer


def test_two_models_in_turn_have_traces_of_their_own(tmp_path, monkeypatch):
    alone = both(tmp_path / "alone", monkeypatch, lambda: With(nn.Identity()))
    together = both(tmp_path / "together", monkeypatch, Teacher)
    assert alone["traced"] > 0
    assert [together[name] for name in ("traced", "by_layers")] == [2 * alone[name] for name in ("traced", "by_layers")]


def test_an_error_in_a_traced_batch_is_that_of_the_layers(tmp_path, monkeypatch):
    def change(layer, data, epoch):
        if epoch == 3:
            data.validation.all.target[-1] = 7

    messages = {}
    for trace in ("off", "auto"):
        with pytest.raises(HooklineError, match="Target 7 is out of bounds") as error:
            trained(trace, tmp_path, "class", (), With(nn.Identity(), change))
        messages[trace] = str(error.value).replace(str(tmp_path / trace), "")
        tracing.trace_everything(monkeypatch, "torchscript")
    assert messages["off"] == messages["auto"]


def test_every_batch_is_compared_before_its_trace_is_used(tmp_path):
    report = counts(trained("auto", tmp_path, run={"epochs": 60, "seed": 2}))
    assert report["by_layers"] + report["traced"] == 3 * 60 + 5


class Pooling(nn.Sequential):
    """A layer with an operation that has faster ways, and changes nothing."""

    def __init__(self):
        super().__init__(nn.Unflatten(1, (1, 1, 3)), nn.MaxPool2d(1), nn.Flatten())


def test_a_faster_operation_that_differs_is_replaced_by_the_original_one(tmp_path, monkeypatch):
    plain = numbers(trained("off", tmp_path, "class", (), With(Pooling())))
    tracing.trace_everything(monkeypatch, "torchscript", checks=3)
    way = Faster(lambda planes, *_: torch.ops.aten.max_pool2d_with_indices(planes + 1, [1, 1]), 1.0)
    monkeypatch.setattr(rewritten, "fastest", lambda operation, *_: way if "pool" in operation.name() else None)
    traced = trained("auto", tmp_path, "class", (), With(Pooling()))
    assert numbers(traced) == plain
    report = counts(traced)
    reason = "faster operations are not used: the trace computes other bits of the loss or a prediction"
    assert report["reasons"] == [reason]
    # Of each shape, one batch is recorded and three are compared, after the first one that differs.
    recorded_and_differs, of_shape = 2, 1 + 3
    batches_in_all = report["traced"] + report["by_layers"]
    assert batches_in_all == 3 * 6 + 5
    assert recorded_and_differs + 2 * of_shape <= report["by_layers"] < batches_in_all


@pytest.mark.parametrize(("epochs", "is_left"), [(3, True), (60, False)])
def test_few_batches_are_evaluated_without_a_look_at_traces(epochs, is_left, tmp_path, monkeypatch):
    begun, begin = [], TracedEvaluation.__init__
    monkeypatch.setattr(TracedEvaluation, "__init__", lambda self, *given: begun.append(1) or begin(self, *given))
    target, more = CASES["an ignored class"]
    trial = trained("auto", tmp_path, target, {**more, "run": {"epochs": epochs}})
    report = counts(trial)
    assert (begun == []) == is_left
    assert report["reasons"] == []
    assert report["traced"] + report["by_layers"] == 3 * epochs + 5
