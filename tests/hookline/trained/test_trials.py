"""A tuned run opens as its best trial, in Python and in every command."""

import json
import re
import shutil

import pytest
from attrs import evolve
from small_training import SPECS, small

import hookline
from hookline.cli.main import main
from hookline.errors import HooklineWarning, RunError
from hookline.runs import manifest
from hookline.runs.trials import chosen_trial

RATES = (0.0, 0.1, 0.02)
IRIS = str(SPECS / "data/iris.csv")


class Trying:
    """Tries learning rates."""

    @hookline.hookimpl
    def tune(self, run, trials):
        if len(trials) < len(RATES):
            return evolve(run.spec, optimizer=evolve(run.spec.optimizer, lr=RATES[len(trials)]))
        return None


@pytest.fixture(scope="module")
def tuned(tmp_path_factory):
    """A run of three trials, and what the training returned: the second one."""
    spec = small(epochs=2, optimizer={"type": "Adam", "lr": RATES[0]})
    return hookline.train(spec, plugins=[Trying()], out=tmp_path_factory.mktemp("tuned") / "run")


@pytest.fixture
def home(tuned, tmp_path):
    return shutil.copytree(tuned.directory.parent, tmp_path / "run")


def change_result(directory, change):
    path = directory / "result.json"
    table = json.loads(path.read_text())
    change(table)
    path.write_text(json.dumps(table))
    manifest.write(directory)


def test_the_trial_that_the_training_returned_is_opened(tuned, home):
    run = hookline.open_run(home)
    assert (run.directory, run.trial.number, run.trial.trials) == (home / "trial-2", 2, 3)
    assert run.spec.optimizer.lr == tuned.spec.optimizer.lr == 0.1
    assert run.trial.value == tuned.objective
    rows = tuned.data.validation.all.input
    assert run.model(rows).equal(tuned.model(rows))
    assert repr(run) == f"<FinishedRun small, trial 2 of 3: finished, 2 epochs; in {home / 'trial-2'}>"


def test_each_trial_is_opened_by_its_number_or_its_directory(home):
    for number, rate in enumerate(RATES, 1):
        assert hookline.open_run(home, trial=number).spec.optimizer.lr == rate
    assert hookline.open_run(home / "trial-3").spec.optimizer.lr == RATES[2]
    assert hookline.open_run(home / "trial-3", trial=1).spec.optimizer.lr == RATES[2]


def test_a_trial_that_does_not_exist_is_refused(home):
    with pytest.raises(RunError, match=r"There is no trial 4: the run has the trials 1 to 3\.$"):
        hookline.open_run(home, trial=4)
    shutil.rmtree(home / "trial-2")
    with pytest.raises(RunError, match=r"There is no trial 2: the run has the trials 1, 3\.$"):
        hookline.open_run(home, trial=2)
    with pytest.raises(RunError, match=r"The run is not tuned, so it has no trial 2\.$"):
        hookline.open_run(home / "trial-3", trial=2)


@pytest.mark.parametrize(
    ("changes", "best"),
    [
        ({2: {"loss": None}}, 3),  # JSON stands for NaN and infinity with null.
        ({number: {"loss": 0.5} for number in (1, 2, 3)}, 1),
        ({1: {}, 2: {}, 3: {}}, 2),
        ({1: {"loss": -1.0}}, 1),
    ],
)
def test_the_smallest_finite_validation_loss_is_the_best(home, changes, best):
    for number, changed in changes.items():
        directory = home if number == 1 else home / f"trial-{number}"
        change_result(directory, lambda table, changed=changed: table["metrics"]["validation"].update(changed))
    assert chosen_trial(home).number == best


def test_without_a_validation_split_the_training_loss_counts_also_that_of_other_weights(home):
    def forget(loss):
        def change(table):
            del table["metrics"]["validation"]
            del table["metrics"]["training"]
            table["logged"]["training"] = {"measured": "during epoch 2", "metrics": {"loss": loss}}

        return change

    for directory, loss in ((home, 0.5), (home / "trial-2", 0.7), (home / "trial-3", 0.6)):
        change_result(directory, forget(loss))
    found = chosen_trial(home)
    assert (found.number, found.metric, found.value) == (1, "training/loss", 0.5)


def test_a_trial_without_weights_is_only_opened_by_its_number(home):
    (home / "trial-2/model.safetensors").unlink()
    manifest.write(home / "trial-2")
    assert hookline.open_run(home).trial.number == 3
    assert hookline.open_run(home, trial=2).spec.optimizer.lr == RATES[1]


def test_a_trial_without_a_result_is_not_compared_and_named(home):
    (home / "trial-2/result.json").write_text("{}")
    with pytest.warns(HooklineWarning, match="the best trial with a result, but trial 2 has none"):
        assert hookline.open_run(home).trial.number == 3
    (home / "result.json").unlink()
    with pytest.warns(HooklineWarning, match="with a result, but 2 trials, such as 1, have none"):
        assert hookline.open_run(home).trial.number == 3
    (home / "trial-3/result.json").unlink()
    with pytest.raises(RunError, match=re.escape(f"{home / 'result.json'}: The file is missing.")):
        hookline.open_run(home)


SAYS = r"run: trial 2 of 3, which has the smallest validation/loss \(0\.\d+\)\. To use another one, pass `--trial N`\."


def test_predict_and_evaluate_use_the_best_trial_and_say_so(home, monkeypatch, capsys):
    monkeypatch.chdir(home.parent)
    assert main(["predict", "run", IRIS]) == 0
    printed = capsys.readouterr()
    assert re.fullmatch(f"{SAYS}\n", printed.err)
    assert main(["predict", "run/trial-2", IRIS]) == 0
    assert capsys.readouterr() == (printed.out, "")
    assert main(["evaluate", "run", "--split", "validation", "--plots"]) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("small, trial 2 of 3, validation (30 rows), weights of epoch 2\n")
    assert printed.out.endswith("files written to run/trial-2/evaluation-validation\n")
    assert re.fullmatch(f"{SAYS}\n", printed.err)
    assert main(["evaluate", "run", "--trial", "3", "--split", "validation", "--format", "json"]) == 0
    printed = capsys.readouterr()
    assert (json.loads(printed.out)["run"], printed.err) == ("run/trial-3", "")


def test_plot_and_report_show_the_best_trial_or_all(home, monkeypatch, capsys):
    monkeypatch.chdir(home.parent)
    assert main(["plot", "run"]) == 0
    printed = capsys.readouterr()
    assert re.fullmatch(f"{SAYS}\n", printed.err)
    assert [line.split()[0] for line in printed.out.splitlines()[1:-2]] == ["run/trial-2"]
    assert main(["plot", "run", "--trial", "all", "--force"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert [line.split()[0] for line in printed.out.splitlines()[1:-2]] == ["run", "run/trial-2", "run/trial-3"]
    assert main(["report", "run", "--trial", "all"]) == 0
    assert capsys.readouterr() == ("Report of 3 runs: report.html\n", "")
    # The page has the predictions of each trial: the first one has other weights than the best.
    page = (home.parent / "report.html").read_text()
    assert len(set(re.findall(r"30 rows, of which [\d,]+", page))) > 1
    assert main(["report", "run", "--trial", "7", "--force"]) == 2
    assert capsys.readouterr().err.startswith("run: There is no trial 7: the run has the trials 1 to 3.")
    with pytest.raises(SystemExit):
        main(["report", "run", "--trial", "last"])
    assert "argument --trial: `last` is not the number of a trial, nor `all`." in capsys.readouterr().err
