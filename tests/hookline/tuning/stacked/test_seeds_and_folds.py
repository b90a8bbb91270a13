import pytest
from small_training import SPECS
from stacks import assert_close, both

import hookline

RATES = {"optimizer.lr": {"low": 0.0001, "high": 10.0, "log": True}}
FOLDS = {"type": "CSV", "path": str(SPECS / "data/iris.csv"), "targets": "species", "standardize": True}
SECTIONS = {
    # 38, 38, 37 and 37 rows, so that two folds form a stack.
    "data": {**FOLDS, "folds": 4, "batch_size": 32},
    "model": {
        "type": "Sequential",
        "layers": [{"type": "Linear", "out_features": 4}, {"type": "Dropout"}, {"type": "Linear", "out_features": 3}],
    },
    "run": {"epochs": 4, "name": "stacked", "evaluate_training": False, "dtype": "float64"},
    "callbacks": [{"type": "EarlyStopping", "patience": 1}],
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("options", "size"),
    [
        ({"seeds": 3}, 9),
        ({"folds": True, "seeds": 2}, 12),
        ({"folds": True, "type": "Optuna", "pruner": {"type": "WilcoxonPruner"}}, 6),
        ({"folds": True, "type": "Optuna", "pruner": {"type": "MedianPruner", "n_startup_trials": 2}}, 6),
    ],
    ids=str,
)
def test_all_trainings_of_all_trials_share_stacks(options, size, tmp_path):
    alone, together = both(tmp_path, RATES, sections=SECTIONS, trials=6, vectorize=3, **options)
    assert max(one.together for one in together.records) == size
    assert_close(alone, together)


def test_the_trainings_of_a_single_trial_share_a_stack(tmp_path):
    alone, together = both(tmp_path, RATES, trials=1, seeds=3)
    [best] = together.records
    assert (best.together, best.results) == (3, alone.records[0].results)  # It is trained again alone.
    assert best.rounded == pytest.approx(best.results, rel=1e-9)


class Fails:
    """A plugin with which some trainings fail."""

    @hookline.hookimpl(wrapper=True)
    def log(self, run):
        answer = yield
        if run.spec.run.seed == 1 and run.spec.optimizer.lr > 0.1:
            raise ValueError("This fails.")
        return answer


def test_a_trial_fails_if_one_of_its_trainings_fails(tmp_path):
    alone, together = both(tmp_path, RATES, trials=6, vectorize=3, seeds=3, plugin=Fails)
    assert {one.state for one in together.records} == {"finished", "failed"}
    assert "In the training seed-1: " in next(one.reason for one in together.records if one.state == "failed")
    assert_close(alone, together)


@pytest.mark.filterwarnings("ignore")
def test_trainings_without_effect_leave_no_files(tmp_path):
    pruner = {"type": "ThresholdPruner", "upper": 1.05}
    options = {"type": "Optuna", "pruner": pruner, "trials": 6, "vectorize": 3, "folds": True}
    alone, together = both(tmp_path, RATES, sections=SECTIONS, **options)
    assert len({one.state for one in together.records}) > 1
    for number in (one.number for one in together.records if one.is_rounded):
        found, wanted = (
            {path.relative_to(study.root) for path in (study.root / f"trial-{number}").rglob("*") if path.is_dir()}
            for study in (together, alone)
        )
        assert found == wanted
