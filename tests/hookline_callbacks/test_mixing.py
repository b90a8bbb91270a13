"""Mixup and CutMix equal handwritten loops bit for bit, with any other callbacks."""

import numpy
import pytest
from image_training import EPOCHS, SEED, batches, mixed_loss, network, same, squared, trained
from torch import nn
from torch.optim.swa_utils import AveragedModel, update_bn

import hookline

MIXERS = [("Mixup", 0.4), ("CutMix", 1.0)]


def trained_by_hand(kind, alpha, parts=1, **options):
    """Return the network, and how often rows were mixed."""
    model, optimizer = network()
    number = mixed = 0
    for epoch in range(1, EPOCHS + 1):
        for x, y in batches(epoch):
            optimizer.zero_grad()
            size = -(-len(x) // parts)
            for its_x, its_y in zip(x.split(size), y.split(size), strict=True):
                loss, is_mixed = mixed_loss(model, its_x, its_y, number, kind, alpha, **options)
                (loss if parts == 1 else len(its_x) / len(x) * loss).backward()
                mixed += is_mixed
            optimizer.step()
            number += 1
    return model, mixed


@pytest.mark.parametrize(("kind", "alpha"), MIXERS)
def test_rows_and_losses_are_mixed_as_in_a_handwritten_loop(kind, alpha, tmp_path):
    trial = trained(tmp_path, {"type": kind, "alpha": alpha, "probability": 0.7})
    model, mixed = trained_by_hand(kind, alpha, probability=0.7)
    assert 0 < mixed < 3 * EPOCHS
    assert same(trial.model, model)


class Tripled:
    """A plugin that implements the stage `loss`."""

    @hookline.hookimpl
    def loss(self, outputs, batch):
        return 3 * squared(outputs, batch.target)


class Raised:
    """A plugin that wraps the stage `loss` outside the spec's callbacks."""

    @hookline.hookimpl(wrapper=True)
    def loss(self):
        return 1 + (yield) ** 2


@hookline.spec.spec
class Absolute(hookline.spec.CallbackSpec):
    """A callback whose wrapper changes the loss in some steps."""

    logs = ()

    @hookline.hookimpl(wrapper=True)
    def loss(self, run, outputs, batch):
        yield
        return nn.functional.l1_loss(outputs, batch.target)


class Callbacks:
    @hookline.hookimpl
    def register_specs(self):
        return [Absolute]


@pytest.mark.parametrize(("kind", "alpha"), MIXERS)
def test_a_plugin_can_compute_the_loss_of_both_halves_of_a_mixture(kind, alpha, tmp_path):
    trial = trained(tmp_path, {"type": kind, "alpha": alpha}, plugins=[Tripled()])
    model, _ = trained_by_hand(kind, alpha, loss=lambda outputs, y: 3 * squared(outputs, y))
    assert same(trial.model, model)


def test_inner_wrappers_see_both_halves_and_outer_ones_their_sum(tmp_path):
    inside = {"type": "Absolute", "every": 2}
    trial = trained(tmp_path, {"type": "Mixup", "alpha": 0.4}, inside, plugins=[Raised(), Callbacks()])
    model, optimizer = network()
    number = 0
    for epoch in range(1, EPOCHS + 1):
        for x, y in batches(epoch):
            optimizer.zero_grad()
            loss = nn.functional.l1_loss if number % 2 else squared
            value, _ = mixed_loss(model, x, y, number, "Mixup", 0.4, loss=loss)
            (1 + value**2).backward()
            optimizer.step()
            number += 1
    assert same(trial.model, model)


@pytest.mark.parametrize(("kind", "alpha"), MIXERS)
def test_each_part_of_a_batch_is_mixed_separately_with_a_warning(kind, alpha, tmp_path):
    with pytest.warns(hookline.HooklineWarning) as warned:
        trial = trained(tmp_path, {"type": kind, "alpha": alpha}, accumulate=2)
    assert [str(warning.message) for warning in warned] == [
        "run.accumulate: BatchNorm1d normalizes each part of a batch separately, so the result differs from that of the whole batch.",
        f"run.accumulate: {kind} mixes each part of a batch separately, so the result differs from that of the whole batch.",
    ]
    model, _ = trained_by_hand(kind, alpha, parts=2)
    assert same(trial.model, model)


def test_statistics_recomputed_after_training_use_unmixed_rows(tmp_path):
    trial = trained(tmp_path, {"type": "StochasticWeightAveraging"}, {"type": "Mixup", "alpha": 0.4})
    model, optimizer = network()
    averaged = AveragedModel(model)
    number = 0
    for epoch in range(1, EPOCHS + 1):
        for x, y in batches(epoch):
            optimizer.zero_grad()
            mixed_loss(model, x, y, number, "Mixup", 0.4)[0].backward()
            optimizer.step()
            number += 1
        if epoch >= 5:
            averaged.update_parameters(model)
    update_bn((x for x, _ in batches(EPOCHS)), averaged.module)
    assert same(trial.model, averaged.module)


def test_evaluation_does_not_mix_rows(tmp_path, monkeypatch):
    drawn, draw = [], numpy.random.default_rng
    monkeypatch.setattr(numpy.random, "default_rng", lambda seed=None: drawn.append(seed) or draw(seed))
    trained(tmp_path, {"type": "Mixup"})
    of_steps = [seed for seed in drawn if isinstance(seed, tuple) and len(seed) == 3]
    assert of_steps == [(SEED, number, 2) for number in range(3 * EPOCHS)]


@pytest.mark.parametrize(
    ("first", "second"),
    [({"type": "Mixup"}, {"type": "CutMix"}), ({"type": "Mixup"}, {"type": "Mixup", "alpha": 0.5})],
    ids=str,
)
def test_two_that_mix_rows_are_refused(first, second, tmp_path):
    with pytest.raises(hookline.errors.SpecError) as raised:
        trained(tmp_path, first, {"type": "CSVLog"}, second)
    [problem] = raised.value.problems
    assert str(problem) == (
        f"callbacks[2].type: Mixup already mixes the rows, with the same draw as {second['type']}: remove one."
    )
    assert problem.related == (("callbacks", 0),)
