from math import inf, isnan, nan

import pytest
from run_directories import FILES
from small_training import SPECS, Adding, Ending, small

import hookline

pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated:DeprecationWarning")


@pytest.fixture(autouse=True)
def _no_telemetry(monkeypatch):
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A database shared by tests, since it takes some seconds to create."""
    return f"sqlite:///{tmp_path_factory.mktemp('store').as_posix()}/mlflow.db"


@pytest.fixture
def in_store(store, tmp_path, monkeypatch):
    """Return the callback with a separate experiment for each test."""
    monkeypatch.chdir(tmp_path)  # MLflow stores the artifacts of an experiment in the current directory.
    return {"type": "MLflow", "tracking_uri": store, "experiment": tmp_path.name}


def runs(store, experiment):
    """Return a client for reading, and the runs of an experiment."""
    from mlflow import MlflowClient

    client = MlflowClient(store)
    return client, client.search_runs([client.get_experiment_by_name(experiment).experiment_id])


def metrics(client, run):
    """Return the numbers by name and step."""
    return {
        name: {metric.step: metric.value for metric in client.get_metric_history(run.info.run_id, name)}
        for name in run.data.metrics
    }


def logged(history):
    return {name: {record["step"]: record[name] for record in history} for name in history[0] if name != "step"}


def test_the_example_spec_writes_a_complete_store_to_the_run_directory(tmp_path):
    trial = hookline.train(hookline.load(SPECS / "callbacks/MLflow.toml"), out=tmp_path / "first")
    client, (run,) = runs(f"sqlite:///{(tmp_path / 'first').as_posix()}/mlflow.db", "diabetes")
    assert (run.info.run_name, run.info.status) == ("first", "FINISHED")
    assert metrics(client, run) == logged(trial.history)
    assert run.data.params | {"model.out_features": "1", "optimizer.lr": "0.01"} == run.data.params
    assert run.data.params["callbacks.0.type"] == "MLflow"
    artifacts = sorted(artifact.path for artifact in client.list_artifacts(run.info.run_id))
    assert artifacts == list(FILES)
    for name in artifacts:
        assert (tmp_path / "first/mlflow" / run.info.run_id / "artifacts" / name).read_bytes() == (
            tmp_path / "first" / name
        ).read_bytes()


def test_runs_of_an_experiment_share_a_store_and_are_found_by_name(in_store, store, tmp_path):
    for name in ("one", "two"):
        hookline.train(small(in_store | {"name": name}), out=tmp_path / name)
    _, found = runs(store, tmp_path.name)
    assert sorted(run.info.run_name for run in found) == ["one", "two"]
    assert not (tmp_path / "one/mlflow.db").exists()


def test_more_options_than_mlflow_takes_at_once_are_all_logged(in_store, store, tmp_path):
    layers = [{"type": "Linear", "out_features": 3} for _ in range(60)]
    hookline.train(small(in_store, epochs=1, model={"type": "Sequential", "layers": layers}), out=tmp_path / "run")
    _, (run,) = runs(store, tmp_path.name)
    assert [run.data.params[f"model.layers.{index}.out_features"] for index in range(60)] == ["3"] * 60


def test_values_other_than_numbers_are_skipped_and_names_that_mlflow_refuses_are_changed(in_store, store, tmp_path):
    odd = {"nan": nan, "inf": inf, "none": None, "text": "a", "lr[0]": 0.1}
    trial = hookline.train(small(in_store, epochs=1), plugins=[Adding(odd)], out=tmp_path / "run")
    client, (run,) = runs(store, tmp_path.name)
    found = metrics(client, run)
    assert isnan(found.pop("nan")[trial.steps])
    assert found.pop("inf")[trial.steps] > 1e308  # The largest number that the database can store.
    assert found.pop("lr_0_") == {trial.steps: 0.1}
    (record,) = trial.history
    assert found == logged([{name: value for name, value in record.items() if name not in odd}])


@pytest.mark.parametrize(("error", "status"), [(KeyboardInterrupt(), "KILLED"), (RuntimeError("No more."), "FAILED")])
def test_an_interruption_or_an_error_ends_the_run_with_the_data_so_far(error, status, in_store, store, tmp_path):
    with pytest.raises((hookline.Interrupted, hookline.errors.StageError)):
        hookline.train(small(in_store), plugins=[Ending(error, 3)], out=tmp_path / "run")
    client, (run,) = runs(store, tmp_path.name)
    assert run.info.status == status
    assert sorted(metrics(client, run)["epoch"].values()) == [1, 2]
    artifacts = {artifact.path for artifact in client.list_artifacts(run.info.run_id)}
    assert {"spec.toml", "metrics.jsonl", "result.json", "model.safetensors"} <= artifacts


def test_the_trained_model_is_not_lost_if_mlflow_cannot_end_the_run(in_store, tmp_path, monkeypatch):
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    def fail(*_):
        raise MlflowException("Nobody is there.")

    monkeypatch.setattr(MlflowClient, "set_terminated", fail)
    with pytest.warns(
        hookline.HooklineWarning, match="Could not set the status of the MLflow run to FINISHED: Nobody is there"
    ):
        trial = hookline.train(small(in_store), out=tmp_path / "run")
    assert trial.epochs == 3
