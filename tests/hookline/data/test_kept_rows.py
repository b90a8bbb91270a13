"""Rows in memory that is kept are those of the batches of each epoch."""

import pytest
import torch

from hookline.data import TensorBatches, WeightedSampler
from hookline.data.batches import Batch
from hookline.data.kept_rows import KeptRows

ROWS = 23
GENERATOR = torch.Generator().manual_seed(0)
INPUTS = torch.randn(ROWS, 3, 2, generator=GENERATOR)
TYPES = (torch.float32, torch.bfloat16, torch.float8_e4m3fn, torch.complex64, torch.int64, torch.bool)


def batches(dtype=torch.float32, **options):
    more = {"batch_size": 4, "seed": 7, "weights": torch.arange(ROWS) / ROWS, **options}
    return TensorBatches(
        {"x": INPUTS.to(dtype, copy=True), "z": INPUTS[:, 0, 0].clone()}, {"y": torch.arange(ROWS)}, **more
    )


def described(batches):
    some = list(batches)
    names = [(list(batch.inputs), list(batch.targets), batch.lengths) for batch in some]
    tensors = [[*batch.inputs.values(), *batch.targets.values(), batch.weights] for batch in some]
    bits = [[one.contiguous().reshape(-1).view(torch.uint8).tolist() for one in several] for several in tensors]
    return names, bits, [[(one.dtype, one.shape, one.stride()) for one in several] for several in tensors]


@pytest.mark.parametrize("dtype", TYPES, ids=str)
def test_each_type_of_rows_is_gathered_bit_by_bit(dtype):
    several = batches(dtype)
    kept = KeptRows(several)
    for epoch in (1, 2):
        kept.gather(epoch)
        assert described(kept.batches) == described(several.epoch(epoch))


SAMPLER = WeightedSampler(torch.arange(ROWS).double().numpy(), num_samples=30)


@pytest.mark.parametrize(
    "options",
    [{"drop_last": True}, {"seed": None}, {"sampler": SAMPLER}, {"batch_size": 64}, {"weights": None}],
    ids=lambda options: next(iter(options)),
)
def test_each_order_of_rows_is_gathered(options):
    several = batches(**options)
    kept = KeptRows(several)
    kept.gather(3)
    assert [batch.target.tolist() for batch in kept.batches] == [batch.target.tolist() for batch in several.epoch(3)]


def test_later_epochs_have_the_same_memory_and_other_values():
    kept = KeptRows(several := batches())
    places = [batch.inputs["x"].data_ptr() for batch in kept.batches]
    several.all.inputs["x"].mul_(2)
    kept.gather(5)
    assert described(kept.batches) == described(several.epoch(5))
    assert [batch.inputs["x"].data_ptr() for batch in kept.batches] == places


def resized(some):
    some.all.inputs["x"].data = torch.ones(ROWS, 3, 2)


def replaced(some):
    some.all = Batch(some.all.inputs, {"y": torch.arange(ROWS)}, weights=some.all.weights)


def renamed(some):
    some.all.targets["other"] = some.all.targets.pop("y")


def reversed_order(number):
    return torch.arange(ROWS).flip(0)


class Reversed(TensorBatches):
    order = staticmethod(reversed_order)


CHANGES = {
    "method": lambda some: setattr(some, "order", reversed_order),
    "class": lambda some: setattr(some, "__class__", Reversed),
    "memory": resized,
    "tensors": replaced,
    "names": renamed,
    "seed": lambda some: setattr(some, "_seed", 8),
    "size": lambda some: setattr(some, "_batch_size", 5),
    "gradients": lambda some: some.all.inputs["x"].requires_grad_(),
    "strides": lambda some: some.all.inputs["x"].transpose_(1, 2),
    "epoch": lambda some: setattr(some, "epoch", some.in_order().epoch),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_of_what_is_gathered_is_noticed(change):
    several = batches()
    kept = KeptRows(several)
    assert kept.are_of(several)
    assert not kept.are_of(batches())
    change(several)
    assert not kept.are_of(several)


def test_a_sampler_that_draws_another_number_of_rows_is_noticed():
    several = batches(sampler=WeightedSampler(SAMPLER.weights, num_samples=30))
    kept = KeptRows(several)
    assert kept.are_of(several)
    several.sampler.num_samples = 20
    assert not kept.are_of(several)


UNFIT = {
    "strides": {"inputs": {"x": INPUTS.transpose(1, 2)}},
    "gradients": {"inputs": {"x": INPUTS.clone().requires_grad_()}},
    "class": {"inputs": {"x": torch.nn.Parameter(INPUTS, requires_grad=False)}},
    "lengths": {"inputs": {"x": INPUTS}, "lengths": {"x": torch.ones(ROWS, dtype=torch.int64)}},
    "no bytes": {"inputs": {"x": INPUTS[:, :0]}},
}


@pytest.mark.parametrize("groups", UNFIT.values(), ids=UNFIT)
def test_other_rows_are_not_kept(groups):
    with pytest.raises(ValueError, match="Only plain tensors without lengths"):
        KeptRows(TensorBatches(**groups, batch_size=4, seed=1))
