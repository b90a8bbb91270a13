import pytest
from run_directories import write_run

from hookline import HooklineError
from hookline.runs.side_by_side.comparison import Comparison, Condition
from hookline.runs.side_by_side.labels import labels
from hookline.runs.side_by_side.summary import RunSummary


def compared(tmp_path, *runs):
    return Comparison([RunSummary(write_run(tmp_path / str(index), **run)) for index, run in enumerate(runs, 1)])


def names(comparison):
    return [run.directory.name for run in comparison.runs]


def test_only_settings_that_differ_are_compared(tmp_path):
    assert compared(tmp_path, {"lr": 0.1}, {"lr": 0.2}, {"lr": 0.1}).settings == ["optimizer.lr"]


def test_an_option_of_another_type_says_nothing_unless_runs_of_that_type_differ_in_it(tmp_path):
    comparison = compared(tmp_path, {"lr": 0.1}, {"optimizer": "Adam", "lr": 0.1})
    spec = comparison.runs[1].directory / "spec.toml"
    spec.write_text(spec.read_text().replace("lr = 0.1", "lr = 0.1\neps = 1e-8"))
    assert comparison.settings == ["optimizer.type"]
    third = RunSummary(write_run(tmp_path / "3", optimizer="Adam"))
    (tmp_path / "3/spec.toml").write_text(spec.read_text().replace("1e-8", "1e-7"))
    assert Comparison([*comparison.runs, third]).settings == ["optimizer.type", "optimizer.eps"]


def test_a_different_number_of_layers_is_one_setting(tmp_path):
    comparison = compared(tmp_path, {}, {})
    spec = comparison.runs[1].directory / "spec.toml"
    spec.write_text(
        spec.read_text().replace("[optimizer]", '[[model.layers]]\ntype = "ReLU"\ninplace = false\n\n[optimizer]')
    )
    assert comparison.settings == ["model.layers"]
    assert labels(comparison) == ["layers = Linear", "layers = Linear, ReLU"]


def test_runs_are_sorted_by_any_column_and_those_without_it_come_last(tmp_path):
    comparison = compared(
        tmp_path,
        {"losses": [0.5]},
        {"losses": [0.2]},
        {"metrics": {}},
        {"metrics": {"validation": {"loss": None}}},
    )
    assert names(comparison.sorted_by("validation/loss")) == ["2", "1", "3", "4"]
    assert names(comparison.sorted_by("-loss")) == ["1", "2", "3", "4"]
    assert names(comparison.sorted_by("-run")) == ["4", "3", "2", "1"]
    with pytest.raises(
        HooklineError, match=r'^No run has a setting or metric "los"\. Did you mean "validation/loss"\?$'
    ):
        comparison.sorted_by("los")


@pytest.mark.parametrize(
    ("condition", "kept"),
    [
        ("optimizer.lr>0.1", ["2"]),
        ("lr >= 0.1", ["1", "2"]),
        ("lr=0.2", ["2"]),
        ("lr!=0.2", ["1", "3"]),
        ("state=failed", ["3"]),
        ('state!="failed"', ["1", "2"]),
        ("validation/loss<0.4", ["1", "2"]),
        ("lr=large", []),
        ("epochs==3", ["1", "2", "3"]),
        ("model.layers[0].out_features=3", ["1", "2", "3"]),
    ],
)
def test_runs_are_filtered_by_settings_metrics_and_state(condition, kept, tmp_path):
    comparison = compared(tmp_path, {"lr": 0.1}, {"lr": 0.2}, {"lr": 0.01, "state": "failed", "metrics": {}})
    assert names(comparison.filtered([Condition.parsed(condition)])) == kept


@pytest.mark.parametrize("text", ["lr", "lr~1", ">1", "lr=", "lr=<3"])
def test_what_is_no_condition_is_refused(text):
    with pytest.raises(HooklineError, match=r"is not a condition, such as `optimizer.lr>0.01`"):
        Condition.parsed(text)


def test_runs_with_equal_settings_are_named_by_their_directories(tmp_path):
    comparison = compared(tmp_path, {"lr": 0.1}, {"lr": 0.1})
    comparison.runs[0].spec["run"]["name"] = "2"
    assert comparison.settings == []
    assert labels(comparison) == [str(run.directory) for run in comparison.runs]
