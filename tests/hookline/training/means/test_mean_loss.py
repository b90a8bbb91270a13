import math
import weakref

import pytest
import torch

from hookline.errors import TrainingError
from hookline.training.means.mean_loss import EpochLosses, MeanLoss
from hookline.training.means.scalars import READ_EVERY


def added(losses, rows, *, summed=False, first_step=1):
    made = EpochLosses(3, first_step)
    for loss, number in zip(losses, rows, strict=True):
        made.add(torch.tensor(loss), None if summed else number)
    return made


def test_the_loss_of_an_epoch_is_the_mean_over_its_rows():
    assert added([1.0, 4.0], [3, 1]).value() == 1.75


def test_losses_that_are_sums_are_added():
    assert added([1.0, 4.0], [3, 1], summed=True).value() == 5.0


@pytest.mark.parametrize("summed", [False, True])
def test_an_epoch_without_batches_has_a_nan_loss(summed):
    assert math.isnan(added([], []).value())
    made = added([], [], summed=summed)
    made.skip()
    assert math.isnan(made.value())


def test_an_epoch_whose_rows_are_all_ignored_has_a_nan_loss():
    assert math.isnan(added([math.nan, math.nan], [0, 0]).value())


def test_losses_are_added_up_in_float64():
    assert added([2.0**24, 1.0, 1.0], [1, 1, 1], summed=True).value() == 2.0**24 + 2


@pytest.mark.parametrize("count", [READ_EVERY - 1, READ_EVERY, READ_EVERY + 1, 2 * READ_EVERY + 5])
def test_losses_read_in_blocks_have_the_mean_of_all(count):
    losses = [float(index % 7) for index in range(count)]
    rows = [1 + index % 3 for index in range(count)]
    expected = sum(loss * number for loss, number in zip(losses, rows, strict=True)) / sum(rows)
    assert added(losses, rows).value() == expected


@pytest.mark.parametrize("place", [0, 1, 4])
def test_a_nan_loss_is_reported_with_epoch_and_step(place):
    losses = [1.0] * 5
    losses[place] = math.nan
    with pytest.raises(TrainingError) as error:
        added(losses, [1] * 5, first_step=11).value()
    assert str(error.value).startswith(f"The loss is NaN in epoch 3, step {11 + place}. ")


def test_the_first_of_several_nan_losses_is_reported():
    with pytest.raises(TrainingError, match=r"^The loss is NaN in epoch 3, step 2\. "):
        added([1.0, math.nan, 1.0, math.nan], [1] * 4).value()


def test_a_nan_loss_is_reported_before_the_epoch_ends():
    made = added([1.0] * (READ_EVERY - 2) + [math.nan], [1] * (READ_EVERY - 1))
    with pytest.raises(TrainingError, match=rf"^The loss is NaN in epoch 3, step {READ_EVERY - 1}\. "):
        made.add(torch.tensor(1.0), 1)


def test_the_step_is_correct_after_earlier_losses_are_read():
    losses = [1.0] * (READ_EVERY + 2) + [math.nan]
    with pytest.raises(TrainingError, match=rf"^The loss is NaN in epoch 3, step {100 + READ_EVERY + 2}\. "):
        added(losses, [1] * len(losses), first_step=100).value()


def test_an_infinite_loss_is_reported_as_infinite():
    with pytest.raises(TrainingError, match=r"^The loss is infinite in epoch \d+, step \d+\."):
        added([1.0, math.inf], [1, 1]).value()


def test_a_batch_whose_rows_are_all_ignored_is_skipped():
    assert added([1.0, math.nan, 4.0], [3, 0, 1]).value() == 1.75


def test_divisors_may_be_tensors():
    assert added([1.0, 4.0], [torch.tensor(3.0), torch.tensor(1)]).value() == 1.75


class OnDevice(torch.Tensor):
    """A tensor that is treated as one on an accelerator."""

    is_cpu = False


@pytest.mark.parametrize("summed", [False, True])
def test_losses_on_an_accelerator_have_the_same_mean(summed):
    count = READ_EVERY + 7
    losses = torch.rand(count, generator=torch.Generator().manual_seed(0))
    divisors = [float(1 + index % 3) for index in range(count)]
    on_cpu, there, mixed = EpochLosses(1, 1), EpochLosses(1, 1), EpochLosses(1, 1)
    for index, (loss, divisor) in enumerate(zip(losses, divisors, strict=True)):
        far, far_divisor = loss.as_subclass(OnDevice), torch.tensor(divisor).as_subclass(OnDevice)
        on_cpu.add(loss, None if summed else divisor)
        there.add(far, None if summed else far_divisor)
        mixed.add(far, None if summed else far_divisor if index % 5 == 3 else divisor)
    assert on_cpu.value() == there.value() == mixed.value()


@pytest.mark.parametrize("kind", [torch.Tensor, OnDevice])
def test_no_tensor_of_a_step_is_kept_alive(kind):
    made = EpochLosses(1, 1)
    of_rows = torch.ones(1000).as_subclass(kind)
    loss, divisor = of_rows[0], torch.ones(()).as_subclass(kind)
    kept = [weakref.ref(tensor) for tensor in (loss, divisor, of_rows)]
    made.add(loss, divisor)
    del loss, divisor, of_rows
    assert [reference() for reference in kept] == [None, None, None]
    assert made.value() == 1.0


@pytest.mark.parametrize("before", [0, 3, READ_EVERY - 1])
@pytest.mark.parametrize("divisor", [7, None])
def test_several_losses_are_added_as_one_after_the_other(before, divisor):
    losses = torch.rand(READ_EVERY + 5, dtype=torch.float64).tolist()
    several, single = MeanLoss(), MeanLoss()
    for made in (several, single):
        made.add_several([0.5] * before, [3] * before if divisor else [])
    several.add_several(losses, [divisor] * len(losses) if divisor else [])
    for loss in losses:
        single.add(loss, divisor)
    assert several.state_dict() == single.state_dict()
    assert several.value() == single.value()
