import numpy
import pytest
import torch

from hookline.data.rows.fitting_rows import refuse_unfit_rows
from hookline.errors import DataError

SOURCES = {"training": "here", "test": "there"}
ROWS = torch.zeros(4, 3)
COLUMNS = {"y": {"y": numpy.arange(4)}}


@pytest.mark.parametrize(
    ("training", "test", "targets", "error", "message"),
    [
        (ROWS, ROWS.numpy(), COLUMNS, TypeError, 'The inputs "x" of the test split must be a tensor, not ndarray: '),
        (ROWS, ROWS[:, :2], COLUMNS, ValueError, 'A row of "x" has the shape (2,) in the test split, but (3,) in the '),
        (ROWS, ROWS, {"y": numpy.arange(4)}, TypeError, 'The target "y" of the training split must be a mapping with '),
        (ROWS[:0], ROWS, COLUMNS, DataError, "here: There are no rows."),
        (
            ROWS[:, :0],
            ROWS[:, :0],
            COLUMNS,
            DataError,
            'here: The inputs "x" have no numbers: a row has the shape (0,)',
        ),
    ],
)
def test_rows_that_do_not_fit_are_named(training, test, targets, error, message):
    inputs = {"training": {"x": training}, "test": {"x": test}}
    with pytest.raises(error) as raised:
        refuse_unfit_rows(inputs, dict.fromkeys(inputs, targets), {}, SOURCES)
    assert str(raised.value).startswith(message)
