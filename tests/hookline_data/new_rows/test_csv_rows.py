"""CSV files are read block by block, and each row that cannot be read is reported."""

import numpy
import pytest
import torch

from hookline.errors import DataError
from hookline_data.new_rows import csv_rows


def inputs_of(blocks):
    return torch.cat([block.batch.input for block in blocks if block.batch]).tolist()


def problems_of(blocks):
    return [str(error).partition("new.csv: ")[2] for block in blocks for error in block.problems]


@pytest.fixture(params=[16, 64, 2**20])
def small_blocks(monkeypatch, request):
    """Read a few bytes at once, so that blocks end anywhere."""
    monkeypatch.setattr(csv_rows, "BLOCK", request.param)


@pytest.mark.parametrize(
    "text",
    [
        "a,b\n1,2\n3,4\n5,6\n",
        "a,b\r\n1,2\r\n3,4\r\n5,6\r\n",
        "\ufeffb,a\n2,1\n4,3\n6,5",
        "b,c,a\n2,x,1\n4,,3\n6,z,5\n",
        "a,b\n\n1,2\n3,4\n\n\n5,6\n\n",
        'a,"b"\n"1",2\n3,"4"\n"5","6"\n',
        'a,b,c\n1,2,"one\ntwo, ""three"""\n3,4,x\n5,6,"\n"\n',
        'a,b,c\n1,2,7" pipe\n3,4,8" pipe\n5,6,9" pipe\n',
        'a,b,c\n1,2,7" pipe\n3,4,"two\nlines"\n5,6,9\n',
        "a,b\n 1 ,\t2\n03,+4\n5e0,6.\n",
    ],
)
def test_each_way_to_write_the_rows(read_csv, small_blocks, text):
    blocks = read_csv(text, rows_per_block=2, keep=["b"])
    assert inputs_of(blocks) == [[1, 2], [3, 4], [5, 6]]
    assert [(block.first, block.rows, list(block.problems)) for block in blocks] == [(1, 2, []), (3, 1, [])]


def test_always_kept_are_text_as_it_stands_in_the_file(read_csv, small_blocks):
    blocks = read_csv("id,a,b\n007,1,2.50\n,x,4\n 8,5\n", keep=["b", "id"])
    assert len(blocks) == 1
    assert blocks[0].kept["id"].to_pylist() == ["007", "", None]
    assert blocks[0].kept["b"].to_pylist() == ["2.50", "4", None]
    assert blocks[0].is_readable.tolist() == [True, False, False]


def test_rows_with_too_few_or_too_many_cells_are_problems(read_csv, small_blocks):
    blocks = read_csv("a,b\n1,2\n3\n\n5,6\n7,8,9\n,\n11,12\n")
    assert problems_of(blocks) == [
        "row 2: It has 1 cell, but the header has 2.",
        "row 4: It has 3 cells, but the header has 2.",
        'row 5, column "a": The cell is empty.',
    ]
    assert [error.row for block in blocks for error in block.problems] == [2, 4, 5]
    assert inputs_of(blocks) == [[1, 2], [5, 6], [11, 12]]


def test_rows_are_numbered_across_blocks(read_csv, small_blocks):
    lines = [f"{row},{-row}" for row in range(1, 101)]
    lines[41], lines[98] = "42,x", "inf,-99"
    blocks = read_csv("a,b\n" + "\n".join(lines), rows_per_block=8)
    assert problems_of(blocks) == [
        'row 42, column "b": "x" is not a number.',
        'row 99, column "a": inf is not a finite float32.',
    ]
    assert [block.first for block in blocks] == list(range(1, 101, 8))
    assert inputs_of(blocks) == [[row, -row] for row in range(1, 101) if row not in (42, 99)]


def test_true_and_false_are_1_and_0(read_csv, small_blocks):
    blocks = read_csv("a,b\nTrue,2\nfalse,4\n5,TRUE\nyes,0\n")
    assert inputs_of(blocks) == [[1, 2], [0, 4], [5, 1]]
    assert problems_of(blocks) == ['row 4, column "a": "yes" is not a number.']
    assert inputs_of(read_csv("a,b\n" + "True,2\n" * 50 + "False,3\n" * 50)) == [[1, 2]] * 50 + [[0, 3]] * 50


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "The file is empty."),
        ("a,b\n", "The file has a header but no rows."),
        ("a,b", "The file has a header but no rows."),
        ("a,b,a\n1,2,3\n", 'Two columns are named "a".'),
        ("a;b\n1;2\n", 'The first line of the file is a single name: separate names with commas, not ";".'),
        (
            '[{"a": 1}]',
            "This is a JSON file. Write an object per line (JSON Lines), and read them with the source `JSONLines`.",
        ),
        (b"a,b\n1,\xff\n", "The file is not UTF-8 text."),
        ('a,b\n1,2\n3,"4\n5,6\n', 'row 2, column "b": The opening quote of this cell is not closed.'),
        (
            'a,b\n1,"2\n3,4\n5,6\n7,8\n9,10\n11,12\n',
            'row 1, column "b": This cell has more than 4 lines. Set `multiline = true` to allow this, or close its '
            "opening quote.",
        ),
    ],
)
def test_a_file_that_is_no_table_is_an_error(read_csv, small_blocks, text, message):
    with pytest.raises(DataError) as error:
        read_csv(text, keep=["b"])
    assert message in str(error.value)


def test_a_row_that_is_too_long_is_an_error(read_csv, monkeypatch):
    monkeypatch.setattr(csv_rows, "BLOCK", 100)
    monkeypatch.setattr(csv_rows, "LONGEST_ROW", 1000)
    with pytest.raises(DataError, match=r"row 2: The row has more than 0 MiB. There may be an unclosed quote"):
        read_csv("a,b\n1,2\n3," + "4" * 3000 + "\n")


def test_a_column_of_two_types_of_inputs_is_read_as_integers(reader, tmp_path):
    (tmp_path / "train.csv").write_text("i,x,y\n1,2,0\n3,4,1\n")
    data = {"type": "CSV", "path": tmp_path / "train.csv", "targets": "y"}
    read = reader({**data, "inputs": {"index": "i", "numbers": ["i", "x"]}, "dtype": {"index": "int64"}})
    (tmp_path / "new.csv").write_text("i,x\n7,0.5\n1.5,1\n9223372036854775808,1\nTrue,2\n")
    [block] = read(tmp_path / "new.csv")
    assert [error.message for error in block.problems] == [
        '"1.5" is not an integer.',
        '"9223372036854775808" is too large for int64.',
    ]
    assert torch.equal(block.batch.inputs["index"], torch.tensor([[7], [1]]))
    assert torch.equal(block.batch.inputs["numbers"], torch.tensor([[7, 0.5], [1, 2]]))


def test_numbers_are_rounded_as_in_training(reader, tmp_path):
    """The text of each number is read as float64, standardized in float64, and rounded once."""
    numbers = numpy.random.default_rng(0).normal(3, 5, size=(300, 2))
    lines = [f"{a!r},{b!r},{row % 2}" for row, (a, b) in enumerate(numbers.tolist())]
    (tmp_path / "train.csv").write_text("\n".join(["a,b,y", *lines]))
    for standardize in (True, False):
        read = reader(
            {
                "type": "CSV",
                "path": tmp_path / "train.csv",
                "targets": "y",
                "standardize": standardize,
                "shuffle": False,
            }
        )
        (tmp_path / "new.csv").write_text("\n".join(["a,b,y", *lines, "x,1,0"]))
        for path in ("train.csv", "new.csv"):  # The second one is read as text.
            [block] = read(tmp_path / path, with_targets=True)
            assert torch.equal(block.batch.input, read.training.input)
            assert torch.equal(block.batch.target, read.training.target)
