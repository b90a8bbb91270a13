"""A fixed sample of the proofs of `make verify`: a training that is interrupted anywhere is resumed exactly."""

import itertools

import pytest
from exactness import chains, corruption, disks, kills, matrix, signals, traced
from exactness.matrix import CONFIGURATIONS, OPTIMIZERS, SCHEDULERS, SETTINGS
from exactness.result import Result

pytestmark = pytest.mark.filterwarnings("ignore")


def sample(shift):
    """Each optimizer once, each scheduler once, and all settings."""
    schedulers = [*list(SCHEDULERS)[shift:], *list(SCHEDULERS)[:shift]]
    settings = itertools.cycle(SETTINGS)
    numbers = itertools.cycle((1, 3) if shift % 2 else (3, 1))
    return list(zip(OPTIMIZERS, schedulers, numbers, settings, strict=False))


SAMPLE = [one for shift in (4, 9) for one in sample(shift) if one in CONFIGURATIONS]


def test_the_sample_has_every_optimizer_scheduler_and_setting():
    assert len(CONFIGURATIONS) * matrix.POSITIONS >= 20_000
    parts = [set(part) for part in zip(*SAMPLE, strict=True)]
    assert parts == [OPTIMIZERS.keys(), SCHEDULERS.keys(), {1, 3}, SETTINGS.keys()]


@pytest.mark.parametrize("configuration", SAMPLE, ids=str)
def test_a_training_continues_from_every_position(configuration):
    result = Result("matrix")
    matrix.cells(configuration, result)
    assert result.failures == []
    assert result.cases >= matrix.POSITIONS - 3  # EarlyStopping may end the last epoch.


@pytest.mark.parametrize("configuration", SAMPLE[: len(SETTINGS)], ids=str)
def test_a_traced_training_has_the_same_checkpoints_and_continues_from_them(configuration):
    result = Result("traced")
    traced.cells(configuration, result, positions=(1, 3))
    assert result.failures == []


def test_the_sample_of_traced_trainings_has_every_setting():
    assert {setting for *_, setting in SAMPLE[: len(SETTINGS)]} == SETTINGS.keys()


def test_trainings_can_be_interrupted_again_and_again():
    result = chains.prove(6, seed=1)
    assert (result.cases, result.failures) == (6, [])


@pytest.mark.parametrize("checkpoint", kills.CHECKPOINTS[1:3], ids=str)
def test_a_training_that_is_killed_at_any_operation_continues(checkpoint):
    result = kills.prove(step=19, checkpoints=[checkpoint])
    assert result.failures == []
    assert result.cases > 10


def test_damaged_checkpoints_are_found_and_others_are_not():
    result = corruption.prove(260, 50)
    assert (result.cases, result.failures) == (310, [])


def test_signals_end_a_training_in_any_place_with_the_last_step_saved():
    result = signals.prove(12, 2)
    assert (result.cases, result.failures) == (16, [])


def test_a_failing_disk_is_reported_and_earlier_checkpoints_stay():
    result = disks.prove(step=23, names=["ENOSPC"], options=disks.CHECKPOINTS[:1])
    result.failures += disks.prove(step=41, names=["EIO", "EACCES"], options=disks.CHECKPOINTS[1:]).failures
    assert result.failures == []
    assert result.cases > 5
