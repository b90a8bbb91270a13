import csv
import re

import pytest
import torch
from sklearn.metrics import precision_score
from small_training import SPECS, small

import hookline
from hookline.errors import DataError, RunError, SpecError
from hookline.spec import MetricSpec

IRIS = SPECS / "data/iris.csv"
SPLIT = {"test": 0.2, "validation": 0.2}


def of_iris(**options):
    """A data source with a test split."""
    return {"type": "CSV", "path": str(IRIS), "targets": "species", "standardize": True, "batch_size": 64} | options


def finished(spec, directory):
    """A finished run of a spec, and its result."""
    trained = hookline.train(spec, out=directory)
    return hookline.open_run(directory), trained


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return finished(small(data=of_iris(**SPLIT)), tmp_path_factory.mktemp("evaluate") / "run")[0]


def test_numbers_of_the_best_weights_are_those_of_the_training_for_every_split(tmp_path):
    stopping = {"type": "EarlyStopping", "monitor": "validation/loss", "patience": 50, "mode": "max"}
    run, trained = finished(small(stopping, data=of_iris(**SPLIT), epochs=4), tmp_path / "run")
    assert run.weights.epoch == 1  # The largest loss.
    splits = ("training", "validation", "test")
    found = {f"{split}/{name}": value for split in splits for name, value in run.evaluate(split).items()}
    assert found == trained.metrics


def test_rows_of_a_file_are_evaluated_like_those_of_a_split(tmp_path):
    with IRIS.open() as file:
        head, *rows = csv.reader(file)
    parts = {"train": rows[::2], "test": rows[1::2]}
    for name, part in parts.items():
        with (tmp_path / f"{name}.csv").open("w") as file:
            csv.writer(file).writerows([head, *part])
    data = of_iris(path=str(tmp_path / "train.csv"), test=str(tmp_path / "test.csv"), batch_size=7)
    run, trained = finished(small(data=data), tmp_path / "run")
    reported = {name: trained.metrics[f"test/{name}"] for name in ("loss", "Accuracy")}
    assert run.evaluate(data=tmp_path / "test.csv") == reported
    found = run.evaluation(data=str(tmp_path / "test.csv"))
    assert (found.rows, found.metrics) == (len(parts["test"]), reported)
    columns = dict(zip(head, zip(*parts["test"], strict=True), strict=True))
    numbers = {name: [float(cell) for cell in cells] for name, cells in columns.items() if name != "species"}
    assert run.evaluate(data=numbers | {"species": list(columns["species"])}) == reported


def test_the_model_stays_in_evaluation_mode(run):
    run.evaluate()
    assert not any(module.training for module in [*run.model.modules(), *run.criterion.modules()])


def test_metrics_are_added_and_replaced(run):
    macro = {"type": "Precision", "average": "macro"}
    numbers = run.evaluate(metrics=["Recall average=macro name=recall", macro, "Accuracy average=macro"])
    assert list(numbers) == ["loss", "Accuracy", "recall", "Precision"]
    [details] = run.evaluation().targets.values()
    precision = precision_score(details.truth, details.predicted, average="macro", zero_division=0)
    assert numbers["Precision"] == pytest.approx(precision, rel=1e-12)
    [spec] = run.spec.metrics
    assert isinstance(spec, MetricSpec)
    assert run.evaluate(metrics=[spec]) == run.evaluate()
    for one in ("Recall", {"type": "Recall"}, spec):
        assert run.evaluate(metrics=one) == run.evaluate(metrics=[one])


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        ("F1Score averag=macro", 'metric F1Score averag=macro: metrics[1].averag: F1Score has no option "averag"'),
        ("F1Scor", 'metric F1Scor: metrics[1].type: There is no metric called "F1Scor". Did you mean "F1Score"?'),
        ("F1Score average=", "metric F1Score average=: This is not a metric with its options"),
        ("F1Score average=3", "metric F1Score average=3: metrics[1].average: This must be"),
        ("R2Score", "metrics[1].type: R2Score evaluates numbers"),
        ("Accuracy num_classes=5", "metric Accuracy num_classes=5: metrics[0].num_classes: "),
        ({"average": "macro"}, "metrics[1]"),
        ("", "This is not a metric"),
    ],
)
def test_a_wrong_metric_is_an_error_that_names_it(metric, message, run):
    with pytest.raises(SpecError, match=re.escape(message)):
        run.evaluate(metrics=[metric])


def test_an_unknown_split_or_batch_size_is_an_error(run):
    with pytest.raises(RunError, match=r'no split "tests"\. Did you mean "test"\?'):
        run.evaluate("tests")
    with pytest.raises(hookline.HooklineError, match="at least 1, not 0"):
        run.evaluate(batch_size=0)


def test_rows_that_cannot_be_read_are_listed_and_none_are_an_error(run, tmp_path):
    head = "sepal_length,sepal_width,petal_length,petal_width,species\n"
    (tmp_path / "bad.csv").write_text(f"{head}1,2,3,4,setosa\n1,2,x,4,setosa\n1,2,3,4,rose\n")
    with pytest.raises(DataError, match="2 of 3 rows cannot be read") as error:
        run.evaluate(data=tmp_path / "bad.csv")
    assert [problem.row for problem in error.value.problems] == [2, 3]
    (tmp_path / "empty.csv").write_text(head)
    with pytest.raises(DataError, match=r"empty\.csv"):
        run.evaluate(data=tmp_path / "empty.csv")


def test_a_wrapper_of_the_run_changes_the_predictions_of_an_evaluation_too(tmp_path):
    class Always:
        @hookline.hookimpl(wrapper=True)
        def predict(self):
            several = yield
            return {
                key: one.replaced(torch.tensor([1.0, 0, 0]).expand(len(one.predictions), 3))
                for key, one in several.items()
            }

    trained = hookline.train(small(data=of_iris(**SPLIT)), plugins=[Always()], out=tmp_path / "run")
    run = hookline.open_run(tmp_path / "run", plugins=[Always()])
    found = run.evaluation()
    assert set(found.targets["target"].predicted) == {0}
    assert found.metrics["Accuracy"] == trained.metrics["test/Accuracy"]
