"""What `hookline train specs/iris.toml` computes, as a short script: `python iris.py DIRECTORY`.

It reads the file with Python's csv module, trains with validation after each epoch, tests, and writes the weights and
the metrics. The splits and the order of the rows are those of Hookline, so that the results are the same.
"""

import csv
import json
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn

with (Path(__file__).parents[2] / "specs/data/iris.csv").open(newline="") as file:
    _, *table = csv.reader(file)
features = np.array([row[:4] for row in table], dtype=np.float64)
species = np.array([row[4] for row in table])
order = np.random.default_rng(0).permutation(len(table))
splits: dict[str, list[int]] = {"test": [], "validation": [], "training": []}
for name in np.unique(species):
    rows = order[species[order] == name]
    fifth = round(0.2 * len(rows))
    splits["test"].extend(rows[:fifth])
    splits["validation"].extend(rows[fifth : 2 * fifth])
    splits["training"].extend(rows[2 * fifth :])
rows_of = {split: np.sort(rows) for split, rows in splits.items()}
known = features[rows_of["training"]]
inputs = torch.from_numpy(((features - known.mean(axis=0)) / known.std(axis=0)).astype(np.float32))
targets = torch.from_numpy(np.unique(species, return_inverse=True)[1])

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3))
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01, fused=True)


def evaluate(split: str) -> dict[str, float]:
    """Return the loss, the accuracy and the macro F1 score of a split."""
    x, y = inputs[rows_of[split]], targets[rows_of[split]]
    with torch.no_grad():
        outputs = model(x)
    predicted = outputs.argmax(dim=1)
    counted = torch.bincount(3 * y + predicted, minlength=9).view(3, 3).double()
    f1 = 2 * counted.diag() / (counted.sum(dim=0) + counted.sum(dim=1))
    accuracy = (predicted == y).double().mean()
    return {"loss": criterion(outputs, y).item(), "Accuracy": accuracy.item(), "F1Score": f1.mean().item()}


history = []
for epoch in range(1, 61):
    rows = np.random.default_rng((0, epoch)).permutation(rows_of["training"])
    losses = []
    for x, y in zip(inputs[rows].split(16), targets[rows].split(16), strict=True):
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.detach() * len(y))
    record = {"epoch": epoch, "training/loss": torch.stack(losses).sum().item() / len(rows)}
    record |= {f"validation/{name}": value for name, value in evaluate("validation").items()}
    history.append(record)
    print(f"epoch {epoch:3}  " + "  ".join(f"{name} {value:.5g}" for name, value in record.items()))
result = {split: evaluate(split) for split in rows_of}
directory = Path(sys.argv[1])
directory.mkdir()
torch.save(model.state_dict(), directory / "model.pt")
(directory / "metrics.jsonl").write_text("".join(f"{json.dumps(record)}\n" for record in history))
(directory / "result.json").write_text(json.dumps({"metrics": result}))
for split, numbers in result.items():
    print(split, "  ".join(f"{name} {value:.5g}" for name, value in numbers.items()))
