"""Cells of columns before they are prepared."""

import pyarrow
import pytest
from pyarrow import parquet

ROWS = 24


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ([True, None, False, True], {"type": "Boolean", "missing": "mean"}),
        (["u", None, "v", "u"], {"type": "OneHotEncoder", "missing": "category"}),
        ([1.0, None, 2.0, 1.0], {"type": "Number", "missing": 0.25}),
    ],
    ids=["booleans", "text", "numbers"],
)
def test_missing_cells_are_a_class_of_their_own_if_rows_are_stratified_by_an_input(prepare_file, tmp_path, cells, kind):
    table = {"a": [cells[row % 4] for row in range(ROWS)], "y": [float(row) for row in range(ROWS)]}
    parquet.write_table(pyarrow.table(table), tmp_path / "table.parquet")
    data = prepare_file("Parquet", tmp_path / "table.parquet", columns={"a": kind}, stratify="a", validation=0.5)
    for batches in (data.training, data.validation):
        places = [row % 4 for row in batches.all.target[:, 0].tolist()]
        assert (places.count(1), places.count(2)) == (3, 3)
