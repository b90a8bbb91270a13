"""Files as pandas, polars, R and spreadsheets write them are read back value by value."""

import datetime
import gzip

import numpy
import pytest
import torch
from pyarrow import csv as arrow_csv

from hookline.errors import DataError

pandas = pytest.importorskip("pandas")
polars = pytest.importorskip("polars")

NUMBERS = numpy.random.default_rng(7).normal(0, 1e3, size=(50, 2)).round(6)
CLASSES = ["été", "hiver", 'l\'"automne"', "printemps, tard", "a;b"]
FRAME = {
    "x": NUMBERS[:, 0],
    "n": numpy.arange(50) * 10**9,
    "flag": numpy.arange(50) % 3 == 0,
    "z": NUMBERS[:, 1],
    "y": [CLASSES[row % 5] for row in range(50)],
}


@pytest.fixture
def frame():
    return pandas.DataFrame(FRAME)


@pytest.fixture
def same(prepare_file):
    """Check that a file has the cells of `FRAME`, in float64."""

    def same(kind, path, *, called=None, **options):
        names = called or ("x", "n", "flag", "z", "y")
        inputs = {name: name for name in names[:4]}
        data = prepare_file(kind, path, loss="CrossEntropyLoss", inputs=inputs, targets=names[4], **options)
        for name, column in zip(inputs, FRAME, strict=False):
            expected = torch.from_numpy(FRAME[column].astype("float32"))
            assert torch.equal(data.training.all.inputs[name][:, 0], expected)
        classes = sorted(CLASSES)
        assert list(data.target.classes) == classes
        assert data.training.all.target.tolist() == [classes.index(name) for name in FRAME["y"]]

    return same


CSV_OPTIONS = {
    "default": ({}, {}),
    "semicolons and decimal commas": ({"sep": ";", "decimal": ","}, {"delimiter": ";", "decimal_point": ","}),
    "tabs": ({"sep": "\t"}, {"delimiter": "\t"}),
    "quoted decimal commas": ({"decimal": ",", "quoting": 1}, {"decimal_point": ","}),
    "single quotes": ({"quotechar": "'"}, {"quote_char": "'"}),
    "byte order mark": ({"encoding": "utf-8-sig"}, {}),
    "UTF-16": ({"encoding": "utf-16"}, {"encoding": "utf-16"}),
    "Latin-1": ({"encoding": "latin-1"}, {"encoding": "latin-1"}),
    "cp1252 with CRLF": ({"encoding": "cp1252", "lineterminator": "\r\n"}, {"encoding": "cp1252"}),
    "gzip": ({"compression": "gzip"}, {}),
    "bzip2 in UTF-16": ({"compression": "bz2", "encoding": "utf-16-le"}, {"encoding": "utf-16-le"}),
    "xz": ({"compression": "xz"}, {}),
}


@pytest.mark.parametrize("case", CSV_OPTIONS)
def test_pandas_csv(frame, same, tmp_path, case):
    written, options = CSV_OPTIONS[case]
    frame.to_csv(tmp_path / "t.csv", index=False, **written)
    same("CSV", tmp_path / "t.csv", **options)


def test_pandas_csv_without_a_header(frame, same, tmp_path):
    frame.to_csv(tmp_path / "t.csv", index=False, header=False)
    same("CSV", tmp_path / "t.csv", header=False, called=["f0", "f1", "f2", "f3", "f4"])
    same("CSV", tmp_path / "t.csv", names=list(FRAME))
    frame.to_csv(tmp_path / "t.csv", index=False, header=["a", "a", "a", "a", "two\nlines"])
    same("CSV", tmp_path / "t.csv", names=["1", "2", "3", "4", "5"], header=True, called=["1", "2", "3", "4", "5"])


def test_zstandard(frame, same, tmp_path):
    import pyarrow

    text = frame.to_csv(index=False).encode()
    (tmp_path / "t.csv.zst").write_bytes(pyarrow.compress(text, codec="zstd", asbytes=True))
    same("CSV", tmp_path / "t.csv.zst")


def test_several_members_of_gzip(frame, same, tmp_path):
    text = frame.to_csv(index=False).encode()
    (tmp_path / "t.csv").write_bytes(gzip.compress(text[:100]) + gzip.compress(text[100:]))
    same("CSV", tmp_path / "t.csv")


def test_polars_csv(same, tmp_path):
    polars.DataFrame(FRAME).write_csv(tmp_path / "t.csv", separator="|", include_bom=True)
    same("CSV", tmp_path / "t.csv", delimiter="|")


def test_pyarrow_csv(same, frame, tmp_path):
    import pyarrow

    arrow_csv.write_csv(pyarrow.Table.from_pandas(frame), tmp_path / "t.csv")
    same("CSV", tmp_path / "t.csv")


def test_a_spreadsheet_with_comments_a_title_and_a_footer(frame, same, tmp_path):
    rows = frame.to_csv(index=False, sep=";", decimal=",").splitlines()
    lines = ["Ventes 2024;;;;", "", *rows[:10], "# vérifié", *rows[10:], "", "Total;;;;", "Source: INSEE;;;;", "", ""]
    (tmp_path / "t.csv").write_bytes("\r\n".join(lines).encode("cp1252"))
    options = {"encoding": "cp1252", "delimiter": ";", "decimal_point": ",", "comment": "#"}
    same("CSV", tmp_path / "t.csv", skip_rows=2, skipfooter=2, **options)


def test_write_csv_of_r(prepare_file, tmp_path):
    """R quotes text and names, and writes row names under an empty name."""
    text = '"","Sepal.Length","Species"\n"1",5.1,"setosa"\n"2",4.9,"versicolor"\n"3",NA,"setosa"\n'
    (tmp_path / "iris.csv").write_text(text)
    options = {"loss": "CrossEntropyLoss", "targets": "Species", "inputs": "Sepal.Length"}
    with pytest.raises(DataError, match=r'row 3, column "Sepal.Length": "NA" counts as a missing value'):
        prepare_file("CSV", tmp_path / "iris.csv", **options)
    (tmp_path / "iris.csv").write_text(text.replace("NA", "4.7"))
    data = prepare_file("CSV", tmp_path / "iris.csv", **options)
    assert data.training.all.input.tolist() == torch.tensor([[5.1], [4.9], [4.7]]).tolist()
    assert data.target.classes == ("setosa", "versicolor")


def test_write_table_of_r(prepare_file, tmp_path):
    """R's write.table separates by spaces, and writes no name for the row names."""
    text = '"Sepal.Length" "y"\n"1" 5.1 3\n"2" 4.9 4\n'
    (tmp_path / "iris.txt").write_text(text)
    named = {"names": ["row", "x", "y"], "header": True, "delimiter": " ", "inputs": "x"}
    data = prepare_file("CSV", tmp_path / "iris.txt", **named)
    assert data.training.all.input.tolist() == torch.tensor([[5.1], [4.9]]).tolist()
    with pytest.raises(DataError, match=r"row 1: It has 3 cells, but the header has 2"):
        prepare_file("CSV", tmp_path / "iris.txt", delimiter=" ")


@pytest.mark.parametrize("engine", ["pandas", "polars"])
def test_parquet(frame, same, tmp_path, engine):
    if engine == "pandas":
        frame.to_parquet(tmp_path / "t.parquet", compression="zstd")
    else:
        polars.DataFrame(FRAME).write_parquet(tmp_path / "t.parquet", row_group_size=7)
    same("Parquet", tmp_path / "t.parquet")


@pytest.mark.parametrize("way", ["feather", "feather zstd", "ipc", "ipc lz4", "ipc stream"])
def test_arrow(frame, same, tmp_path, way):
    path, table = tmp_path / "t.arrow", polars.DataFrame(FRAME)
    {
        "feather": lambda: frame.to_feather(path),
        "feather zstd": lambda: frame.to_feather(path, compression="zstd"),
        "ipc": lambda: table.write_ipc(path),
        "ipc lz4": lambda: table.write_ipc(path, compression="lz4"),
        "ipc stream": lambda: table.write_ipc_stream(path),
    }[way]()
    same("Arrow", path)


@pytest.mark.parametrize("way", ["pandas", "pandas gzip", "polars"])
def test_json_lines(frame, same, tmp_path, way):
    path = tmp_path / "t.jsonl"
    if way == "polars":
        polars.DataFrame(FRAME).write_ndjson(path)
    else:
        compression = "gzip" if "gzip" in way else None
        frame.to_json(path, orient="records", lines=True, double_precision=15, compression=compression)
    same("JSONLines", path)


def test_categories_of_pandas_and_polars(prepare_file, tmp_path):
    columns = {"x": [1.0, 2.0, 3.0], "y": ["b", "a", "b"]}
    made = {
        "t.parquet": lambda path: pandas.DataFrame(columns).astype({"y": "category"}).to_parquet(path),
        "p.parquet": lambda path: polars.DataFrame(
            columns, {"x": polars.Float64, "y": polars.Categorical}
        ).write_parquet(path),
        "t.arrow": lambda path: polars.DataFrame(
            columns, {"x": polars.Float32, "y": polars.Enum(["b", "a"])}
        ).write_ipc(path),
    }
    for name, write in made.items():
        write(tmp_path / name)
        kind = "Arrow" if name.endswith("arrow") else "Parquet"
        data = prepare_file(kind, tmp_path / name, loss="CrossEntropyLoss")
        assert data.target.classes == ("a", "b")
        assert data.training.all.target.tolist() == [1, 0, 1]
        assert data.training.all.input.tolist() == [[1], [2], [3]]


def test_images_as_nested_lists(prepare_file, tmp_path):
    images = numpy.random.default_rng(0).normal(size=(5, 2, 3, 4)).astype("float32")
    frames = {
        "lists.parquet": polars.DataFrame({"image": images.tolist(), "y": range(5)}),
        "arrays.parquet": polars.DataFrame({"image": images, "y": numpy.arange(5)}),
    }
    for name, table in frames.items():
        table.write_parquet(tmp_path / name)
        data = prepare_file("Parquet", tmp_path / name, shape=[2, 3, 4])
        assert torch.equal(data.training.all.input, torch.from_numpy(images))
        with pytest.raises(DataError, match=r"If they are images, set `shape = \[2,3,4\]`|`shape = \[2, 3, 4\]`"):
            prepare_file("Parquet", tmp_path / name)
        with pytest.raises(DataError, match=r'row 1, column "image": It has 24 numbers, but the `shape` has 12'):
            prepare_file("Parquet", tmp_path / name, shape=[3, 4])
    uneven = images.tolist()
    del uneven[3][1][2][0]
    polars.DataFrame({"image": uneven, "y": range(5)}).write_parquet(tmp_path / "uneven.parquet")
    with pytest.raises(DataError, match=r'row 4, column "image": Its inner lists have another size'):
        prepare_file("Parquet", tmp_path / "uneven.parquet", shape=[2, 3, 4])


def test_dates_are_no_numbers(prepare_file, tmp_path):
    dates = [datetime.datetime(2024, 1, day, tzinfo=datetime.UTC) for day in (1, 2)]
    polars.DataFrame({"x": dates, "y": [1.0, 2.0]}).write_parquet(tmp_path / "t.parquet")
    with pytest.raises(DataError, match=r'column "x": The cells have the type timestamp\[us, tz=UTC\], but the model'):
        prepare_file("Parquet", tmp_path / "t.parquet")
