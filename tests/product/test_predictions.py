"""For every shipped spec, the predictions of the finished run are the outputs of the trained model, to the last bit.

They are read from the rows of the file, without the targets of the training, and written with the names of classes.
Metrics that scikit-learn computes from the written predictions equal those of the run.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path

import numpy
import pytest
import torch
from exhaustive import sampled
from pyarrow import parquet
from sklearn import metrics

import hookline
from hookline.cli.main import main
from hookline.training import applied

SPECS = Path(__file__).parents[2] / "specs"
SHIPPED = sorted(
    str(path.relative_to(SPECS).with_suffix("")) for path in SPECS.rglob("*.toml") if path.parent.name != "tuning"
)
SAMPLE = (
    "diabetes",
    "embedding",
    "iris",
    "losses/BCEWithLogitsLoss",
    "losses/CTCLoss",
    "losses/GaussianNLLLoss",
    "losses/MultiLabelMarginLoss",
    "losses/MultiMarginLoss",
    "several_losses",
)
TYPES = {name: tomllib.loads((SPECS / f"{name}.toml").read_text())["data"]["type"] for name in SHIPPED}
OF_FILES = [name for name, kind in TYPES.items() if kind in ("CSV", "NPZ", "Parquet")]
TOGETHER = "losses/HingeEmbeddingLoss"
"""Its model takes both rows of a pair."""
DRAWN = [name for name, kind in TYPES.items() if kind in ("Pairs", "RankedPairs", "Triplets")]
METRICS = {"classes": ["Accuracy"], "labels": ["Accuracy"], "numbers": ["R2Score"], "sequences": ["SequenceAccuracy"]}


def trained(name, directory):
    """A short training whose test split is the whole file, so that its rows are those of the file."""
    path = SPECS / f"{name}.toml"
    table = tomllib.loads(path.read_text())
    source = table["data"].get("source", table["data"])
    source["path"] = str((path.parent / source["path"]).resolve())
    for option in ("split_column", "stratify"):
        source.pop(option, None)
    source["test"] = source["path"]
    # Without NaNGuard, the training of its spec fails.
    callbacks = [callback for callback in table.get("callbacks", []) if callback["type"] == "NaNGuard"]
    table |= {"callbacks": callbacks, "deploy": [], "metrics": []}
    table["run"]["epochs"] = 1
    for key, named in hookline.load(table).objective.losses.items():
        chosen = {} if key is None else {"target": key}
        table["metrics"] += [{"type": metric, **chosen} for metric in METRICS.get(named.loss.offers, [])]
    return hookline.train(hookline.load(table), out=directory)


def outputs_of(trial, size):
    """What the model returns for the rows of the test split in batches of this size, as a matrix."""
    rows, names = trial.data.test.all, trial.spec.objective.inputs
    model, parts = trial.model.eval(), []
    with torch.no_grad():
        for start in range(0, rows.rows, size):
            outputs = applied(model, rows.slice(start, start + size), names)
            several = outputs.values() if isinstance(outputs, Mapping) else [outputs]
            parts.append(numpy.hstack([one.reshape(len(one), -1).numpy() for one in several]))
    return numpy.vstack(parts)


def written_outputs(table):
    columns = [table[name].to_pylist() for name in table.column_names if name.startswith("output")]
    return numpy.hstack([numpy.array(cells, dtype=numpy.float32).reshape(len(cells), -1) for cells in columns])


def scores(table):
    """The accuracy, or R², of each target, from the columns of a table."""
    found = {}
    for name in table.column_names:
        what, _, target = name.partition("[")
        if what == "prediction":
            column = f"truth[{target}" if target else "truth"
            found[target.rstrip("]")] = (table[column].to_pylist(), table[name].to_pylist())
    return {
        target: metrics.r2_score(true, predicted)
        if isinstance(true[0], float)
        else metrics.accuracy_score(true, predicted)
        for target, (true, predicted) in found.items()
    }


@pytest.mark.parametrize("name", sampled(OF_FILES, SAMPLE))
def test_predictions_are_the_outputs_of_the_model_at_any_batch_size(name, tmp_path, capsys):
    trial = trained(name, tmp_path / "run")
    run = hookline.open_run(trial.directory)
    path = trial.spec.data.path
    for size in (1, 7, 32, trial.data.test.rows):
        if size == 1 and trial.data.test.rows > 500 and name not in SAMPLE:
            continue
        table = run.predict(path, columns=["output"], batch_size=size)
        assert numpy.array_equal(written_outputs(table), outputs_of(trial, size))

    out = tmp_path / "predictions.parquet"
    arguments = ["--columns", "prediction,truth,output", "--batch-size", "32", "-o", str(out)]
    assert main(["predict", str(trial.directory), str(path), *arguments]) == 0
    table = parquet.read_table(out)
    assert numpy.array_equal(written_outputs(table), outputs_of(trial, 32))

    by_target = scores(table)
    of_run = [value for key, value in run.metrics.items() if key.startswith("test/") and "oss" not in key]
    if len(of_run) == len(by_target):
        assert list(by_target.values()) == pytest.approx(of_run, rel=1e-4, abs=1e-6)
    else:  # Of several labels, the metric is the mean.
        assert numpy.mean(list(by_target.values())) == pytest.approx(of_run[0], rel=1e-5)


@pytest.mark.parametrize("name", sampled(sorted(set(DRAWN) - {TOGETHER}), ("losses/TripletMarginLoss",)))
def test_rows_of_a_run_with_pairs_or_triplets_become_their_embeddings(name, tmp_path):
    trial = trained(name, tmp_path / "run")
    group = next(iter(trial.data.example.inputs))
    path = trial.spec.data.source.path
    table = hookline.open_run(trial.directory).predict(path, batch_size=32)
    assert all(column.startswith("output") for column in table.column_names)
    rows = trial.data.test.epoch(1)
    with torch.no_grad():
        expected = torch.cat([trial.model.eval()(batch.inputs[group]) for batch in rows])
    assert written_outputs(table) == pytest.approx(expected.numpy(), abs=1e-5)  # The batches have other sizes.


@pytest.mark.parametrize("name", sampled((TOGETHER, "losses/CosineEmbeddingLoss"), (TOGETHER,)))
def test_pairs_of_rows_are_predicted_together(name, tmp_path):
    trial = trained(name, tmp_path / "run")
    path = trial.spec.data.source.path
    table = hookline.open_run(trial.directory).predict({"input1": path, "input2": path})
    assert table.column_names == ["prediction", "probability[different]", "probability[same]"]
    assert set(table["prediction"].to_pylist()) == {"same"}  # Each row belongs together with itself.
