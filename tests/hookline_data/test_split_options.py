"""Tests of the options that split the rows of a file, from the file to the batches."""

import datetime

import numpy
import pyarrow
import pytest

import hookline
from hookline.errors import DataError, SpecError
from hookline_data.splitting.groups import by_group

SPLITS = ("training", "validation", "test")
TABLE = "a,g,t,s,w,y\n" + "".join(
    f"{row},{'uvwxyz'[row % 6]},2024-01-{row + 1:02},{['train', 'dev', 'x'][row % 3]},{row % 4},{row % 2}\n"
    for row in range(24)
)


def rows_of(data):
    return {name: batches.all.input[:, 0].int().tolist() for name, batches in data.splits().items()}


def test_a_group_column_is_no_input_and_divides_by_its_groups(prepare):
    data = prepare(TABLE, inputs="a", group_column="g", validation=0.25, test=0.25)
    expected = by_group(numpy.array(list("uvwxyz") * 4), 0.25, 0.25, 0, None)
    assert rows_of(data) == {split: rows.tolist() for split, rows in expected.items()}
    assert data.preparation["input"]["columns"] == ["a"]
    with pytest.raises(DataError, match='The column "g" cannot be an input'):
        prepare(TABLE, inputs=["a", "g"], group_column="g", validation=0.25)


def test_a_time_column_divides_in_the_order_of_the_dates(prepare):
    data = prepare(TABLE, inputs="a", time_column="t", validation=0.25, test=0.25, gap=2)
    assert rows_of(data) == {"training": [*range(10)], "validation": [*range(12, 16)], "test": [*range(18, 24)]}
    assert data.left_out == {"gap": 4}


@pytest.mark.parametrize(
    "times",
    [
        pyarrow.array([datetime.datetime(2024, 1, 4 - day) for day in range(4)], pyarrow.timestamp("ns")),
        pyarrow.array(
            [datetime.datetime(2024, 1, 4 - day) for day in range(4)], pyarrow.timestamp("s", "Europe/Berlin")
        ),
        pyarrow.array([datetime.date(2024, 1, 4 - day) for day in range(4)]),
        pyarrow.array([10.5, 10.0, 9.0, 1.0]),
    ],
)
def test_times_of_parquet_are_compared_as_times(prepare_parquet, times):
    data = prepare_parquet({"a": [0, 1, 2, 3], "t": times, "y": [0, 1, 0, 1]}, time_column="t", test=0.25)
    assert rows_of(data) == {"training": [1, 2, 3], "test": [0]}


def test_arrays_are_divided_by_groups_and_times(prepare_arrays):
    arrays = {"x": numpy.arange(8.0)[:, None], "y": numpy.arange(8.0), "g": numpy.arange(8) // 2, "t": -numpy.arange(8)}
    data = prepare_arrays(arrays, inputs="x", time_column="t", test=0.25)
    assert rows_of(data) == {"training": [*range(2, 8)], "test": [0, 1]}
    data = prepare_arrays(arrays, inputs="x", group_column="g", folds=4, fold=1)
    [first, second] = rows_of(data)["validation"]
    assert (first // 2, second) == (second // 2, first + 1)


@pytest.mark.parametrize("marks", [pyarrow.array([1, 0, 2, 1]), pyarrow.array(["1", "0", "2", "1"])])
def test_values_of_a_column_are_mapped_to_splits(prepare_parquet, marks):
    values = {"training": 1, "test": ["0"], "unused": 2}
    data = prepare_parquet({"a": [0, 1, 2, 3], "s": marks, "y": [0, 1, 0, 1]}, split_column="s", split_values=values)
    assert rows_of(data) == {"training": [0, 3], "test": [1]}
    assert data.left_out == {"unused": 1}


def test_every_row_is_in_the_validation_split_of_one_fold(prepare):
    options = {"inputs": "a", "folds": 4, "test": 0.25, "stratify": True, "loss": "CrossEntropyLoss"}
    folds = [rows_of(prepare(TABLE, fold=fold, **options)) for fold in range(4)]
    test = folds[0]["test"]
    assert all(fold["test"] == test for fold in folds)
    assert sorted(row for fold in folds for row in fold["validation"]) == sorted(set(range(24)) - set(test))
    for fold in folds:
        assert sorted(row for rows in fold.values() for row in rows) == list(range(24))
    assert folds[1] == rows_of(prepare(TABLE, fold=1, seed=7, **options))
    assert folds[1] != rows_of(prepare(TABLE, fold=1, split_seed=1, **options))


def test_rows_can_be_stratified_by_another_column_and_by_ranges_of_a_number(prepare):
    data = prepare(TABLE, inputs="a", stratify="g", validation=0.25)
    groups = numpy.array(list("uvwxyz") * 4)
    assert sorted(groups[rows_of(data)["validation"]]) == list("uvwxyz")
    data = prepare(TABLE, inputs="w", targets="a", stratify=True, quantiles=4, validation=0.5)
    assert numpy.bincount(data.validation.all.target.flatten().numpy().astype(int) // 6).tolist() == [3, 3, 3, 3]
    with pytest.raises(DataError, match='Text has no quantiles, but "g" is text'):
        prepare(TABLE, inputs="a", stratify="g", quantiles=2, validation=0.25)


def test_a_number_with_too_many_values_to_stratify_by_comes_with_the_option(prepare):
    with pytest.raises(DataError, match=r"for each class. Set `quantiles`, such as 10, to stratify by ranges"):
        prepare(TABLE, inputs="w", targets="a", stratify=True, validation=0.2)


def test_files_of_splits_need_no_columns_that_divide_rows(prepare, tmp_path):
    (tmp_path / "test.csv").write_text("a,y\n100,1\n")
    data = prepare(TABLE, inputs="a", group_column="g", validation=0.25, test=str(tmp_path / "test.csv"))
    assert rows_of(data)["test"] == [100]
    assert len(rows_of(data)["training"]) + len(rows_of(data)["validation"]) == 24


def test_a_wrong_time_is_reported_with_its_row_in_the_file_after_dropped_rows(prepare, tmp_path):
    text = "a,t,y\n1,2024-01-01,0\n,2024-01-02,1\n3,2024-01-03,0\n4,soon,1\n"
    kinds = {"a": {"type": "StandardScaler", "missing": "drop"}}
    with pytest.raises(DataError) as raised:
        prepare(text, time_column="t", test=0.25, columns=kinds)
    assert str(raised.value).startswith(f'{tmp_path / "table.csv"}: row 4, column "t": "soon" is not a time')


def loaded(tmp_path, options):
    (tmp_path / "table.csv").write_text(TABLE)
    return hookline.load(
        {
            "data": {"type": "CSV", "path": str(tmp_path / "table.csv"), "targets": "y", "inputs": "a", **options},
            "model": {"type": "Linear", "out_features": 2},
            "loss": {"type": "CrossEntropyLoss"},
            "optimizer": {"type": "SGD"},
        }
    )


@pytest.mark.parametrize(
    "options",
    [
        {"group_column": "none", "test": 0.2},
        {"time_column": "none", "test": 0.2},
        {"stratify": "none", "test": 0.2},
        {"split_column": "none"},
        {"sampler": "weighted", "sample_weights": "none"},
    ],
)
def test_a_column_that_the_header_lacks_is_found_without_reading_the_rows(tmp_path, options):
    spec = loaded(tmp_path, options)
    [error] = spec.data.check(spec.objective)
    [name] = [name for name, value in options.items() if value == "none"]
    assert error.path == (name,)
    assert str(error).startswith('There is no column "none".')


@pytest.mark.parametrize(
    ("options", "place", "message"),
    [
        ({"group_column": "g"}, "group_column", "set `validation` or `test` to a fraction, or set `folds`"),
        ({"time_column": "t"}, "time_column", "set `validation` or `test` to a fraction, or set `folds`"),
        ({"time_column": "t", "test": 0.2, "stratify": True}, "time_column", "so `stratify` cannot be set"),
        ({"time_column": "t", "group_column": "g", "test": 0.2}, "time_column", "so `group_column` cannot be set"),
        ({"time_column": "t", "test": 0.2, "split_seed": 1}, "split_seed", "a seed has no effect"),
        ({"gap": 1, "test": 0.2}, "gap", "no effect without `time_column`"),
        ({"folds": 3, "validation": 0.2}, "validation", "The fold is the validation split"),
        ({"folds": 3, "fold": 3}, "fold", "`fold` must be at most 2"),
        ({"fold": 1}, "fold", "no effect without `folds`"),
        ({"folds": 1}, "folds", "at least 2"),
        ({"split_column": "s", "folds": 3}, "split_column", "so `folds` cannot be set"),
        ({"split_values": {"training": "a"}}, "split_values", "no effect without `split_column`"),
        ({"split_column": "s", "split_values": {"train": "a"}}, "split_values.train", 'There is no split "train"'),
        ({"split_column": "s", "split_values": {"test": "a"}}, "split_values", "no value for the training rows"),
        (
            {"split_column": "s", "split_values": {"training": ["a", 1], "test": "1"}},
            "split_values.test",
            '"1" is already the training split',
        ),
        ({"split_column": "s", "split_values": {"training": []}}, "split_values.training", "at least one value"),
        ({"quantiles": 3, "validation": 0.2}, "quantiles", "no effect without `stratify`"),
        ({"sampler": "weighted"}, "sampler", "Name the column with the weight of each row in `sample_weights`"),
        ({"sampler": "balanced", "sample_weights": "w"}, "sample_weights", 'unless `sampler` is "weighted"'),
        ({"sampler": "balanced", "shuffle": False}, "shuffle", "The sampler draws rows in random order"),
        ({"num_samples": 3}, "num_samples", "no effect without `sampler`"),
    ],
)
def test_contradictions_are_found_without_reading_the_rows(tmp_path, options, place, message):
    with pytest.raises(SpecError) as raised:
        loaded(tmp_path, options)
    [problem, *_] = raised.value.problems
    assert ".".join(map(str, problem.path)) == f"data.{place}"
    assert message in problem.message
