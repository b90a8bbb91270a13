"""Rows as JSON."""

import json

import numpy
import pyarrow
import pytest

from hookline.data.json_rows.texts import FEW, json_objects

COLUMNS = {
    'a "name"': [1.5, None, float("nan")],
    "text": ['é"\n', None, "x"],
    "list": [[1.5, float("inf")], None, []],
    "flag": [True, False, None],
    "encoded": pyarrow.array(["u", "v", "u"]).dictionary_encode(),
    "float64": [0.1, 2.0, 1e300],
    "float32": numpy.array([1e-9, 0.1, numpy.inf], dtype="float32"),
    "whole": [1, 2**60, None],
}


@pytest.mark.parametrize("times", [1, FEW])
def test_few_rows_and_many_are_written_in_the_same_way(times):
    table = pyarrow.concat_tables([pyarrow.table(COLUMNS)] * times).combine_chunks()
    [batch] = table.to_batches()
    rows = json_objects(batch)
    assert len(rows) == 3 * times
    assert rows[0].startswith(
        '{"a \\"name\\"": 1.5, "text": "é\\"\\n", "list": [1.5, null], "flag": true, "encoded": "u", '
    )
    found = [json.loads(row) for row in rows[-3:]]
    assert [row["float32"] for row in found] == [1e-9, 0.1, None]  # As many digits as a float32 needs.
    for name in ('a "name"', "text", "flag", "encoded", "float64", "whole"):
        expected = pyarrow.table(COLUMNS)[name].to_pylist()
        assert [row[name] for row in found] == [None if cell != cell else cell for cell in expected]
