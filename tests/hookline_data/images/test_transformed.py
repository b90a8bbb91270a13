"""Transforms of batches, of every source."""

import numpy
import pytest
import torch
from epoch_rows import rows_of

import hookline
from hookline.errors import MismatchError
from hookline_data.images.transforming.random_numbers import uniform_numbers

X = numpy.random.default_rng(4).random((20, 2, 6, 5)).astype(numpy.float32)
Y = numpy.arange(20.0)
FLIP = {"type": "RandomHorizontalFlip"}
CROP = {"type": "RandomCrop", "size": [4, 3]}


def test_numbers_of_a_row_do_not_depend_on_the_other_rows():
    together = uniform_numbers(7, 3, (0, 1), 0, 100, 6)
    assert together.shape == (100, 6)
    assert (uniform_numbers(7, 3, (0, 1), 40, 25, 6) == together[40:65]).all()
    for others in ((8, 3, (0, 1)), (7, 4, (0, 1)), (7, 3, (1, 1)), (7, 3, (0, 0))):
        assert not (uniform_numbers(*others, 0, 100, 6) == together).any()
    many = uniform_numbers(0, 1, (0, 0), 0, 20_000, 3)
    assert abs(many.mean() - 0.5) < 0.005
    assert abs(many.var() - 1 / 12) < 0.002


def test_training_rows_are_transformed_in_the_order_of_the_epoch(prepare_arrays):
    data = prepare_arrays({"x": X, "y": Y}, transforms=[FLIP, CROP], shuffle=True, batch_size=20, seed=6)
    order = numpy.random.default_rng((6, 2)).permutation(20)
    flips = uniform_numbers(6, 2, (0, 0), 0, 20, 1)[:, 0] < 0.5
    places = uniform_numbers(6, 2, (0, 1), 0, 20, 2)
    expected = []
    for row, is_flipped, (first, second) in zip(order, flips, places, strict=True):
        image = X[row][..., ::-1] if is_flipped else X[row]
        top, left = int(first * 3), int(second * 3)
        expected.append(image[:, top : top + 4, left : left + 3])
    inputs, targets = rows_of(data.training, 2)
    assert inputs.tolist() == numpy.stack(expected).tolist()
    assert targets.flatten().tolist() == order.tolist()
    assert not torch.equal(inputs, rows_of(data.training, 3)[0])


def test_transformed_rows_do_not_depend_on_the_batch_size_and_resume_anywhere(prepare_arrays):
    options = {"transforms": [FLIP, CROP, {"type": "RandomErasing"}], "shuffle": True, "seed": 1}
    inputs, _ = rows_of(prepare_arrays({"x": X, "y": Y}, batch_size=20, **options).training, 4)
    small = prepare_arrays({"x": X, "y": Y}, batch_size=3, **options).training
    assert torch.equal(rows_of(small, 4)[0], inputs)
    assert torch.equal(rows_of(small, 4, 5)[0], inputs[15:])


def test_rows_that_are_transformed_together_are_the_same_as_alone(prepare_arrays, monkeypatch):
    options = {"transforms": [FLIP, CROP, {"type": "Normalize"}], "shuffle": True, "batch_size": 3}
    data = prepare_arrays({"x": X, "y": Y}, validation=0.3, **options)
    before = [rows_of(batches, 2, 1) for batches in data.splits().values()]
    for size in (1, 3 * X[0].nbytes * 2, 2**30):
        monkeypatch.setattr("hookline_data.images.windows.WINDOW", size)
        batches = list(data.training.epoch(2, 1))
        assert [batch.rows for batch in batches] == [3, 3, 3, 2]
        again = [rows_of(batches, 2, 1) for batches in data.splits().values()]
        assert all(
            torch.equal(one, other) for a, b in zip(before, again, strict=True) for one, other in zip(a, b, strict=True)
        )


def test_validation_rows_are_only_normalized_and_cut_at_their_center(prepare_arrays):
    data = prepare_arrays({"x": X, "y": Y}, transforms=[FLIP, CROP, {"type": "Normalize"}], validation=0.25)
    plain = prepare_arrays({"x": X, "y": Y}, validation=0.25)
    training = rows_of(plain.training)[0].double()
    mean, std = training.mean(dim=(0, 2, 3)), training.std(dim=(0, 2, 3), correction=0)
    known = data.preparation["input"]["transforms"][2]
    assert numpy.allclose(known["mean"], mean, rtol=1e-12)
    assert numpy.allclose(known["std"], std, rtol=1e-12)
    center = rows_of(plain.validation)[0][:, :, 1:5, 1:4]
    expected = (center - torch.tensor(known["mean"])[:, None, None]) / torch.tensor(known["std"])[:, None, None]
    assert torch.equal(rows_of(data.validation)[0], expected)
    assert tuple(data.example.input.shape) == (2, 2, 4, 3)
    assert data.preparation["input"]["image_shape"] == [2, 6, 5]


def test_statistics_are_those_of_training_rows_alone(prepare_arrays):
    options = {"transforms": [{"type": "Normalize"}], "validation": 0.25}
    before = prepare_arrays({"x": X, "y": Y}, **options)
    rows = rows_of(prepare_arrays({"x": X, "y": Y}, validation=0.25).validation)[1].long().flatten()
    changed = X.copy()
    changed[rows] = 99
    after = prepare_arrays({"x": changed, "y": Y}, **options)
    assert before.preparation == after.preparation
    assert torch.equal(rows_of(before.training)[0], rows_of(after.training)[0])


def test_tables_with_a_shape_are_transformed_and_read_again(tmp_path):
    header = ",".join([*(f"p{index}" for index in range(30)), "y"])
    rows = [",".join(map(str, [*X[row, 0].ravel(), int(row % 2)])) for row in range(20)]
    path = tmp_path / "table.csv"
    path.write_text("\n".join([header, *rows]))
    spec = hookline.load(
        {
            "run": {"epochs": 1},
            "data": {"type": "CSV", "path": str(path), "targets": "y", "shape": [1, 6, 5]}
            | {"transforms": [CROP, {"type": "Normalize", "mean": [0.25], "std": [0.5]}]},
            "model": {"type": "Sequential", "layers": [{"type": "Flatten"}, {"type": "Linear", "out_features": 2}]},
            "loss": {"type": "CrossEntropyLoss"},
            "optimizer": {"type": "SGD", "lr": 0.1},
        }
    )
    hookline.train(spec, out=tmp_path / "run")
    run = hookline.open_run(tmp_path / "run")
    weight = run.model[1].weight.detach().numpy()
    center = (X[:, :1, 1:5, 1:4] - numpy.float32(0.25)) / numpy.float32(0.5)
    outputs = center.reshape(20, -1) @ weight.T + run.model[1].bias.detach().numpy()
    predicted = run.predict(path, columns=["output"])
    found = numpy.column_stack([column.to_numpy() for column in predicted.columns])
    assert numpy.abs(found - outputs).max() < 1e-5


def test_pairs_are_transformed_separately(tmp_path):
    numpy.savez(tmp_path / "arrays.npz", x=X, y=numpy.arange(20) % 2)
    source = {"type": "NPZ", "path": str(tmp_path / "arrays.npz"), "inputs": "x", "targets": "y"}
    spec = hookline.load(
        {
            "data": {"type": "Triplets", "source": source, "transforms": [CROP], "batch_size": 20},
            "model": {"type": "Flatten"},
            "loss": {"type": "TripletMarginLoss"},
            "optimizer": {"type": "SGD"},
        }
    )
    run = hookline.Run(spec=spec, stages=None, plugins=(), catalog=None, device=torch.device("cpu"))
    [batch] = spec.data.prepare(run, spec.objective).training.epoch(1)
    order = numpy.random.default_rng((0, 1)).permutation(20)
    places = uniform_numbers(0, 1, (0, 0), 0, 20, 2)
    for image, row, (first, second) in zip(batch.inputs["anchor"], order, places, strict=True):
        top, left = int(first * 3), int(second * 3)
        assert image.tolist() == X[row, :, top : top + 4, left : left + 3].tolist()
    assert {tuple(rows.shape) for rows in batch.inputs.values()} == {(20, 2, 4, 3)}


def test_rows_that_are_no_images_are_refused(prepare_arrays):
    with pytest.raises(MismatchError, match=r'the shape of a row is ""input" \[30\]"|Set `shape`'):
        prepare_arrays({"x": X[:, 0].reshape(20, 30), "y": Y}, transforms=[FLIP])
    with pytest.raises(MismatchError, match="The crop of 9 × 9 is larger than the images of 6 × 5") as error:
        prepare_arrays({"x": X, "y": Y}, transforms=[FLIP, {"type": "CenterCrop", "size": 9}])
    assert error.value.path == ("data", "transforms", 1)
