"""Arrays and tensors from Python are prepared as those of an NPZ file."""

import numpy
import pandas
import pytest
import torch

from hookline.errors import DataError, SpecError
from hookline_data.given.python_arrays import array_of

RANDOM = numpy.random.default_rng(0)
X, Y = RANDOM.normal(size=(6, 3, 2)), RANDOM.normal(size=6)


@pytest.fixture
def prepare(prepare_given):
    def prepare(rows, **options):
        return prepare_given(rows, type="Arrays", **options)

    return prepare


@pytest.mark.parametrize(
    "form",
    [
        dict,
        lambda arrays: {name: torch.from_numpy(array) for name, array in arrays.items()},
        lambda arrays: {name: array.tolist() for name, array in arrays.items()},
    ],
    ids=["arrays", "tensors", "lists"],
)
def test_arrays_are_prepared_as_those_of_a_file(prepare, prepare_arrays, form):
    options = {"standardize": True, "validation": 0.34, "id_columns": "id"}
    arrays = {"x": X, "y": Y, "id": numpy.arange(6)}
    data, expected = prepare(form(arrays), **options), prepare_arrays(arrays, **options)
    for split, batches in expected.splits().items():
        assert torch.equal(data.splits()[split].all.input, batches.all.input)
        assert torch.equal(data.splits()[split].all.target, batches.all.target)
        assert data.kept[split].equals(expected.kept[split])
    assert data.preparation == expected.preparation


def test_a_file_of_numpy_is_a_mapping(prepare, tmp_path):
    numpy.savez(tmp_path / "arrays.npz", x=X, y=Y)
    with numpy.load(tmp_path / "arrays.npz") as file:
        assert torch.equal(prepare(file).training.all.input, torch.from_numpy(X).float())


def test_arrays_of_each_split_are_used(prepare):
    data = prepare({"training": {"x": X, "y": Y}, "test": {"x": X[:2], "y": Y[:2]}})
    assert torch.equal(data.test.all.input, torch.from_numpy(X[:2]).float())


def test_text_may_be_objects(prepare):
    given = {"x": X, "y": numpy.array(list("abcabc"), dtype=object)}
    assert prepare(given, loss="CrossEntropyLoss").target.classes == ("a", "b", "c")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({"x": X, "y": Y[:5]}, '"y" has 5 rows, but "x" has 6. All arrays must have the same number of rows.'),
        ({"x": X[:0], "y": Y[:0]}, "The arrays have no rows."),
        ({"x": [[1.0], [1.0, 2.0]], "y": [1.0, 2.0]}, '"x" has rows of different lengths: pad them.'),
        ({"x": 3.0, "y": [1.0]}, '"x" is a single value, so it has no rows.'),
        (
            {"x": X, "y": [1.0, None, *Y[2:]]},
            '"y" has the type object, but must have numbers or text. Row 1 is of type float, row 2 of type NoneType.',
        ),
        (
            {"x": torch.zeros(2, 3, requires_grad=True), "y": [1.0, 2.0]},
            '"x": It requires a gradient, but rows are not trained: pass `tensor.detach()`.',
        ),
        ({"x": [[1.0], [numpy.inf]], "y": [1.0, 2.0]}, 'row 2 of "x": inf is not a finite float32.'),
    ],
)
def test_wrong_arrays_are_reported(prepare, rows, message):
    with pytest.raises(DataError) as raised:
        prepare(rows)
    assert str(raised.value) == f"the arrays: {message}"


def test_a_table_is_no_mapping_of_arrays(prepare):
    with pytest.raises(
        DataError, match=r"the DataFrame: Pass a mapping from names to arrays, .* `type = \"DataFrame\"`"
    ):
        prepare(pandas.DataFrame({"x": [1.0], "y": [1.0]}))


def test_missing_arrays_are_reported_at_their_options(prepare):
    with pytest.raises(SpecError) as raised:
        prepare({"x": X, "y": Y}, inputs="X", id_columns=["id"])
    assert [problem.path for problem in raised.value.problems] == [("data", "inputs"), ("data", "id_columns", 0)]


def test_tensors_without_a_type_of_numpy_are_converted():
    given = torch.tensor([1.5, -2.0], dtype=torch.bfloat16, requires_grad=True)
    assert array_of(given, "x").tolist() == [1.5, -2]
