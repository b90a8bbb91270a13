"""The programs of batches of several shapes have the same text, which is compiled once."""

import pytest
import torch
import tracing
from torch import nn

from hookline.data import Batch
from hookline.training.tracing.graphs.running import in_python, in_torchscript

COMPILED = {"torchscript": (in_torchscript, "compiled"), "python": (in_python, "compiled_python")}


def made():
    # 4 is the number of rows of the first batches and of features, and 0.3 is a number of an operation.
    return nn.Sequential(nn.Linear(3, 4), nn.LeakyReLU(0.3), nn.Dropout(0.3), nn.Linear(4, 4)), nn.MSELoss()


@pytest.mark.parametrize("runner", tracing.RUNNERS)
def test_another_shape_and_another_number_are_not_compiled_again(runner, monkeypatch):
    tracing.trace_everything(monkeypatch, runner)
    texts, compiled = [], getattr(*COMPILED[runner])
    monkeypatch.setattr(*COMPILED[runner], lambda *text: texts.append(text) or compiled(*text))

    def other():
        model, criterion = made()
        model[1].negative_slope = 0.1
        return model, criterion

    batches = [Batch({"x": torch.randn(rows, 3)}, {"y": torch.randn(rows, 4)}) for rows in (4, 5, 4, 5)]
    for make in (made, other):
        assert tracing.both_ways(make, batches).traced == 2
    assert (len(texts), len(set(texts))) == (4, 1)
    assert compiled(*texts[0]) is compiled(*texts[3])
