"""Callbacks limited to some steps or epochs: invalid limits are refused, and unused callbacks are reported."""

import pytest
from image_training import trained

import hookline

UNLIMITED = [
    ({"type": "Freeze", "layers": "1"}, "Use `until` to set the epochs in which parameters are frozen."),
    ({"type": "StochasticWeightAveraging"}, "Use `start` to set the epochs to average."),
    ({"type": "LearningRateFinder"}, "It runs before the first step."),
    ({"type": "Profile"}, "Use `skip_first`, `wait`, `active` and `repeat` to set the steps to profile."),
]


@pytest.mark.parametrize(("callback", "reason"), UNLIMITED, ids=[callback["type"] for callback, _ in UNLIMITED])
def test_invalid_limits_are_reported_at_their_options_when_the_spec_is_read(callback, reason, tmp_path):
    with pytest.raises(hookline.errors.SpecError) as raised:
        trained(tmp_path, {**callback, "every": 2, "first": 5, "last": 3})
    assert [(problem.path, problem.message) for problem in raised.value.problems] == [
        (("callbacks", 0, name), reason) for name in ("every", "first", "last")
    ]


def test_an_invalid_limit_does_not_invalidate_the_others(tmp_path):
    stopping = {"type": "EarlyStopping", "monitor": "training/loss"}
    with pytest.raises(hookline.errors.SpecError) as raised:
        trained(tmp_path, {**stopping, "first": 2, "last": 4})
    assert [problem.path for problem in raised.value.problems] == [("callbacks", 0, "last")]
    trained(tmp_path, {**stopping, "first": 2})


@pytest.mark.parametrize(
    ("limits", "where"), [({"every": 3, "last": 2}, "every"), ({"first": 3, "last": 2}, "first")], ids=str
)
def test_limits_that_exclude_everything_are_reported(limits, where, tmp_path):
    with pytest.raises(hookline.errors.SpecError) as raised:
        trained(tmp_path, {"type": "GradientNorm", **limits})
    [problem] = raised.value.problems
    assert problem.path == ("callbacks", 0, "last")
    assert problem.message == "`last` (2) is before the first step or epoch (3), so this callback would never run."


@pytest.mark.parametrize(
    ("callback", "sentence"),
    [
        (
            {"type": "ExponentialMovingAverage", "first": 100},
            "ExponentialMovingAverage never runs: the run has 18 steps, but the first step in which it runs is 100.",
        ),
        (
            {"type": "GradientNorm", "every": 19},
            "GradientNorm never runs: the run has 18 steps, but the first step in which it runs is 19.",
        ),
        (
            {"type": "EarlyStopping", "monitor": "training/loss", "first": 7},
            "EarlyStopping never runs: the run has 6 epochs, but the first epoch in which it runs is 7.",
        ),
    ],
    ids=["EMA", "GradientNorm", "EarlyStopping"],
)
def test_a_callback_that_starts_after_the_last_epoch_is_reported_before_training(callback, sentence, tmp_path):
    with pytest.warns(hookline.HooklineWarning) as warned:
        trained(tmp_path, callback)
    assert [str(warning.message) for warning in warned] == [f"callbacks[0]: {sentence}"]


@pytest.mark.parametrize("callback", [{"every": 18}, {"first": 18}, {"last": 1}])
def test_one_that_starts_in_the_last_epoch_is_allowed(callback, tmp_path):
    trained(tmp_path, {"type": "GradientNorm", **callback})


def test_one_that_runs_in_the_final_evaluation_is_allowed(tmp_path):
    trained(tmp_path, {"type": "Predictions", "every": 100})


class Stopping:
    """Stops the training after an epoch."""

    def __init__(self, epoch):
        self.epoch = epoch

    @hookline.hookimpl(wrapper=True)
    def log(self, run):
        record = yield
        if run.epoch == self.epoch:
            run.stop("It is enough.")
        return record


def test_a_mean_over_no_steps_is_reported(tmp_path):
    nothing = trained(tmp_path, {"type": "StochasticWeightAveraging", "start": 4}, plugins=[Stopping(3)])
    assert nothing.notes == (
        "StochasticWeightAveraging averaged no epochs: the run ended in epoch 3, but averaging starts in epoch 4.",
    )
    assert trained(tmp_path, {"type": "StochasticWeightAveraging", "start": 4}, plugins=[Stopping(4)]).notes == ()
    late = trained(tmp_path, {"type": "ExponentialMovingAverage", "decay": 0.5, "first": 10}, plugins=[Stopping(3)])
    assert late.notes == ("ExponentialMovingAverage averaged no steps: the model has the weights of the last step.",)


@pytest.mark.parametrize(
    ("decay", "reported"),
    [
        (
            0.999,
            (
                "The first step contributes 98% to the mean of ExponentialMovingAverage: with 18 steps, a `decay` of 0.87 "
                "would reduce it to 10%.",
            ),
        ),
        (0.96, ()),
    ],
)
def test_a_mean_dominated_by_its_first_step_is_reported(decay, reported, tmp_path):
    assert trained(tmp_path, {"type": "ExponentialMovingAverage", "decay": decay}).notes == reported
