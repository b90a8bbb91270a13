import math
from pathlib import Path

import numpy as np
import pytest
import torch
from attrs import evolve
from small_training import small
from torch import nn

import hookline
from hookline import hookimpl
from hookline.data import Data, Target, TensorBatches
from hookline.errors import StageError
from hookline.plugins.dispatch.answers import shown, unfit, wanted
from hookline.plugins.stages import STAGES
from hookline.spec import Prediction

ROWS = {"input": torch.zeros(2, 1)}, {"target": torch.zeros(2, 1)}
DATA = Data(
    training=TensorBatches(*ROWS, batch_size=1),
    example=next(TensorBatches(*ROWS, batch_size=2).epoch(1)),
    targets={"target": Target(columns=("y",))},
)
GOOD = {
    "prepare_data": DATA,
    "build_model": nn.Linear(1, 1),
    "select_loss": nn.MSELoss(),
    "select_optimizer": torch.optim.SGD(nn.Linear(1, 1).parameters()),
    "fit": nn.Linear(1, 1),
    "predict": {"target": Prediction(None, None, None, None)},
    "evaluate": {"loss": 0.5},
    "log": {"epoch": 1, "step": 2, "training/loss": 0.5},
    "tune": None,
    "deploy": [Path("x"), "y"],
}
WANTED = {
    "prepare_data": "a hookline.data.Data",
    "build_model": "an nn.Module",
    "select_loss": "an nn.Module",
    "select_optimizer": "an optimizer",
    "fit": "an nn.Module",
    "predict": "a mapping with a hookline.spec.Prediction of each loss",
    "evaluate": 'a mapping with the "loss"',
    "log": 'a mapping with "training/loss"',
    "tune": "a TrainingSpec, or None",
    "deploy": "a sequence of paths",
}


@pytest.mark.parametrize("stage", WANTED)
def test_the_right_answer_of_a_stage_is_accepted(stage):
    assert wanted(stage, GOOD[stage]) is None


@pytest.mark.parametrize("stage", WANTED)
@pytest.mark.parametrize("answer", [3, [1], {"x": 1}, "x"], ids=str)
def test_any_other_answer_is_reported(stage, answer):
    assert wanted(stage, answer) == WANTED[stage]


@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage not in WANTED])
def test_the_stages_of_the_inner_loop_are_not_checked(stage):
    assert wanted(stage, 3) is None


def test_an_answer_is_described_by_its_type_and_shape():
    assert shown(3) == "of type int"
    assert shown(torch.zeros(2, 3)) == "of type Tensor and shape (2, 3)"


@pytest.mark.parametrize("value", [1, 0.5, math.nan, np.float64(0.5)])
def test_numbers_are_accepted_from_evaluate_and_log(value):
    assert unfit("evaluate", {"loss": value}) is None
    assert unfit("log", {"epoch": 1, "step": 2, "training/loss": value}) is None


@pytest.mark.parametrize("value", [None, True, "text", [1, (2.0, None)], {"x": {"y": ["z"]}}])
def test_json_values_are_accepted_from_log_and_not_from_evaluate(value):
    assert unfit("log", {"epoch": 1, "step": 2, "training/loss": 0.5, "more": value}) is None
    assert unfit("evaluate", {"loss": 0.5, "more": value}) == (f'numbers, but "more" is of type {type(value).__name__}')


@pytest.mark.parametrize(
    ("value", "reported"),
    [
        (torch.zeros(()), "Tensor and shape (). Write float(…) around it"),
        (torch.zeros(2), "Tensor and shape (2,)"),
        (np.float32(1), "float32 and shape (). Write float(…) around it"),
        ({1}, "set"),
        ([torch.zeros(())], "list"),
        ({"x": {1: 2}}, "dict"),
    ],
    ids=str,
)
def test_a_value_that_json_cannot_represent_is_reported_with_its_name(value, reported):
    assert unfit("log", {"training/loss": 0.5, "more": value}) == f'JSON values, but "more" is of type {reported}'


@pytest.mark.parametrize(("stage", "values"), [("evaluate", "numbers"), ("log", "JSON values")])
def test_an_integer_that_is_too_large_for_a_float_is_reported(stage, values):
    reported = f'{values}, but "loss" is an integer that is too large for a float'
    assert unfit(stage, {"loss": -(10**400)}) == reported


@pytest.mark.parametrize(
    ("record", "reported"),
    [
        ({"step": 2}, '"epoch" is missing'),
        ({"epoch": 1}, '"step" is missing'),
        ({"epoch": 1, "step": "2"}, '"step" is of type str'),
        ({"epoch": True, "step": 2}, '"epoch" is of type bool'),
    ],
)
def test_a_record_without_its_epoch_or_step_is_reported(record, reported):
    assert (
        unfit("log", {"training/loss": 0.5, **record}) == f"the record that it received, with additions, but {reported}"
    )


def test_a_key_that_is_not_a_string_is_reported():
    assert unfit("log", {3: 1.0}) == "JSON values by name, but the key 3 is not a string: it is of type int"
    assert unfit("evaluate", {3: 1.0}) == "numbers by name, but the key 3 is not a string: it is of type int"


@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage not in ("evaluate", "log")])
def test_the_values_of_other_stages_are_not_checked(stage):
    assert unfit(stage, {"x": "y"}) is None


@pytest.mark.parametrize(
    ("stage", "value", "reported"),
    [
        (
            "log",
            torch.zeros(()),
            'JSON values, but "answer" is of type Tensor and shape (). Write float(…)',
        ),
        ("evaluate", torch.zeros(()), 'numbers, but "answer" is of type Tensor and shape (). Write float(…)'),
        ("evaluate", "good", 'numbers, but "answer" is of type str.'),
    ],
)
def test_a_callback_that_adds_an_unsaveable_value_is_named_with_its_key(tmp_path, stage, value, reported):
    class Adding:
        pass

    def implementation(self):
        return {**(yield), "answer": value}

    implementation.__name__ = stage
    setattr(Adding, stage, hookimpl(wrapper=True)(implementation))
    with pytest.raises(StageError) as error:
        hookline.train(small(epochs=1), plugins=[Adding()], out=tmp_path / "run")
    assert str(error.value).startswith(f'The stage "{stage}" must be answered with {reported}')
    assert "Plugins that implement it, in calling order: hookline_stages. It is wrapped by Adding: " in str(error.value)


class Batchless:
    """Batches with a length that yield nothing."""

    def __init__(self, announced):
        self.announced = announced
        self.rows = 0

    def __len__(self):
        return self.announced

    def epoch(self, number, start=0):
        yield from ()


class Giving:
    """A plugin that changes the data."""

    def __init__(self, **splits):
        self.splits = splits

    @hookimpl(wrapper=True)
    def prepare_data(self):
        return evolve((yield), **self.splits)


@pytest.mark.parametrize(
    ("splits", "message"),
    [
        (
            {"training": Batchless(0)},
            'The stage "prepare_data" must be answered with at least one batch in each split, but the training split has '
            "none.",
        ),
        (
            {"validation": Batchless(0)},
            'The stage "prepare_data" must be answered with at least one batch in each split, but the validation split '
            "has none: omit the split, or give it rows.",
        ),
        ({"training": Batchless(3)}, "data: Epoch 1 yielded no training batch; 3 were expected."),
        ({"validation": Batchless(3)}, "data: The validation split yielded no batch; 3 were expected."),
    ],
    ids=["training", "validation", "training, announced", "validation, announced"],
)
def test_a_split_without_batches_is_rejected(splits, message, tmp_path):
    with pytest.raises(hookline.HooklineError) as raised:
        hookline.train(small(), plugins=[Giving(**splits)], out=tmp_path / "run")
    assert str(raised.value).startswith(message)
    assert (tmp_path / "run").exists() == ("were expected" in message)
