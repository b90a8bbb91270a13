import numpy
import pytest

from hookline.errors import DataError, SpecError
from hookline_data.splitting.fractions import by_fraction
from hookline_data.splitting.values import by_values

SPLITS = ("training", "validation", "test")


def numbered(rows, target="{row}"):
    """Return a table whose only input is the row number."""
    return "a,y\n" + "".join(f"{row},{target.format(row=row, third=row % 3)}\n" for row in range(rows))


def row_numbers(data):
    splits = {name: getattr(data, name) for name in SPLITS}
    return {
        name: next(batches.epoch(1)).input.flatten().int().tolist()
        for name, batches in splits.items()
        if batches is not None
    }


@pytest.mark.parametrize(("validation", "test"), [(0.2, 0.3), (0.0, 0.25), (0.1, 0.0), (0.34, 0.33)])
@pytest.mark.parametrize("seed", [0, 5])
def test_fractions_are_taken_from_one_permutation_of_all_rows_test_first(prepare, validation, test, seed):
    order = numpy.random.default_rng(seed).permutation(47)
    first, second = round(test * 47), round(test * 47) + round(validation * 47)
    expected = {
        "training": sorted(order[second:]),
        "validation": sorted(order[first:second]),
        "test": sorted(order[:first]),
    }
    data = prepare(numbered(47), validation=validation, test=test, split_seed=seed)
    assert row_numbers(data) == {name: rows for name, rows in expected.items() if rows}


def test_without_fractions_all_rows_are_for_training(prepare):
    data = prepare(numbered(5))
    assert row_numbers(data) == {"training": [0, 1, 2, 3, 4]}
    assert data.validation is None
    assert data.test is None


def test_stratified_fractions_are_taken_from_each_class(prepare):
    data = prepare(numbered(60, "c{third}"), validation=0.2, test=0.1, stratify=True, loss="CrossEntropyLoss")
    order = numpy.random.default_rng(0).permutation(60)
    test, validation, training = [], [], []
    for name in range(3):
        group = order[order % 3 == name]
        test += list(group[:2])
        validation += list(group[2:6])
        training += list(group[6:])
    assert row_numbers(data) == {
        "training": sorted(training),
        "validation": sorted(validation),
        "test": sorted(test),
    }


@pytest.mark.parametrize("counts", [(10, 20, 70), (3, 3, 94), (7, 41, 52)])
def test_stratified_splits_have_the_rounded_share_of_each_class(counts):
    classes = numpy.random.default_rng(1).permutation(numpy.repeat(["u", "v", "w"], counts))
    splits = by_fraction(100, 0.25, 0.15, 3, classes)
    for name, count in zip("uvw", counts, strict=True):
        assert (classes[splits["test"]] == name).sum() == round(0.15 * count)
        assert (classes[splits["validation"]] == name).sum() == round(0.25 * count)
    assert sorted(numpy.concatenate(list(splits.values()))) == list(range(100))


@pytest.mark.parametrize("stratify", [False, True])
@pytest.mark.parametrize("rows", [9, 30, 101])
def test_every_row_is_in_exactly_one_split_in_order(prepare, rows, stratify):
    splits = row_numbers(prepare(numbered(rows, "{third}"), validation=0.3, test=0.3, stratify=stratify))
    assert sorted(row for chosen in splits.values() for row in chosen) == list(range(rows))
    assert all(chosen == sorted(chosen) for chosen in splits.values())


def test_the_split_depends_on_split_seed_and_not_on_the_runs_seed(prepare):
    one, two = (row_numbers(prepare(numbered(50), validation=0.2, seed=seed)) for seed in (0, 1))
    other = row_numbers(prepare(numbered(50), validation=0.2, split_seed=1))
    assert one == two
    assert one != other


@pytest.mark.parametrize(
    ("options", "split"),
    [({"validation": 0.1}, "validation"), ({"test": 0.1}, "test"), ({"validation": 0.45, "test": 0.5}, "training")],
)
def test_a_split_without_rows_is_an_error(prepare, options, split):
    with pytest.raises(DataError, match=f"The {split} split has no rows: its fraction is 0.\\d+ of 3 rows"):
        prepare(numbered(3), **options)


def test_a_column_can_define_the_splits_and_is_not_an_input(prepare):
    data = prepare("a,s,y\n0,test,1\n1,training,2\n2,validation,3\n3,training,4\n", split_column="s")
    assert row_numbers(data) == {"training": [1, 3], "validation": [2], "test": [0]}
    assert data.preparation == {"input": {"columns": ["a"]}}


def test_a_split_column_may_name_fewer_splits():
    splits = by_values(numpy.array(["training", "test", "training"]), "s", None).rows
    assert {name: rows.tolist() for name, rows in splits.items()} == {"training": [0, 2], "test": [1]}


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["training", "Test"], 'row 2, column "s": "Test" is not a split'),
        (["0", "1"], 'row 1, column "s": "0" is not a split'),
        (["training", ""], 'row 2, column "s": The cell is empty'),
        (["validation", "test"], 'The training split has no rows: no cell of the column "s" is "training"'),
    ],
)
def test_a_column_that_does_not_name_splits_is_an_error(prepare, tmp_path, cells, message):
    with pytest.raises(DataError) as raised:
        prepare(f"a,s,y\n1,{cells[0]},1\n2,{cells[1]},2\n", split_column="s")
    assert str(raised.value).startswith(f"{tmp_path / 'table.csv'}: {message}")


@pytest.mark.parametrize("split_column", ["spl", "s*"])
def test_a_missing_split_column_is_an_error(prepare, split_column):
    with pytest.raises(DataError, match="There is no column"):
        prepare("a,split,y\n1,training,1\n2,test,2\n", split_column=split_column)


@pytest.mark.parametrize("split", ["validation", "test"])
def test_a_split_may_be_another_file_with_columns_in_another_order(prepare, tmp_path, split):
    (tmp_path / "other.csv").write_text("y,more,b,a\n1,x,2,3\n4,z,5,6\n")
    data = prepare("a,b,y\n7,8,9\n10,11,12\n", **{split: str(tmp_path / "other.csv")})
    [training], [other] = data.training.epoch(1), getattr(data, split).epoch(1)
    assert training.input.tolist() == [[7, 8], [10, 11]]
    assert other.input.tolist() == [[3, 2], [6, 5]]
    assert other.target.tolist() == [[1], [4]]


def test_one_split_may_be_a_file_and_the_other_a_fraction(prepare, tmp_path):
    (tmp_path / "other.csv").write_text("a,y\n100,1\n")
    splits = row_numbers(prepare(numbered(10), validation=0.2, test=str(tmp_path / "other.csv")))
    order = numpy.random.default_rng(0).permutation(10)
    assert splits == {"training": sorted(order[2:]), "validation": sorted(order[:2]), "test": [100]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n", 'There is no column "y"'),
        ("y\n1\n", 'There is no column "a"'),
        ("a,y\n", "The file has a header but no rows."),
        ("a,y\n1,2\nx,2\n", 'row 2, column "a": "x" is not a number'),
        ("a,y\n1,2\n2,\n", 'row 2, column "y": The cell is empty'),
    ],
)
def test_an_error_in_the_file_of_a_split_names_the_file(prepare, tmp_path, text, message):
    (tmp_path / "other.csv").write_text(text)
    with pytest.raises(DataError) as raised:
        prepare("a,y\n1,2\n3,4\n", test=str(tmp_path / "other.csv"))
    assert str(raised.value).startswith(f"{tmp_path / 'other.csv'}: {message}")


@pytest.mark.parametrize(
    ("options", "path"),
    [
        ({"validation": 0.5, "test": 0.5}, "data.validation"),
        ({"split_column": "s", "test": 0.5}, "data.split_column"),
        ({"split_column": "s", "validation": "other.csv"}, "data.split_column"),
        ({"stratify": True}, "data.stratify"),
        ({"stratify": True, "validation": "other.csv"}, "data.stratify"),
        ({"validation": 1.0}, "data.validation"),
        ({"test": -0.1}, "data.test"),
    ],
)
def test_contradictory_options_of_splits_are_an_error(prepare, options, path):
    with pytest.raises(SpecError) as raised:
        prepare("a,y\n1,2\n", **options)
    [problem] = raised.value.problems
    assert ".".join(problem.path) == path


def test_each_of_many_classes_is_split_separately():
    classes = numpy.arange(60_000) * 7 % 20_000
    parts = by_fraction(60_000, 1 / 3, 1 / 3, 0, classes)
    for rows in parts.values():
        assert numpy.unique(classes[rows]).tolist() == list(range(20_000))
