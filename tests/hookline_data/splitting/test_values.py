import numpy
import pytest

from hookline.errors import DataError, HooklineWarning
from hookline_data.splitting.values import by_values

CELLS = numpy.array(["train", "dev", "1", "holdout", "train", "other"])


def lists(parted):
    return {split: rows.tolist() for split, rows in parted.rows.items()}


def test_any_values_can_name_the_splits():
    values = {"training": ("train", "1"), "validation": ("dev",), "test": ("holdout",), "unused": ("other",)}
    parted = by_values(CELLS, "s", values)
    assert lists(parted) == {"training": [0, 2, 4], "validation": [1], "test": [3]}
    assert parted.left_out == {"unused": 1}


@pytest.mark.parametrize(
    ("values", "expected", "left_out"),
    [
        ({"training": ("*",), "test": ("holdout",)}, {"training": [0, 1, 2, 4, 5], "test": [3]}, {}),
        ({"training": ("train",), "unused": ("*",)}, {"training": [0, 4]}, {"unused": 4}),
    ],
)
def test_a_star_stands_for_all_other_values(values, expected, left_out):
    parted = by_values(CELLS, "s", values)
    assert lists(parted) == expected
    assert parted.left_out == left_out


def test_integers_are_compared_as_text():
    assert lists(by_values(numpy.array([0, 1, 1]), "s", {"training": ("1",), "test": ("0",)})) == {
        "training": [1, 2],
        "test": [0],
    }


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"training": ("train", "1"), "validation": ("dev",)},
            'row 4, column "s": "holdout" is not a value of `split_values` (also "other"). Add it to a split in '
            '`split_values`, or leave these rows out: `unused = ["holdout", "other"]`, or `unused = "*"` for all other '
            "values.",
        ),
        (
            {"training": ("train",), "test": ("tset",), "unused": ("*",)},
            'data.split_values.test: The test split has no rows: no cell of the column "s" is "tset". Its values are '
            '"1", "dev", "holdout", "other" and "train".',
        ),
        (
            None,
            'row 1, column "s": "train" is not a split (also "1", "dev", "holdout", "other"). Use "training", '
            '"validation" or "test", or say which values are which split: split_values = { training = "train", '
            'validation = "dev", test = "holdout" }.',
        ),
    ],
)
def test_values_that_stand_for_no_split_are_an_error_with_the_option(values, message):
    with pytest.raises(DataError) as raised:
        by_values(CELLS, "s", values)
    assert str(raised.value) == message


def test_a_single_value_that_does_not_occur_is_a_warning():
    with pytest.warns(HooklineWarning, match=r'data.split_values.training: "2" does not occur in "s"'):
        by_values(CELLS, "s", {"training": ("train", "2"), "unused": ("*",)})
