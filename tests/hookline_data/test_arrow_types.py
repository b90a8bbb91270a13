"""Columns of every type of Arrow that is a number, text, boolean, date, decimal, dictionary or list, in every format.

The inputs that they become are compared with what pandas and polars read from the same files.
"""

import datetime
from decimal import Decimal

import numpy
import pyarrow
import pytest
from pyarrow import feather, parquet

pandas = pytest.importorskip("pandas")
polars = pytest.importorskip("polars")

ROWS = 6
NUMBERS = [3, 1, 4, 1, 5, 9]
DAYS = [datetime.date(2020 + index, 1 + index, 28 - index) for index in range(ROWS)]
MOMENTS = [datetime.datetime(2024, 2, 1 + index, 3 * index, 30, 15) for index in range(ROWS)]
TEXTS = ["x", "y", "x", "ä z", "ä z", "x"]


def array(values, kind):
    return pyarrow.array(values, kind)


def cells(kind):
    """Cells of a type."""
    made = {
        "decimal": lambda: array([Decimal(number) / 4 for number in NUMBERS], kind),
        "bool": lambda: array([number > 3 for number in NUMBERS], kind),
        "date": lambda: array(DAYS, kind),
        "timestamp": lambda: array(MOMENTS, kind),
        "time": lambda: array([moment.time() for moment in MOMENTS], kind),
    }
    name = next((name for name in made if str(kind).startswith(name)), None)
    return (
        made[name]() if name else array([float(number) if "float" in str(kind) else number for number in NUMBERS], kind)
    )


p = pyarrow
KINDS_OF_NUMBERS = [
    *(p.int8(), p.int16(), p.int32(), p.int64(), p.uint8(), p.uint16(), p.uint32(), p.uint64()),
    *(p.float16(), p.float32(), p.float64(), p.decimal128(10, 2), p.decimal256(60, 5), p.bool_()),
]
KINDS_OF_TIMES = [
    *(p.date32(), p.date64(), p.timestamp("s"), p.timestamp("ms"), p.timestamp("us"), p.timestamp("ns")),
    *(p.timestamp("us", "UTC"), p.timestamp("ns", "Asia/Tokyo")),
]
COLUMNS = {str(kind): cells(kind) for kind in (*KINDS_OF_NUMBERS, *KINDS_OF_TIMES)}
COLUMNS |= {
    "dictionary of numbers": array(NUMBERS, p.int64()).dictionary_encode(),
    "dictionary of text": array(TEXTS, p.string()).dictionary_encode(),
    "string": array(TEXTS, p.string()),
    "large_string": array(TEXTS, p.large_string()),
    "list": array([[number, number / 2] for number in NUMBERS], p.list_(p.float32())),
    "large_list": array([[number, -number] for number in NUMBERS], p.large_list(p.int16())),
    "fixed_size_list": array([[number, 1, 2] for number in NUMBERS], p.list_(p.float64(), 3)),
    "list of booleans": array([[number > 2, True] for number in NUMBERS], p.list_(p.bool_())),
    "list of decimals": array([[Decimal(number), Decimal("0.5")] for number in NUMBERS], p.list_(p.decimal128(5, 2))),
    "nested list": array([[[number, 1], [2, number]] for number in NUMBERS], p.list_(p.list_(p.int32()))),
}
ONLY_ARROW = {
    "string_view": array(TEXTS, p.string_view()),
    "run_end_encoded": p.RunEndEncodedArray.from_arrays([2, 3, 6], array([3, 1, 4], p.int32())),
}
"""Types that no other format has."""

PARTS = ("year", "month", "day", "hour", "minute", "second")


def expected(series, name):
    """What the cells are according to pandas, as the numbers of each row; times in UTC, as `Date` counts them."""
    if "date" in name or "timestamp" in name:
        moments = pandas.to_datetime(series)
        moments = moments if moments.dt.tz is None else moments.dt.tz_convert("UTC")
        return numpy.column_stack([getattr(moments.dt, part) for part in PARTS])
    if "string" in name or name.endswith("text"):
        return series.astype(object).astype("category").cat.codes.to_numpy()[:, None]  # Sorted, as OrdinalEncoder does.
    if "list" in name:
        rows = [numpy.array(numpy.array(cell.tolist()).tolist(), dtype="float64").reshape(-1) for cell in series]
        return numpy.stack(rows)
    return series.astype("float64").to_numpy()[:, None]


def options(name):
    if "date" in name or "timestamp" in name:
        return {"columns": {"x": {"type": "Date", "parts": list(PARTS), "standardize": False}}}
    if "string" in name or name.endswith("text"):
        return {"columns": {"x": {"type": "OrdinalEncoder"}}}
    return {"shape": [4]} if name == "nested list" else {}


def write_json(table, path):
    polars.from_arrow(table).write_ndjson(path)


def write_arrow(table, path):
    with pyarrow.ipc.new_file(path, table.schema) as writer:
        writer.write_table(table)


def plain(table):
    """The table without types that pandas cannot read."""
    return pyarrow.table({name: table.column(name).to_pylist() for name in table.column_names})


IN_JSON = [name for name in COLUMNS if "decimal" not in name and not name.startswith("time")]
CASES = [
    *((name, "Parquet", parquet.write_table, lambda path, _: pandas.read_parquet(path)) for name in COLUMNS),
    *((name, "Arrow", feather.write_feather, lambda path, _: pandas.read_feather(path)) for name in COLUMNS),
    *((name, "JSONLines", write_json, lambda _, table: table.to_pandas()) for name in IN_JSON),
    *((name, "Arrow", write_arrow, lambda _, table: plain(table).to_pandas()) for name in ONLY_ARROW),
]


@pytest.mark.parametrize(("name", "kind", "write", "read"), CASES, ids=[f"{case[1]} {case[0]}" for case in CASES])
def test_a_column_of_any_type_is_read_as_pandas_reads_it(prepare_file, tmp_path, name, kind, write, read):
    table = pyarrow.table({"x": {**COLUMNS, **ONLY_ARROW}[name], "y": array(NUMBERS, p.float64())})
    path = tmp_path / f"table.{kind}"
    write(table, path)
    data = prepare_file(kind, path, **options(name))
    known = expected(read(path, table)["x"], name).astype("float32")
    assert data.training.all.input.numpy().tolist() == known.tolist()
