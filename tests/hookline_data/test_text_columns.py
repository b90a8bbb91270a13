import io

import pytest
from pyarrow import csv, parquet

from hookline.check.load import Loader
from hookline.check.toml.document import from_table
from hookline_data.dialect import first_rows
from hookline_data.dialect.csv_file import CSVFile

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


ADVICE = "Give each a kind that takes text (OneHotEncoder, OrdinalEncoder, Date, Boolean, HashingVectorizer or Tokens)"
"""What the message about a text column suggests."""


def test_a_text_input_is_reported_before_the_file_is_read(tmp_path):
    assert problems(tmp_path) == [
        'data.inputs: "island" and "sex" are text (row 1 of "island" is "Torgersen"), but inputs must be numbers. '
        f'{ADVICE}: columns = {{ island = {{ type = "OneHotEncoder" }} }}. Or select the others: inputs = ["bill"]'
    ]


def test_a_text_input_of_a_parquet_file_is_found_in_its_footer(tmp_path):
    table = csv.read_csv(io.BytesIO(ROWS.encode()))
    parquet.write_table(table, tmp_path / "birds.parquet")
    found = {"type": "Parquet", "path": str(tmp_path / "birds.parquet")}
    assert problems(tmp_path, **found) == [
        'data.inputs: "island" and "sex" are text, but inputs must be numbers. '
        f'{ADVICE}: columns = {{ island = {{ type = "OneHotEncoder" }} }}. Or select the others: inputs = ["bill"]'
    ]
    columns = {"*": {"type": "StandardScaler"}, "sex": {"type": "OneHotEncoder"}}
    assert problems(tmp_path, **found, columns=columns) == [
        f'data.columns."*": "island" is text, but StandardScaler needs numbers. {ADVICE}: columns = {{ island = '
        '{ type = "OneHotEncoder" } }.'
    ]


def test_a_text_input_with_a_kind_that_takes_text_is_not_reported(tmp_path):
    encoder = {"type": "OneHotEncoder", "missing": "category"}
    assert problems(tmp_path, columns={"island": encoder, "sex": encoder}) == []


def test_a_text_input_whose_kind_needs_numbers_is_reported_at_the_entry(tmp_path):
    columns = {"*": {"type": "StandardScaler"}, "sex": {"type": "OneHotEncoder", "missing": "category"}}
    assert problems(tmp_path, columns=columns) == [
        'data.columns."*": "island" is text (row 1 is "Torgersen"), but StandardScaler needs numbers. '
        f'{ADVICE}: columns = {{ island = {{ type = "OneHotEncoder" }} }}.'
    ]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (
            {"columns": {"bil": {"type": "Number"}}},
            'data.columns.bil: There is no column "bil". Did you mean "bill"?',
        ),
        (
            {"columns": {"kind": {"type": "Number"}}},
            "data.columns.kind: CrossEntropyLoss does not compare numbers, so its target cannot be transformed.",
        ),
        (
            {"columns": {"b*": {"type": "Number"}, "bill": {"type": "Log1p"}}},
            'data.columns."b*": This has no effect: the later entry "bill" matches the same columns.',
        ),
        (
            {"inputs": "*", "time_column": "bill", "validation": 0.2, "columns": {"bill": {"type": "Log1p"}}},
            'data.columns.bill: This has no effect: "bill" is the column of `time_column`, which is not an input.',
        ),
        (
            {"inputs": ["sex", "bill"], "columns": {"sex": {"type": "OrdinalEncoder"}}},
            'data.inputs: The column "sex" becomes indices (OrdinalEncoder), but "bill" in the same group of inputs, '
            '"input", does not. Put them into different groups: inputs = { numbers = …, indices = ["sex"] }.',
        ),
        (
            {"inputs": ["sex", "bill"], "columns": {"sex": {"type": "Tokens"}}},
            'data.inputs: The column "sex" becomes a sequence (Tokens), so it must be the only column of its group of '
            'inputs, but "input" also has "bill": inputs = { others = …, text = "sex" }.',
        ),
        (
            {"inputs": "bill", "columns": {"bill": {"type": "Number"}}, "standardize": True},
            "data.standardize: This has no effect: all columns have a kind, such as `StandardScaler`.",
        ),
        (
            {"inputs": "bill", "columns": {"bill": {"type": "Number"}}, "dtype": "int64"},
            'data.inputs: The inputs "input" have the type "int64", but the column "bill" becomes numbers (Number).',
        ),
    ],
)
def test_columns_that_cannot_be_used_are_reported_before_the_file_is_read(data, problem, tmp_path):
    assert problems(tmp_path, **{"inputs": ["bill"], **data}) == [problem]


def test_one_word_among_numbers_is_an_error_of_its_cell_and_not_of_the_column(tmp_path):
    assert problems(tmp_path, "bill,kind\n39.1,a\nx,b\n") == []


def test_columns_that_are_not_inputs_may_be_text(tmp_path):
    assert problems(tmp_path, inputs=["bill"]) == []


@pytest.mark.parametrize("cell", ["1", "-.5", "1e-3", "inf", "NaN", "NA", "?", "-", "", "True", "no", " 2 "])
def test_a_cell_that_may_be_read_as_a_number_is_not_a_word(cell, tmp_path):
    (tmp_path / "x.csv").write_text(f"a,b\n{cell},1\n")
    assert first_rows.text_columns(CSVFile(tmp_path / "x.csv"), ["a", "b"]) == {}


def test_an_incomplete_row_is_ignored(tmp_path, monkeypatch):
    monkeypatch.setattr(first_rows, "LOOKED_AT", 8)
    (tmp_path / "x.csv").write_text("a,b\n1,2\n1,2e5x\n")
    assert first_rows.text_columns(CSVFile(tmp_path / "x.csv"), ["a", "b"]) == {}
