"""The kept batches of a split are those that it yields, as long as nothing but values changes."""

import pytest
import torch

from hookline.data import TensorBatches
from hookline.training.tracing.passes import kept_batches as kept
from hookline.training.tracing.passes.kept_batches import kept_batches


def split(**options):
    rows = torch.arange(14.0).reshape(7, 2)
    weights = torch.rand(7, generator=torch.Generator().manual_seed(0))
    return TensorBatches({"x": rows}, {"y": rows[:, 0].long()}, batch_size=3, weights=weights, **options)


def tensors(batches):
    return [[*one.inputs.values(), *one.targets.values(), one.weights] for one in batches]


def are_equal(one, other):
    return [len(one), *map(len, one)] == [len(other), *map(len, other)] and all(
        a.dtype == b.dtype and a.stride() == b.stride() and torch.equal(a, b)
        for several, others in zip(one, other, strict=True)
        for a, b in zip(several, others, strict=True)
    )


@pytest.mark.parametrize("drop_last", [False, True])
def test_they_are_the_batches_of_an_epoch(drop_last):
    batches = split(drop_last=drop_last)
    same = kept_batches(batches)
    assert are_equal(tensors(same.batches), tensors(batches.epoch(1)))
    same.batches[0].inputs["x"].zero_()  # As a layer with `inplace` does.
    batches.all.targets["y"][-1] = 5
    assert same.is_refreshed(batches)
    assert are_equal(tensors(same.batches), tensors(batches.epoch(2)))


def replaced(batches):
    batches.all.inputs["x"] = batches.all.inputs["x"].double()


def transposed(batches):
    batches.all.inputs["x"] = batches.all.inputs["x"].t().contiguous().t()


def renamed(batches):
    batches.all.inputs["z"] = batches.all.inputs.pop("x")


def yielding_others(batches):
    batches.epoch = lambda number, start=0: iter(())


@pytest.mark.parametrize("change", [replaced, transposed, renamed, yielding_others])
def test_they_are_not_those_of_a_split_that_has_changed(change):
    batches = split()
    same = kept_batches(batches)
    change(batches)
    assert not same.is_refreshed(batches)


def test_they_are_not_those_of_another_split():
    batches = split()
    same = kept_batches(batches)
    assert not same.is_refreshed(split())
    assert not same.is_refreshed(batches.with_batch_size(2))


def test_other_rows_of_the_same_kind_take_their_place():
    batches = split()
    same = kept_batches(batches)
    batches.all.inputs["x"] = batches.all.inputs["x"] + 1
    assert same.is_refreshed(batches)
    assert are_equal(tensors(same.batches), tensors(batches.epoch(1)))


def test_shuffled_and_large_splits_are_not_kept(monkeypatch):
    assert kept_batches(split(seed=1)) is None
    assert kept_batches(iter(())) is None
    monkeypatch.setattr(kept, "LARGEST", 100)
    assert kept_batches(split()) is None
