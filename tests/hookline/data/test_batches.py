import pytest
import torch

from hookline.data import Batch

ROWS = 23
INPUTS = torch.arange(ROWS * 3, dtype=torch.float32).reshape(ROWS, 3)
TARGETS = torch.arange(ROWS)


def test_a_batch_has_an_input_a_target_and_a_number_of_rows():
    batch = Batch({"input": INPUTS[:5]}, {"target": TARGETS[:5]})
    assert torch.equal(batch.input, INPUTS[:5])
    assert torch.equal(batch.target, TARGETS[:5])
    assert batch.rows == 5


@pytest.mark.parametrize("what", ["input", "target"])
def test_input_and_target_need_a_batch_with_only_one(what):
    batch = Batch({"a": INPUTS, "b": INPUTS}, {"c": TARGETS, "d": TARGETS})
    with pytest.raises(ValueError, match=f"^`{what}` is for batches with one {what}, but this one has 2: "):
        getattr(batch, what)


@pytest.mark.parametrize(("rows", "count", "sizes"), [(8, 4, [2] * 4), (7, 3, [3, 3, 1]), (2, 5, [1, 1]), (3, 1, [3])])
def test_the_parts_of_a_batch_keep_the_order_of_rows(rows, count, sizes):
    numbers = torch.arange(rows)
    batch = Batch({"a": numbers, "b": numbers + 10}, {"y": numbers + 20}, {"b": numbers + 30})
    parts = batch.parts(count)
    assert [part.rows for part in parts] == sizes
    for start, part in zip(torch.tensor([0, *sizes]).cumsum(0).tolist(), parts, strict=False):
        expected = batch.slice(start, start + part.rows)
        for name in ("inputs", "targets", "lengths"):
            found, wanted = getattr(part, name), getattr(expected, name)
            assert {key: rows.tolist() for key, rows in found.items()} == {
                key: rows.tolist() for key, rows in wanted.items()
            }
    assert [dict(part.targets) for part in Batch({"a": numbers}).parts(count)] == [{}] * len(sizes)


def test_groups_with_different_numbers_of_rows_cannot_be_split():
    batch = Batch({"input": torch.zeros(10, 2)}, {"target": torch.zeros(4)})
    with pytest.raises(ValueError, match="shorter"):
        batch.parts(3)
