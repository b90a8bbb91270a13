"""Columns of Parquet files in chunks, compared with pyarrow."""

import pyarrow
import pytest
from pyarrow import parquet

from hookline_data.arrow_columns import parquet_columns

TABLE = pyarrow.table(
    {
        "number": pyarrow.array([index / 3 if index % 7 else None for index in range(100)]),
        "word": [f"w{index % 5}" for index in range(100)],
        "large": pyarrow.array([f"w{index % 3}" for index in range(100)], pyarrow.large_string()),
        "category": pyarrow.array([f"c{index % 4}" for index in range(100)]).dictionary_encode(),
        "list": [[index, index + 1] for index in range(100)],
        "a.b": list(range(100)),
        "a": [{"b": -index} for index in range(100)],
    }
)
NAMES = ["word", "a.b", "number", "list", "category", "large"]


@pytest.mark.parametrize("cells", [1, 250, 10**6], ids="{} cells at once".format)
def test_the_cells_equal_pyarrows(tmp_path, monkeypatch, cells):
    monkeypatch.setattr(parquet_columns, "CELLS", cells)
    monkeypatch.setattr(parquet_columns, "ROWS", 20)
    parquet.write_table(TABLE, tmp_path / "table.parquet", row_group_size=30)
    made = parquet_columns.read(tmp_path / "table.parquet", ["none", *NAMES], ["word", "large", "number"])
    assert made.column_names == NAMES
    assert made.to_pylist() == TABLE.select(NAMES).to_pylist()
    assert pyarrow.types.is_dictionary(made.schema.field("word").type)
    assert all(len(chunk) <= 20 for column in made.columns for chunk in column.chunks)


def test_a_file_without_rows_has_columns_with_their_types(tmp_path):
    parquet.write_table(TABLE.slice(0, 0), tmp_path / "table.parquet")
    made = parquet_columns.read(tmp_path / "table.parquet", NAMES, [])
    assert (made.num_rows, made.schema.field("number").type) == (0, pyarrow.float64())
