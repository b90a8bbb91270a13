from pathlib import Path

import pytest
import torch
from torch import nn

from hookline import Data, Target, TensorBatches
from hookline.products import shown, wanted
from hookline.stages import STAGES

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
    "evaluate": {"loss": 0.5},
    "log": {"training/loss": 0.5},
    "tune": None,
    "deploy": [Path("x"), "y"],
}
WANTED = {
    "prepare_data": "a hookline.Data",
    "build_model": "an nn.Module",
    "select_loss": "an nn.Module",
    "select_optimizer": "an optimizer",
    "fit": "an nn.Module",
    "evaluate": 'a mapping with the "loss"',
    "log": 'a mapping with "training/loss"',
    "tune": "a TrainingSpec, or None",
    "deploy": "a sequence of paths",
}


@pytest.mark.parametrize("stage", WANTED)
def test_what_a_stage_must_be_answered_with_is_accepted(stage):
    assert wanted(stage, GOOD[stage]) is None


@pytest.mark.parametrize("stage", WANTED)
@pytest.mark.parametrize("answer", [3, [1], {"x": 1}, "x"], ids=str)
def test_anything_else_is_told(stage, answer):
    assert wanted(stage, answer) == WANTED[stage]


@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage not in WANTED])
def test_the_stages_of_the_inner_loop_are_not_looked_at(stage):
    assert wanted(stage, 3) is None


def test_an_answer_is_shown_by_its_type_and_shape():
    assert shown(3) == "of the type int"
    assert shown(torch.zeros(2, 3)) == "of the type Tensor and the shape (2, 3)"
