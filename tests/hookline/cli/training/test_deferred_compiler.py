import subprocess
import sys

PROGRAM = """
import sys
import torch
from hookline.cli.training import _deferred_compiler as deferred_compiler

deferred_compiler.defer()
model = torch.nn.Linear(2, 1)
for optimizer in (torch.optim.SGD(model.parameters()), torch.optim.Adam(model.parameters())):
    optimizer.zero_grad()
    model(torch.ones(1, 2)).sum().backward()
    optimizer.step()
stand_in = sys.modules["torch._dynamo"]
print("deferred", type(stand_in).__name__, "torch._dynamo.eval_frame" in sys.modules)

compiled = torch.compile(model, backend="eager")
print("compiled", torch.equal(compiled(torch.ones(1, 2)), model(torch.ones(1, 2))))
print("real", sys.modules["torch._dynamo"] is not stand_in, torch._dynamo is sys.modules["torch._dynamo"])
add_param_group = torch.optim.Optimizer.add_param_group.__wrapped__
print("marked again", getattr(add_param_group, "__dynamo_disable", None) is None)
optimizer = torch.optim.SGD(model.parameters())
optimizer.step()
print("steps", type(optimizer).__name__)
"""


def test_the_compiler_is_imported_on_first_use():
    shown = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True).stdout
    assert shown.splitlines() == [
        "deferred _StandIn False",
        "compiled True",
        "real True True",
        "marked again True",
        "steps SGD",
    ]
