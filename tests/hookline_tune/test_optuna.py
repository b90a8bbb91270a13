"""Optuna suggests and prunes as in a loop that is written with Optuna alone."""

import warnings
from zlib import crc32

import optuna
import pytest
from tuning import tuned

import hookline
from hookline.spec import TrainingRecord, TrialRecord
from hookline.tuning.trainings import mean_results

SPACE = {
    "optimizer": [{"type": "SGD", "lr": {"low": 0.001, "high": 1.0, "log": True}}, {"type": "Adam"}],
    "data.batch_size": {"low": 8, "high": 64},
    "data.validation": {"low": 0.1, "high": 0.5, "step": 0.1},
}


@pytest.fixture(autouse=True)
def quiet():
    optuna.logging.set_verbosity(optuna.logging.ERROR)


def value(trial):
    """A function of the values, to minimize."""
    lr = trial.get("optimizer.SGD.lr", 0.5)
    return (lr - 0.1) ** 2 + (trial["data.batch_size"] - 20) ** 2 / 1000 + trial["data.validation"]


def asked_of_optuna(trial):
    trial.suggest_categorical("optimizer", ("SGD", "Adam"))
    if trial.params["optimizer"] == "SGD":
        trial.suggest_float("optimizer.SGD.lr", 0.001, 1.0, log=True)
    trial.suggest_int("data.batch_size", 8, 64)
    trial.suggest_float("data.validation", 0.1, 0.5, step=0.1)
    return trial.params


def test_trials_are_those_of_a_loop_with_optuna():
    tuner = tuned(SPACE, type="Optuna", trials=12, sampler={"type": "TPESampler", "n_startup_trials": 3}).tune
    study = optuna.create_study()
    known = []
    for number in range(1, 13):
        study.sampler = optuna.samplers.TPESampler(n_startup_trials=3, seed=crc32(f"0/{number}".encode()))
        trial = study.ask()
        expected = asked_of_optuna(trial)
        # A new search knows nothing but the results, as after a restart.
        record = tuner.build(0, [False]).suggest(number, known)
        assert list(record.values) == list(expected)
        steps = record.values["data.validation"]
        assert {**record.values, "data.validation": steps} == {**expected, "data.validation": pytest.approx(steps)}
        study.tell(trial, value(expected))
        record.state, record.results, record.curve = "finished", [value(expected)], {1: value(expected)}
        known.append(record)


QMC = {"type": "QMCSampler"}
CMA = {"type": "CmaEsSampler", "popsize": 3}


@pytest.mark.parametrize(
    "options",
    [
        {"type": "RandomSampler"},
        QMC,
        {**QMC, "qmc_type": "halton", "scramble": True},
        CMA,
        {**CMA, "n_startup_trials": 3, "use_separable_cma": True},
        {**CMA, "with_margin": True},
        {"type": "CmaEsSampler", "lr_adapt": True},
        {"type": "TPESampler", "n_startup_trials": 2, "multivariate": True, "group": True},
        {"type": "GPSampler", "n_startup_trials": 2},
        {"type": "NSGAIISampler", "population_size": 3},
        {"type": "NSGAIIISampler", "population_size": 3},
    ],
    ids=str,
)
def test_each_sampler_suggests_as_in_a_loop_with_optuna(options):
    trials = 6 if options["type"] == "GPSampler" else 18
    tuner = tuned(SPACE, type="Optuna", trials=trials, sampler=options).tune
    study, known = optuna.create_study(study_name="hookline"), []
    given = {name: value for name, value in options.items() if name != "type"}
    for number in range(1, trials + 1):
        seed = crc32(f"0/{number}".encode())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if options["type"] == "QMCSampler":
                own = optuna.samplers.QMCSampler(
                    **given, seed=0, independent_sampler=optuna.samplers.RandomSampler(seed)
                )
            else:
                own = getattr(optuna.samplers, options["type"])(**given, seed=seed)
            study.sampler = own
            trial = study.ask()
            expected = asked_of_optuna(trial)
            record = tuner.build(0, [False]).suggest(number, known)
        found = {**record.values, "data.validation": trial.params["data.validation"]}
        assert found == expected, number
        assert record.values["data.validation"] == pytest.approx(expected["data.validation"])
        assert not any("optimizer" in name for name in record.attributes)  # Nothing is pickled.
        study.tell(trial, value(expected))
        record.state, record.results, record.curve = "finished", [value(expected)], {1: value(expected)}
        known.append(TrialRecord.from_json(record.to_json()))


def test_brute_force_tries_all_values_once_also_while_others_run():
    space = {
        "optimizer": [{"type": "SGD", "momentum": {"low": 0.0, "high": 0.9, "step": 0.3}}, {"type": "Adam"}],
        "data.batch_size": [8, 16],
        "data.validation": {"low": 0.1, "high": 0.3, "step": 0.1},
    }
    tuner = tuned(space, type="Optuna", trials=99, sampler={"type": "BruteForceSampler"}).tune
    assert tuner.total == (4 + 1) * 2 * 3
    known = []
    for number in range(1, tuner.total + 1):
        record = tuner.build(0, [False]).suggest(number, known)
        if number % 3:  # The others are running.
            record.state, record.results = "finished", [1.0]
        known.append(record)
    assert len({tuple(record.values.items()) for record in known}) == tuner.total


def test_values_that_others_are_trying_are_avoided():
    space = {"optimizer.lr": {"low": 0.0, "high": 1.0, "step": 0.05}}
    tuner = tuned(space, type="Optuna", trials=40, sampler={"type": "TPESampler", "n_startup_trials": 5}).tune
    known = []
    for number in range(1, 21):
        record = tuner.build(0, [False]).suggest(number, known)
        record.state, record.results = "finished", [(record.values["optimizer.lr"] - 0.5) ** 2]
        known.append(record)

    def distinct(pending):
        """The number of different values among eight trials that begin one after another."""
        running = []
        for number in range(21, 29):
            record = tuner.build(0, [False]).suggest(number, [*known, *(running if pending else [])])
            running.append(TrialRecord(number=number, values=record.values))
        return len({record.values["optimizer.lr"] for record in running})

    assert distinct(pending=True) > distinct(pending=False)


@pytest.mark.parametrize(
    ("tuner", "message"),
    [
        ({"sampler": CMA, "monitor": ["validation/loss", "parameters"]}, "CmaEsSampler minimizes a single number"),
        ({"sampler": {**CMA, "lr_adapt": True, "with_margin": True}}, "`lr_adapt` cannot be combined with `with_marg"),
        ({"sampler": {"type": "BruteForceSampler"}}, r'cannot try all numbers of "optimizer\.SGD\.lr": set a `step`'),
        ({"sampler": CMA, "space": {"data.batch_size": [8, 16]}}, "the space has none outside of choices"),
    ],
)
def test_what_a_sampler_cannot_search_is_refused(tuner, message):
    with pytest.raises(hookline.errors.SpecError, match=message):
        tuned(tuner.pop("space", SPACE), type="Optuna", trials=5, **tuner)


def test_generations_continue_after_a_restart():
    tuner = tuned(SPACE, type="Optuna", trials=12, sampler={"type": "NSGAIISampler", "population_size": 4}).tune
    known = []
    for number in range(1, 13):
        record = tuner.build(0, [False]).suggest(number, known)
        record.state, record.results = "finished", [value(record.values)]
        known.append(TrialRecord.from_json(record.to_json()))
    generations = [next(iter(record.attributes.values())) for record in known]
    assert generations == [0] * 4 + [1] * 4 + [2] * 4


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("MedianPruner", {"n_startup_trials": 2}),
        ("PercentilePruner", {"percentile": 25.0, "n_startup_trials": 2}),
        ("SuccessiveHalvingPruner", {"min_resource": 1, "reduction_factor": 2}),
        ("HyperbandPruner", {"min_resource": 1, "max_resource": 9, "reduction_factor": 3}),
        ("ThresholdPruner", {"upper": 7.0}),
        ("PatientPruner", {"patience": 1}),
    ],
)
def test_trials_with_known_curves_are_pruned_as_in_a_loop_with_optuna(name, options):
    curves = [
        [(number * 7919 % 13) / (epoch + 1) + (number * epoch) % 4 for epoch in range(9)] for number in range(1, 15)
    ]
    tuner = tuned(SPACE, type="Optuna", trials=20, pruner={"type": name, **options}).tune
    own = {"wrapped_pruner": None, **options} if name == "PatientPruner" else options
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        study = optuna.create_study(study_name="hookline", pruner=getattr(optuna.pruners, name)(**own))
    known, ends, expected = [], [], []
    for number, curve in enumerate(curves, 1):
        trial = study.ask()
        search = tuner.build(0, [False])
        record = search.suggest(number, known)
        if number % 2:  # Another process goes on with the trial.
            search = tuner.build(0, [False])
        end = None
        for epoch, number_of_epoch in enumerate(curve, 1):
            trial.report(number_of_epoch, epoch - 1)
            record.curve[epoch] = number_of_epoch
            is_pruned = trial.should_prune()
            reason = search.prunes(known, record)
            assert (reason is not None) == is_pruned, (number, epoch)
            if is_pruned:
                end = epoch
                break
        study.tell(trial, None if end else curve[-1], state=optuna.trial.TrialState.PRUNED if end else None)
        record.state, record.results = ("pruned", None) if end else ("finished", [curve[-1]])
        known.append(TrialRecord.from_json(record.to_json()))
        ends.append(end)
        expected.append(end)
    assert any(ends)
    assert not all(ends)


def test_a_pruned_trial_ends_after_its_epoch_and_says_why(tmp_path):
    space = {"optimizer.lr": [0.05, 1e-6]}
    pruner = {"type": "ThresholdPruner", "upper": 0.8, "n_warmup_steps": 1}
    spec = tuned(space, type="Optuna", trials=6, pruner=pruner, epochs=4)
    study = hookline.tune(spec, out=tmp_path / "one")
    states = {record.values["optimizer.lr"]: (record.state, record.epochs) for record in study.records}
    assert states == {0.05: ("finished", 4), 1e-6: ("pruned", 2)}
    pruned = next(record for record in study.records if record.state == "pruned")
    last = f"{pruned.curve[2]:.5g}"
    assert pruned.reason == f"ThresholdPruner pruned it after epoch 2, with validation/loss {last}."
    assert {record.state for record in study.best} == {"finished"}


def test_a_study_continues_as_if_it_had_not_been_interrupted(tmp_path):
    spec = tuned(SPACE, type="Optuna", trials=8, sampler={"type": "TPESampler", "n_startup_trials": 2})
    whole = hookline.tune(spec, out=tmp_path / "whole")
    hookline.tune(spec, trials=5, out=tmp_path / "parts")
    parts = hookline.tune(resume=tmp_path / "parts", trials=8)
    assert [(one.values, one.results) for one in parts.records] == [(one.values, one.results) for one in whole.records]


def test_several_numbers_cannot_be_pruned():
    with pytest.raises(hookline.errors.SpecError, match="several monitored numbers cannot be pruned"):
        tuned(SPACE, type="Optuna", monitor=["validation/loss", "parameters"], pruner={"type": "MedianPruner"})


def test_trials_whose_trainings_are_known_are_pruned_between_them_as_in_a_loop_with_optuna():
    results = [[(number * 7919 % 13) + (number * step) % 3 for step in range(8)] for number in range(1, 15)]
    tuner = tuned(SPACE, type="Optuna", trials=20, seeds=8, pruner={"type": "WilcoxonPruner"}).tune
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        study = optuna.create_study(pruner=optuna.pruners.WilcoxonPruner())
    known, ends = [], []
    for number, numbers in enumerate(results, 1):
        trial, search = study.ask(), tuner.build(0, [False])
        record = search.suggest(number, known)
        record.curve = {1: 1e9}
        assert search.prunes(known, record) is None  # An epoch.
        end = None
        for step, result in enumerate(numbers):
            trial.report(result, step)
            record.trainings.append(TrainingRecord(seed=step, epoch=1, results=[float(result)]))
            is_pruned = trial.should_prune()
            assert (search.prunes(known, record) is not None) == is_pruned, (number, step)
            if is_pruned:
                end = step
                break
        state = optuna.trial.TrialState.PRUNED if end else None
        study.tell(trial, None if end else sum(numbers) / len(numbers), state=state)
        record.state, record.results = ("pruned" if end else "finished"), mean_results(record.trainings)
        known.append(TrialRecord.from_json(record.to_json()))
        ends.append(end)
    assert {end is None for end in ends} == {True, False}
