import numpy
import pytest
import torch

from hookline.data import TensorBatches, permutation, tensor_batches

ROWS = 23
INPUTS = torch.arange(ROWS * 3, dtype=torch.float32).reshape(ROWS, 3)
TARGETS = torch.arange(ROWS)


def batches(**options):
    return TensorBatches({"input": INPUTS}, {"target": TARGETS}, **{"batch_size": 4, "seed": 7, **options})


def rows_of(some_batches):
    return [batch.target.tolist() for batch in some_batches]


def in_pieces(order, size):
    return [order[start : start + size] for start in range(0, len(order), size)]


@pytest.mark.parametrize(
    ("seed", "epoch", "rows"), [(0, 1, 5), (7, 3, 23), (2**32 - 1, 1, 1000), (2**40, 2, 1), (0, 1, 0)]
)
def test_a_permutation_equals_numpys_for_seed_and_epoch(seed, epoch, rows):
    assert permutation(seed, epoch, rows).tolist() == numpy.random.default_rng((seed, epoch)).permutation(rows).tolist()


def test_a_permutation_depends_on_the_seed_and_on_the_epoch():
    orders = [permutation(seed, epoch, 50).tolist() for seed, epoch in [(1, 1), (1, 2), (2, 1), (2, 2), (0, 1)]]
    assert len({tuple(order) for order in orders}) == 5


@pytest.mark.parametrize("epoch", [1, 2, 9])
def test_shuffled_rows_have_the_order_of_the_permutation(epoch):
    order = permutation(7, epoch, ROWS).tolist()
    assert rows_of(batches().epoch(epoch)) == in_pieces(order, 4)


def test_inputs_and_targets_are_shuffled_together():
    for batch in batches().epoch(1):
        assert torch.equal(batch.input, INPUTS[batch.target])


@pytest.mark.parametrize(
    "rows",
    [
        torch.rand(ROWS, 3),
        torch.rand(3, ROWS).T,
        torch.rand(1, ROWS).T,
        torch.rand(ROWS, 0),
        torch.rand(ROWS, 1, 4, 4).to(memory_format=torch.channels_last),
        torch.rand(ROWS, 2, 4, 4).to(memory_format=torch.channels_last),
        torch.rand(3).expand(ROWS, 3),
    ],
    ids=lambda rows: str(rows.stride()),
)
def test_shuffled_rows_have_the_values_and_the_strides_of_indexing(rows):
    expected = rows[permutation(7, 2, ROWS)].split(4)
    found = [batch.input for batch in TensorBatches({"input": rows}, batch_size=4, seed=7).epoch(2)]
    assert [one.stride() for one in found] == [one.stride() for one in expected]
    assert all(map(torch.equal, found, expected))


def test_an_epoch_does_not_depend_on_earlier_epochs():
    made = batches()
    third = rows_of(made.epoch(3))
    list(made.epoch(1))
    assert rows_of(made.epoch(3)) == third


def test_two_epochs_can_be_iterated_at_the_same_time():
    made = batches()
    first, second = made.epoch(1), made.epoch(2)
    mixed = [next(first), next(second), next(first), next(second)]
    assert rows_of(mixed[::2]) == rows_of(batches().epoch(1))[:2]
    assert rows_of(mixed[1::2]) == rows_of(batches().epoch(2))[:2]


def test_shuffling_does_not_advance_the_global_generators():
    torch_state, numpy_state = torch.get_rng_state(), numpy.random.get_state()[1].tolist()
    list(batches().epoch(1))
    assert torch.equal(torch.get_rng_state(), torch_state)
    assert numpy.random.get_state()[1].tolist() == numpy_state


@pytest.mark.parametrize("seed", [None, 0, 7])
@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("batch_size", [1, 4, 22, 23, 24, 100])
def test_an_epoch_has_as_many_batches_as_its_length(seed, drop_last, batch_size):
    made = batches(seed=seed, drop_last=drop_last, batch_size=batch_size)
    assert len(list(made.epoch(1))) == len(made)


@pytest.mark.parametrize("seed", [None, 7])
@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("start", range(7))
def test_an_epoch_resumes_at_any_batch(seed, drop_last, start):
    made = batches(seed=seed, drop_last=drop_last)
    assert rows_of(made.epoch(2, start)) == rows_of(made.epoch(2))[start:]


@pytest.mark.parametrize("seed", [None, 7])
@pytest.mark.parametrize("start", [0, 1, 2, 5])
@pytest.mark.parametrize("window", [1, 79, 80, 200, 240, 10_000])
def test_small_windows_give_the_same_batches(monkeypatch, seed, start, window):
    expected = rows_of(batches(seed=seed).epoch(2, start))
    monkeypatch.setattr(tensor_batches, "WINDOW", window)
    assert rows_of(batches(seed=seed).epoch(2, start)) == expected


@pytest.mark.parametrize("window", [1, 200])
def test_the_last_batch_is_dropped_with_small_windows(monkeypatch, window):
    monkeypatch.setattr(tensor_batches, "WINDOW", window)
    order = permutation(7, 1, ROWS).tolist()
    assert rows_of(batches(drop_last=True).epoch(1)) == in_pieces(order, 4)[:-1]


def test_at_most_one_window_of_shuffled_rows_is_gathered_at_once(monkeypatch):
    monkeypatch.setattr(tensor_batches, "WINDOW", 2 * 4 * (3 * 4 + 8))
    storages = [batch.input.untyped_storage().data_ptr() for batch in list(batches().epoch(1))]
    sizes = [batch.input.untyped_storage().nbytes() for batch in batches().epoch(1)]
    assert [storages.index(place) for place in storages] == [0, 0, 2, 2, 4, 4]
    assert sizes == [96, 96, 96, 96, 84, 84]


def test_without_a_seed_the_rows_keep_their_order():
    assert rows_of(batches(seed=None).epoch(5)) == in_pieces(list(range(ROWS)), 4)


@pytest.mark.parametrize("seed", [None, 0])
def test_rows_are_copies_that_a_layer_may_overwrite(seed):
    for batch in batches(seed=seed).epoch(1):
        batch.input.fill_(-1)
    assert torch.equal(INPUTS, torch.arange(ROWS * 3, dtype=torch.float32).reshape(ROWS, 3))


def test_the_last_batch_is_smaller():
    assert [batch.rows for batch in batches().epoch(1)] == [4, 4, 4, 4, 4, 3]


def test_drop_last_drops_a_smaller_last_batch():
    assert [batch.rows for batch in batches(drop_last=True).epoch(1)] == [4, 4, 4, 4, 4]


def test_drop_last_keeps_a_full_last_batch():
    assert [batch.rows for batch in batches(drop_last=True, batch_size=23).epoch(1)] == [23]


def test_drop_last_drops_a_smaller_only_batch():
    made = batches(drop_last=True, batch_size=24)
    assert (len(made), list(made.epoch(1))) == (0, [])


def test_no_rows_make_no_batches():
    made = TensorBatches({"input": INPUTS[:0]}, {"target": TARGETS[:0]}, batch_size=4, seed=1)
    assert (made.rows, len(made), list(made.epoch(1))) == (0, 0, [])


@pytest.mark.parametrize("seed", [None, 7])
@pytest.mark.parametrize("window", [1, 10_000])
def test_several_inputs_and_targets_keep_their_names_and_rows(monkeypatch, seed, window):
    monkeypatch.setattr(tensor_batches, "WINDOW", window)
    inputs = {"anchor": INPUTS, "positive": INPUTS + 100, "negative": INPUTS - 100}
    targets = {"length": TARGETS, "value": TARGETS * 0.5}
    made = TensorBatches(inputs, targets, batch_size=4, seed=seed)
    found = list(made.epoch(1))
    assert [batch.targets["length"].tolist() for batch in found] == rows_of(batches(seed=seed).epoch(1))
    for batch in found:
        rows = batch.targets["length"]
        assert list(batch.inputs) == ["anchor", "positive", "negative"]
        assert all(torch.equal(batch.inputs[name], tensor[rows]) for name, tensor in inputs.items())
        assert torch.equal(batch.targets["value"], rows * 0.5)


def test_inputs_and_targets_must_have_the_same_number_of_rows():
    with pytest.raises(
        ValueError, match=r"^All inputs, targets, lengths and weights must have the same number of rows\.$"
    ):
        TensorBatches({"input": INPUTS}, {"target": TARGETS[1:]}, batch_size=4)
