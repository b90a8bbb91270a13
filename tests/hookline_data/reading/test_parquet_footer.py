"""Column names read from the footers of Parquet files, compared with pyarrow."""

import random

import pyarrow
import pytest
from pyarrow import parquet

from hookline_data.reading.parquet_footer import FooterError, columns

POINT = pyarrow.struct([("x", pyarrow.float64()), ("inner", pyarrow.struct([("y", pyarrow.int8())]))])
COLUMNS = {
    "a number": pyarrow.array([1.5, None]),
    "größe 📏": pyarrow.array([1, 2], pyarrow.uint64()),
    "": pyarrow.array(["text", ""]),
    "point": pyarrow.array([{"x": 1.0, "inner": {"y": 2}}, None], POINT),
    "list": pyarrow.array([[1, 2], []], pyarrow.list_(pyarrow.int64())),
    "lists": pyarrow.array([[[1.0]], [[]]], pyarrow.list_(pyarrow.list_(pyarrow.float32(), -1))),
    "fixed": pyarrow.array([[1, 2], [3, 4]], pyarrow.list_(pyarrow.int16(), 2)),
    "map": pyarrow.array([[("k", 1)], []], pyarrow.map_(pyarrow.string(), pyarrow.int32())),
    "of points": pyarrow.array([[{"x": 1.0, "inner": {"y": 2}}], []], pyarrow.list_(POINT)),
    "category": pyarrow.array(["b", "a"]).dictionary_encode(),
    "when": pyarrow.array([0, 1], pyarrow.timestamp("us", tz="UTC")),
    "price": pyarrow.array([1, 2]).cast(pyarrow.decimal128(25, 2)),
    "yes": pyarrow.array([True, False]),
    "nothing": pyarrow.nulls(2),
    "bytes": pyarrow.array([b"\0\xff", b""], pyarrow.binary(-1)),
}


TEXT = ["", "category"]


def column_names(path):
    return [column.name for column in columns(path)]


def written(path, columns, **options):
    table = pyarrow.table(columns).replace_schema_metadata({"note": "x" * 300})
    parquet.write_table(table, path, **options)
    return path


@pytest.mark.parametrize("options", [{}, {"version": "1.0"}, {"store_schema": False}, {"row_group_size": 1}], ids=str)
def test_the_names_equal_pyarrows(tmp_path, options):
    path = written(tmp_path / "table.parquet", COLUMNS, **options)
    assert column_names(path) == list(COLUMNS) == parquet.read_schema(path).names
    assert [column.name for column in columns(path) if column.is_text] == TEXT


def test_random_schemas_have_pyarrows_names(tmp_path):
    generator = random.Random(0)  # noqa: S311
    for index in range(20):
        names = generator.sample(list(COLUMNS), generator.randint(1, len(COLUMNS)))
        path = written(tmp_path / f"{index}.parquet", {name: COLUMNS[name] for name in names})
        assert column_names(path) == names


def test_many_columns_are_read(tmp_path):
    columns = {f"column {index}": COLUMNS["a number"] for index in range(3000)}
    assert column_names(written(tmp_path / "table.parquet", columns)) == list(columns)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "It is too short."),
        (b"PAR1PAR1", "It is too short."),
        (b"PAR1" + b"\0" * 20, "It does not end with PAR1."),
        (b"PAR1" + b"\0" * 20 + b"PARE", "Its footer is encrypted."),
        (b"PAR1" + b"\xff" * 20 + b"PAR1", "Its footer is damaged."),
        (b"PAR1" + b"\0" * 8 + b"\x01\0\0\0PAR1", "Its footer has no schema."),
    ],
)
def test_a_file_that_is_not_parquet_is_reported(tmp_path, content, problem):
    path = tmp_path / "table.parquet"
    path.write_bytes(content)
    with pytest.raises(FooterError) as error:
        column_names(path)
    assert str(error.value) == problem


def test_a_damaged_footer_gives_names_or_a_footer_error(tmp_path):
    content = written(tmp_path / "table.parquet", COLUMNS).read_bytes()
    footer = int.from_bytes(content[-8:-4], "little")
    generator = random.Random(0)  # noqa: S311
    refused = 0
    for _ in range(2000):
        damaged = bytearray(content)
        for _ in range(generator.randint(1, 4)):
            damaged[generator.randrange(len(content) - 8 - footer, len(content))] = generator.randrange(256)
        path = tmp_path / "damaged.parquet"
        path.write_bytes(damaged)
        try:
            assert all(isinstance(name, str) for name in column_names(path))
        except FooterError:
            refused += 1
    assert 0 < refused < 2000


def footer_of(tmp_path, content):
    path = tmp_path / "table.parquet"
    path.write_bytes(b"PAR1" + content + len(content).to_bytes(4, "little") + b"PAR1")
    return path


@pytest.mark.parametrize(
    "content",
    [
        b"\x1b" + b"\xff" * 8 + b"\x3f\x11",  # A map of 2^62 pairs of booleans.
        b"\x1b" + b"\xff" * 8 + b"\x3f\x33",
        b"\x19\xf1" + b"\xff" * 8 + b"\x3f",  # A list of 2^62 booleans.
        b"\x17",  # A number of eight bytes that are missing.
        b"\x13",
        b"\x1d",
        b"\x18\xff\xff\xff\xff\x0f",
    ],
)
def test_a_value_that_claims_to_be_longer_than_the_file_is_refused(tmp_path, content):
    with pytest.raises(FooterError, match=r"^Its footer is damaged\.$"):
        column_names(footer_of(tmp_path, content))


def test_a_footer_with_too_many_values_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("hookline_data.reading.parquet_footer.MOST_VALUES", 100)
    with pytest.raises(FooterError, match=r"^Its footer has more than 100 values\.$"):
        column_names(footer_of(tmp_path, b"\x19\xf5\x80\x08" + b"\1" * 2000))
