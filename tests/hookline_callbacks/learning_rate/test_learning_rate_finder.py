"""The learning rate trial equals a handwritten loop and does not affect the training."""

import csv
from itertools import chain, count

import pytest
from image_training import EPOCHS, batches, mixed_loss, network, same, squared, step, trained

import hookline

STEPS = 12
FINDER = {"type": "LearningRateFinder", "steps": STEPS, "min_lr": 1e-3, "max_lr": 0.5}


def rows(trial):
    with (trial.directory / "learning_rate.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def tried(trial):
    return [(float(row["lr"]), float(row["loss"])) for row in rows(trial)]


def tried_by_hand(model, optimizer, loss=lambda model, x, y, number: squared(model(x), y), parts=1):
    """Return learning rates and losses of steps, each with another learning rate."""
    endless = chain.from_iterable(batches(epoch) for epoch in count(1))
    found = []
    for number in range(STEPS):
        rate = 1e-3 * 500 ** (number / (STEPS - 1))
        for group in optimizer.param_groups:
            group["lr"] = rate
        x, y = next(endless)
        optimizer.zero_grad()
        size, total = -(-len(x) // parts), 0.0
        for its_x, its_y in zip(x.split(size), y.split(size), strict=True):
            share = 1 if parts == 1 else len(its_x) / len(x)
            value = share * loss(model, its_x, its_y, number)
            value.backward()
            total += value.detach()
        optimizer.step()
        found.append((rate, float(total)))
    return found


def test_trying_learning_rates_does_not_affect_the_training(tmp_path):
    trial = trained(tmp_path, {"type": "LearningRateFinder", "steps": 30})
    plain = trained(tmp_path)
    assert same(trial.model, plain.model)
    assert trial.history == plain.history
    assert float(rows(trial)[0]["lr"]) == 1e-6
    assert (trial.directory / "learning_rate.png").stat().st_size > 5000
    [found] = [float(row["lr"]) for row in rows(trial) if row["is_steepest"] == "true"]
    assert trial.notes == (f"Learning rate {found:.3g}: the loss falls fastest there. See learning_rate.png.",)


def test_the_suggested_learning_rate_is_used_on_request(tmp_path):
    trial = trained(tmp_path, {"type": "LearningRateFinder", "steps": 30, "use": True})
    [found] = [float(row["lr"]) for row in rows(trial) if row["is_steepest"] == "true"]
    model, optimizer = network()
    for group in optimizer.param_groups:
        group["lr"] = found
    for epoch in range(1, EPOCHS + 1):
        for x, y in batches(epoch):
            step(model, optimizer, x, y)
    assert same(trial.model, model)


def test_the_trial_takes_real_training_steps(tmp_path):
    assert tried(trained(tmp_path, FINDER)) == tried_by_hand(*network())


def test_wrappers_around_steps_do_not_run_in_the_trial(tmp_path):
    clipping = {"type": "GradientClipping", "max_norm": 1e-3}
    both, without = trained(tmp_path, clipping, FINDER), trained(tmp_path, clipping)
    assert tried(both) == tried_by_hand(*network())
    assert same(both.model, without.model)


def test_gradients_are_accumulated_in_the_trial(tmp_path):
    with pytest.warns(hookline.HooklineWarning, match="BatchNorm1d normalizes each part of a batch separately"):
        trial = trained(tmp_path, FINDER, accumulate=3)
    assert tried(trial) == tried_by_hand(*network(), parts=3)


def test_rows_are_mixed_in_the_trial(tmp_path):
    mixup = {"type": "Mixup", "alpha": 0.4}
    both, without = trained(tmp_path, FINDER, mixup), trained(tmp_path, mixup)
    assert tried(both) == tried_by_hand(
        *network(), loss=lambda model, x, y, number: mixed_loss(model, x, y, number, "Mixup", 0.4)[0]
    )
    assert same(both.model, without.model)
    assert both.history == without.history


@pytest.mark.parametrize("until", [None, 3])
def test_frozen_parameters_are_frozen_in_the_trial(until, tmp_path):
    freeze = {"type": "Freeze", "layers": "1", **({"until": until} if until else {})}
    both, without = trained(tmp_path, freeze, FINDER), trained(tmp_path, freeze)
    model, optimizer = network(fused=until is None)
    model[1].requires_grad_(requires_grad=False)
    assert tried(both) == tried_by_hand(model, optimizer)
    assert same(both.model, without.model)


def test_parameters_that_are_frozen_after_the_trial_are_refused(tmp_path):
    with pytest.raises(hookline.errors.SpecError) as raised:
        trained(tmp_path, FINDER, {"type": "CSVLog"}, {"type": "Freeze", "layers": "1"})
    [problem] = raised.value.problems
    assert str(problem) == (
        "callbacks[0].type: Freeze is listed later, so the trial would train frozen parameters: list it earlier."
    )
    assert problem.related == (("callbacks", 2),)


class Falling:
    """A plugin whose step losses fall faster and faster, or rise."""

    def __init__(self, sign):
        self.sign = sign

    @hookline.hookimpl(wrapper=True)
    def loss(self, run):
        loss = yield
        return 0 * loss + 1000 - self.sign * run.step**2 if run.is_stepping else loss


@pytest.mark.parametrize("use", [False, True])
@pytest.mark.parametrize(
    ("sign", "sentence"),
    [
        (1, "The loss still falls fastest at the largest learning rate, 0.5: raise `max_lr`."),
        (-1, "The loss falls at none of the learning rates; see learning_rate.png."),
    ],
)
def test_training_keeps_the_learning_rate_of_the_spec_if_none_is_better(sign, sentence, use, tmp_path):
    rates = []
    look = hookline.before("step", lambda optimizer: rates.append(optimizer.param_groups[0]["lr"]))
    trial = trained(tmp_path, {**FINDER, "use": use}, plugins=[Falling(sign), look])
    assert trial.notes == (sentence + (" Training keeps the rate of the spec." if use else ""),)
    assert rates == [0.05] * 3 * EPOCHS
    assert [row["is_steepest"] for row in rows(trial)].count("true") == (sign == 1)


class Pressing:
    """A plugin that raises a KeyboardInterrupt in the middle of the trial."""

    def __init__(self):
        self.left = 5

    @hookline.hookimpl(wrapper=True)
    def backward(self, run):
        loss = yield
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt
        return loss


def test_an_interrupted_trial_restores_the_model(tmp_path):
    with pytest.raises(hookline.Interrupted) as raised:
        trained(tmp_path, FINDER, plugins=[Pressing()])
    trial = raised.value.trial
    assert same(trial.model, network()[0])
    assert (trial.steps, trial.epochs, trial.history) == (0, 0, ())
    assert all(parameter.grad is None for parameter in trial.model.parameters())
