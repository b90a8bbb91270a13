import numpy
import pytest
from sklearn.model_selection import TimeSeriesSplit

from hookline.errors import DataError
from hookline_data.splitting.parse_times import parsed_times
from hookline_data.splitting.times import boundaries, by_time, fold_of_times


def lists(parted):
    return {split: rows.tolist() for split, rows in parted.rows.items()}


def test_the_earliest_rows_are_training_and_the_latest_test_rows():
    times = numpy.random.default_rng(0).permutation(20)
    parted = by_time(times, 0.2, 0.1, 0)
    by_time_of_row = {split: sorted(times[rows].tolist()) for split, rows in parted.rows.items()}
    assert by_time_of_row == {"training": [*range(14)], "validation": [*range(14, 18)], "test": [18, 19]}
    assert parted.left_out == {}
    assert all(rows == sorted(rows) for rows in lists(parted).values())


def test_the_gap_is_left_out_before_each_boundary():
    parted = by_time(numpy.arange(20), 0.2, 0.1, 2)
    assert lists(parted) == {"training": [*range(12)], "validation": [14, 15], "test": [18, 19]}
    assert parted.left_out == {"gap": 4}


def test_rows_with_equal_times_are_in_one_split():
    years = numpy.repeat([2020, 2021, 2022, 2023], [50, 20, 20, 10])
    for validation, test in [(0.2, 0.2), (0.05, 0.05), (0.4, 0.4), (0.01, 0.9)]:
        parted = by_time(years, validation, test, 0)
        found = [set(years[rows].tolist()) for rows in parted.rows.values()]
        assert sorted(year for own in found for year in own) == [2020, 2021, 2022, 2023]
        assert list(parted.rows) == ["training", "validation", "test"]


@pytest.mark.parametrize(("wanted", "expected"), [([2, 4], [3, 4]), ([1], [3]), ([4, 5], [3, 4]), ([0, 1], [3, 4])])
def test_a_boundary_moves_to_the_nearest_change_of_the_time(wanted, expected):
    assert boundaries(numpy.array([2020, 2020, 2020, 2021, 2022, 2022]), wanted) == expected


@pytest.mark.parametrize(("rows", "folds", "gap"), [(20, 3, 0), (47, 5, 0), (47, 5, 3), (12, 2, 1), (100, 9, 4)])
def test_folds_of_times_are_those_of_scikit_learn(rows, folds, gap):
    order = numpy.random.default_rng(rows).permutation(rows)
    times = numpy.empty(rows)
    times[order] = numpy.arange(rows) / 3
    expected = TimeSeriesSplit(folds, gap=gap).split(numpy.arange(rows))
    for fold, (training, validation) in enumerate(expected):
        parted = fold_of_times(times, folds, fold, 0.0, gap)
        wanted = {"training": sorted(order[training].tolist()), "validation": sorted(order[validation].tolist())}
        assert lists(parted) == wanted
        assert sum(parted.left_out.values()) == rows - len(training) - len(validation)


def test_the_test_split_is_the_same_for_all_folds_and_later_than_they_are():
    folds = [fold_of_times(numpy.arange(50), 4, fold, 0.2, 1) for fold in range(4)]
    assert {tuple(fold.rows["test"].tolist()) for fold in folds} == {tuple(range(40, 50))}
    assert folds[3].rows["validation"].tolist() == [*range(32, 39)]
    assert folds[0].left_out == {"gap": 2, "later folds": 21}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((numpy.zeros(10), 0.2, 0.2, 0), "There are 3 parts, but only 1 different time: rows with equal times cannot"),
        ((numpy.arange(10), 0.2, 0.2, 2), "The validation split has no rows: the `gap` of 2 rows takes all of them"),
        ((numpy.arange(10), 0.8, 0.0, 2), "The training split has no rows: the `gap` of 2 rows"),
    ],
)
def test_splits_without_rows_are_an_error(arguments, message):
    with pytest.raises(DataError, match=message):
        by_time(*arguments)


def test_more_folds_than_rows_are_an_error():
    with pytest.raises(DataError, match="There are only 4 rows for 5 folds and the rows before them"):
        fold_of_times(numpy.arange(4), 5, 0, 0.0, 0)


@pytest.mark.parametrize(
    "texts",
    [
        ["2024-01-31", "2023-12-31", "2024-02-01"],
        ["2024-01-31T18:30:00", "2023-12-31 18:30:00", "2024-01-31T18:30:01"],
        ["2024-01-31T18:30:00Z", "2024-01-31T19:29:59+01:00", "2024-01-31T18:30:00.001Z"],
        ["2024-01", "2023-12", "2024-02"],
    ],
)
def test_times_are_compared_as_times(texts):
    assert numpy.argsort(parsed_times(numpy.array(texts), "t")).tolist() == [1, 0, 2]


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["2024-01-31", "31.01.2024"], 'row 2, column "t": "31.01.2024" is not a time: `time_column` takes numbers, '),
        (["Monday"], 'row 1, column "t": "Monday" is not a time'),
        (["2024-01-31T10:00", "2024-01-31T10:00Z"], 'row 2, column "t": "2024-01-31T10:00Z" has an offset from UTC, '),
        (["2024-01-31T10:00Z", "2024-01-31T10:00"], 'row 2, column "t": "2024-01-31T10:00" has no offset from UTC'),
        ([*["2024-01-31"] * 100, "x", "2024-01-31"], 'row 101, column "t": "x" is not a time'),
    ],
)
def test_a_cell_that_is_no_time_is_reported_with_its_row(texts, message):
    with pytest.raises(DataError) as raised:
        parsed_times(numpy.array(texts), "t")
    assert str(raised.value).startswith(message)
