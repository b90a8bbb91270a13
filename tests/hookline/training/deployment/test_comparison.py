"""Predictions are compared exactly, except for numbers; rows that both models refuse do not count."""

from contextlib import nullcontext

import pyarrow
import pytest

from hookline.errors import DeploymentError
from hookline.training.deployment.comparison import compared


def difference(expected, found, tolerance=0.0):
    columns = ({"one": pyarrow.array(values)} for values in (expected, found))
    return compared(*columns, tolerance=tolerance, reader="a test")


def test_differences_of_large_numbers_are_relative_to_the_largest_of_the_column():
    found = difference([0.5, None, 0.25], [0.75, None, 0.25], tolerance=0.25)
    assert (found.rows, found.refused, found.largest_difference) == (2, 1, 0.25)
    assert difference([1024.0, 4.0], [1024.0, 6.0], tolerance=0.01).largest_difference == 2 / 1024


@pytest.mark.parametrize(
    ("expected", "found", "message"),
    [
        ([1.0], [1.5], '"one" differs by 0.5 from that of the model in memory, more than 0.'),
        ([1.0], [float("nan")], '"one" differs by inf from that of the model in memory, more than 0.'),
        (
            ["a", "b"],
            ["a", "c"],
            "\"one\" is 'c' in the deployed model, but 'b' in memory, in the readable example row 2.",
        ),
        (["a", None], ["a", "b"], "Of 2 example rows, only the deployed model predicts row 2."),
        (["a", "b"], ["a", None], "Of 2 example rows, only the model in memory predicts row 2."),
        ([[1.0, 2.0]], [[1.0]], '"one" has 1 values in the deployed model, but 2 here.'),
        ([None], [None], "The model in memory predicts none of the example rows, so there is nothing to compare."),
    ],
)
def test_a_difference_is_an_error(expected, found, message):
    with pytest.raises(DeploymentError) as caught:
        difference(expected, found)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("exact", "tolerance", "is_accepted"),
    [(0.500003, 1e-6, True), (0.5, 1e-6, False), (0.6, 1e-6, False), (0.500003, 0.0, False), (None, 1e-6, False)],
)
def test_numbers_may_be_as_near_to_float64_as_those_in_memory(exact, tolerance, is_accepted):
    column = {"p": pyarrow.array([0.5, 0.25])}
    other = {"p": pyarrow.array([0.500006, 0.25])}
    known = None if exact is None else {"p": pyarrow.array([exact, 0.25])}
    refused = nullcontext() if is_accepted else pytest.raises(DeploymentError, match="more than")
    with refused:
        found = compared(column, other, tolerance=tolerance, reader="a test", exact=lambda: known)
        assert found.rounding == pytest.approx(3e-6)
        assert "where that from float64 is 3e-06 (a test)." in str(found)
