"""Cells of CSV files as numbers."""

import pytest

from hookline.errors import DataError
from hookline_data.reading.csv import cells, complaints

NUMBER = {"type": "Number", "missing": 0.5}


@pytest.mark.parametrize("stream", [False, True])
def test_booleans_may_stand_beside_missing_cells_with_spaces(prepare, stream):
    text = "a,b,y\n ,False,1\n1, ,2\n2, True,3\n"
    data = prepare(text, columns={"a": NUMBER, "b": NUMBER}, stream=stream)
    [batch] = data.training.epoch(1)
    assert sorted(batch.input.tolist()) == [[0.5, 0], [1, 0.5], [2, 1]]


def test_a_word_beside_booleans_and_missing_cells_is_an_error(prepare):
    with pytest.raises(DataError, match='row 2, column "b": "maybe" is not a number'):
        prepare("a,b,c,y\n ,1,True,1\n1,maybe,False,2\n", columns={"a": NUMBER})


def test_a_row_may_be_longer_than_a_block(prepare, monkeypatch):
    monkeypatch.setattr(cells, "BLOCK", 100)
    text = f"a,b,y\n1,True,1\n2.{'0' * 300},False,2\n"
    assert prepare(text).training.all.input.tolist() == [[1, 1], [2, 0]]
    monkeypatch.setattr(cells, "LONGEST_ROW", 100)
    monkeypatch.setattr(complaints, "LONGEST_ROW", 2**21)
    with pytest.raises(DataError, match=r"A row has more than 2 MiB\. There may be an unclosed quote\."):
        prepare(text)
