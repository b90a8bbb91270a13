"""Importances are those that Optuna computes for the same trials."""

import warnings

import optuna
import pytest
from made_trials import SPACE, made_trials

from hookline_tune.importances import importances


def by_optuna(trials, maximized):
    floats = optuna.distributions.FloatDistribution
    known = {
        "optimizer": optuna.distributions.CategoricalDistribution(("SGD", "Adam")),
        "optimizer.SGD.lr": floats(0.001, 1.0, log=True),
        "optimizer.SGD.momentum": floats(0.0, 0.9),
        "optimizer.Adam.lr": floats(1e-5, 0.1, log=True),
        "model.layers": optuna.distributions.CategoricalDistribution((0, 1)),
        "model.dropout": floats(0.0, 0.5, step=0.1),
        "data.$cost": optuna.distributions.IntDistribution(8, 256, log=True),
        "data.batch_size": optuna.distributions.CategoricalDistribution((16, 32)),
    }
    study = optuna.create_study(directions=["maximize" if up else "minimize" for up in maximized])
    for one in trials.compared:
        distributions = {name: known[name] for name in one.values}
        study.add_trial(optuna.create_trial(params=one.values, distributions=distributions, values=one.results))
    return optuna.importance.get_param_importances(study)


@pytest.mark.parametrize("maximized", [(False,), (True,), (True, False)])
def test_importances_are_those_of_optuna(maximized):
    trials = made_trials(80, monitors=("a", "b")[: len(maximized)], maximized=maximized)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        expected = by_optuna(trials, maximized)
    assert importances(SPACE, trials.records[:-1], maximized) == expected
    assert sum(expected.values()) == pytest.approx(1)


def test_there_are_none_of_few_trials_and_without_optuna(monkeypatch):
    trials = made_trials(80)
    assert importances(SPACE, trials.records[:20], [False]) == {}
    monkeypatch.setattr("hookline_tune.importances.find_spec", lambda _: None)
    assert importances(SPACE, trials.records, [False]) == {}
