"""The order of streamed rows."""

import gzip

import numpy
import pytest
import torch

from hookline import HooklineWarning
from hookline.data import permutation
from hookline.errors import DataError
from hookline_data.streaming import streamed_batches

from .conftest import ROWS_OF_PART, rows_of

ROWS = 100
COLUMNS = {"a": numpy.arange(ROWS, dtype=float), "y": numpy.arange(ROWS, dtype=float)}


@pytest.fixture
def training(write, prepare):
    """Return the training split of a file with the numbers from 0, in parts of 7 rows."""

    def training(kind="Parquet", rows=ROWS, **options):
        columns = {name: cells[:rows] for name, cells in COLUMNS.items()}
        return prepare(kind, write(kind, columns), **{"stream": True, "pool": 16, "batch_size": 4, **options}).training

    return training


def numbers(batches, epoch=1, start=0):
    return [batch.target.flatten().int().tolist() for batch in batches.epoch(epoch, start)]


def flat(lists):
    return [number for one in lists for number in one]


@pytest.mark.parametrize("kind", ["CSV", "Parquet"])
def test_each_epoch_has_the_same_rows_in_another_order(kind, training):
    batches = training(kind, pool=48)
    epochs = [flat(numbers(batches, epoch)) for epoch in (1, 2, 3)]
    assert all(sorted(one) == list(range(ROWS)) for one in epochs)
    assert len({tuple(one) for one in epochs}) == 3


def test_the_order_is_a_function_of_seed_and_epoch(training):
    one, other = training(seed=1), training(seed=1)
    assert numbers(one, 2) == numbers(other, 2)
    assert numbers(one, 1) == numbers(other, 1)  # After another epoch.
    assert numbers(training(seed=2)) != numbers(one)


@pytest.mark.parametrize("epoch", [1, 7])
def test_parts_are_read_in_the_order_of_a_permutation_and_shuffled_in_pools(epoch, training):
    parts = numpy.array_split(numpy.arange(ROWS), range(ROWS_OF_PART, ROWS, ROWS_OF_PART))
    read = numpy.concatenate([parts[place] for place in permutation(5, epoch, len(parts)).tolist()])
    expected = []
    for pool, begin in enumerate(range(0, ROWS, 16), 1):
        rows = read[begin : begin + 16]
        expected += rows[numpy.random.default_rng((5, epoch, pool)).permutation(len(rows))].tolist()
    assert flat(numbers(training(seed=5), epoch)) == expected


@pytest.mark.parametrize(
    "options", [{}, {"drop_last": True}, {"shuffle": False}, {"pool": 1000}, {"pool": 7}, {"rows": 98}]
)
def test_an_epoch_resumes_at_any_batch(options, training):
    batches = training(**options)
    whole = numbers(batches, 3)
    assert len(whole) == len(batches)
    for start in range(len(batches) + 1):
        assert numbers(batches, 3, start) == whole[start:]


@pytest.mark.parametrize(("drop_last", "sizes"), [(False, [8] * 12 + [2]), (True, [8] * 12)])
def test_batches_continue_across_pools(drop_last, sizes, training):
    batches = training(rows=98, batch_size=8, pool=9, drop_last=drop_last)
    assert batches.pool == 16
    assert [len(one) for one in numbers(batches)] == sizes


def test_without_shuffling_rows_keep_the_order_of_the_file(training):
    assert flat(numbers(training(shuffle=False))) == list(range(ROWS))
    assert flat(numbers(training().in_order())) == list(range(ROWS))


def test_batches_may_be_overwritten(training):
    batches = training()
    for batch in batches.epoch(1):
        batch.input.zero_()
    assert flat(numbers(batches, 2)) == flat(numbers(training(), 2))


def test_two_epochs_can_be_iterated_at_the_same_time(training):
    batches = training()
    first, second = batches.epoch(1), batches.epoch(2)
    mixed = [next(one).target.flatten().int().tolist() for _ in range(9) for one in (first, second)]
    assert mixed[::2] == numbers(batches, 1)[:9]
    assert mixed[1::2] == numbers(batches, 2)[:9]


def test_parts_without_rows_of_a_split_are_not_read(write, prepare, monkeypatch):
    table = {**COLUMNS, "s": ["test"] * 42 + ["training"] * 58}
    data = prepare("Parquet", write("Parquet", table), stream=True, split_column="s")
    assert [part.first for part in data.training.parts] == list(range(42, ROWS, ROWS_OF_PART))
    assert sorted(flat(numbers(data.training))) == list(range(42, ROWS))


def test_a_sample_has_rows_in_their_order(training):
    batches = training()
    assert batches.sample(ROWS).target.flatten().tolist() == list(range(ROWS))
    sample = batches.sample(30).target.flatten().tolist()
    assert len(sample) == 30
    assert sample == sorted(sample) == batches.sample(30).target.flatten().tolist()


def test_memory_of_a_pool_is_told(training):
    batches = training()
    assert batches.held_bytes == 16 * 8
    assert batches.in_order().held_bytes == 0


@pytest.mark.parametrize("kind", ["CSV", "Parquet"])
@pytest.mark.parametrize("change", ["shorter", "other numbers", "gone"])
def test_a_file_that_changes_is_an_error(change, kind, write, prepare):
    path = write(kind, COLUMNS)
    batches = prepare(kind, path, stream=True).training
    if change == "gone":
        path.unlink()
    elif change == "shorter":
        write(kind, {name: cells[:50] for name, cells in COLUMNS.items()})
    else:
        write(kind, {"a": ["word"] * ROWS, "y": COLUMNS["y"]})
    with pytest.raises(DataError) as raised:
        list(batches.epoch(1))
    assert str(raised.value).startswith(f"{path}: ")


def test_a_part_that_is_larger_than_a_pool_is_a_warning(tmp_path, write, prepare):
    text = "a,y\n" + "".join(f"{row},{row}\n" for row in range(ROWS))
    (tmp_path / "table.csv.gz").write_bytes(gzip.compress(text.encode()))
    with pytest.warns(HooklineWarning, match="shuffled only with rows near them. Store it as plain text") as found:
        data = prepare("CSV", tmp_path / "table.csv.gz", stream=True, pool=16)
    assert [(one.message.diagnostic.id, one.message.diagnostic.path) for one in found] == [
        ("weak-shuffle", ("data", "stream"))
    ]
    order = flat(numbers(data.training))
    assert sorted(order) == list(range(ROWS))
    assert [sorted(order[begin : begin + 16]) for begin in (0, 16)] == [list(range(16)), list(range(16, 32))]
    with pytest.warns(HooklineWarning, match="Write it with smaller row groups"):
        prepare("Parquet", write("Parquet", COLUMNS), stream=True, pool=4)


def test_the_fingerprint_depends_on_the_rows_and_not_on_their_order(write, prepare):
    path = write("Parquet", COLUMNS)
    first = prepare("Parquet", path, stream=True).training.fingerprint()
    assert prepare("Parquet", path, stream=True, seed=1, pool=8, batch_size=2).training.fingerprint() == first
    write("Parquet", {**COLUMNS, "a": [*range(ROWS - 1), 7.0]})
    assert prepare("Parquet", path, stream=True).training.fingerprint() != first


def test_pools_have_a_default_size(training, monkeypatch):
    assert training(pool=None).pool == 2**20
    assert torch.equal(rows_of(training(pool=None)).input.sort(dim=0).values.flatten(), torch.arange(ROWS).float())


def test_unshuffled_rows_are_held_in_small_numbers(training, monkeypatch):
    monkeypatch.setattr(streamed_batches, "UNSHUFFLED", 10)
    assert training().in_order().pool == 12
    assert flat(numbers(training().in_order())) == list(range(ROWS))
