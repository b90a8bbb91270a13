import pytest
import torch

from hookline.data import Batch, TensorBatches
from hookline.trained.evaluation.batches import Rebatched, joined, rebatched

ROWS = torch.arange(20.0).reshape(10, 2)


def batches(size):
    return TensorBatches({"x": ROWS}, {"y": ROWS[:, 0]}, batch_size=size)


@pytest.mark.parametrize("before", [1, 3, 4, 10])
@pytest.mark.parametrize("after", [1, 2, 7, 10, 99])
def test_rows_keep_their_order_in_batches_of_another_size(before, after):
    found = list(rebatched(batches(before).epoch(1), after))
    assert [batch.rows for batch in found] == [after] * (10 // after) + [10 % after] * bool(10 % after)
    assert torch.cat([batch.inputs["x"] for batch in found]).equal(ROWS)
    assert torch.cat([batch.targets["y"] for batch in found]).equal(ROWS[:, 0])


def test_batches_are_copies_which_a_layer_may_overwrite():
    for batch in rebatched([Batch({"x": ROWS})], 4):
        batch.inputs["x"].zero_()
    assert ROWS[9].tolist() == [18, 19]


def test_a_split_in_other_batches_can_begin_in_the_middle():
    split = Rebatched(batches(3), 4)
    assert (split.rows, len(split)) == (10, 3)
    assert [batch.rows for batch in split.epoch(1, start=1)] == [4, 2]


def test_sequences_of_different_lengths_are_padded():
    short = Batch({"x": torch.ones(1, 2, 3)}, {"y": torch.ones(1, 1).long()}, {"x": torch.tensor([2])})
    long = Batch({"x": torch.ones(1, 4, 3)}, {"y": torch.ones(1, 3).long()}, {"x": torch.tensor([4])})
    both = joined([short, long])
    assert both.inputs["x"][:, :, 0].tolist() == [[1, 1, 0, 0], [1, 1, 1, 1]]
    assert both.targets["y"].tolist() == [[1, -1, -1], [1, 1, 1]]
    assert both.lengths["x"].tolist() == [2, 4]
