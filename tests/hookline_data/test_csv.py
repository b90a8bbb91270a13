import tracemalloc

import by_hand
import numpy
import pytest
import torch

import hookline
from hookline.errors import DataError


def table(matrix, targets):
    names = ",".join(f"x{column}" for column in range(matrix.shape[1]))
    rows = [
        ",".join([*(repr(float(number)) for number in row), str(target)])
        for row, target in zip(matrix, targets, strict=True)
    ]
    return f"{names},y\n" + "\n".join(rows) + "\n"


@pytest.fixture
def matrix():
    generator = numpy.random.default_rng(4)
    return (generator.normal(size=(40, 3)) * [1, 100, 1e-3] + [0, 5000, 1]).astype(numpy.float32)


def test_inputs_are_standardized_with_the_statistics_of_the_training_rows(prepare, matrix):
    text = table(matrix, range(40))
    options = {"validation": 0.25, "test": 0.2}
    raw, data = prepare(text, **options), prepare(text, **options, standardize=True)
    training = next(raw.training.epoch(1)).input.numpy()
    mean, std = by_hand.statistics(training)
    for split in ("training", "validation", "test"):
        [before], [after] = getattr(raw, split).epoch(1), getattr(data, split).epoch(1)
        assert torch.equal(after.input, torch.from_numpy(by_hand.standardized(before.input.numpy(), mean, std)))
        assert torch.equal(after.target, before.target)
    assert data.preparation == {"input": {"columns": ["x0", "x1", "x2"], "mean": mean.tolist(), "std": std.tolist()}}


def test_standardized_training_rows_have_mean_0_and_variance_1(prepare, matrix):
    [batch] = prepare(table(matrix, range(40)), validation=0.25, standardize=True).training.epoch(1)
    assert batch.input.double().mean(dim=0).tolist() == pytest.approx([0, 0, 0], abs=1e-4)
    assert batch.input.double().var(dim=0, correction=0).tolist() == pytest.approx([1, 1, 1], rel=1e-4)


@pytest.mark.parametrize("constant", ["0.1", "1e9", "-3", "0"])
@pytest.mark.parametrize("rows", [1, 7, 1000])
def test_a_column_that_is_constant_in_training_is_only_shifted(prepare, constant, rows):
    lines = [f"{constant},training,{row}" for row in range(rows)] + ["2.5,validation,0"]
    data = prepare("a,s,y\n" + "\n".join(lines) + "\n", standardize=True, split_column="s")
    [training], [validation] = data.training.epoch(1), data.validation.epoch(1)
    value = float(constant)
    assert training.input.unique().tolist() == [0]
    assert validation.input.tolist() == [[numpy.float32(2.5 - value)]]
    assert data.preparation == {"input": {"columns": ["a"], "mean": [value], "std": [1.0]}}


def test_inputs_are_not_standardized_by_default(prepare, matrix):
    data = prepare(table(matrix, range(40)))
    [batch] = data.training.epoch(1)
    assert torch.equal(batch.input, torch.from_numpy(matrix))
    assert data.preparation == {"input": {"columns": ["x0", "x1", "x2"]}}


def test_a_row_of_inputs_gets_the_given_shape(prepare):
    text = "a,b,c,d,e,f,y\n0,1,2,3,4,5,0\n6,7,8,9,10,11,0\n"
    data = prepare(text, shape=[1, 2, 3])
    [batch] = data.training.epoch(1)
    assert torch.equal(batch.input, torch.arange(12.0).reshape(2, 1, 2, 3))
    assert data.preparation == {"input": {"columns": list("abcdef"), "shape": [1, 2, 3]}}
    assert data.example.input.shape == (2, 1, 2, 3)


def test_a_shape_that_does_not_match_the_columns_is_an_error(prepare):
    with pytest.raises(
        DataError, match=r"table\.csv: A row of the `shape` \[2, 2\] has 4 numbers, but the inputs have 3\.$"
    ):
        prepare("a,b,c,y\n1,2,3,4\n", shape=[2, 2])


def test_the_example_is_the_first_two_training_rows(prepare, matrix):
    data = prepare(table(matrix, range(40)), validation=0.25)
    [batch] = data.training.epoch(1)
    assert torch.equal(data.example.input, batch.input[:2])
    assert torch.equal(data.example.target, batch.target[:2])
    assert data.example.rows == 2


def test_one_row_is_enough_to_train(prepare):
    data = prepare("a,y\n1,2\n", standardize=True)
    assert data.training.rows == data.example.rows == len(data.training) == 1


def order(data, epoch):
    return torch.cat([batch.input for batch in data.training.epoch(epoch)]).flatten().int().tolist()


def test_the_order_of_rows_depends_only_on_seed_and_epoch(prepare):
    text = table(numpy.arange(50).reshape(50, 1), range(50))
    data = prepare(text, shuffle=True, batch_size=8, seed=3)
    for epoch in (5, 1, 2, 5):
        assert order(data, epoch) == numpy.random.default_rng((3, epoch)).permutation(50).tolist()
    again, other = prepare(text, shuffle=True, seed=3), prepare(text, shuffle=True, seed=4)
    assert order(again, 5) == order(data, 5) != order(other, 5)


def test_inputs_and_targets_stay_together(prepare):
    data = prepare(table(numpy.arange(50).reshape(50, 1), range(50)), shuffle=True, batch_size=8, standardize=False)
    for batch in data.training.epoch(1):
        assert torch.equal(batch.input, batch.target)


def test_only_training_is_shuffled(prepare):
    data = prepare(table(numpy.arange(50).reshape(50, 1), range(50)), shuffle=True, validation=0.4, test=0.2)
    assert order(data, 1) != sorted(order(data, 1))
    for batches in (data.validation, data.test):
        for epoch in (1, 2):
            rows = next(batches.epoch(epoch)).input.flatten().tolist()
            assert rows == sorted(rows)


def test_rows_keep_the_order_of_the_file_without_shuffling(prepare):
    data = prepare(table(numpy.arange(50).reshape(50, 1), range(50)), shuffle=False, batch_size=8)
    assert order(data, 1) == order(data, 2) == list(range(50))


@pytest.mark.parametrize(
    ("drop_last", "training", "validation"), [(False, [16, 16, 8], [16, 4]), (True, [16, 16], [16, 4])]
)
def test_drop_last_applies_only_to_training(prepare, drop_last, training, validation):
    text = table(numpy.arange(60).reshape(60, 1), range(60))
    data = prepare(text, validation=1 / 3, batch_size=16, drop_last=drop_last)
    assert [batch.rows for batch in data.training.epoch(1)] == training
    assert [batch.rows for batch in data.validation.epoch(1)] == validation
    assert (len(data.training), len(data.validation)) == (len(training), len(validation))


def test_drop_last_that_leaves_no_batch_is_an_error(prepare):
    with pytest.raises(DataError, match="`drop_last` leaves no batch: there are only 3 rows"):
        prepare("a,y\n1,2\n3,4\n5,6\n", drop_last=True, batch_size=4)


def test_rows_are_in_memory_only_once(prepare):
    rows, columns = 80_000, 12
    text = table(numpy.random.default_rng(0).normal(size=(rows, columns)).round(3), numpy.zeros(rows))
    options = {"validation": 0.25, "test": 0.25, "standardize": True}
    prepare(text, **options)  # Imports take memory, too.
    tracemalloc.start()
    data = prepare(text, **options)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    inputs = rows * columns * 4  # torch casts the targets, and its memory is not traced.
    assert inputs <= held < 1.1 * inputs

    for split in (data.training, data.validation, data.test):
        [batch] = split.epoch(1)
        for tensor in (batch.input, batch.target):
            assert tensor.untyped_storage().nbytes() == tensor.nbytes


def test_the_path_is_relative_to_the_spec(tmp_path, monkeypatch):
    (tmp_path / "specs" / "data").mkdir(parents=True)
    (tmp_path / "specs" / "data" / "rows.csv").write_text("a,y\n1,2\n3,4\n")
    (tmp_path / "specs" / "small.toml").write_text(
        """
        data = { type = "CSV", path = "data/rows.csv", targets = "y" }
        model = { type = "Linear", out_features = 1 }
        loss = { type = "MSELoss" }
        optimizer = { type = "SGD" }
        run.epochs = 1
        """
    )
    monkeypatch.chdir(tmp_path)
    spec = hookline.load("specs/small.toml")
    assert hookline.train(spec, out="run").steps == 1


def test_reading_a_spec_opens_no_data():
    spec = hookline.load(
        {
            "data": {"type": "CSV", "path": "/nowhere/rows.csv", "targets": "y"},
            "model": {"type": "Linear", "out_features": 1},
            "loss": {"type": "MSELoss"},
            "optimizer": {"type": "SGD"},
        }
    )
    assert str(spec.data.path) == "/nowhere/rows.csv"
