import pytest

from hookline.check.load import Loader
from hookline.check.toml.document import from_table
from hookline_data.dialect.csv_file import CSVFile
from hookline_data.reading import csv_cells

ROWS = "island,sex,bill,kind\nTorgersen,NA,39.1,a\nBiscoe,male,1e3,b\nDream,female,-.5,a\n"


def problems(tmp_path, text=ROWS, **data):
    (tmp_path / "birds.csv").write_text(text)
    table = {
        "data": {"type": "CSV", "path": str(tmp_path / "birds.csv"), "targets": "kind", **data},
        "model": {"type": "Linear", "out_features": 2},
        "loss": {"type": "CrossEntropyLoss"},
        "optimizer": {"type": "SGD", "lr": 0.1},
    }
    return [str(problem) for problem in Loader().check(from_table(table))]


def test_a_text_input_is_reported_before_the_file_is_read(tmp_path):
    assert problems(tmp_path) == [
        'data.inputs: "island" and "sex" are text (row 1 of "island" is "Torgersen"), but inputs must be numbers. Select the '
        'others: inputs = ["bill"]'
    ]


def test_one_word_among_numbers_is_an_error_of_its_cell_and_not_of_the_column(tmp_path):
    assert problems(tmp_path, "bill,kind\n39.1,a\nx,b\n") == []


def test_columns_that_are_not_inputs_may_be_text(tmp_path):
    assert problems(tmp_path, inputs=["bill"]) == []


@pytest.mark.parametrize("cell", ["1", "-.5", "1e-3", "inf", "NaN", "NA", "?", "-", "", "True", "no", " 2 "])
def test_a_cell_that_may_be_read_as_a_number_is_not_a_word(cell, tmp_path):
    (tmp_path / "x.csv").write_text(f"a,b\n{cell},1\n")
    assert csv_cells.text_columns(CSVFile(tmp_path / "x.csv"), ["a", "b"]) == {}


def test_an_incomplete_row_is_ignored(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_cells, "LOOKED_AT", 8)
    (tmp_path / "x.csv").write_text("a,b\n1,2\n1,2e5x\n")
    assert csv_cells.text_columns(CSVFile(tmp_path / "x.csv"), ["a", "b"]) == {}
