"""New rows of sources that draw pairs and triplets: single rows, or rows for each group of inputs."""

import pytest
import torch
from row_readers import reader_of

from hookline.errors import DataError


@pytest.fixture
def reader(tmp_path):
    (tmp_path / "train.csv").write_text("id,a,b,y\n" + "".join(f"{row},{row},{row**2},{row % 3}\n" for row in range(9)))

    def reader(kind, loss):
        source = {"type": "CSV", "path": str(tmp_path / "train.csv"), "inputs": ["a", "b"], "targets": "y"}
        read = reader_of({"type": kind, "source": {**source, "standardize": True}}, loss=loss)
        read.rows = next(iter(read.training.inputs.values()))
        return read

    return reader


@pytest.mark.parametrize(
    ("kind", "loss", "group"),
    [
        ("Pairs", {"type": "CosineEmbeddingLoss"}, "input1"),
        ("RankedPairs", {"type": "MarginRankingLoss"}, "input1"),
        ("Triplets", {"type": "TripletMarginLoss"}, "anchor"),
    ],
)
def test_each_row_is_one_group_of_inputs(reader, tmp_path, kind, loss, group):
    read = reader(kind, loss)
    blocks = read(tmp_path / "train.csv", rows_per_block=4, keep=["id"])
    assert [list(block.batch.inputs) for block in blocks] == [[group]] * 3
    assert torch.equal(torch.cat([block.batch.input for block in blocks]), read.rows)
    assert [cell for block in blocks for cell in block.kept["id"].to_pylist()] == [str(row) for row in range(9)]
    with pytest.raises(DataError, match="Single rows have no target: pass a mapping with"):
        read(tmp_path / "train.csv", with_targets=True)


def test_each_group_may_have_its_own_rows(reader, tmp_path):
    read = reader("Pairs", {"type": "CosineEmbeddingLoss"})
    second = [{"b": row**2, "a": row} for row in reversed(range(9))]
    second[2] = {"a": "x", "b": 1}
    sources = {"input1": tmp_path / "train.csv", "input2": second, "target": ["same", "different", "same"] * 3}
    blocks = read(sources, rows_per_block=5, keep=["id"], with_targets=True)
    good = [row for row in range(9) if row != 2]
    assert [block.rows for block in blocks] == [5, 4]
    assert torch.equal(torch.cat([block.batch.inputs["input1"] for block in blocks]), read.rows[good])
    assert torch.equal(torch.cat([block.batch.inputs["input2"] for block in blocks]), read.rows.flip(0)[good])
    assert torch.cat([block.batch.target for block in blocks]).tolist() == [1, -1, 1, -1, 1, 1, -1, 1]
    assert [str(error) for block in blocks for error in block.problems] == [
        'the list: row 3, column "a": "x" is not a number.'
    ]
    assert len(blocks[0].kept["id"]) == 5
    wrong = read({**sources, "target": ["same", "other", "same"] * 3}, rows_per_block=5, with_targets=True)
    assert torch.cat([block.batch.target for block in wrong]).tolist() == [1, 1, 1, 1, 1]
    assert [str(error) for block in wrong for error in block.problems] == [
        'row 2, column "target": The class "other" does not occur in the training split.',
        'the list: row 3, column "a": "x" is not a number.',
        'row 5, column "target": The class "other" does not occur in the training split.',
        'row 8, column "target": The class "other" does not occur in the training split.',
    ]
    with pytest.raises(DataError, match='There is no "target": pass "different" or "same" for each row'):
        read({"input1": second, "input2": second}, with_targets=True)
    with pytest.raises(DataError, match='"input1" and "input2" must have the same number of rows'):
        read({"input1": second, "input2": second[:3]})


def test_a_model_of_both_rows_needs_both(reader, tmp_path):
    read = reader("Pairs", {"type": "BCEWithLogitsLoss"})
    with pytest.raises(DataError, match='The model takes "input1" and "input2" together: pass a mapping'):
        read(tmp_path / "train.csv")
    [block] = read({"input1": tmp_path / "train.csv", "input2": tmp_path / "train.csv"})
    assert torch.equal(block.batch.inputs["input1"], block.batch.inputs["input2"])
