import warnings
from math import nan
from pathlib import Path

import pytest
import torch

import hookline
from hookline import HooklineError
from hookline.errors import SpecError, counted

SPECS = Path(__file__).parents[3] / "specs"


class Scripted:
    """A plugin that returns given numbers from `evaluate`, one per epoch."""

    def __init__(self, **numbers):
        self.numbers = numbers

    @hookline.hookimpl
    def evaluate(self, run):
        return {name: numbers[run.epoch - 1] for name, numbers in self.numbers.items()}


def spec(*callbacks, epochs=10, metrics=(), **data):
    return hookline.load(
        {
            "run": {"epochs": epochs},
            "data": {"type": "CSV", "path": str(SPECS / "data/diabetes.csv"), "targets": "progression"}
            | {"validation": 0.2, "batch_size": 512}
            | data,
            "model": {"type": "Linear", "out_features": 1},
            "loss": {"type": "MSELoss"},
            "optimizer": {"type": "SGD", "lr": 0.0},
            "metrics": [{"type": name, "task": "binary"} if name == "Accuracy" else {"type": name} for name in metrics],
            "callbacks": [{"type": "EarlyStopping", **options} for options in callbacks],
        }
    )


TRAINED = {
    "run": {"epochs": 10},
    "data": {
        "type": "CSV",
        "path": str(SPECS / "data/diabetes.csv"),
        "targets": "progression",
        "validation": 0.2,
        "standardize": True,
    },
    "model": {"type": "Linear", "out_features": 1},
    "loss": {"type": "MSELoss"},
    "optimizer": {"type": "SGD", "lr": 0.001},
}
FALLING = [9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0, 0.0]
RISING = FALLING[::-1]


@pytest.mark.parametrize(
    ("losses", "options", "last", "best"),
    [
        ([5, 4, 4.5, 4.2, 3, 3, 3, 3, 3, 3], {"patience": 2}, 4, 2),
        ([5, 4, 4.5, 3.9, 3, 3, 3, 3, 3, 3], {"patience": 2}, 7, 5),
        ([5, 5, 4, 4, 4, 4, 4, 4, 4, 4], {"patience": 1}, 2, 1),
        ([5, 4.9, 4.8, 4.7, 4.6, 4.5, 4, 4, 4, 4], {"patience": 3, "min_delta": 0.25}, 10, 7),
        ([5, 4.5, 4, 4, 4, 4, 4, 4, 4, 4], {"patience": 2, "min_delta": 0.5}, 5, 3),
        ([5, 4.25, 3.5, 3, 4, 4, 4, 4, 4, 4], {"patience": 2, "min_delta": 0.5}, 5, 3),
        ([nan, 5, nan, 4, nan, nan, 3, 3, 3, 3], {"patience": 2}, 6, 4),
        (RISING, {"patience": 9}, 10, 1),
        (FALLING, {"patience": 2, "mode": "max"}, 3, 1),
    ],
)
def test_it_stops_when_the_loss_has_not_improved_for_patience_epochs(losses, options, last, best, tmp_path):
    trial = hookline.train(spec(options), plugins=[Scripted(loss=losses)], out=tmp_path / "run")
    assert trial.epochs == last
    assert [record["validation/loss"] for record in trial.history] == pytest.approx(losses[:last], nan_ok=True)
    assert trial.stopped == (
        f"validation/loss has not improved for {counted(options['patience'], 'epoch')}; it was best in epoch {best}, "
        "whose weights are kept."
    )


def test_it_stops_if_there_was_never_a_number_and_names_no_best_epoch(tmp_path):
    trial = hookline.train(spec({"patience": 2}), plugins=[Scripted(loss=[nan] * 10)], out=tmp_path / "run")
    assert trial.epochs == 2
    assert "best in epoch 0" not in trial.stopped


@pytest.mark.parametrize("losses", [FALLING, [5, 6, 4, 5, 3, 4, 2, 3, 1, 2]])
def test_it_does_not_stop_while_the_number_improves(losses, tmp_path):
    trial = hookline.train(spec({"patience": 2}), plugins=[Scripted(loss=losses)], out=tmp_path / "run")
    assert trial.epochs == 10
    assert trial.stopped is None


@pytest.mark.parametrize(
    ("metric", "higher"),
    [("Accuracy", True), ("R2Score", True), ("MeanSquaredError", False), ("MeanAbsoluteError", False)],
)
@pytest.mark.parametrize("mode", [None, "min", "max"])
def test_the_metric_defines_which_number_is_better_unless_mode_is_set(metric, higher, mode, tmp_path):
    options = {"monitor": f"validation/{metric}", "patience": 3} | ({"mode": mode} if mode else {})
    made = spec(options, metrics=[metric])
    rising = hookline.train(made, plugins=[Scripted(loss=FALLING, **{metric: RISING})], out=tmp_path / "rising")
    falling = hookline.train(made, plugins=[Scripted(loss=FALLING, **{metric: FALLING})], out=tmp_path / "falling")
    wanted = higher if mode is None else mode == "max"
    assert (rising.epochs, falling.epochs) == ((10, 4) if wanted else (4, 10))


def test_it_can_monitor_a_metric_under_its_own_name(tmp_path):
    made = hookline.load(
        SPECS / "iris.toml",
        [
            "run.epochs=5",
            'metrics=[{type="Accuracy", name="right"}]',
            'callbacks=[{type="EarlyStopping", monitor="validation/right", patience=2}]',
        ],
    )
    trial = hookline.train(made, plugins=[Scripted(loss=FALLING, right=[1, 2, 2, 2, 2])], out=tmp_path / "run")
    assert trial.epochs == 4


def test_without_a_validation_split_it_can_monitor_the_training_loss(tmp_path):
    made = spec({"monitor": "training/loss", "patience": 2}, validation=0.0)
    trial = hookline.train(made, out=tmp_path / "run")
    assert trial.epochs == 3


@pytest.mark.parametrize(
    ("monitor", "data", "message"),
    [
        ("validation/los", {}, 'Did you mean "validation/loss"?'),
        ("loss", {}, "is not logged"),
        ("test/loss", {"test": 0.2}, "is not logged"),
        ("validation/R2Score", {}, "is not logged"),
        ("validation/loss", {"validation": 0.0}, "The data has no validation split."),
    ],
)
def test_monitoring_a_number_that_is_not_logged_is_reported_before_training(monitor, data, message, tmp_path):
    with pytest.raises(HooklineError) as raised:
        hookline.train(spec({"monitor": monitor}, **data), out=tmp_path / "run")
    assert message in str(raised.value)
    assert not (tmp_path / "run").exists()


def test_two_trainings_of_one_spec_are_independent(tmp_path):
    made = spec({"patience": 2})
    for number in range(2):
        losses = [5, 4, 3, 3, 3, 3, 3, 3, 3, 3] if number else [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]
        trial = hookline.train(made, plugins=[Scripted(loss=losses)], out=tmp_path / str(number))
        assert trial.epochs == (5 if number else 3)


def test_the_first_of_several_to_stop_gives_the_reason(tmp_path):
    made = spec({"patience": 5}, {"patience": 2, "monitor": "training/loss", "restore_best": False})
    trial = hookline.train(made, plugins=[Scripted(loss=FALLING)], out=tmp_path / "run")
    assert trial.epochs == 3
    assert trial.stopped == "training/loss has not improved for 2 epochs; it was best in epoch 1."


def test_the_test_split_is_evaluated_after_an_early_stop(tmp_path):
    made = spec({"patience": 1}, test=0.2)
    trial = hookline.train(made, plugins=[Scripted(loss=[1] * 10)], out=tmp_path / "run")
    assert (trial.epochs, trial.metrics["test/loss"]) == (2, 1)


@pytest.mark.parametrize("options", [{"patience": 0}, {"min_delta": -1}, {"mode": "best"}, {"patience": 1.5}], ids=str)
def test_invalid_options_are_reported(options):
    with pytest.raises(SpecError) as raised:
        spec(options)
    assert [problem.path for problem in raised.value.problems] == [("callbacks", 0, *options)]


def test_the_weights_of_the_best_epoch_are_restored(tmp_path):
    made = hookline.load({**TRAINED, "callbacks": [{"type": "EarlyStopping", "patience": 2}]})
    trial = hookline.train(made, plugins=[Scripted(loss=[5, 3, 4, 4, 4, 4, 4, 4, 4, 4])], out=tmp_path / "stopped")
    best = hookline.train(hookline.load({**TRAINED, "run": {"epochs": 2}}), out=tmp_path / "two")
    last = hookline.train(hookline.load({**TRAINED, "run": {"epochs": 4}}), out=tmp_path / "four")
    assert trial.epochs == 4
    assert torch.equal(trial.model.weight, best.model.weight)
    assert not torch.equal(trial.model.weight, last.model.weight)


def test_the_weights_of_the_last_epoch_are_kept_on_request(tmp_path):
    options = {"type": "EarlyStopping", "patience": 2, "restore_best": False}
    made = hookline.load({**TRAINED, "callbacks": [options]})
    trial = hookline.train(made, plugins=[Scripted(loss=[5, 3, 4, 4, 4, 4, 4, 4, 4, 4])], out=tmp_path / "stopped")
    last = hookline.train(hookline.load({**TRAINED, "run": {"epochs": 4}}), out=tmp_path / "four")
    assert torch.equal(trial.model.weight, last.model.weight)


def test_two_callbacks_that_both_set_the_final_weights_are_refused():
    with pytest.raises(SpecError) as error:
        spec({"patience": 2}, {"patience": 3})
    assert str(error.value) == (
        "spec: callbacks[1]: EarlyStopping and EarlyStopping both replace the weights of the model at the end of "
        "training: remove one, or set `restore_best` of EarlyStopping to false."
    )


@pytest.mark.parametrize("is_first", [True, False])
def test_the_advice_names_the_one_that_restores_in_either_order(is_first):
    callbacks = [{"type": "EarlyStopping"}, {"type": "ExponentialMovingAverage"}]
    with pytest.raises(SpecError) as error:
        hookline.load({**TRAINED, "callbacks": callbacks[:: 1 if is_first else -1]})
    assert str(error.value).endswith("remove one, or set `restore_best` of EarlyStopping to false.")


@pytest.mark.parametrize(
    ("options", "earliest"),
    [
        ({"patience": 4}, None),
        ({"patience": 5}, 6),
        ({"patience": 50, "restore_best": False}, 51),
        ({"patience": 2, "every": 3}, 6),
        ({"patience": 2, "every": 2}, None),
        ({"patience": 3, "first": 3}, 6),
    ],
    ids=str,
)
def test_a_patience_as_long_as_the_run_is_a_warning(options, earliest, tmp_path):
    losses = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", hookline.HooklineWarning)
        trial = hookline.train(
            spec(options, epochs=6, batch_size=64), plugins=[Scripted(loss=losses)], out=tmp_path / "run"
        )
    assert (trial.epochs < 6) == (earliest is None)
    restored = "" if "restore_best" in options else " It still restores the weights of the best epoch."
    sentence = f"callbacks[0].patience: This never stops the run: it could stop after epoch {earliest} at the earliest, but the last is 6."
    assert [str(one.message) for one in caught] == ([] if earliest is None else [sentence + restored])
