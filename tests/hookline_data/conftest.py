"""Fixtures that prepare data from small files."""

import numpy
import pyarrow
import pytest
import torch
from pyarrow import parquet

import hookline
from hookline_stages.beginning import prepare_data


@pytest.fixture
def prepare(tmp_path):
    """Prepare a CSV file with this text for a loss; each split is one batch, in the order of the file."""

    def prepare(text, *, loss="MSELoss", seed=0, **options):
        path = tmp_path / "table.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        data = {"type": "CSV", "path": str(path), "targets": "y", "batch_size": 10**6, "shuffle": False, **options}
        return prepared({name: value for name, value in data.items() if value is not None}, loss, seed)

    return prepare


@pytest.fixture
def prepare_arrays(tmp_path):
    """Prepare an NPZ file with these arrays for a loss; each split is one batch, in the order of the file."""

    def prepare_arrays(arrays, *, loss="MSELoss", seed=0, **options):
        path = tmp_path / "arrays.npz"
        numpy.savez(path, **arrays)
        data = {"type": "NPZ", "path": str(path), "targets": "y", "batch_size": 10**6, "shuffle": False, **options}
        return prepared({name: value for name, value in data.items() if value is not None}, loss, seed)

    return prepare_arrays


@pytest.fixture
def prepare_parquet(tmp_path):
    """Prepare a Parquet file with these columns for a loss; each split is one batch, in the order of the file."""

    def prepare_parquet(columns, *, loss="MSELoss", seed=0, **options):
        table = columns if isinstance(columns, pyarrow.Table) else pyarrow.table(columns)
        parquet.write_table(table, tmp_path / "table.parquet", row_group_size=3)
        path = str(tmp_path / "table.parquet")
        data = {"type": "Parquet", "path": path, "targets": "y", "batch_size": 10**6, "shuffle": False, **options}
        return prepared({name: value for name, value in data.items() if value is not None}, loss, seed)

    return prepare_parquet


@pytest.fixture
def prepare_file():
    """Prepare a file, or several, of any format for a loss; each split is one batch, in the order of the file."""

    def prepare_file(kind, path, *, loss="MSELoss", seed=0, **options):
        path = [str(one) for one in path] if isinstance(path, list) else str(path)
        data = {"type": kind, "path": path, "targets": "y", "batch_size": 10**6, "shuffle": False, **options}
        return prepared({name: value for name, value in data.items() if value is not None}, loss, seed)

    return prepare_file


@pytest.fixture
def prepare_given():
    """Prepare rows from Python for a loss; each split is one batch, in the order of the rows."""

    def prepare_given(rows, *, loss="MSELoss", seed=0, **options):
        data = {"type": "DataFrame", "targets": "y", "batch_size": 10**6, "shuffle": False, **options}
        return prepared({name: value for name, value in data.items() if value is not None}, loss, seed, rows)

    return prepare_given


@pytest.fixture
def prepare_drawn(tmp_path):
    """Prepare the draw of a source such as Pairs from a CSV file with this text; each split is one batch."""

    def prepare_drawn(kind, text, *, loss, seed=0, source=None, **options):
        path = tmp_path / "table.csv"
        path.write_text(text)
        rows = {"type": "CSV", "path": str(path), "targets": "y", **(source or {})}
        return prepared({"type": kind, "source": rows, "batch_size": 10**6, **options}, loss, seed)

    return prepare_drawn


@pytest.fixture
def prepare_random():
    """Prepare random inputs with these targets for a loss, in one batch."""

    def prepare_random(targets, *, loss="MSELoss", seed=0, **options):
        data = {"type": "Random", "targets": targets, "batch_size": 10**6, "shuffle": False, **options}
        return prepared(data, loss, seed)

    return prepare_random


def prepared(data, loss, seed, given=None):
    spec = hookline.load(
        {
            "run": {"seed": seed},
            "data": data,
            "model": {"type": "Linear", "out_features": 1},
            **(loss if "losses" in loss else {"loss": {"type": loss} if isinstance(loss, str) else loss}),
            "optimizer": {"type": "SGD"},
        }
    )
    run = hookline.Run(spec=spec, stages=None, plugins=(), catalog=None, device=torch.device("cpu"), given=given)
    return prepare_data(run)
