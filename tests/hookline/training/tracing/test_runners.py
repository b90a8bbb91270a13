"""Programs of several shapes have the same text, which is compiled once, and consist of the recorded operations."""

import subprocess
import sys

import pytest
import torch
import tracing
from torch import nn

from hookline.data import Batch
from hookline.training.tracing.graphs.graph import Untraceable
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


DOUBLED = (
    "graph(%t : Tensor, %n : {}):\n  %r = aten::mul(%t, %n)\n  %l : Tensor[] = prim::ListConstruct(%r)\n  return (%l)\n"
)
OF_TENSORS = "aten::mul.Tensor(Tensor self, Tensor other) -> Tensor"


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("int", "TorchScript does not find an operation"),  # It finds `mul.Scalar`.
        ("str", "TorchScript does not find an operation"),
        ("Number", "TorchScript refuses the operations"),
    ],
)
def test_other_operations_than_the_recorded_ones_are_refused(kind, reason):
    tensor = torch.tensor([1.5])
    [doubled] = in_torchscript.compiled(DOUBLED.format("Tensor"), (OF_TENSORS,))(tensor, tensor)
    assert doubled == tensor * tensor
    with pytest.raises(Untraceable, match=reason):
        in_torchscript.compiled(DOUBLED.format(kind), (OF_TENSORS,))


def test_the_loop_alone_imports_no_traces():
    """They take longer to import than a short training takes."""
    code = """
        import sys
        import hookline.training.loop.train_epochs
        import hookline.training.tracing.passes.evaluated_batches
        print(*sorted(name for name in sys.modules if name.startswith("hookline.training.tracing.")))
    """
    code = "\n".join(map(str.strip, code.splitlines()))
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert [name.removeprefix("hookline.training.tracing.") for name in found] == [
        *("beginning", "conditions", "passes", "passes.evaluated_batch", "passes.evaluated_batches"),
        *("passes.kept_batches", "passes.modes", "passes.to_come", "worth"),
    ]
