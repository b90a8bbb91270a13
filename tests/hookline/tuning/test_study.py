import json
import shutil
import signal
import sys
from statistics import fmean

import PIL.Image
import pytest
from attrs import evolve
from small_training import SPECS
from tuning import SPACE, tuned

import hookline
from hookline.check.load import Loader
from hookline.cli.main import main
from hookline.errors import RunError, SpecError
from hookline.plugins.signals import Interruption
from hookline.runs.liveness import marked_as_running
from hookline.runs.study import claimed, read_plan, write_plan
from hookline.runs.trials import chosen_trial
from hookline.spec.compare import differences
from hookline.tuning.directory_store import DirectoryStore
from hookline.tuning.findings import findings
from hookline.tuning.finishing import finish
from hookline.tuning.opening import open_study
from hookline.tuning.study import Study
from hookline.tuning.workers import work_together


def told(study):
    """What a study knows of its trials, except the time that they took."""
    return [(one.number, dict(one.values), one.state, one.results, one.curve) for one in study.records]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return hookline.tune(tuned(trials=5), out=tmp_path_factory.mktemp("study") / "one")


def test_the_best_spec_trains_to_the_value_of_the_study_exactly(study, tmp_path):
    [best] = study.best
    assert best.results == [min(record.results[0] for record in study.records)]
    spec = hookline.load(study.root / "best.toml")
    assert spec.tune is None
    trial = hookline.train(spec, out=tmp_path / "again")
    assert trial.metrics["validation/loss"] == best.results[0]
    assert {record["epoch"]: record["validation/loss"] for record in trial.history} == best.curve


def test_trials_have_the_options_of_their_choice(study):
    for record in study.records:
        spec = hookline.load(study.root / f"trial-{record.number}" / "spec.toml")
        chosen = record.values["optimizer"]
        assert type(spec.optimizer).__name__ == chosen
        assert spec.optimizer.lr == record.values[f"optimizer.{chosen}.lr"]
        assert ("optimizer.SGD.momentum" in record.values) == (chosen == "SGD")
        assert spec.data.batch_size == record.values["data.batch_size"]


def test_only_the_best_trial_keeps_its_weights_and_a_study_opens_as_it(study):
    [best] = study.best
    kept = [path.parent.name for path in study.root.glob("*/model.safetensors")]
    assert kept == [f"trial-{best.number}"]
    chosen = chosen_trial(study.root)
    assert (chosen.number, chosen.trials, chosen.value) == (best.number, 5, best.results[0])
    assert hookline.open_run(study.root).metrics["validation/loss"] == best.results[0]
    other = next(record.number for record in study.records if record is not best)
    with pytest.raises(RunError, match="The weights of this trial were not kept"):
        hookline.open_run(study.root, trial=other)


def test_a_study_is_repeated_and_continued_with_the_same_trials(study, tmp_path):
    first = hookline.tune(tuned(trials=3), out=tmp_path / "short")
    assert told(first) == told(study)[:3]
    ended = []
    longer = hookline.tune(resume=tmp_path / "short", trials=5, on_end=lambda record: ended.append(record.number))
    assert ended == [4, 5]
    assert told(longer) == told(study)


def test_the_total_changes_for_all_processes_and_never_hides_a_trial(tmp_path):
    spec = tuned({"optimizer.lr": [0.1, 0.2]}, type="Optuna", sampler={"type": "BruteForceSampler"}, baseline=True)
    root = hookline.tune(evolve(spec, tune=evolve(spec.tune, trials=1)), out=tmp_path / "one").root
    other = open_study(root, Loader())
    longer = hookline.tune(resume=root, trials=9)
    assert len(longer.records) == longer.plan.trials == 3  # All values were tried.
    assert [record.number for record in other.refresh()] == [2, 3]
    assert other.is_complete
    with pytest.raises(RunError, match=r"Trial 3 has ended already: the total cannot be 2\.$"):
        open_study(root, Loader(), trials=2)
    assert len(hookline.tune(spec, resume=root).records) == 3


def test_a_killed_trial_is_run_again_with_its_values(study, tmp_path):
    root = tmp_path / "killed"
    shutil.copytree(study.root, root)
    path = root / "trial-2" / "trial.json"
    begun = json.loads(path.read_text()) | {"state": "running", "results": None}
    path.write_text(json.dumps(begun))
    (root / "trial-2" / "metrics.jsonl").write_text('{"epoch": 1}\n{"ep')
    shutil.rmtree(root / "trial-4")
    (root / "trial-4").mkdir()
    assert told(hookline.tune(resume=root)) == told(study)
    assert len((root / "trial-2" / "metrics.jsonl").read_text().splitlines()) == 2


def test_a_trial_that_another_process_has_claimed_is_left_alone(study):
    with claimed(study.root, 1) as mine, claimed(study.root, 1) as again:
        assert (mine, again) == (True, False)


def test_a_study_of_another_spec_is_refused_with_the_differences(study):
    with pytest.raises(RunError, match=r"This is the study of another spec:\n  run.epochs: 2 in the study, 3 now$"):
        hookline.tune(tuned(epochs=3, trials=9), resume=study.root)
    with pytest.raises(RunError, match=r"This is a study\. Continue it with `hookline tune --resume"):
        hookline.resume(study.root)
    with pytest.raises(RunError, match=r"not the directory of a study: it has no study\.json"):
        hookline.tune(resume=study.root / "trial-1")


def test_a_failing_trial_does_not_end_the_study(tmp_path):
    space = {"optimizer.lr": [0.01, 1e38]}
    study = hookline.tune(
        tuned(space, type="GridSearch", sections={"optimizer": {"type": "SGD"}}), out=tmp_path / "one"
    )
    assert [record.state for record in study.records] == ["finished", "failed"]
    assert "NaN" in study.records[1].reason or "infinite" in study.records[1].reason
    assert [record.number for record in study.best] == [1]


def test_a_study_of_which_every_trial_fails_is_an_error(tmp_path):
    space = {"optimizer.lr": [1e38, 2e38]}
    with pytest.raises(hookline.HooklineError, match=r"All 2 trials have failed\. The first one: "):
        hookline.tune(tuned(space, type="GridSearch", sections={"optimizer": {"type": "SGD"}}), out=tmp_path / "one")


def test_a_process_that_is_ending_a_trial_keeps_its_files(study, tmp_path):
    """A storage has the record of a trial before the directory, in which the process still works."""
    [best] = study.best
    root = tmp_path / "remote"
    shutil.copytree(study.root, root)
    write_plan(root, evolve(study.plan, storage="a database", study="one"))
    opened = Study(
        root=root,
        spec=study.spec,
        document=study.document,
        loader=study.loader,
        plan=read_plan(root),
        store=DirectoryStore(study.root),
    )
    home = root / f"trial-{best.number}"
    record, weights = home / "trial.json", home / "model.safetensors"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"state": "running", "results": None}))
    with marked_as_running(home):
        finish(opened)
    assert weights.is_file()
    finish(opened)  # The process was killed, and the trial was run on another machine.
    assert not weights.exists()
    assert record.read_text() == (study.root / f"trial-{best.number}" / "trial.json").read_text()


def test_an_interrupted_study_keeps_what_has_ended_and_goes_on(study, tmp_path):
    def interrupt(record):
        if record.number == 2:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        hookline.tune(tuned(trials=5), out=tmp_path / "one", on_end=interrupt)
    assert (tmp_path / "one" / "best.toml").is_file()
    assert told(hookline.tune(resume=tmp_path / "one")) == told(study)


def test_trials_that_are_chosen_together_do_not_know_one_another(tmp_path):
    study = hookline.tune(tuned(trials=5, synchronous=2), out=tmp_path / "one")
    known = [[record.number for record in study.choices.known_to(number)] for number in range(1, 6)]
    assert known == [[], [], [1, 2], [1, 2], [1, 2, 3, 4]]
    study.ended.pop(2)
    assert [study.choices.is_ready(number) for number in range(1, 6)] == [True, True, False, False, False]


def test_the_front_of_several_numbers(tmp_path):
    space = {"model": [{"type": "Linear"}, {"type": "MLP", "d_block": 4}, {"type": "MLP", "d_block": 64}]}
    spec = tuned(space, type="GridSearch", monitor=["validation/Accuracy", "parameters"], trials=3)
    study = hookline.tune(spec, out=tmp_path / "one")
    assert study.plan.maximized == (True, False)
    results = [tuple(record.results) for record in study.records]
    beaten = {one for one in results for other in results if other != one and other[0] >= one[0] and other[1] <= one[1]}
    assert [tuple(record.results) for record in study.best] == [one for one in results if one not in beaten]
    assert results[0][1] == 15


@pytest.mark.filterwarnings("ignore:.*This never stops the run")
def test_one_and_two_workers_choose_the_same_trials_together_and_warn_once(tmp_path, capsys):
    sections = {"callbacks": [{"type": "EarlyStopping", "patience": 50}]}
    sampler = {"type": "TPESampler", "n_startup_trials": 2}
    spec = tuned(trials=4, synchronous=2, type="Optuna", sampler=sampler, sections=sections)
    one = hookline.tune(spec, out=tmp_path / "one")
    hookline.tune(spec, trials=1, out=tmp_path / "several")
    assert main(["tune", "--join", str(tmp_path / "several"), "--trials", "4", "--workers", "2", "--quiet"]) == 0
    assert told(open_study(tmp_path / "several", Loader())) == told(one)
    assert capsys.readouterr().err.count("This never stops the run") == 1


def test_a_worker_that_fails_ends_the_study_with_its_last_lines(tmp_path, monkeypatch):
    study = hookline.tune(tuned(trials=1), out=tmp_path / "one")
    study.change_total(2)
    lines = "import sys; print('a: warning: b', file=sys.stderr); print('c\\nd', file=sys.stderr); sys.exit(2)"
    monkeypatch.setattr("hookline.tuning.workers.command", lambda *_: [sys.executable, "-c", lines])
    warned = []
    with Interruption() as interruption, pytest.raises(hookline.HooklineError, match=r"^c\nd$"):
        work_together(study, 2, interruption, lambda _: None, on_warning=warned.append)
    assert warned == ["a: warning: b"]


def test_the_mean_over_several_seeds_counts(tmp_path):
    spec = tuned({"optimizer.lr": [0.01, 0.1]}, type="GridSearch", trials=2, seeds=2)
    study = hookline.tune(spec, out=tmp_path / "one")
    for record in study.records:
        losses = []
        for seed in (0, 1):
            single = hookline.load(study.root / f"trial-{record.number}" / "spec.toml", [f"run.seed={seed}"])
            trial = hookline.train(single, out=tmp_path / f"{record.number}-{seed}")
            losses.append(trial.metrics["validation/loss"])
        assert [(one.seed, one.fold, one.results) for one in record.trainings] == [
            (seed, None, [loss]) for seed, loss in enumerate(losses)
        ]
        assert record.results == [sum(losses) / 2]


def test_the_best_trial_is_deployed_once_and_a_picture_is_drawn(tmp_path):
    space = {"optimizer.lr": [0.001, 0.1]}
    spec = tuned(space, type="GridSearch", trials=2, sections={"deploy": [{"type": "Safetensors"}]})
    study = hookline.tune(spec, out=tmp_path / "one")
    [place] = study.root.glob("*/safetensors")
    assert place.parent.name == "trial-2"
    written = {path: path.stat().st_mtime_ns for path in place.iterdir()}
    # Another process may have deployed it: the files are listed nevertheless.
    assert set(finish(study)) == written.keys()
    assert {path: path.stat().st_mtime_ns for path in place.iterdir()} == written
    with PIL.Image.open(study.root / "tune.png") as picture:
        assert picture.width > 500


def test_values_at_the_end_of_a_range_and_equal_failures_are_noted(tmp_path):
    space = {"optimizer.lr": {"low": 0.0, "high": 0.2, "step": 0.1}, "optimizer.momentum": {"low": 0.0, "high": 0.9}}
    study = hookline.tune(tuned(space, sections={"optimizer": {"type": "SGD"}}), out=tmp_path / "one")
    [best] = study.best
    study.ended[best.number].values = {"optimizer.lr": 0.2, "optimizer.momentum": 0.0}
    # A momentum cannot be negative, so this range cannot be wider.
    assert list(findings(study)) == [
        "The best optimizer.lr, 0.2, is at the upper end of its range (0.2): a wider range may have a better one."
    ]
    for record in [one for one in study.records if one.number != best.number][:2]:
        record.state, record.reason = "failed", "The loss is NaN."
    assert list(findings(study))[1].startswith("2 trials failed alike")
    for record in [one for one in study.records if one.number != best.number][:2]:
        record.reason = ""  # Such as that of an exception of a plugin without any text.
    assert list(findings(study))[1].startswith("2 trials failed alike")


def test_a_spec_with_a_tuner_is_not_trained_once():
    with pytest.raises(hookline.HooklineError, match=r"pass it to `hookline\.tune`"):
        hookline.train(tuned(SPACE))


def test_the_first_trial_has_the_own_values_of_the_spec(tmp_path):
    study = hookline.tune(tuned({"optimizer.lr": [0.001, 0.01]}, baseline=True, trials=3), out=tmp_path / "one")
    assert study.records[0].values == {"optimizer.lr": 0.01}
    own = hookline.train(evolve(study.spec, tune=None), out=tmp_path / "own")
    assert study.baseline.results == [own.metrics["validation/loss"]]


def test_own_values_outside_of_the_space_are_compared_with_the_best(tmp_path):
    space = {"optimizer.lr": {"low": 1e-6, "high": 1e-5}}
    study = hookline.tune(tuned(space, baseline=True, trials=3), out=tmp_path / "one")
    assert study.records[0].values == {}
    assert [record.number for record in study.choices.known_to(3)] == [2]
    assert [record.number for record in study.best] == [1]
    assert next(findings(study)) == "No trial is better than the spec's own values, trial 1."
    best, untuned = hookline.load(study.root / "best.toml"), evolve(study.spec, tune=None)
    assert list(differences(best, untuned)) == []
    study.ended[2].results = [study.records[0].results[0] / 2]
    own, found = study.records[0].results[0], study.ended[2].results[0]
    better = "Trial 2 is better than the spec's own values, trial 1: validation/loss"
    assert next(findings(study)) == f"{better} {found:.6g}, 50.00% lower, instead of {own:.6g}."


def test_a_grid_is_compared_with_the_combination_that_equals_the_spec(tmp_path):
    space = {"optimizer.lr": [0.0001, 0.01]}
    study = hookline.tune(tuned(space, type="GridSearch", trials=9), out=tmp_path / "one")
    assert [record.values["optimizer.lr"] for record in study.records] == [0.0001, 0.01]
    assert study.baseline is study.records[1]
    spec = tuned({"optimizer.lr": [0.0001, 0.001]}, type="GridSearch", baseline=True, trials=9)
    more = hookline.tune(spec, out=tmp_path / "more")
    assert [dict(record.values) for record in more.records] == [{}, {"optimizer.lr": 0.0001}, {"optimizer.lr": 0.001}]


FOLDS = {"type": "CSV", "path": str(SPECS / "data/iris.csv"), "targets": "species", "standardize": True}
FOLDS |= {"folds": 3, "fold": 1, "test": 0.2, "batch_size": 64}


def test_the_mean_over_all_folds_counts_and_the_own_fold_is_kept(tmp_path):
    space = {"optimizer.lr": [0.01, 0.1]}
    spec = tuned(space, type="GridSearch", trials=2, seeds=2, folds=True, sections={"data": FOLDS})
    study = hookline.tune(spec, out=tmp_path / "one")
    order = [(1, 0), (1, 1), (0, 0), (0, 1), (2, 0), (2, 1)]
    for record in study.records:
        file = study.root / f"trial-{record.number}" / "spec.toml"
        losses = []
        for fold, seed in order:
            single = hookline.load(file, [f"run.seed={seed}", f"data.fold={fold}"])
            trial = hookline.train(single, out=tmp_path / f"{record.number}-{seed}-{fold}")
            losses.append(trial.metrics["validation/loss"])
        assert [(one.fold, one.seed) for one in record.trainings] == order
        assert [one.results for one in record.trainings] == [[loss] for loss in losses]
        assert record.results == [fmean(losses)]
    best = hookline.load(study.root / "best.toml")
    assert (best.data.fold, best.run.seed) == (1, 0)


def test_a_trial_is_pruned_between_its_trainings(tmp_path):
    pruner = {"type": "WilcoxonPruner", "p_threshold": 0.5}
    spec = tuned({"optimizer.lr": [0.05, 1e-6]}, type="Optuna", trials=5, seeds=4, pruner=pruner)
    study = hookline.tune(spec, out=tmp_path / "one")
    trainings = {record.values["optimizer.lr"]: len(record.trainings) for record in study.records}
    assert trainings == {0.05: 4, 1e-6: 2}
    pruned = next(record for record in study.records if record.state == "pruned")
    last = pruned.trainings[-1].results[0]
    assert pruned.reason == f"WilcoxonPruner pruned it after training 2, with validation/loss {last:.5g}."
    assert pruned.results == [fmean(one.results[0] for one in pruned.trainings)]


@pytest.mark.parametrize(
    ("tune", "sections", "message"),
    [
        ({"folds": True}, {}, "tune.folds: The data has no folds to train each trial on."),
        (
            {"folds": True, "space": {"data.fold": [0, 1]}},
            {"data": FOLDS},
            'tune.space."data.fold": This has no effect: each trial is trained on all folds.',
        ),
        (
            {"type": "Optuna", "pruner": {"type": "WilcoxonPruner"}},
            {},
            "tune.pruner.type: This compares several trainings of a trial: set `seeds`, or `folds = true`.",
        ),
    ],
)
def test_what_needs_several_trainings_is_refused_without_them(tune, sections, message):
    with pytest.raises(SpecError) as error:
        tuned(**{"space": {"optimizer.lr": [0.01]}, **tune}, sections=sections)
    assert [str(problem) for problem in error.value.problems] == [message]


def test_a_study_is_shown_in_a_line_and_warns_once(tmp_path):
    callbacks = [{"type": "EarlyStopping", "patience": 5}]
    spec = tuned({"optimizer.lr": [0.01, 0.1]}, type="GridSearch", sections={"callbacks": callbacks})
    with pytest.warns(hookline.HooklineWarning) as found:
        study = hookline.tune(spec, out=tmp_path / "one")
    assert [str(one.message).partition(":")[0] for one in found] == ["callbacks[0].patience"]
    [best] = study.best
    number = f"validation/loss {best.results[0]:.6g}"
    shown = f"<Study tuned: 2 of 2 trials ended; best: trial {best.number}, {number}; in {study.root}>"
    assert repr(study) == shown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"out": "x"}, "out: A study continues in its own directory: remove this."),
        ({"study": "x"}, "study: The directory of a study knows its name: remove this."),
        ({"storage": "postgresql://x"}, "storage: The trials of this study are in its directory: remove this."),
        ({"trials": "9"}, "trials: This must be an integer, not '9'."),
        ({"trials": 0}, "trials: This must be at least 1, not 0."),
    ],
)
def test_an_argument_without_an_effect_is_refused(study, arguments, message):
    with pytest.raises(hookline.HooklineError) as error:
        hookline.tune(resume=study.root, **arguments)
    assert str(error.value) == message


def test_a_study_can_only_be_named_in_a_storage():
    with pytest.raises(hookline.HooklineError, match=r"^study: This names a study in a storage"):
        hookline.tune(tuned(), study="x")
