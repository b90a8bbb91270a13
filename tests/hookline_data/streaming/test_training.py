"""Train with streamed rows, and use the finished run."""

import numpy
import pyarrow
import pytest
import torch
from pyarrow import parquet

import hookline
from hookline.cli.main import main
from hookline.data import input_groups
from hookline.errors import MismatchError
from hookline.plugins.manager import Plugins
from hookline.training.planning.planning import planned
from hookline.training.run_setup import new_run

from .conftest import rows_of

ROWS = 90
RANDOM = numpy.random.default_rng(0)
COLUMNS = {
    "a": RANDOM.normal(size=ROWS),
    "b": [None if row % 11 == 3 else float(row % 13) for row in range(ROWS)],
    "town": numpy.array(["here", "there", "elsewhere"])[RANDOM.integers(0, 3, ROWS)],
    "y": numpy.array(["yes", "no"])[RANDOM.integers(0, 2, ROWS)],
}
KINDS = {
    "a": {"type": "StandardScaler"},
    "b": {"type": "Number", "missing": "mean", "indicator": True},
    "town": {"type": "OneHotEncoder"},
}


@pytest.fixture
def spec(write):
    """Return a spec that streams a file, and its path."""

    def spec(kind="CSV", columns=COLUMNS, **sections):
        path = write(kind, columns)
        data = {"type": kind, "path": str(path), "targets": "y", "stream": True, "batch_size": 8, "columns": KINDS}
        table = {
            "run": {"epochs": 2, "name": "streamed"},
            "data": {**data, "validation": 0.2, "test": 0.2, **sections.pop("data", {})},
            "model": {"type": "Linear", "out_features": 2},
            "loss": {"type": "CrossEntropyLoss"},
            "optimizer": {"type": "SGD", "lr": 0.1},
            "metrics": [{"type": "Accuracy"}],
        }
        return hookline.load({**table, **sections}), path

    return spec


@pytest.mark.parametrize("kind", ["CSV", "Parquet"])
def test_a_finished_run_predicts_what_its_batches_say(kind, spec, tmp_path):
    trained, path = spec(kind)
    hookline.train(trained, out=tmp_path / "run")
    run = hookline.open_run(tmp_path / "run")
    [predicted] = run.predictions(path, batch_size=ROWS)
    names = run.data.targets["target"].classes
    probability = dict(zip(names, [predicted.column(f"probability[{name}]").to_numpy() for name in names], strict=True))
    opened = trained.data.prepare(
        hookline.Run(spec=trained, stages=None, plugins=(), catalog=None, device=torch.device("cpu")), trained.objective
    )
    for split, batches in opened.splits().items():
        rows = rows_of(batches.in_order())
        with torch.no_grad():
            expected = run.model(rows.input).softmax(dim=1).double().numpy()
        places = [find(probability, names, row) for row in expected]
        assert None not in places, split
        assert [COLUMNS["y"][place] for place in places] == [names[index] for index in rows.target.tolist()]


def test_ids_are_no_inputs_and_stand_beside_the_predictions(spec, tmp_path):
    ids = [f"r{row}" for row in range(ROWS)]
    with_ids, path = spec("Parquet", columns={"id": ids, **COLUMNS}, data={"id_columns": "id"})
    trial = hookline.train(with_ids, out=tmp_path / "ids")
    [predicted] = hookline.open_run(tmp_path / "ids").predictions(path, batch_size=ROWS)
    assert predicted.column("id").to_pylist() == ids
    without, _ = spec("Parquet")
    weights = hookline.train(without, out=tmp_path / "none").model.state_dict()
    assert all(torch.equal(value, weights[name]) for name, value in trial.model.state_dict().items())


def find(probability, names, row):
    """The row of the file with these probabilities, bit by bit."""
    table = numpy.column_stack([probability[name] for name in names])
    found = numpy.flatnonzero((table == row.astype(table.dtype)).all(axis=1))
    return int(found[0]) if len(found) else None


def test_a_run_is_evaluated_with_the_same_rows(spec, tmp_path):
    trained, _ = spec()
    trial = hookline.train(trained, out=tmp_path / "run")
    run = hookline.open_run(tmp_path / "run")
    for split in ("training", "validation", "test"):
        assert run.evaluate(split=split)["loss"] == trial.metrics[f"{split}/loss"]


def test_a_locked_run_is_repeated_unless_a_cell_has_changed(spec, write, tmp_path):
    trained, _ = spec("Parquet")
    first = hookline.train(trained, out=tmp_path / "run")
    again = hookline.train(trained, out=tmp_path / "again", locked=tmp_path / "run")
    assert torch.equal(first.model.weight, again.model.weight)
    write(
        "Parquet", {**COLUMNS, "town": [*COLUMNS["town"][:-1], "there" if COLUMNS["town"][-1] != "there" else "here"]}
    )
    with pytest.raises(hookline.HooklineError, match="The data has changed"):
        hookline.train(trained, out=tmp_path / "more", locked=tmp_path / "run")


def test_streamed_training_equals_training_in_memory_without_shuffling(spec, tmp_path):
    kinds = {**KINDS, "a": {"type": "RobustScaler"}, "b": {"type": "Number", "missing": "median"}}
    weights = []
    for stream in (False, True):
        trained, _ = spec(data={"stream": stream, "shuffle": False, "columns": kinds})
        weights.append(hookline.train(trained, out=tmp_path / str(stream)).model.weight)
    assert torch.equal(*weights)


def test_the_plan_describes_the_stream(spec, monkeypatch, tmp_path, capsys):
    trained, path = spec()
    with new_run(trained, Plugins(trained.plugins, [])) as run:
        plan = planned(run)
    assert plan.reading.startswith("streamed in ")
    assert plan.reading.endswith("parts, shuffled in pools of 54 rows (0.0 MiB)")
    assert plan.steps_per_epoch == 7
    assert plan.memory.data >= 54 * 7 * 4
    assert plan.split_counts.classes["target"].keys() == {"training", "validation", "test"}
    monkeypatch.chdir(tmp_path)
    (tmp_path / "spec.toml").write_text(
        f'data = {{ type = "CSV", path = "{path}", inputs = "a", targets = "y", stream = true }}\n'
        'model = { type = "Linear", out_features = 2 }\nloss = { type = "CrossEntropyLoss" }\n'
        'optimizer = { type = "SGD", lr = 1 }\n'
    )
    assert main(["plan", "spec.toml"]) == 0
    assert "CSV: 90 rows for training; streamed in" in capsys.readouterr().out


def test_classes_are_counted_for_balanced_weights(spec, tmp_path):
    trained, _ = spec(loss={"type": "CrossEntropyLoss", "weight": "balanced"})
    trial = hookline.train(trained, out=tmp_path / "run")
    counts = trial.data.targets["target"].counts
    rows = rows_of(trial.data.training.in_order())
    assert counts == tuple(rows.target.bincount().tolist())
    assert trial.criterion.weight.tolist() == pytest.approx([sum(counts) / (2 * count) for count in counts])


def test_an_index_that_an_embedding_lacks_is_reported_before_training(spec, tmp_path):
    indices = [row % 5 for row in range(ROWS)]
    indices[77] = 9
    model = {
        "type": "Sequential",
        "layers": [
            {"type": "Embedding", "num_embeddings": 5, "embedding_dim": 2},
            {"type": "Flatten"},
            {"type": "Linear", "out_features": 2},
        ],
    }
    data = {"inputs": "n", "dtype": "int64", "columns": {}, "validation": 0.0, "test": 0.0}
    trained, _ = spec(columns={"n": indices, "y": COLUMNS["y"]}, data=data, model=model, metrics=[])
    with pytest.raises(MismatchError, match="has the indices 0 to 4, but receives 9 in the training split"):
        hookline.train(trained, out=tmp_path / "run")


def test_layers_are_fitted_to_a_sample_of_the_training_rows(spec):
    trained, _ = spec()
    run = hookline.Run(spec=trained, stages=None, plugins=(), catalog=None, device=torch.device("cpu"))
    data = trained.data.prepare(run, trained.objective)
    [group] = input_groups(data)
    assert torch.equal(group.training_rows(), rows_of(data.training.in_order()).input)


def test_images_are_transformed(tmp_path):
    images = RANDOM.integers(0, 9, (40, 2, 3, 3)).astype("float64")
    lists = pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(images.reshape(-1)), 18)
    path = tmp_path / "images.parquet"
    parquet.write_table(pyarrow.table({"image": lists, "y": RANDOM.normal(size=40)}), path, row_group_size=7)
    data = {"type": "Parquet", "path": str(path), "targets": "y", "shape": [2, 3, 3], "batch_size": 8}
    flip, scale = {"type": "RandomHorizontalFlip"}, {"type": "Normalize", "mean": [1.0, 2.0], "std": [3.0, 4.0]}
    spec = hookline.load(
        {
            "run": {"epochs": 1},
            "data": {**data, "stream": True, "transforms": [flip, scale], "validation": 0.2},
            "model": {"type": "Sequential", "layers": [{"type": "Flatten"}, {"type": "Linear", "out_features": 1}]},
            "loss": {"type": "MSELoss"},
            "optimizer": {"type": "SGD", "lr": 0.01},
        }
    )
    trial = hookline.train(spec, out=tmp_path / "run")
    assert len(trial.data.training) == 4
    rows = rows_of(trial.data.training.in_order()).input
    plain = rows * torch.tensor([3.0, 4.0])[:, None, None] + torch.tensor([1.0, 2.0])[:, None, None]
    known = {tuple(image.reshape(-1)) for image in images.round(3)}
    assert {tuple(image) for image in plain.reshape(len(rows), -1).double().numpy().round(3)} <= known
