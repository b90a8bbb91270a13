import pytest
from small_training import SPECS
from stacks import FLOAT64, assert_close, both

IRIS = {"type": "CSV", "path": str(SPECS / "data/iris.csv"), "standardize": True, "batch_size": 32}
LINEAR = [{"type": "Linear", "out_features": 4}, {"type": "Tanh"}, {"type": "Linear", "out_features": 3}]
SPACE = {"optimizer.lr": {"low": 0.001, "high": 0.1, "log": True}}
PROJECTING = {"type": "LinearCrossEntropyLoss", "in_features": 3}
CASES = {
    "with parameters": {"loss": PROJECTING},
    "with parameters of other options": {
        "loss": PROJECTING,
        "optimizer": {"type": "Adam", "groups": [{"parameters": "criterion.*", "lr": 0.5}]},
        "callbacks": [{"type": "Freeze", "parameters": "criterion.*", "until": 2}],
    },
    # torch cannot vectorize it, since it selects rows.
    "one by one": {"loss": {"type": "AdaptiveLogSoftmaxWithLoss", "in_features": 3, "cutoffs": [1], "div_value": 1.5}},
    # The weights differ from fold to fold.
    "with buffers": {"loss": {"type": "CrossEntropyLoss", "weight": "balanced", "label_smoothing": 0.1}},
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", CASES)
def test_each_training_has_a_criterion_of_its_own(case, tmp_path):
    sections = {
        "data": {**IRIS, "targets": "species", "folds": 3},
        "model": {"type": "Sequential", "layers": LINEAR},
        **CASES[case],
    }
    alone, together = both(tmp_path, SPACE, sections=sections, trials=2, vectorize=2, folds=True, seeds=2)
    assert [one.together for one in together.records] == [12] * 2
    assert_close(alone, together)


@pytest.mark.filterwarnings("ignore")
def test_weights_of_classes_of_shuffled_rows(tmp_path):
    loss = {"type": "CrossEntropyLoss", "weight": "balanced", "label_smoothing": 0.1}
    alone, together = both(tmp_path, {**SPACE, "run.seed": [0, 1]}, sections={"loss": loss})
    assert [one.together for one in together.records] == [4] * 4
    assert_close(alone, together)


@pytest.mark.filterwarnings("ignore")
def test_a_loss_that_looks_at_values(tmp_path):
    heads = {
        "input": {"type": "Linear"},
        "var": {"type": "Sequential", "layers": [{"type": "Linear"}, {"type": "Softplus"}]},
    }
    sections = {
        "data": {**IRIS, "targets": "petal_width", "inputs": ["sepal_*", "petal_length"], "validation": 0.2},
        "model": {"type": "Heads", "heads": heads},
        "loss": {"type": "GaussianNLLLoss"},
        "metrics": [],
        "run": FLOAT64["run"],
    }
    alone, together = both(tmp_path, {**SPACE, "run.seed": [0, 1]}, sections=sections)
    assert [one.together for one in together.records] == [4] * 4
    assert_close(alone, together)
