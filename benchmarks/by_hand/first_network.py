"""What `hookline train specs/first_network.toml` computes, as a short script: `python first_network.py DIRECTORY`."""

import json
import sys
from pathlib import Path

import torch
from torch import nn

inputs = torch.randn(10, 10, generator=torch.Generator().manual_seed(0))
targets = torch.tensor([[1.0], [0.0], [0.0], [1.0], [1.0], [1.0], [0.0], [0.0], [1.0], [1.0]])
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(10, 5), nn.ReLU(), nn.Linear(5, 1), nn.Sigmoid())
criterion = nn.MSELoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01, fused=True)
history = []
for epoch in range(1, 51):
    optimizer.zero_grad()
    loss = criterion(model(inputs), targets)
    loss.backward()
    optimizer.step()
    history.append({"epoch": epoch, "training/loss": loss.item()})
    print(f"epoch {epoch:3}  training loss {loss.item():.5g}")
with torch.no_grad():
    result = {"training": {"loss": criterion(model(inputs), targets).item()}}
directory = Path(sys.argv[1])
directory.mkdir()
torch.save(model.state_dict(), directory / "model.pt")
(directory / "metrics.jsonl").write_text("".join(f"{json.dumps(record)}\n" for record in history))
(directory / "result.json").write_text(json.dumps({"metrics": result}))
