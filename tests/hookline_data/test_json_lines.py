"""JSON lines as a data source."""

import pytest

from hookline.errors import DataError
from hookline_data.new_rows import json_rows


@pytest.fixture(params=[20, 2**20])
def write(tmp_path, monkeypatch, request):
    """Write lines, which are read in small blocks and at once."""
    monkeypatch.setattr(json_rows, "BLOCK", request.param)

    def write(*lines):
        (tmp_path / "t.jsonl").write_text("\n".join(lines) + "\n")
        return tmp_path / "t.jsonl"

    return write


def test_numbers_text_and_dates(write, prepare_file):
    path = write('{"a": 1, "y": "2024-01-02"}', "", '{"y": "2024-01-01", "a": 2.5}', '{"a": "3", "y": "u"}')
    data = prepare_file("JSONLines", path, loss="CrossEntropyLoss")
    assert data.training.all.input.tolist() == [[1], [2.5], [3]]
    assert data.target.classes == ("2024-01-01", "2024-01-02", "u")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"a": "x", "y": 1}', 'row 3, column "a": "x" is not a number.'),
        (
            '{"y": 1}',
            'row 3, column "a": The cell is empty. Or let a kind fill it in: columns = { a = { type = "Number", missing = "mean" } }.',
        ),
        (
            '{"a": null, "y": 1}',
            'row 3, column "a": The cell is empty. Or let a kind fill it in: columns = { a = { type = "Number", missing = "mean" } }.',
        ),
        ('{"a": 1', "row 3: This line is not a JSON object."),
    ],
)
def test_an_error_names_the_row(write, prepare_file, line, message):
    path = write('{"a": 1, "y": 2}', '{"a": 1.5, "y": 2}', line, '{"a": 1, "y": 2}')
    with pytest.raises(DataError) as caught:
        prepare_file("JSONLines", path)
    assert str(caught.value) == f"{path}: {message}"
