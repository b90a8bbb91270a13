import math
import re
from itertools import pairwise

import PIL.Image
import pytest
from attrs import evolve
from made_trials import SPACE, made_trials

from hookline.plots.figures import new_figure, svg_of
from hookline.runs.study import StudyPlan
from hookline.spec import Range, Space, TrialRecord
from hookline.tuning.page.charts import with_trials
from hookline.tuning.pictures.comparisons import draw_front
from hookline.tuning.pictures.history import draw_history
from hookline.tuning.pictures.learning_curves import draw_learning_curves, has_curves
from hookline.tuning.pictures.parallel import draw_parallel
from hookline.tuning.pictures.picture import draw_study
from hookline.tuning.pictures.scale import scale_of
from hookline.tuning.pictures.slices import draw_slice
from hookline.tuning.pictures.trials import Trials


def drawn(draw, *rest):
    """The axes of a picture, and the trials that its points and lines stand for, in the order of the SVG."""
    figure = new_figure()
    axes = figure.subplots()
    draw(axes, *rest)
    return axes, [int(number) for number in re.findall(r'data-trial="(\d+)"', with_trials(svg_of(figure)))]


@pytest.fixture(scope="module")
def trials():
    return made_trials(40)


def test_each_trial_is_in_the_history_once_and_the_best_one_twice(trials):
    axes, shown = drawn(draw_history, trials)
    [best] = trials.best
    assert sorted(shown) == sorted([*range(1, 41), best.number])
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["trial", "pruned", "best so far", "best", "no result"]
    steps = next(line for line in axes.get_lines() if line.get_label() == "best so far").get_ydata()
    assert all(later <= earlier for earlier, later in pairwise(steps))
    assert steps[-1] == best.results[0]


def test_a_slice_has_the_trials_with_the_parameter(trials):
    parameter = next(one for one in SPACE.parameters() if one.name == "optimizer.SGD.momentum")
    _, shown = drawn(draw_slice, parameter, trials)
    with_it = [one.number for one in trials.records if parameter.name in one.values]
    have = {one.number for one in trials.records if trials.result(one) == trials.result(one)}
    assert set(shown) == set(with_it) & have


def test_choices_have_readable_labels_and_a_median(trials):
    parameter = next(one for one in SPACE.parameters() if one.name == "model.layers")
    axes, _ = drawn(draw_slice, parameter, trials)
    assert [label.get_text() for label in axes.get_xticklabels()] == ["[8]", "[8, 8]"]
    heights = sorted(one.results[0] for one in trials.compared if one.values["model.layers"] == 0)
    middle = len(heights) // 2
    median = heights[middle] if len(heights) % 2 else (heights[middle - 1] + heights[middle]) / 2
    assert median in [line.get_ydata()[0] for line in axes.get_lines() if line.get_color() == "#5c6770"]


def test_each_trial_is_a_line_and_one_without_a_parameter_is_below_its_axis(trials):
    axes, shown = drawn(draw_parallel, trials, trials.parameters)
    assert sorted(shown) == list(range(1, 41))
    [best] = trials.best
    line = axes.collections[-1].get_segments()[0]
    names = [one.name for one in trials.parameters]
    for name, (_, height) in zip(names, line[1:], strict=True):
        assert (height < -0.1) == (name not in best.values)
    assert all(-0.25 < height < 1.25 for group in axes.collections for one in group.get_segments() for _, height in one)


def test_curves_end_with_a_cross_where_trials_were_pruned(trials):
    axes, shown = drawn(draw_learning_curves, trials)
    pruned = [one.number for one in trials.records if one.state == "pruned"]
    assert all(shown.count(number) == 2 for number in pruned)
    [crosses] = axes.get_lines()
    assert set(crosses.get_xdata()) == {2}


def test_a_curve_that_leaves_the_axis_leaves_the_frame():
    trials = made_trials(40)
    diverged = next(one for one in trials.records if one.state == "pruned")
    diverged.curve = {1: diverged.curve[1], 2: 1e30}
    axes, shown = drawn(draw_learning_curves, trials)
    end = next(path.vertices for one in axes.collections for path in one.get_paths() if path.vertices[-1, 1] > 10)[-1]
    assert end[1] > axes.get_ylim()[1]
    assert shown.count(diverged.number) == 2


def test_the_front_separates_beaten_trials():
    trials = made_trials(30, monitors=("validation/Accuracy", "parameters"), maximized=(True, False))
    axes, _ = drawn(draw_front, trials, 0, 1)
    line = next(line for line in axes.get_lines() if line.get_drawstyle().startswith("steps"))
    corners = list(zip(*line.get_data(), strict=True))
    assert sorted(corners) == sorted(tuple(one.results) for one in trials.best)
    assert line.get_drawstyle() == "steps-pre"
    assert all(first[1] <= second[1] for first, second in pairwise(corners))


def test_a_few_huge_results_do_not_flatten_the_others():
    scale = scale_of([0.5 + index / 100 for index in range(30)] + [1e30], is_maximized=False)
    assert scale.is_beyond(1e30)
    assert scale.high < 2
    assert not scale.is_log
    assert not scale_of([0.1, 0.2, 0.9], is_maximized=False).is_beyond(0.9)
    accuracies = [0.9 + index / 1000 for index in range(30)] + [0.0]
    assert scale_of(accuracies, is_maximized=True).low > 0.8


def odd(**changes):
    record = TrialRecord(number=1, values={"lr": 0.5}, state="finished", results=[0.5], curve={1: 0.5}, epochs=1)
    return evolve(record, **changes)


@pytest.mark.parametrize(
    "records",
    [
        [odd()],
        [odd(state="failed", results=None, curve={})],
        [odd(results=None, curve={1: math.nan, 2: math.nan})],
        [odd(results=[1e300], curve={1: 1e300, 2: -1e300}), odd(number=2, results=[-1e300])],
        [odd(results=[0.0]), odd(number=2, results=[0.0])],
        [odd(state="pruned", results=None), odd(number=1000, state="stopped")],
    ],
    ids=["one", "failed", "NaN", "huge", "equal", "gap"],
)
def test_studies_with_few_or_odd_trials_are_drawn(tmp_path, records):
    plan = StudyPlan(trials=2, monitors=("validation/loss",), maximized=(False,))
    trials = Trials(records=records, plan=plan, space=Space({"lr": Range(low=0.0, high=1.0)}))
    draw_study(trials, "$odd$ \x1b", tmp_path / "tune.png")
    with PIL.Image.open(tmp_path / "tune.png") as picture:
        assert picture.width > 500
    assert has_curves(trials) == any(one.number == 1 and len(one.curve) > 1 and one.curve[1] < 1 for one in records)


def test_the_most_important_parameters_are_drawn_if_there_are_many(trials):
    known = evolve(trials, importances={"data.$cost": 0.9, "model.layers": 0.1})
    assert [one.name for one in known.telling(2)] == ["model.layers", "data.$cost"]
    most = [one.name for one in trials.telling(4)]
    assert most == ["optimizer", "model.layers", "model.dropout", "data.$cost"]
