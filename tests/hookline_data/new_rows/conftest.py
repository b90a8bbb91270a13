"""A run trained with a CSV file, whose data source reads new rows."""

import json

import pytest
import torch

import hookline
from hookline.data import DataDescription


@pytest.fixture
def reader(tmp_path):
    """Train with a file, and return a function that reads new rows of that run."""

    def reader(data, *, loss="MSELoss"):
        spec = hookline.load(
            {
                "data": {name: str(value) if name == "path" else value for name, value in data.items()},
                "model": {"type": "Linear", "out_features": 1},
                "loss": loss if isinstance(loss, dict) else {"type": loss},
                "optimizer": {"type": "SGD"},
            }
        )
        run = hookline.Run(spec=spec, stages=None, plugins=(), catalog=None, device=torch.device("cpu"))
        data = spec.data.prepare(run, spec.objective)
        known = DataDescription.from_json(json.loads(json.dumps(DataDescription.of(data).to_json(), default=dict)))

        def read(source, **options):
            return list(spec.data.open_rows(source, known, spec.objective, **options))

        read.training = data.training.all
        return read

    return reader


@pytest.fixture
def read_csv(tmp_path, reader):
    """Return a function that reads the text of a CSV file with the inputs "a" and "b" after training with another."""
    (tmp_path / "train.csv").write_text("a,b,y\n1,2,0\n3,4,1\n")
    read = reader({"type": "CSV", "path": tmp_path / "train.csv", "targets": "y"})

    def read_csv(text, **options):
        (tmp_path / "new.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
        return read(tmp_path / "new.csv", **options)

    return read_csv
