"""Several files are read as one, and errors name the right file and its row."""

import pytest
import torch

from hookline.errors import DataError
from hookline_data.files.several import Files


@pytest.fixture
def parts(tmp_path):
    """Write files of three rows each, with the columns in another order in each file."""
    for index in range(3):
        rows = [(10 * index + row, -row, "uvw"[row]) for row in range(3)]
        order = [("a", "b", "y"), ("y", "a", "b"), ("b", "y", "a")][index]
        cells = [",".join(str(dict(zip("aby", row, strict=True))[name]) for name in order) for row in rows]
        (tmp_path / f"part-{index}.csv").write_text("\n".join([",".join(order), *cells, ""]))
    return tmp_path


EXPECTED = [[10.0 * index + row, -float(row)] for index in range(3) for row in range(3)]


def test_a_list_and_a_pattern_are_read_as_one_file(parts, prepare_file):
    several = [parts / f"part-{index}.csv" for index in (2, 0)]
    for path, expected in ((parts / "part-*.csv", EXPECTED), (several, EXPECTED[6:] + EXPECTED[:3])):
        data = prepare_file("CSV", path, inputs=["a", "b"] if path is not several else "*", loss="CrossEntropyLoss")
        columns = data.preparation["input"]["columns"]
        found = data.training.all.input.tolist()
        assert found == [row if columns == ["a", "b"] else row[::-1] for row in expected]
        assert data.training.all.target.tolist() == [0, 1, 2] * (len(expected) // 3)


def test_splits_may_have_several_files(parts, prepare_file):
    options = {"validation": str(parts / "part-[12].csv"), "loss": "CrossEntropyLoss"}
    data = prepare_file("CSV", parts / "part-0.csv", **options)
    assert data.validation.all.input.tolist() == EXPECTED[3:]
    options["validation"] = [str(parts / "part-2.csv")]
    assert prepare_file("CSV", parts / "part-0.csv", **options).validation.all.input.tolist() == EXPECTED[6:]


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ("x,99,-1", 'row 4, column "a": "99x" is not a number.'),
        (",,", 'row 4, column "a": The cell is empty.'),
        ("1e39,u,1", 'row 4, column "b": 1e+39 is not a finite float32.'),
        ("1,u", "row 4: It has 2 cells, but the header has 3."),
    ],
)
def test_an_error_names_the_file_and_its_row(parts, prepare_file, cells, message):
    with (parts / "part-2.csv").open("a") as file:
        file.write(cells.replace("x,99,-1", "5,w,99x") + "\n")
    with pytest.raises(DataError) as caught:
        prepare_file("CSV", parts / "part-*.csv", loss="CrossEntropyLoss")
    assert str(caught.value) == f"{parts / 'part-2.csv'}: {message}"
    assert caught.value.option == ("path",)


def test_files_with_other_columns_are_refused(parts, prepare_file):
    (parts / "part-1.csv").write_text("a,b,c,y\n1,2,3,u\n")
    with pytest.raises(DataError, match=r'part-1.csv: It has the column "c", which .*part-0.csv lacks'):
        prepare_file("CSV", parts / "part-*.csv", loss="CrossEntropyLoss")
    (parts / "part-1.csv").write_text("a,y\n1,u\n")
    with pytest.raises(DataError, match=r'part-1.csv: It lacks the column "b" of .*part-0.csv'):
        prepare_file("CSV", parts / "part-*.csv", loss="CrossEntropyLoss")


def test_a_column_that_is_text_in_one_file_is_text_in_all(tmp_path, prepare_file):
    (tmp_path / "1.csv").write_text("a,y\n1,1\n2,2\n")
    (tmp_path / "2.csv").write_text("a,y\n3,a\n4,01\n")
    data = prepare_file("CSV", tmp_path / "?.csv", loss="CrossEntropyLoss")
    assert data.target.classes == ("01", "1", "2", "a")
    assert data.training.all.target.tolist() == [1, 2, 3, 0]


def test_numbers_of_different_types_are_joined(tmp_path, prepare_file):
    import pyarrow
    from pyarrow import parquet

    for index, kind in enumerate([pyarrow.int8(), pyarrow.float16(), pyarrow.decimal128(21, 2), pyarrow.uint32()]):
        table = pyarrow.table({"a": pyarrow.array([index]).cast(kind), "y": pyarrow.array([0.5])})
        parquet.write_table(table, tmp_path / f"{index}.parquet")
    data = prepare_file("Parquet", tmp_path / "*.parquet")
    assert torch.equal(data.training.all.input, torch.arange(4.0).reshape(4, 1))
    parquet.write_table(pyarrow.table({"a": [[1.0, 2.0]], "y": [0.5]}), tmp_path / "3.parquet")
    with pytest.raises(DataError, match=r'3.parquet: column "a": The cells of the column have the type list<'):
        prepare_file("Parquet", tmp_path / "*.parquet")


def test_a_pattern_without_files_comes_with_a_suggestion(parts):
    for pattern, near in (("prat-*.csv", "part-*.csv"), ("part-*.parquet", "part-*.csv")):
        with pytest.raises(DataError) as caught:
            Files.of(parts / pattern, "path")
        assert caught.value.message == f'No file matches this pattern. Did you mean "{near}"?'
    (parts / "x[1].csv").write_text("a,y\n1,2\n")
    assert Files.of(parts / "x[1].csv", "path") == parts / "x[1].csv"
