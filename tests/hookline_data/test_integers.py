import numpy
import pytest
import torch

from hookline.errors import DataError


@pytest.fixture
def prepare_integers(prepare):
    def prepare_integers(text, **options):
        return prepare(text, **{"dtype": "int64", **options})

    return prepare_integers


def test_integers_are_read_without_rounding(prepare_integers):
    [batch] = prepare_integers(f"a,b,y\n{2**62 + 1},-3,0.5\n 7 ,0,1.5\n").training.epoch(1)
    assert batch.input.dtype == torch.int64
    assert batch.input.tolist() == [[2**62 + 1, -3], [7, 0]]
    assert batch.target.tolist() == [[0.5], [1.5]]


@pytest.mark.parametrize(
    ("cell", "complaint"),
    [
        ("1.5", '"1.5" is not an integer.'),
        ("3.0", '"3.0" is not an integer.'),
        ("1e3", '"1e3" is not an integer.'),
        ("x", '"x" is not an integer.'),
        ("NA", '"NA" counts as a missing value: fill it in or remove the row.'),
        ("nan", '"nan" counts as a missing value: fill it in or remove the row.'),
        ("true", '"true" is not an integer.'),
        ("1_000", '"1_000" is not an integer.'),
        ("+1", '"+1" is not an integer.'),
        (str(2**63), f'"{2**63}" is too large for int64.'),
        (str(-(2**63) - 1), f'"{-(2**63) - 1}" is too large for int64.'),
        ("", "The cell is empty."),
        ("  ", "The cell is empty."),
    ],
)
@pytest.mark.parametrize("file", ["table", "other"])
def test_a_cell_that_is_not_an_integer_is_reported_with_row_and_column(
    prepare_integers, tmp_path, cell, complaint, file
):
    good, bad = "a,b,y\n1,2,3\n4,5,6\n", f"a,b,y\n1,2,3\n4,{cell},6\n7,8,9\n"
    (tmp_path / "other.csv").write_text(good if file == "table" else bad)
    with pytest.raises(DataError) as raised:
        prepare_integers(bad if file == "table" else good, test=str(tmp_path / "other.csv"))
    is_missing = "empty" in complaint or "missing" in complaint
    advice = " Integers cannot be filled in: use `OrdinalEncoder` in `columns`." if is_missing else ""
    assert str(raised.value) == f'{tmp_path / file}.csv: row 2, column "b": {complaint}{advice}'


def test_only_groups_with_dtype_int64_are_integers(prepare):
    data = prepare(
        "c_1,c_2,a,y\n1,2,0.5,3\n4,5,1.5,6\n",
        inputs={"categories": "c_*", "numbers": "a"},
        dtype={"categories": "int64"},
    )
    [batch] = data.training.epoch(1)
    assert batch.inputs["categories"].tolist() == [[1, 2], [4, 5]]
    assert batch.inputs["numbers"].tolist() == [[0.5], [1.5]]
    assert [rows.dtype for rows in batch.inputs.values()] == [torch.int64, torch.float32]


@pytest.mark.parametrize("order", [["categories", "numbers"], ["numbers", "categories"]])
def test_a_column_can_be_integers_in_one_group_and_numbers_in_another(prepare, order):
    groups = {"categories": "c", "numbers": "*"}
    data = prepare(
        "c,a,y\n1,0.5,3\n4,1.5,6\n", inputs={name: groups[name] for name in order}, dtype={"categories": "int64"}
    )
    [batch] = data.training.epoch(1)
    assert batch.inputs["categories"].tolist() == [[1], [4]]
    assert batch.inputs["numbers"].tolist() == [[1, 0.5], [4, 1.5]]
    with pytest.raises(DataError, match=r'row 1, column "c": "1\.5" is not an integer\.$'):
        prepare("c,a,y\n1.5,0.5,3\n", inputs=groups, dtype={"categories": "int64"})


def test_integers_can_have_a_shape(prepare_integers):
    data = prepare_integers("a,b,c,d,y\n1,2,3,4,5\n", shape=[2, 2])
    assert data.training.all.input.tolist() == [[[1, 2], [3, 4]]]
    assert data.preparation == {"input": {"columns": ["a", "b", "c", "d"], "shape": [2, 2]}}


def test_integers_are_split_and_shuffled_like_other_numbers(prepare_integers):
    text = "a,y\n" + "".join(f"{row},{row}\n" for row in range(50))
    data = prepare_integers(text, shuffle=True, test=0.2, seed=5)
    order = numpy.random.default_rng(0).permutation(50)
    training = numpy.sort(order[10:])
    [batch] = data.training.epoch(4)
    assert batch.input.flatten().tolist() == training[numpy.random.default_rng((5, 4)).permutation(40)].tolist()
    assert data.test.all.input.flatten().tolist() == sorted(order[:10])
