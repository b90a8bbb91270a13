"""A run trained with a CSV file, whose data source reads new rows."""

import pytest
from row_readers import reader_of


@pytest.fixture
def reader():
    """Train with a file, and return a function that reads new rows of that run."""

    def reader(data, *, loss="MSELoss"):
        return reader_of(data | {"path": str(data["path"])}, loss=loss)

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
