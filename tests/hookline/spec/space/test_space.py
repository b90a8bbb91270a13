import pytest

from hookline.errors import OptionError
from hookline.spec import Choices, Range, Space


@pytest.mark.parametrize(
    ("options", "option"),
    [
        ({"low": 2, "high": 1}, "high"),
        ({"low": 1, "high": 1}, "high"),
        ({"low": 0.0, "high": 1.0, "log": True}, "low"),
        ({"low": 1.0, "high": 2.0, "log": True, "step": 0.5}, "step"),
        ({"low": 0.0, "high": 1.0, "step": 0.3}, "step"),
    ],
)
def test_a_range_that_is_none_is_refused_at_its_option(options, option):
    with pytest.raises(OptionError) as refused:
        Range(**options)
    assert refused.value.path == (option,)


def test_values_with_a_step_are_the_decimal_numbers_that_one_would_write():
    tenths = Range(low=0.0, high=0.5, step=0.1)
    assert [tenths.value(step) for step in range(tenths.steps + 1)] == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]
    assert tenths.nearest(0.1 + 0.2) == 0.3
    assert [Range(low=8, high=32, step=12).value(step) for step in range(3)] == [8, 20, 32]


def test_a_trial_has_only_the_parameters_of_its_choices():
    optimizers = Choices(choices=({"type": "SGD", "momentum": Range(low=0.0, high=0.9)}, {"type": "Adam"}))
    space = Space({"optimizer": optimizers, "data.batch_size": Range(low=8, high=16)})
    first = space.chosen(lambda one: one.domain.labels[0] if isinstance(one.domain, Choices) else one.domain.low)
    assert first == {"optimizer": "SGD", "optimizer.SGD.momentum": 0.0, "data.batch_size": 8}
    last = space.chosen(lambda one: one.domain.labels[-1] if isinstance(one.domain, Choices) else one.domain.high)
    assert last == {"optimizer": "Adam", "data.batch_size": 16}


def test_the_labels_of_choices_tell_true_from_one():
    mixed = Choices(choices=(1, True, 1.0))
    assert [mixed.index(label) for label in (1, True, 1.0)] == [0, 1, 2]
