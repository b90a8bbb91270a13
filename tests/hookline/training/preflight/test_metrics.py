"""Metrics in the preflight."""

import types
from pathlib import Path

import pytest
from small_training import small

import hookline
from hookline.data import Target
from hookline.training.preflight import metrics, preflight
from hookline.training.preflight.metrics import misleading_metrics

SPECS = Path(__file__).parents[4] / "specs"


def test_an_unfit_metric_is_reported_before_anything_is_written(tmp_path):
    made = hookline.load(SPECS / "iris.toml", ["metrics.Accuracy.top_k=4"])
    with pytest.raises(hookline.errors.MismatchError, match="top_k") as raised:
        hookline.train(made, out=tmp_path / "run")
    assert raised.value.path == ("metrics", 0, "top_k")
    assert not (tmp_path / "run").exists()


def test_the_rows_of_the_preflight_do_not_count_in_metrics(tmp_path, monkeypatch):
    made = hookline.load(SPECS / "iris.toml", ["run.epochs=1"])
    tried = []
    monkeypatch.setattr(preflight, "unfit_metrics", lambda *given: tried.append(metrics.unfit_metrics(*given)) or [])
    first = hookline.train(made, out=tmp_path / "tried").history
    assert tried == [[]]
    monkeypatch.setattr(preflight, "unfit_metrics", lambda *given: [])
    assert hookline.train(made, out=tmp_path / "not").history == first


@hookline.spec.spec
class Faulty(hookline.spec.MetricSpec):
    """A metric with a fault in its code."""

    fault: str = "build"
    """The method with the fault."""

    def build(self, loss, predictions):
        return Counting() if self.fault != "build" else len(3)

    def prepare(self, predictions, targets):
        return {}["x"]


class Counting:
    def to(self, device):
        return self

    def update(self, predictions, targets):
        pass


class Metrics:
    @hookline.hookimpl
    def register_specs(self):
        return [Faulty]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [("build", "TypeError: object of type 'int' has no len()"), ("prepare", "KeyError: 'x'")],
)
@pytest.mark.parametrize("is_tried", [True, False])
def test_a_fault_in_the_code_of_a_metric_is_not_blamed_on_the_data(fault, reason, is_tried, tmp_path, monkeypatch):
    metrics = f'metrics=[{{type="Accuracy"}}, {{type="Faulty", fault="{fault}"}}]'
    made = hookline.load(SPECS / "iris.toml", ["run.epochs=1", metrics], plugins=[Metrics()])
    if not is_tried:
        monkeypatch.setattr(preflight, "unfit_metrics", lambda *given: [])
    with pytest.raises(hookline.errors.StageError) as raised:
        hookline.train(made, plugins=[Metrics()], out=tmp_path / "run")
    assert raised.value.path == ("metrics", 1)
    line = getattr(Faulty, fault).__code__.co_firstlineno + 1
    assert str(raised.value) == f"Faulty failed. {__file__}, line {line}: {reason}"


def test_a_fault_in_the_predictions_of_a_loss_is_not_blamed_on_the_metric(tmp_path, monkeypatch):
    def fail(self, criterion, outputs, batch):
        raise TypeError("no")

    made = hookline.load(SPECS / "several_losses.toml", ["run.epochs=1"])
    name, loss = next(iter(made.losses.items()))
    monkeypatch.setattr(type(loss), "predictions", fail)
    with pytest.raises(hookline.errors.StageError, match=f"{type(loss).__name__} failed.*TypeError: no") as raised:
        hookline.train(made, out=tmp_path / "run")
    assert raised.value.path == ("losses", name)


def warnings_of(metrics, counts, classes=("common", "rare"), loss="CrossEntropyLoss"):
    spec = small(metrics=metrics, loss={"type": loss})
    known = Target(columns=("y",), classes=classes, counts=counts, rows=sum(counts))
    run = types.SimpleNamespace(spec=spec, objective=spec.objective)
    return list(misleading_metrics(run, types.SimpleNamespace(targets={"target": known})))


@pytest.mark.parametrize("loss", ["CrossEntropyLoss", "BCEWithLogitsLoss"])
def test_the_accuracy_alone_is_a_warning_if_nearly_all_rows_have_one_class(loss):
    [warning] = warnings_of([{"type": "Accuracy"}], (97, 3), loss=loss)
    assert warning.diagnostic.id == "misleading-metric"
    assert warning.diagnostic.path == ("metrics", 0)
    assert warning.diagnostic.message.startswith(
        '97% of the training rows have the class "common" of "y": a model that always predicts this class is right for '
        "as many, and Accuracy does not show it. Add a metric such as"
    )


@pytest.mark.parametrize(
    ("metrics", "counts"),
    [
        ([{"type": "Accuracy"}], (80, 20)),
        ([{"type": "Accuracy", "average": "macro"}], (97, 3)),
        ([{"type": "Accuracy"}, {"type": "F1Score", "average": "macro"}], (97, 3)),
        ([{"type": "Accuracy"}, {"type": "MatthewsCorrCoef"}], (97, 3)),
        ([], (97, 3)),
    ],
)
def test_metrics_that_show_rare_classes_are_no_warning(metrics, counts):
    assert warnings_of(metrics, counts) == []
