import pytest
from made_trials import SPACE, made_trials

from hookline.cli.output.screen import text_width
from hookline.cli.output.trials.rows import TrialRows, short_names
from hookline.runs.study import StudyPlan
from hookline.spec import Choices, Range, Space, TrialRecord

LONG = Space(
    {
        "model.layers.0.kernel_size_of_the_second_convolution": Range(low=1, high=7),
        "model.activation": Choices(choices=("ReLU", "東京の活性化関数", "an activation with a rather long name")),
        "optimizer.betas": Choices(choices=([0.9, 0.999], [0.8, 0.99])),
    }
)


def rows(width, space=SPACE, trials=40):
    plan = StudyPlan(trials=trials, monitors=("validation/loss",), maximized=(False,))
    return TrialRows(plan, space, width)


@pytest.mark.parametrize("width", [60, 80, 100, 120])
@pytest.mark.parametrize("space", [SPACE, LONG], ids=["short", "long"])
def test_rows_fit_the_terminal_and_have_every_value(width, space):
    layout = rows(width, space)
    for record in made_trials(20, space=space).records:
        lines = [*layout.heading(), *layout.row(record, is_best=False)]
        assert all(text_width(line) <= width for line in lines)
        said = " ".join(" ".join(lines).split())
        for parameter in space.parameters():
            if parameter.name in record.values:
                assert parameter.text(record.values[parameter.name]) in said
        assert ("The loss is NaN." in said) == (record.state == "failed")


def test_columns_are_below_their_headings_and_the_best_is_marked():
    layout = rows(120)
    values = {"optimizer": "Adam", "optimizer.Adam.lr": 0.00123456, "model.layers": 1, "model.dropout": 0.1}
    record = TrialRecord(number=7, values={**values, "data.$cost": 9, "data.batch_size": 16}, state="pruned")
    record.results, record.epochs, record.seconds = [0.5], 3, 65
    assert layout.heading() == [
        "                   validation/",
        "  trial  state            loss  epochs     time  optimizer         lr   momentum  layers  dropout  $cost"
        "  batch_size",
    ]
    assert layout.row(record, is_best=True) == [
        "*     7  pruned        0.50000       3  1:05 min  Adam        0.001235             [8, 8]      0.1      9  16",
    ]


def test_parameters_of_different_choices_share_a_name_and_others_do_not():
    names = {name: [one.name for one in group] for name, group in short_names(SPACE).items()}
    assert names["lr"] == ["optimizer.SGD.lr", "optimizer.Adam.lr"]
    both = Space({"model.p": Range(low=0.0, high=1.0), "data.p": Range(low=0.0, high=1.0)})
    assert list(short_names(both)) == ["p", "data.p"]


def test_control_characters_are_escaped_and_no_values_are_those_of_the_spec():
    space = Space({"name": Choices(choices=("a\x1b[31m", "b"))})
    record = TrialRecord(number=1, values={"name": "a\x1b[31m"}, state="failed", reason="\x1b[0m")
    assert "\x1b" not in "".join(rows(None, space).row(record, is_best=False))
    assert rows(60).listed({}) == "the spec's own values"
