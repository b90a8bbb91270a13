"""Targets with a value per step or pixel: training equals plain PyTorch, and predictions have their shape."""

from pathlib import Path

import numpy
import pyarrow
import pytest
import torch
from pyarrow import parquet
from torch import nn

import hookline

SPECS = Path(__file__).parents[2] / "specs"
SEED = 0


@pytest.fixture(scope="module")
def scenes():
    with numpy.load(SPECS / "data" / "digit_scenes.npz") as file:
        return dict(file)


def divided(rows):
    order = numpy.random.default_rng(0).permutation(rows)
    return numpy.sort(order[: rows // 5]), numpy.sort(order[rows // 5 :])


def standardized(inputs, training):
    """Standardize each position of the last dimension, as NPZ does."""
    cells = inputs[training].astype("float64").reshape(-1, inputs.shape[-1])
    columns = numpy.ascontiguousarray(cells.T)
    mean, std = columns.mean(axis=1), columns.std(axis=1)
    std[std == 0] = 1
    return torch.from_numpy(((inputs - mean) / std).astype("float32"))


def trained_by_hand(model, criterion, inputs, targets, training, *, lr, epochs=2):
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr, fused=True)
    history = []
    x, y = inputs[training], targets[training]
    for epoch in range(1, epochs + 1):
        order = torch.from_numpy(numpy.random.default_rng((SEED, epoch)).permutation(len(x)))
        losses = []
        for rows in order.split(32):
            optimizer.zero_grad()
            loss = criterion(model(x[rows]), y[rows])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        history.append(losses)
    return history


def assert_same(trial, model):
    expected = model.state_dict()
    found = trial.model.state_dict()
    assert len(found) == len(expected)
    assert all(map(torch.equal, found.values(), expected.values()))


def test_segmentation_equals_plain_pytorch(scenes, tmp_path):
    trial = hookline.train(hookline.load(SPECS / "dense" / "segmentation.toml", ["run.epochs=2"]), out=tmp_path / "run")
    validation, training = divided(len(scenes["ink"]))
    torch.manual_seed(SEED)
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding="same"),
        nn.ReLU(),
        nn.Conv2d(16, 16, 3, padding="same"),
        nn.ReLU(),
        nn.Conv2d(16, 3, 1),
    )
    inputs, targets = standardized(scenes["noisy"], training), torch.from_numpy(scenes["ink"]).long()
    trained_by_hand(model, nn.CrossEntropyLoss(), inputs, targets, training, lr=0.003)
    assert_same(trial, model)
    with torch.no_grad():
        predicted = model(inputs[validation]).argmax(dim=1)
    true = targets[validation]
    assert trial.metrics["validation/Accuracy"] == pytest.approx(float((predicted == true).double().mean()), abs=1e-9)
    both = [((predicted == c) & (true == c)).sum() / ((predicted == c) | (true == c)).sum() for c in range(3)]
    assert trial.metrics["validation/JaccardIndex"] == pytest.approx(float(sum(both) / 3), rel=1e-6)

    finished = hookline.open_run(tmp_path / "run")
    source = {name: scenes[name][validation] for name in ("noisy", "ink")}
    columns = finished.predict(source, columns=["prediction", "truth"])
    assert columns["prediction"].to_pylist() == predicted.tolist()
    assert columns["truth"].to_pylist() == true.tolist()
    assert finished.evaluate(data=source) == pytest.approx(finished.evaluate("validation"), rel=1e-6)


def test_tagging_with_an_ignored_class_equals_plain_pytorch(scenes, tmp_path):
    trial = hookline.train(hookline.load(SPECS / "dense" / "tagging.toml", ["run.epochs=2"]), out=tmp_path / "run")
    validation, training = divided(len(scenes["digits"]))

    class Tagger(nn.Module):
        def __init__(self):
            super().__init__()
            self.gru = nn.GRU(8, 32, batch_first=True, bidirectional=True)
            self.linear = nn.Linear(64, 11)

        def forward(self, x):
            return self.linear(self.gru(x)[0]).transpose(1, 2)

    torch.manual_seed(SEED)
    model = Tagger()
    inputs, targets = standardized(scenes["columns"], training), torch.from_numpy(scenes["digits"]).long() + 1
    trained_by_hand(model, nn.CrossEntropyLoss(ignore_index=0), inputs, targets, training, lr=0.01)
    assert_same(trial, model)
    with torch.no_grad():
        outputs = model(inputs[validation])
    true = targets[validation]
    is_right = (outputs.argmax(dim=1) == true)[true > 0]
    assert trial.metrics["validation/Accuracy"] == pytest.approx(float(is_right.double().mean()), abs=1e-9)
    whole = float(nn.CrossEntropyLoss(ignore_index=0)(outputs.double(), true))
    finished = hookline.open_run(tmp_path / "run")
    for size in (7, 120):  # Columns count, not rows, whatever the batch size.
        assert finished.evaluate("validation", batch_size=size)["loss"] == pytest.approx(whole, rel=1e-5)


def test_an_autoencoder_equals_plain_pytorch_and_predicts_images(scenes, tmp_path):
    trial = hookline.train(hookline.load(SPECS / "dense" / "denoising.toml", ["run.epochs=2"]), out=tmp_path / "run")
    validation, training = divided(len(scenes["clean"]))
    torch.manual_seed(SEED)
    model = nn.Sequential(
        nn.Flatten(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 24), nn.ReLU(), nn.Linear(24, 128)
    ).append(nn.Unflatten(1, (1, 8, 16)))
    inputs, targets = standardized(scenes["noisy"], training), torch.from_numpy(scenes["clean"]).float()
    trained_by_hand(model, nn.MSELoss(), inputs, targets, training, lr=0.003)
    assert_same(trial, model)
    with torch.no_grad():
        outputs = model(inputs[validation])
    error = float((outputs - targets[validation]).double().abs().mean())
    assert trial.metrics["validation/MeanAbsoluteError"] == pytest.approx(error, rel=1e-6)
    predicted = hookline.open_run(tmp_path / "run").predict({"noisy": scenes["noisy"][validation]})
    assert predicted.column_names == ["prediction"]
    assert torch.allclose(torch.tensor(predicted["prediction"].to_pylist()), outputs, atol=1e-5)


def test_the_same_array_may_be_input_and_target(tmp_path):
    made = hookline.load(SPECS / "dense" / "denoising.toml", ["data.inputs=clean", "run.epochs=1"])
    assert "validation/loss" in hookline.train(made, out=tmp_path / "run").history[-1]


def pixels(tmp_path, **arrays):
    numpy.savez(tmp_path / "a.npz", **arrays)
    return {"type": "NPZ", "path": str(tmp_path / "a.npz"), "inputs": "x", "targets": "y", "batch_size": 5}


def small(data, loss, model, **sections):
    return {
        "run": {"epochs": 1},
        "data": data,
        "model": model,
        "loss": {"type": loss},
        "optimizer": {"type": "SGD", "lr": 0.1},
    } | sections


CONVOLUTION = {"type": "Conv2d", "out_channels": 1, "kernel_size": 3, "padding": 1}


@pytest.mark.parametrize("shape", [(20, 4, 4), (20, 1, 4, 4)])
def test_a_mask_for_bce_equals_plain_pytorch(shape, tmp_path):
    generator = numpy.random.default_rng(0)
    x, y = generator.standard_normal((20, 1, 4, 4)).astype("float32"), generator.integers(0, 2, shape)
    weights = generator.integers(0, 3, 20).astype("float32")
    data = {**pixels(tmp_path, x=x, y=y, w=weights), "shuffle": False, "validation": str(tmp_path / "a.npz")}
    metrics = [{"type": "Accuracy"}, {"type": "F1Score"}]
    for options in ({}, {"weight_column": "w"}):
        made = small({**data, **options}, "BCEWithLogitsLoss", CONVOLUTION, metrics=metrics)
        trial = hookline.train(hookline.load(made), out=tmp_path / f"run{len(options)}")
        torch.manual_seed(0)
        model = nn.Conv2d(1, 1, 3, padding=1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, fused=True)
        target = torch.from_numpy(y).float().reshape(20, 1, 4, 4)
        for rows in torch.arange(20).split(5):
            optimizer.zero_grad()
            outputs = model(torch.from_numpy(x)[rows])
            loss = nn.BCEWithLogitsLoss()(outputs, target[rows])
            if options:
                w = torch.from_numpy(weights)[rows]
                losses = nn.BCEWithLogitsLoss(reduction="none")(outputs, target[rows]).flatten(1).mean(dim=1)
                loss = (w * losses).sum() / w.sum()
            loss.backward()
            optimizer.step()
        assert_same(trial, model)
        is_right = (model(torch.from_numpy(x)) > 0) == (target > 0)
        assert trial.metrics["validation/Accuracy"] == pytest.approx(float(is_right.double().mean()), abs=1e-9)
    predicted = hookline.open_run(tmp_path / "run0").predict({"x": x}, columns=["prediction", "probabilities"])
    assert numpy.array(predicted["prediction"].to_pylist()).shape == (20, 1, 4, 4)


@pytest.mark.parametrize(
    ("loss", "channels", "message"),
    [
        (
            "CrossEntropyLoss",
            2,
            r"\"y\" has 3 classes and rows of the shape \(4, 4\), so the outputs of the model must",
        ),
        ("MultiMarginLoss", 3, r"MultiMarginLoss takes one class per row, but \"y\" has rows of the shape \(4, 4\)"),
        ("MSELoss", 3, r"the model must return \(4, 4\) for each row"),
    ],
)
def test_outputs_of_another_shape_are_refused_before_training(loss, channels, message, tmp_path):
    generator = numpy.random.default_rng(0)
    data = pixels(tmp_path, x=generator.standard_normal((20, 1, 4, 4)), y=generator.integers(0, 3, (20, 4, 4)))
    with pytest.raises(hookline.HooklineError, match=message):
        hookline.train(hookline.load(small(data, loss, {**CONVOLUTION, "out_channels": channels})), out=tmp_path / "r")


def test_classes_after_the_steps_are_refused_with_the_remedy(tmp_path):
    generator = numpy.random.default_rng(0)
    data = pixels(tmp_path, x=generator.standard_normal((20, 5, 2)), y=generator.integers(0, 3, (20, 5)))
    made = small(data, "CrossEntropyLoss", {"type": "Linear", "out_features": 3})
    with pytest.raises(hookline.HooklineError, match=r"The classes must come first: end the model with Transpose"):
        hookline.train(hookline.load(made), out=tmp_path / "r")


def test_integers_of_two_dimensions_are_classes_and_floats_are_probabilities(tmp_path):
    generator = numpy.random.default_rng(0)
    x, y = generator.standard_normal((20, 4)), numpy.eye(3)[generator.integers(0, 3, 20)]
    made = small(pixels(tmp_path, x=x, y=y), "CrossEntropyLoss", {"type": "Linear", "out_features": 3})
    trial = hookline.train(hookline.load(made), out=tmp_path / "probabilities")
    assert hookline.open_run(trial.directory).data.targets["target"].classes == ("y[0]", "y[1]", "y[2]")
    made["data"] = pixels(tmp_path, x=x, y=y.astype(int))
    with pytest.raises(hookline.HooklineError, match=r"\"y\" has 2 classes and rows of the shape \(3,\)"):
        hookline.train(hookline.load(made), out=tmp_path / "classes")


@pytest.mark.filterwarnings("ignore:Matplotlib")
def test_a_confusion_matrix_counts_pixels(tmp_path):
    made = hookline.load(
        SPECS / "dense" / "segmentation.toml", ["run.epochs=1", 'callbacks=[{type="ConfusionMatrix"}]']
    )
    trial = hookline.train(made, out=tmp_path / "run")
    assert list(trial.directory.glob("**/*confusion*"))


@pytest.mark.parametrize("is_fixed", [True, False])
@pytest.mark.parametrize("target", ["y", "image"])
def test_lists_of_a_parquet_file_equal_arrays(target, is_fixed, tmp_path):
    generator = numpy.random.default_rng(0)
    x, y = generator.standard_normal((20, 4)), generator.integers(0, 3, (20, 4))
    image = generator.standard_normal((20, 4, 2))

    def lists(array):
        if not is_fixed:
            return pyarrow.array(array.tolist())
        flat = pyarrow.array(array.reshape(-1))
        for length in reversed(array.shape[1:]):
            flat = pyarrow.FixedSizeListArray.from_arrays(flat, length)
        return flat

    columns = {f"x{index}": column for index, column in enumerate(x.T)}
    parquet.write_table(pyarrow.table({**columns, "y": lists(y), "image": lists(image)}), tmp_path / "t.parquet")
    numpy.savez(tmp_path / "t.npz", x=x, y=y, image=image)
    loss, shape = {"y": ("CrossEntropyLoss", [3, 4]), "image": ("MSELoss", [4, 2])}[target]
    layers = [
        {"type": "Linear", "out_features": shape[0] * shape[1]},
        {"type": "Unflatten", "dim": 1, "unflattened_size": shape},
    ]
    trials = []
    for kind, path, inputs in (("Parquet", "t.parquet", "x*"), ("NPZ", "t.npz", "x")):
        data = {"type": kind, "path": str(tmp_path / path), "targets": target, "inputs": inputs, "batch_size": 5}
        made = small(data, loss, {"type": "Sequential", "layers": layers})
        trials.append(hookline.train(hookline.load(made), out=tmp_path / kind))
    of_lists, of_arrays = (trial.model.state_dict() for trial in trials)
    assert all(map(torch.equal, of_lists.values(), of_arrays.values()))
    finished = hookline.open_run(trials[0].directory)
    evaluated = finished.evaluate(data=tmp_path / "t.parquet")
    assert evaluated == pytest.approx(finished.evaluate("training"), rel=1e-6)
    assert finished.predict(tmp_path / "t.parquet", columns=["prediction", "truth"])["truth"].to_pylist() == (
        y.tolist() if target == "y" else image.astype("float32").tolist()
    )


def test_lists_of_different_lengths_are_padded_with_a_class_that_can_be_ignored(tmp_path):
    rows = {"x": [1.0, 2.0, 3.0], "y": [[0, 1], [1], [1, 0]]}
    parquet.write_table(pyarrow.table(rows), tmp_path / "t.parquet")
    data = {"type": "Parquet", "path": str(tmp_path / "t.parquet"), "targets": "y", "batch_size": 5}
    layers = [{"type": "Linear", "out_features": 6}, {"type": "Unflatten", "dim": 1, "unflattened_size": [3, 2]}]
    made = small(data, "CrossEntropyLoss", {"type": "Sequential", "layers": layers})
    with pytest.warns(hookline.HooklineWarning, match="The class -1 of .*set `ignore_index = 0`"):
        hookline.train(hookline.load(made), out=tmp_path / "run")
    parquet.write_table(pyarrow.table({**rows, "y": [[0.5, 1.0], [1.5], [1.0, 2.0]]}), tmp_path / "t.parquet")
    with pytest.raises(hookline.errors.DataError, match=r'row 2, column "y": The list has 1 elements, but the longest'):
        hookline.train(hookline.load(made | {"loss": {"type": "MSELoss"}}), out=tmp_path / "run2")
