import numpy
import pytest
import torch

from hookline.errors import DataError


@pytest.mark.parametrize("data_seed", [0, 9])
def test_inputs_are_drawn_from_a_separate_generator(prepare_random, data_seed):
    torch.manual_seed(1)
    before = torch.get_rng_state()
    [batch] = prepare_random([1, 0, 1], features=4, data_seed=data_seed, seed=5).training.epoch(1)
    generator = torch.Generator().manual_seed(data_seed)
    assert torch.equal(batch.input, torch.randn(3, 4, generator=generator))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("loss", "targets", "encoded", "dtype", "classes"),
    [
        ("MSELoss", [1, 0.5, -2], [[1], [0.5], [-2]], torch.float32, None),
        ("BCELoss", [1, 0, 1], [[1], [0], [1]], torch.float32, (0, 1)),
        ("CrossEntropyLoss", [3, 1, 3], [1, 0, 1], torch.int64, (1, 3)),
    ],
)
def test_given_targets_are_encoded_for_the_loss(prepare_random, loss, targets, encoded, dtype, classes):
    data = prepare_random(targets, features=2, loss=loss)
    [batch] = data.training.epoch(1)
    assert batch.target.tolist() == encoded
    assert batch.target.dtype == dtype
    assert data.target.classes == classes


def test_there_is_only_a_training_split_and_the_example_is_the_first_two_rows(prepare_random):
    data = prepare_random([1, 2, 3], features=2)
    [batch] = data.training.epoch(1)
    assert data.validation is None
    assert data.test is None
    assert torch.equal(data.example.input, batch.input[:2])
    assert torch.equal(data.example.target, batch.target[:2])


def test_rows_are_shuffled_by_seed_and_epoch(prepare_random):
    data = prepare_random([float(row) for row in range(30)], features=1, shuffle=True, batch_size=7, seed=2)
    rows = torch.cat([batch.target for batch in data.training.epoch(4)]).flatten().int().tolist()
    assert rows == numpy.random.default_rng((2, 4)).permutation(30).tolist()


def test_drop_last_drops_the_last_small_batch(prepare_random):
    data = prepare_random([1, 2, 3, 4, 5], features=1, batch_size=2, drop_last=True)
    assert [batch.rows for batch in data.training.epoch(1)] == [2, 2]


def test_targets_that_do_not_suit_the_loss_are_an_error(prepare_random):
    with pytest.raises(DataError, match=r"has 1\.5, but classes must be text or integers"):
        prepare_random([1, 1.5], features=1, loss="CrossEntropyLoss")


def test_drop_last_that_leaves_no_batch_is_an_error(prepare_random):
    with pytest.raises(DataError, match="leaves no batch"):
        prepare_random([1, 2, 3], features=1, batch_size=4, drop_last=True)


def test_empty_targets_are_an_error(prepare_random):
    with pytest.raises(DataError, match="no rows"):
        prepare_random([], features=1)
