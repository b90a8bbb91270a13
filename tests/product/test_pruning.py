"""Trials with known curves are pruned exactly where the definition of each pruner says, and nothing of them is lost."""

import json
import math
import warnings
from pathlib import Path

import optuna
import pruners_by_definition as definitions
import pytest
from exhaustive import sampled
from tuning import tuned

import hookline
from hookline import hookimpl

TRIALS, EPOCHS = 20, 9
CURVES = [
    [
        round(2.0 / epoch**0.5 + (number * 7919 % 23) / 10 + ((number + epoch) * epoch % 5) / 20, 6)
        for epoch in range(1, EPOCHS + 1)
    ]
    for number in range(1, TRIALS + 1)
]
PRUNERS = {
    "MedianPruner": ({"n_startup_trials": 3, "n_warmup_steps": 2}, definitions.median_pruner),
    "MedianPruner in intervals": (
        {"n_startup_trials": 2, "n_warmup_steps": 1, "interval_steps": 3, "n_min_trials": 2},
        definitions.median_pruner,
    ),
    "PercentilePruner": ({"percentile": 25.0, "n_startup_trials": 4}, definitions.percentile_pruner),
    "SuccessiveHalvingPruner": ({"min_resource": 1, "reduction_factor": 2}, definitions.successive_halving),
    "SuccessiveHalvingPruner with a bootstrap": (
        {"min_resource": 1, "reduction_factor": 3, "min_early_stopping_rate": 1, "bootstrap_count": 2},
        definitions.successive_halving,
    ),
    "HyperbandPruner": ({"min_resource": 1, "max_resource": 9, "reduction_factor": 3}, definitions.hyperband),
    "ThresholdPruner": ({"upper": 2.4, "lower": 0.8, "n_warmup_steps": 1}, definitions.threshold_pruner),
    "PatientPruner": ({"patience": 1}, definitions.patient_pruner),
    "PatientPruner with a margin": ({"patience": 0, "min_delta": 0.05}, definitions.patient_pruner),
}


class GivenCurves:
    """Makes the validation loss of each trial a given curve, and holds a file open during the training."""

    def __init__(self, curves):
        self.curves, self.opened, self.closed = curves, [], []

    @hookimpl(wrapper=True)
    def evaluate(self, run, split):
        numbers = yield
        number = int(run.directory.name.removeprefix("trial-"))
        given = self.curves[number - 1][run.epoch - 1]
        return {**numbers, "loss": given, "Accuracy": -given}

    @hookimpl(wrapper=True)
    def fit(self, run):
        self.opened.append(run.directory.name)
        with (run.directory / "resource.txt").open("w") as file:
            trained = yield
            file.write(f"{run.epoch}")
        self.closed.append(run.directory.name)
        return trained


def optuna_ends(name, options, curves):
    """The same with a loop that is written with Optuna alone."""
    own = {"wrapped_pruner": None, **options} if name == "PatientPruner" else options
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        study = optuna.create_study(study_name="hookline", pruner=getattr(optuna.pruners, name)(**own))
    ends = []
    for curve in curves:
        trial, is_pruned = study.ask(), False
        for epoch, number in enumerate(curve, 1):
            trial.report(number, epoch - 1)
            is_pruned = epoch < len(curve) and trial.should_prune()
            if is_pruned:
                break
        study.tell(trial, None if is_pruned else number, state=optuna.trial.TrialState.PRUNED if is_pruned else None)
        ends.append((epoch, is_pruned))
    return ends


@pytest.mark.parametrize("case", sampled(PRUNERS, [name for name in PRUNERS if " " not in name]))
def test_trials_are_pruned_where_the_definition_says_and_nothing_is_lost(case, tmp_path, monkeypatch):
    monkeypatch.setattr("hookline.tuning.finishing.draw", lambda *_: None)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    options, definition = PRUNERS[case]
    name = case.partition(" ")[0]
    expected = definitions.ends_of(CURVES, definition(**options))
    assert optuna_ends(name, options, CURVES) == expected
    assert {is_pruned for _, is_pruned in expected} == {True, False}
    given = GivenCurves(CURVES)
    spec = tuned(
        {"optimizer.lr": {"low": 0.001, "high": 0.1}},
        type="Optuna",
        trials=TRIALS,
        pruner={"type": name, **options},
        epochs=EPOCHS,
    )
    study = hookline.tune(spec, plugins=[given], out=tmp_path / "study")
    assert [(record.epochs, record.state == "pruned") for record in study.records] == expected
    for record, curve, (end, is_pruned) in zip(study.records, CURVES, expected, strict=True):
        home = study.root / f"trial-{record.number}"
        logged = [json.loads(line) for line in (home / "metrics.jsonl").read_text().splitlines()]
        assert [one["validation/loss"] for one in logged] == curve[:end]
        assert record.curve == dict(enumerate(curve[:end], 1))
        assert record.results == [curve[end - 1]]
        assert (home / "resource.txt").read_text() == str(end)
        result = json.loads((home / "result.json").read_text())
        assert (result["epochs"], result["state"]) == (end, "stopped" if is_pruned else "finished")
        if is_pruned:
            assert record.reason == f"{name} pruned it after epoch {end}, with validation/loss {curve[end - 1]:.5g}."
            assert result["stopped"] == record.reason
    assert given.opened == given.closed == [f"trial-{number}" for number in range(1, TRIALS + 1)]
    links = [one.readlink() for one in list(Path("/proc/self/fd").iterdir()) if one.is_symlink()]
    assert not [link for link in links if link.is_relative_to(study.root)]


@pytest.mark.parametrize("name", ["MedianPruner", "SuccessiveHalvingPruner", "PatientPruner"])
def test_a_number_that_is_maximized_is_pruned_like_its_opposite(name, tmp_path, monkeypatch):
    monkeypatch.setattr("hookline.tuning.finishing.draw", lambda *_: None)
    options, definition = PRUNERS[name]
    space, pruner = {"optimizer.lr": {"low": 0.001, "high": 0.1}}, {"type": name, **options}
    spec = tuned(space, type="Optuna", trials=12, monitor="validation/Accuracy", pruner=pruner, epochs=EPOCHS)
    study = hookline.tune(spec, plugins=[GivenCurves(CURVES)], out=tmp_path / "study")
    expected = definitions.ends_of(CURVES[:12], definition(**options))
    assert [(record.epochs, record.state == "pruned") for record in study.records] == expected
    assert study.plan.maximized == (True,)


def test_a_trial_without_a_number_is_pruned_and_does_not_count(tmp_path, monkeypatch):
    monkeypatch.setattr("hookline.tuning.finishing.draw", lambda *_: None)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    curves = [[1.0, 0.9, 0.8], [math.nan, math.nan, math.nan], [1.2, 0.7, 0.6], [math.nan, 2.0, 0.1]]
    options = {"n_startup_trials": 1}
    expected = definitions.ends_of(curves, definitions.median_pruner(**options))
    assert optuna_ends("MedianPruner", options, curves[:1]) == expected[:1]
    spec = tuned(
        {"optimizer.lr": {"low": 0.001, "high": 0.1}},
        type="Optuna",
        trials=4,
        pruner={"type": "MedianPruner", **options},
        epochs=3,
    )
    study = hookline.tune(spec, plugins=[GivenCurves(curves)], out=tmp_path / "study")
    assert [(record.epochs, record.state == "pruned") for record in study.records] == expected
    assert expected == [(3, False), (1, True), (1, True), (1, True)]
    assert [record.number for record in study.best] == [1]
