from pathlib import Path

import pytest
import torch

from hookline.errors import DataError
from hookline_data.reading.columns import Chooser

NAMES = ["age", "pixel_0", "pixel_1", "label", "pixel[0]"]


@pytest.mark.parametrize(
    ("patterns", "columns"),
    [
        (["age"], ["age"]),
        (["pixel_1", "age"], ["age", "pixel_1"]),
        (["pixel_*"], ["pixel_0", "pixel_1"]),
        (["pixel_?", "pixel_0"], ["pixel_0", "pixel_1"]),
        (["*"], ["age", "pixel_0", "pixel_1", "pixel[0]"]),
        (["pixel[0]"], ["pixel[0]"]),
        (["[ap]*e"], ["age"]),
    ],
)
def test_columns_are_selected_by_name_or_pattern_in_the_order_of_the_file(patterns, columns):
    assert Chooser(NAMES, Path("d.csv")).chosen(patterns, {"label"}) == columns


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("agee", 'd.csv: There is no column "agee". Did you mean "age"?'),
        ("AGE", 'd.csv: There is no column "AGE". Did you mean "age"?'),
        ("pixels_*", 'd.csv: There is no column "pixels_*". Did you mean "pixel_*"?'),
        ("pixl*", 'd.csv: There is no column "pixl*". Did you mean "pixel_*"?'),
        ("*_9", 'd.csv: There is no column "*_9". Did you mean "*_0"?'),
        (
            "color_*",
            'd.csv: There is no column "color_*". Available: "age", "label", "pixel[0]", "pixel_0" and "pixel_1".',
        ),
        (
            "weight_in_kg",
            'd.csv: There is no column "weight_in_kg". Available: "age", "label", "pixel[0]", "pixel_0" and "pixel_1".',
        ),
    ],
)
def test_a_pattern_that_selects_nothing_is_an_error_with_a_suggestion(pattern, message):
    with pytest.raises(DataError) as raised:
        Chooser(NAMES, Path("d.csv")).chosen(["age", pattern])
    assert str(raised.value) == message


def test_the_inputs_default_to_all_columns_except_the_targets(prepare):
    text = "a,y,b\n1,2,3\n4,5,6\n"
    [everything] = prepare(text).training.epoch(1)
    [named] = prepare(text, inputs="b").training.epoch(1)
    [several] = prepare(text, inputs=["b", "a"]).training.epoch(1)
    assert everything.input.tolist() == several.input.tolist() == [[1, 3], [4, 6]]
    assert named.input.tolist() == [[3], [6]]
    assert everything.target.tolist() == [[2], [5]]


def test_the_columns_of_the_inputs_are_described_in_order(prepare):
    data = prepare("b,y,a\n1,2,3\n4,5,6\n", inputs=["a", "b"])
    assert data.preparation == {"input": {"columns": ["b", "a"]}}
    assert data.target.columns == ("y",)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ("y", 'The column "y" cannot be an input, because it is a target, an id, or splits the rows.'),
        ("weight", 'There is no column "weight". Available: "a" and "y".'),
    ],
)
def test_missing_inputs_are_an_error(prepare, inputs, message):
    with pytest.raises(DataError, match=message):
        prepare("a,y\n1,2\n", inputs=inputs)


@pytest.mark.parametrize(
    "text",
    [
        b"a,y\r\n1,2\r\n3.5,4\r\n",
        b"\xef\xbb\xbfa,y\n1,2\n3.5,4\n",
        b"a,y\n1,2\n\n3.5,4\n\n",
        b'"a","y"\n"1","2"\n"3.5",4\n',
        b"a,y\n 1 ,2\n3.5, 4",
        b"a,y\n1e0,2\n+35e-1,4\n",
    ],
    ids=["line ends of Windows", "byte order mark", "blank lines", "quotes", "spaces", "exponents"],
)
def test_numbers_are_read_in_all_notations(prepare, text):
    [batch] = prepare(text).training.epoch(1)
    assert batch.input.dtype == batch.target.dtype == torch.float32
    assert batch.input.tolist() == [[1], [3.5]]
    assert batch.target.tolist() == [[2], [4]]


def test_a_number_is_rounded_once_to_float32(prepare):
    [batch] = prepare("a,y\n0.1,16777217\n1e-46,1.00000017881393432617187499\n").training.epoch(1)
    assert batch.input.tolist() == [[torch.tensor(0.1).item()], [0]]
    assert torch.equal(batch.target, torch.tensor([[16777217.0], [1.00000017881393432617187499]]))


KIND = ' Or let a kind fill it in: columns = { b = { type = "Number", missing = "mean" } }.'


@pytest.mark.parametrize(
    ("cell", "complaint"),
    [
        ("x", '"x" is not a number.'),
        ("NA", '"NA" counts as a missing value: fill it in or remove the row.' + KIND),
        ("nan", '"nan" counts as a missing value: fill it in or remove the row.' + KIND),
        ("1.5.2", '"1.5.2" is not a number.'),
        ("12 kg", '"12 kg" is not a number.'),
        ("true", '"true" is not a number.'),
        ("1_000", '"1_000" is not a number.'),
        ("", "The cell is empty." + KIND),
        ("  ", "The cell is empty." + KIND),
        ("inf", "inf is not a finite float32."),
        ("1e400", "inf is not a finite float32."),
        ("-1e39", "-1e+39 is not a finite float32."),
    ],
)
def test_an_input_cell_that_is_not_a_number_is_reported_with_row_and_column(prepare, tmp_path, cell, complaint):
    with pytest.raises(DataError) as raised:
        prepare(f"a,b,y\n1,2,3\n4,{cell},6\n7,8,9\n")
    assert str(raised.value) == f'{tmp_path / "table.csv"}: row 2, column "b": {complaint}'


@pytest.mark.parametrize("cell", ["nan", "NaN", "inf", "-inf", "1e39"])
def test_a_non_finite_target_is_reported_with_row_and_column(prepare, cell):
    with pytest.raises(DataError, match=r'row 2, column "y": '):
        prepare(f"a,y\n1,2\n3,{cell}\n")


def test_an_empty_target_is_reported_with_row_and_column(prepare):
    with pytest.raises(DataError, match=r'table\.csv: row 2, column "y": The cell is empty: fill it in'):
        prepare("a,y\n1,u\n3,\n5,v\n", loss="CrossEntropyLoss")


@pytest.mark.parametrize("cell", ["x", "1,5"])
def test_a_text_target_among_numbers_is_reported_with_its_row_if_numbers_are_needed(prepare, cell):
    with pytest.raises(DataError, match=rf'row 2, column "y": "{cell}" is not a number'):
        prepare(f'a,y\n1,1.5\n2,"{cell}"\n3,2.5\n')


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "The file is empty."),
        ("a,a,y\n1,2,3\n", 'Two columns are named "a".'),
        (
            "a;y\n1;2\n",
            'The cells are separated by semicolons, not commas. Set `delimiter = ";"`.',
        ),
        ("a,y\n", "The file has a header but no rows."),
    ],
)
def test_a_file_that_is_not_a_table_is_reported(prepare, tmp_path, text, message):
    with pytest.raises(DataError) as raised:
        prepare(text)
    assert str(raised.value).startswith(f"{tmp_path / 'table.csv'}: {message}")


@pytest.mark.parametrize("row", ["4,5", "4,5,6,7"])
@pytest.mark.parametrize("loss", ["MSELoss", "CrossEntropyLoss"])
def test_a_row_with_too_few_or_too_many_cells_is_reported_with_its_number(prepare, tmp_path, row, loss):
    with pytest.raises(DataError) as raised:
        prepare(f"a,b,y\n1,2,3\n{row}\n7,8,9\n", loss=loss)
    cells = row.count(",") + 1
    assert str(raised.value) == f"{tmp_path / 'table.csv'}: row 2: It has {cells} cells, but the header has 3."


@pytest.mark.parametrize(
    "text", ["a,y\n1,2\n3,ä\n".encode("latin-1"), "ä,y\n1,2\n3,4\n".encode("latin-1")], ids=["in a cell", "in a name"]
)
def test_text_that_is_not_utf8_is_reported(prepare, text):
    with pytest.raises(DataError, match=r"table\.csv: .*UTF-?8"):
        prepare(text, loss="CrossEntropyLoss")


def test_a_missing_file_is_reported(prepare, tmp_path):
    with pytest.raises(DataError, match=r"missing\.csv: There is no such file\."):
        prepare("", path=str(tmp_path / "missing.csv"))


def test_a_directory_is_reported(prepare, tmp_path):
    with pytest.raises(DataError, match=r"This is a directory, not a file\.$"):
        prepare("", path=str(tmp_path))


def test_text_in_the_last_row_of_a_large_numeric_column_is_reported_with_its_row(prepare):
    rows, zeros = 30_000, "0" * 70
    lines = [f"{row},{row}.125,{row % 7}.0625{zeros},{row % 3}" for row in range(rows)]
    text = "a,b,c,y\n" + "\n".join(lines) + "\n"
    assert len(text) > 2_500_000
    [batch] = prepare(text).training.epoch(1)
    assert batch.input[-1].tolist() == [rows - 1, rows - 1 + 0.125, (rows - 1) % 7 + 0.0625]
    with pytest.raises(DataError, match=rf'table\.csv: row {rows + 1}, column "c": "three" is not a number\.'):
        prepare(f"{text}1,2,three,0\n")


def test_different_codes_are_different_classes(prepare):
    data = prepare("a,y\n1,01\n2,1\n3,0x1\n4,02\n", loss="CrossEntropyLoss")
    assert data.target.classes == ("01", "02", "0x1", "1")
    assert data.training.all.target.tolist() == [0, 3, 2, 1]


def test_classes_that_are_text_in_training_are_text_in_another_file(prepare, tmp_path):
    (tmp_path / "validation.csv").write_text("a,y\n1,1\n2,2\n")
    data = prepare("a,y\n1,1\n2,2\n3,a\n4,b\n", loss="CrossEntropyLoss", validation=str(tmp_path / "validation.csv"))
    assert data.target.classes == ("1", "2", "a", "b")
    assert data.validation.all.target.tolist() == [0, 1]


def test_a_column_without_a_name_is_an_error_and_not_an_input(prepare):
    with pytest.raises(DataError, match=r'Column 1 has no name, but "\*" selects it\.'):
        prepare(",a,y\n0,1,2\n1,3,4\n")
    assert prepare(",a,y\n0,1,2\n1,3,4\n", inputs="a").preparation == {"input": {"columns": ["a"]}}


def test_a_name_with_a_line_break_and_cells_with_line_breaks_are_read(prepare):
    rows = "".join(f'{index},"u\nv{index % 2}"\n' for index in range(200_000))
    data = prepare(f'"a\nb",y\n{rows}', loss="CrossEntropyLoss", inputs="a\nb", multiline=True)
    assert data.training.rows == 200_000
    assert data.target.classes == ("u\nv0", "u\nv1")


def test_many_columns_are_selected_by_name(tmp_path):
    names = [f"c{number}" for number in range(20_000)]
    chooser = Chooser(names, tmp_path)
    assert chooser.chosen(reversed(names), {"y"}) == names


def test_too_many_pattern_comparisons_are_refused(monkeypatch):
    chooser = Chooser(["aa", "ab"], Path("table.csv"))
    monkeypatch.setattr("hookline_data.reading.columns.MOST_COMPARED", 2 * (2 + 2 + 16))
    assert chooser.matching("a*") == chooser.matching("a?") == chooser.matching("a*") == {"aa", "ab"}
    with pytest.raises(DataError) as caught:
        chooser.matching("*b")
    assert str(caught.value) == "table.csv: There are too many patterns for 2 columns: list the names instead."


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (["a"], 'There is no column "a". Did you mean "ab"?'),
        (["x", "weight", "z"], 'There are no columns "weight" and "z". Available: "ab".'),
        (["a", "z", "x"], 'There are no columns "a" (did you mean "ab"?) and "z".'),
        (
            [f"c{n}" for n in range(12)],
            "There are no columns " + ", ".join(f'"c{n}"' for n in range(10)) + " and 2 others.",
        ),
    ],
)
def test_all_columns_that_a_file_lacks_are_named(wanted, message):
    with pytest.raises(DataError) as caught:
        Chooser(["ab", "x"], Path("table.csv")).require(wanted)
    assert str(caught.value).startswith(f"table.csv: {message}")


def test_the_first_unknown_columns_come_with_a_suggestion():
    chooser = Chooser(["pixel"], Path("table.csv"))
    messages = [str(chooser.unknown("pixl")) for _ in range(11)]
    assert set(messages[:10]) == {'table.csv: There is no column "pixl". Did you mean "pixel"?'}
    assert messages[10] == 'table.csv: There is no column "pixl".'


@pytest.mark.parametrize("change", ["other columns", "gone", "empty", "a directory"])
@pytest.mark.parametrize("kind", ["CSV", "Parquet"])
def test_a_file_that_changes_while_it_is_read_is_reported(
    prepare, prepare_parquet, tmp_path, monkeypatch, kind, change
):
    import pyarrow
    from pyarrow import parquet

    from hookline_data.csv import CSV
    from hookline_data.parquet import Parquet

    source, name = {"CSV": (CSV, "table.csv"), "Parquet": (Parquet, "table.parquet")}[kind]
    path, read = tmp_path / name, source.read

    def changed(self, *arguments):
        path.unlink()
        if change == "other columns" and kind == "CSV":
            path.write_text("b,y\n1,2\n")
        elif change == "other columns":
            parquet.write_table(pyarrow.table({"b": [1.0], "y": [2.0]}), path)
        elif change == "empty":
            path.touch()
        elif change == "a directory":
            path.mkdir()
        return read(self, *arguments)

    monkeypatch.setattr(source, "read", changed)
    with pytest.raises(DataError) as caught:
        prepare("a,y\n1,2\n") if kind == "CSV" else prepare_parquet({"a": [1.0], "y": [2.0]})
    assert str(caught.value).startswith(f"{path}: ")
    if change == "other columns":
        assert str(caught.value).endswith(
            ": The file has changed since its column names were read: a column is missing now."
        )


def test_a_file_that_lacks_one_column_is_not_taken_for_a_file_with_a_single_one():
    chooser = Chooser(["age", "city", "towns"], Path("table.csv"))
    with pytest.raises(DataError) as raised:
        chooser.require(["age", "city", "y"])
    assert str(raised.value) == 'table.csv: There is no column "y". Available: "towns".'


def test_a_copied_column_may_be_one_that_is_used_otherwise():
    chooser = Chooser(["age", "city"], Path("table.csv"))
    with pytest.raises(DataError) as raised:
        chooser.require(["age", "citty"], are_copied=True)
    assert str(raised.value) == 'table.csv: There is no column "citty". Did you mean "city"?'
    with pytest.raises(DataError) as raised:
        chooser.require(["agee"], are_copied=True)
    assert str(raised.value) == 'table.csv: There is no column "agee". Did you mean "age"?'
