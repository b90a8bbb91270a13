"""Prepare the same files in memory and streamed, in small parts."""

import pyarrow
import pyarrow.csv
import pytest
import torch
from pyarrow import parquet

import hookline
from hookline_data.new_rows import csv_rows
from hookline_data.streaming.pool import together

ROWS_OF_PART = 7


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch):
    """A part of a CSV file has few rows."""
    monkeypatch.setattr(csv_rows, "BLOCK", 256)


@pytest.fixture
def write(tmp_path):
    """Write a table as CSV or Parquet in small parts, and return the path."""

    def write(kind, table, name="table"):
        path = tmp_path / f"{name}.{kind.lower()}"
        table = table if isinstance(table, pyarrow.Table) else pyarrow.table(table)
        if kind == "Parquet":
            parquet.write_table(table, path, row_group_size=ROWS_OF_PART)
        else:
            pyarrow.csv.write_csv(table, path)
        return path

    return write


@pytest.fixture
def prepare():
    """Prepare a file for a loss."""

    def prepare(kind, path, *, loss="MSELoss", seed=0, **options):
        path = list(map(str, path)) if isinstance(path, list) else str(path)
        data = {"type": kind, "path": path, "targets": "y", "batch_size": 4, **options}
        spec = hookline.load(
            {
                "run": {"seed": seed},
                "data": {name: value for name, value in data.items() if value is not None},
                "model": {"type": "Linear", "out_features": 1},
                "loss": loss if isinstance(loss, dict) else {"type": loss},
                "optimizer": {"type": "SGD"},
            }
        )
        run = hookline.Run(spec=spec, stages=None, plugins=(), catalog=None, device=torch.device("cpu"))
        made = spec.data.prepare(run, spec.objective)
        made_notes[id(made)] = run.notes
        return made

    made_notes = {}
    prepare.notes = lambda data: made_notes[id(data)]
    return prepare


@pytest.fixture
def both(prepare):
    """Prepare a file in memory and streamed."""
    return lambda *given, **options: (prepare(*given, **options), prepare(*given, stream=True, **options))


def rows_of(batches, epoch=1, start=0):
    """All rows of an epoch in their order."""
    return together(list(batches.epoch(epoch, start)), torch.float32)


def tensors(batch):
    """The tensors of a batch by name."""
    named = {
        f"{kind} {name}": tensor
        for kind in ("inputs", "targets", "lengths")
        for name, tensor in getattr(batch, kind).items()
    }
    return named if batch.weights is None else {**named, "weights": batch.weights}


def assert_equal(one, other):
    """All tensors of two batches are equal."""
    one, other = tensors(one), tensors(other)
    assert one.keys() == other.keys()
    for name in one:
        assert one[name].dtype == other[name].dtype
        assert torch.equal(one[name], other[name]), name
