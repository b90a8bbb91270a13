"""What cannot be rows with named columns is reported with the row and the column."""

import datetime
from pathlib import Path

import numpy
import pandas
import polars
import pyarrow
import pytest
import torch

from hookline.errors import DataError, MismatchError
from hookline_data.given.frame import TAKES, Frame

Y = [1.0, 2.0]


@pytest.fixture
def complaint(prepare_given):
    """Return the error message about rows from Python."""

    def complaint(rows, **options):
        with pytest.raises((DataError, MismatchError)) as raised:
            prepare_given(rows, **options)
        return str(raised.value)

    return complaint


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (5, f"the int: This is not a table with named columns: {TAKES}."),
        (numpy.zeros((2, 2)), f"the ndarray: This is not a table with named columns: {TAKES}."),
        ((Y, Y), f"the tuple: This is not a table with named columns: {TAKES}."),
        ([[1, 2]], f"the list: This is not a table with named columns: {TAKES}."),
        ([], "the list: There are no columns."),
        ({}, "the columns: There are no columns."),
        (
            polars.DataFrame({"a": Y}).lazy(),
            f"the LazyFrame: This is not a table with named columns: {TAKES}. Call its method `collect` first.",
        ),
        (
            pyarrow.table({"a": Y}).to_reader(),
            "the RecordBatchReader: It can be read only once: pass `reader.read_all()`.",
        ),
        (
            Path("rows.csv"),
            "the PosixPath: This is a path: set `path` in the spec, such as "
            "`hookline.load(spec, ['data.path=rows.csv'])`.",
        ),
        (pandas.DataFrame([[1, 2]], columns=["a", "a"]), 'the DataFrame: Two columns are named "a".'),
        (pandas.DataFrame([[1, 2]], columns=["0", 0]), 'the DataFrame: Two columns are named "0".'),
        (
            pandas.DataFrame([[1, 2]], columns=pandas.MultiIndex.from_tuples([("a", "b"), ("y", "")])),
            "the DataFrame: The name of column 1 must be text, but it is ('a', 'b').",
        ),
        (pandas.DataFrame({"a": [], "y": []}), "the DataFrame: There are no rows."),
        ({"a": [1, 2, 3], "y": Y}, '"y" has 2 rows, but "a" has 3. All columns must have the same number.'),
    ],
    ids=lambda case: type(case).__name__ if not isinstance(case, str) else "",
)
def test_other_objects_are_no_rows(complaint, rows, message):
    assert complaint(rows).endswith(message)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (3, 'column "a": It must be a list, an array or a tensor, not int.'),
        ("ab", 'column "a": It must be a list, an array or a tensor, not str.'),
        (numpy.array(3.0), 'column "a": It must be a list, an array or a tensor, not ndarray.'),
        (numpy.array([1j, 2]), 'column "a": It has the type complex128, but must have numbers or text.'),
        (
            torch.zeros(2, requires_grad=True),
            'column "a": It requires a gradient, but rows are not trained: pass `tensor.detach()`.',
        ),
        (torch.zeros(2, device="meta"), 'column "a": It is on the meta device, and has no values.'),
        (torch.eye(2).to_sparse(), 'column "a": It is sparse: pass `tensor.to_dense()`.'),
        (torch.ones(2, dtype=torch.complex64), 'column "a": It has the type complex64, but must have numbers.'),
        ([1.0, numpy.inf], 'row 2, column "a": inf is not a finite float32.'),
        (pandas.Series([1, "x"], dtype=object), 'row 2, column "a": "x" is not a number.'),
        (
            pandas.Series([[1], 2], dtype=object),
            'row 2, column "a": "2" is not a list, but other cells of the column are.',
        ),
        (
            pandas.to_datetime(["2024-01-01", "2024-01-02"]),
            'column "a": The cells have the type timestamp[us], but the model needs numbers. Or give the column the kind '
            "`Date` in `columns`.",
        ),
        (
            [datetime.timedelta(1), datetime.timedelta(2)],
            'column "a": The cells have the type duration[us], but the model needs numbers.',
        ),
        (
            pandas.array([1, None], dtype="Int64"),
            'row 2, column "a": The cell is empty. Or let a kind fill it in: columns = { a = { type = "Number", missing = '
            '"mean" } }.',
        ),
        (
            numpy.array([numpy.nan, 1]),
            'row 1, column "a": The cell is empty. Or let a kind fill it in: columns = { a = { type = "Number", missing = '
            '"mean" } }.',
        ),
    ],
    ids=lambda case: type(case).__name__ if not isinstance(case, str) else "",
)
def test_wrong_columns_are_reported(complaint, cells, message):
    assert complaint({"a": cells, "y": Y}) == f"the columns: {message}"


def test_columns_that_no_option_uses_may_be_anything(prepare_given):
    rows = {"a": Y, "y": Y, "who": object(), "grad": torch.zeros(5, requires_grad=True)}
    assert prepare_given(rows, inputs="a").training.all.input.flatten().tolist() == Y


def test_the_name_of_another_split_is_in_messages(complaint):
    frame = pandas.DataFrame({"a": Y, "y": Y})
    text = 'the DataFrame for validation: row 2, column "y": "x" is not a number, but MSELoss needs numbers.'
    assert complaint({"training": frame, "validation": frame.assign(y=["1", "x"])}) == text
    missing = 'the DataFrame for test: There is no column "a".'
    assert complaint({"training": frame, "test": frame[["y"]]}) == missing


@pytest.mark.parametrize(
    ("splits", "options", "message"),
    [
        (("train",), {}, '`data` has rows for "train", but there is no such split. Did you mean "training"?'),
        (("validation",), {}, '`data` has rows for "validation", but not for "training".'),
        (
            ("training", "validation"),
            {"validation": 0.2},
            "data.validation: `data` has the validation rows: remove this fraction.",
        ),
        (
            ("training", "test"),
            {"split_column": "a"},
            "data.split_column: `data` has the rows of each split: remove this option.",
        ),
        (("training", "validation"), {"folds": 2}, "data.folds: `data` has the validation rows: remove this option."),
        (
            ("training",),
            {"type": "CSV", "path": "a.csv", "test": "b.csv"},
            'data.test: `data` replaces all files, but has no rows for test: pass {"training": …, "test": …}.',
        ),
    ],
)
def test_splits_that_contradict_the_options_are_refused(complaint, splits, options, message):
    assert complaint({split: {"a": Y, "y": Y} for split in splits}, **options) == message


def test_a_frame_converts_only_the_wanted_columns():
    table = pyarrow.table({"a": pyarrow.array(["x", "y"]).dictionary_encode(), "b": [1.0, float("nan")]})
    frame = Frame.of(table, "the Table")
    assert list(frame.names) == ["a", "b"]
    assert frame.columns(["b"])["b"].to_pylist() == [1, None]
    assert frame.columns(["a"])["a"].type == pyarrow.string()
    assert frame.head("a") == ["x", "y"]
    with pytest.raises(DataError, match='the Table: There is no column "c"'):
        frame.columns(["c"])
