import pytest
from small_training import small

import hookline
from hookline.errors import PluginError, StageError


def trained(tmp_path, *plugins, **sections):
    return hookline.train(small(**sections), plugins=plugins, out=tmp_path / "run")


def test_a_function_is_called_before_the_stage_or_after_it(tmp_path):
    seen = []
    plugins = [
        hookline.after("step", lambda run: seen.append(("after", run.step))),
        hookline.before("step", lambda run: seen.append(("before", run.step))),
    ]
    trained(tmp_path, *plugins, epochs=1)
    assert seen == [(when, step) for step in range(2) for when in ("before", "after")]


def test_a_function_receives_the_arguments_it_takes_and_after_the_stage_the_answer(tmp_path):
    seen = []

    def look(answer, split, run, beside=None):
        seen.append((split, run.epoch, sorted(answer), beside))

    trained(tmp_path, hookline.after("evaluate", look), epochs=2)
    splits = [("validation", 1), ("validation", 2), ("training", 2)]
    assert seen == [(split, epoch, ["Accuracy", "loss"], None) for split, epoch in splits]


def test_a_function_with_double_star_receives_all_arguments(tmp_path):
    seen = []
    both = [
        hookline.before("backward", lambda **values: seen.append(sorted(values))),
        hookline.after("backward", lambda **values: seen.append(sorted(values))),
    ]
    trained(tmp_path, *both, epochs=1)
    assert seen[:2] == [["loss", "run"], ["answer", "loss", "run"]]


def test_a_function_without_named_arguments_receives_none(tmp_path):
    called = []
    trained(tmp_path, hookline.before("fit", lambda *values: called.append(values)), epochs=1)
    assert called == [()]


def test_the_return_value_of_a_function_is_ignored(tmp_path):
    plain = trained(tmp_path / "plain")
    looked = trained(
        tmp_path / "looked", hookline.before("loss", lambda: 3), hookline.after("loss", lambda answer: 2 * answer)
    )
    assert looked.history == plain.history


def test_a_function_is_not_called_after_a_stage_that_fails(tmp_path):
    called = []

    def fail():
        raise KeyError("lost")

    plugins = [hookline.after("step", lambda: called.append("after")), hookline.before("step", fail)]
    with pytest.raises(StageError) as error:
        trained(tmp_path, *plugins)
    assert called == []
    assert str(error.value).startswith(
        f'The plugin "hookline.before(step, fail)" failed in the stage "step" ({__file__}'
    )
    assert str(error.value).endswith("KeyError: 'lost'")


@pytest.mark.parametrize(
    ("form", "stage", "function", "message"),
    [
        (hookline.before, "stepp", print, 'hookline.before: There is no stage called "stepp". Did you mean "step"?'),
        (
            hookline.before,
            "step",
            lambda optimiser: None,
            'hookline.before: The function takes "optimiser", but the stage "step" has no such argument. Did you mean '
            '"optimizer"?',
        ),
        (
            hookline.before,
            "evaluate",
            lambda answer: None,
            'hookline.before: The function takes "answer", but the stage "evaluate" has no such argument. Available: '
            '"batches", "criterion", "model", "run" and "split".',
        ),
    ],
)
def test_an_unfit_function_is_reported_immediately(form, stage, function, message):
    with pytest.raises(PluginError) as error:
        form(stage, function)
    assert str(error.value) == message
