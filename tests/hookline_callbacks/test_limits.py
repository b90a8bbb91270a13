"""Callbacks that do something in some steps or epochs only: what makes no sense is refused, and what is idle is told."""

import pytest
from image_training import trained

import hookline

UNLIMITED = [
    ({"type": "Freeze", "layers": "1"}, "In which epochs they are frozen, `until` says."),
    ({"type": "StochasticWeightAveraging"}, "Which epochs count, `start` says."),
    ({"type": "LearningRateFinder"}, "It has done its work before the first step."),
    ({"type": "Profile"}, "In which steps it looks, `skip_first`, `wait`, `active` and `repeat` say."),
]


@pytest.mark.parametrize(("callback", "reason"), UNLIMITED, ids=[callback["type"] for callback, _ in UNLIMITED])
def test_limits_that_make_no_sense_are_told_at_their_options_when_the_spec_is_read(callback, reason, tmp_path):
    with pytest.raises(hookline.errors.SpecError) as raised:
        trained(tmp_path, {**callback, "every": 2, "first": 5, "last": 3})
    assert [(problem.path, problem.message) for problem in raised.value.problems] == [
        (("callbacks", 0, name), reason) for name in ("every", "first", "last")
    ]


def test_one_limit_may_make_no_sense_and_the_others_do(tmp_path):
    stopping = {"type": "EarlyStopping", "monitor": "training/loss"}
    with pytest.raises(hookline.errors.SpecError) as raised:
        trained(tmp_path, {**stopping, "first": 2, "last": 4})
    assert [problem.path for problem in raised.value.problems] == [("callbacks", 0, "last")]
    trained(tmp_path, {**stopping, "first": 2})


@pytest.mark.parametrize(
    ("limits", "where"), [({"every": 3, "last": 2}, "every"), ({"first": 3, "last": 2}, "first")], ids=str
)
def test_limits_between_which_nothing_is_left_are_told(limits, where, tmp_path):
    with pytest.raises(hookline.errors.SpecError) as raised:
        trained(tmp_path, {"type": "GradientNorm", **limits})
    [problem] = raised.value.problems
    assert problem.path == ("callbacks", 0, "last")
    assert problem.message == "Nothing is left between the first, 3, and the last, 2."


@pytest.mark.parametrize(
    ("callback", "sentence"),
    [
        (
            {"type": "ExponentialMovingAverage", "first": 100},
            "ExponentialMovingAverage never runs: the run has 18 steps, and it begins in step 100.",
        ),
        (
            {"type": "GradientNorm", "every": 19},
            "GradientNorm never runs: the run has 18 steps, and it begins in step 19.",
        ),
        (
            {"type": "EarlyStopping", "monitor": "training/loss", "first": 7},
            "EarlyStopping never runs: the run has 6 epochs, and it begins in epoch 7.",
        ),
    ],
    ids=["EMA", "GradientNorm", "EarlyStopping"],
)
def test_a_callback_that_begins_after_the_end_is_told_before_training(callback, sentence, tmp_path):
    with pytest.warns(hookline.HooklineWarning) as warned:
        trained(tmp_path, callback)
    assert [str(warning.message) for warning in warned] == [f"callbacks[0]: {sentence}"]


@pytest.mark.parametrize("callback", [{"every": 18}, {"first": 18}, {"last": 1}])
def test_one_that_begins_at_the_end_is_not(callback, tmp_path):
    trained(tmp_path, {"type": "GradientNorm", **callback})


def test_one_that_looks_at_what_is_judged_in_the_end_is_not(tmp_path):
    trained(tmp_path, {"type": "Predictions", "every": 100})


class Stopping:
    """Ends the training after an epoch."""

    def __init__(self, epoch):
        self.epoch = epoch

    @hookline.hookimpl(wrapper=True)
    def log(self, run):
        record = yield
        if run.epoch == self.epoch:
            run.stop("It is enough.")
        return record


def test_a_mean_of_nothing_is_told(tmp_path):
    nothing = trained(tmp_path, {"type": "StochasticWeightAveraging", "start": 4}, plugins=[Stopping(3)])
    assert nothing.told == (
        "StochasticWeightAveraging has averaged nothing: the run ended in epoch 3, and epochs count from 4 on.",
    )
    assert trained(tmp_path, {"type": "StochasticWeightAveraging", "start": 4}, plugins=[Stopping(4)]).told == ()
    late = trained(tmp_path, {"type": "ExponentialMovingAverage", "decay": 0.5, "first": 10}, plugins=[Stopping(3)])
    assert late.told == ("ExponentialMovingAverage has averaged nothing: the model has the weights of the last step.",)


@pytest.mark.parametrize(
    ("decay", "told"),
    [
        (
            0.999,
            (
                "Of the mean that ExponentialMovingAverage hands on, 98% are the weights of its first step: of 18 steps "
                "a `decay` of 0.87 would leave a tenth of them.",
            ),
        ),
        (0.96, ()),
    ],
)
def test_a_mean_that_is_mostly_of_its_first_step_is_told(decay, told, tmp_path):
    assert trained(tmp_path, {"type": "ExponentialMovingAverage", "decay": decay}).told == told
