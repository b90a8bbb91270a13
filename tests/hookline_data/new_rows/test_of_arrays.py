"""New rows of arrays equal the rows of the training."""

import numpy
import pytest
import torch

from hookline.errors import DataError
from hookline_data.new_rows import array_parts

GENERATOR = numpy.random.default_rng(0)
ARRAYS = {
    "x": GENERATOR.normal(3, 5, size=(12, 4, 2)),
    "steps": GENERATOR.integers(1, 5, size=12),
    "z": GENERATOR.integers(0, 9, size=(12, 3)),
    "y": numpy.array(["a", "b", "c"] * 4),
    "id": numpy.arange(12),
}


@pytest.fixture(params=["savez", "savez_compressed"])
def read(tmp_path, reader, request, monkeypatch):
    """Train with padded sequences and vectors, and return a function that reads new rows from a file of arrays."""
    monkeypatch.setattr(array_parts, "BLOCK", 200)
    save = getattr(numpy, request.param)
    save(tmp_path / "train.npz", **ARRAYS)
    read = reader(
        {
            "type": "NPZ",
            "path": tmp_path / "train.npz",
            "inputs": {"sounds": "x", "numbers": "z"},
            "lengths": {"x": "steps"},
            "targets": "y",
            "standardize": {"sounds": True},
            "shuffle": False,
        },
        loss="CrossEntropyLoss",
    )

    def read_file(arrays, **options):
        save(tmp_path / "new.npz", **arrays)
        return read(tmp_path / "new.npz", **options)

    read_file.training, read_file.of = read.training, read
    return read_file


def joined(blocks):
    """Return the inputs, targets and lengths of all blocks."""
    batches = [block.batch for block in blocks if block.batch]
    return [
        {name: torch.cat([getattr(batch, part)[name] for batch in batches]) for name in getattr(batches[0], part)}
        for part in ("inputs", "targets", "lengths")
    ]


def assert_equal(found, expected):
    for one, other in zip(found, expected, strict=True):
        assert one.keys() == other.keys()
        for name, tensor in one.items():
            assert tensor.dtype == other[name].dtype
            assert torch.equal(tensor, other[name])


@pytest.mark.parametrize("rows_per_block", [1, 5, 100])
def test_new_rows_equal_those_of_the_training(read, rows_per_block):
    options = {"rows_per_block": rows_per_block, "with_targets": True, "keep": ["id", "z"]}
    known = [read.training.inputs, read.training.targets, read.training.lengths]
    by_column = {**ARRAYS, "x": numpy.asfortranarray(ARRAYS["x"])}
    tensors = {name: array.tolist() if name == "y" else torch.from_numpy(array) for name, array in ARRAYS.items()}
    for blocks in (read(ARRAYS, **options), read(by_column, **options), read.of(tensors, **options)):
        assert_equal(joined(blocks), known)
        assert [block.first for block in blocks] == list(range(1, 13, rows_per_block))
        assert [cell for block in blocks for cell in block.kept["id"].to_pylist()] == list(range(12))
        assert [cell for block in blocks for cell in block.kept["z"].to_pylist()] == ARRAYS["z"].tolist()


def test_targets_and_other_arrays_may_be_absent(read):
    blocks = read({name: ARRAYS[name] for name in ("x", "steps", "z")})
    assert_equal(joined(blocks), [read.training.inputs, {}, read.training.lengths])
    with pytest.raises(DataError, match=r'new.npz: There is no array "y"'):
        read({name: ARRAYS[name] for name in ("x", "steps", "z")}, with_targets=True)
    with pytest.raises(DataError, match=r'There is no array "steps". Did you mean "step"\?'):
        read.of({"x": ARRAYS["x"], "z": ARRAYS["z"], "step": ARRAYS["steps"]})


def test_rows_that_cannot_be_read_are_problems(read):
    arrays = {name: array.copy() for name, array in ARRAYS.items()}
    arrays["x"][2, 0, 1] = numpy.nan
    arrays["x"][4, :] = numpy.inf
    arrays["steps"][3] = 5
    arrays["x"][6, arrays["steps"][6] :] = numpy.nan  # It is padding.
    arrays["y"] = arrays["y"].astype("U9")
    arrays["y"][7], arrays["y"][9] = "never", "NA"
    blocks = read(arrays, with_targets=True, rows_per_block=5)
    assert [(error.row, *error.columns, error.message) for block in blocks for error in block.problems] == [
        (3, "x", "nan is not a finite float64."),
        (4, "steps", '5 is not a valid length: "x" has 4 steps.'),
        (5, "x", "inf is not a finite float64."),
        (8, "y", 'The class "never" does not occur in the training split.'),
        (
            10,
            "y",
            "NA counts as a missing value: fill it in or remove the row; if it is a class name, set "
            "`missing_marks = []`.",
        ),
    ]
    good = torch.tensor([row for row in range(12) if row not in (2, 3, 4, 7, 9)])
    rows = read.training.changed(lambda tensor: tensor[good])
    assert_equal(joined(blocks), [rows.inputs, rows.targets, rows.lengths])


def test_arrays_of_another_kind_are_errors(read, tmp_path):
    with pytest.raises(DataError, match=r'A row of "z" has the shape \(4,\), but in training it is \(3,\)'):
        read.of({**ARRAYS, "z": numpy.zeros((12, 4))})
    with pytest.raises(DataError, match=r'"z" is text, but inputs must be numbers'):
        read.of({**ARRAYS, "z": numpy.full((12, 3), "a")})
    with pytest.raises(DataError, match='"z" has 11 rows, but "x" has 12'):
        read.of({**ARRAYS, "z": ARRAYS["z"][:11]})
    with pytest.raises(DataError, match="pass the path of an NPZ file, or a mapping of arrays"):
        read.of([ARRAYS])
    (tmp_path / "table.csv").write_text("x\n1\n")
    with pytest.raises(DataError, match="This is not an NPZ file"):
        read.of(tmp_path / "table.csv")


def test_arrays_of_the_caller_are_not_overwritten(reader, tmp_path):
    array = numpy.ones((3, 2), dtype=numpy.float32)
    numpy.savez(tmp_path / "train.npz", x=array, y=numpy.arange(3))
    read = reader({"type": "NPZ", "path": tmp_path / "train.npz", "targets": "y"})
    [block] = read({"x": array})
    block.batch.input.zero_()
    assert (array == 1).all()
