"""New rows equal the rows of the training, whatever their source is."""

import io
import json
from collections import Counter
from pathlib import Path

import numpy
import pyarrow
import pytest
import torch
from pyarrow import csv, parquet

import hookline
from hookline.data import Batch, DataDescription
from hookline.errors import DataError
from hookline_data.reading.columns import Chooser

SPECS = Path(__file__).parents[3] / "specs"


def prepared(spec):
    run = hookline.Run(spec=spec, stages=None, plugins=(), catalog=None, device=torch.device("cpu"))
    return spec.data.prepare(run, spec.objective)


def described(data):
    """Return the description of the data as a run directory keeps it."""
    return DataDescription.from_json(json.loads(json.dumps(DataDescription.of(data).to_json(), default=dict)))


def counted(batches, groups=None):
    """Return how often each row occurs: inputs, targets without padding, and lengths, bit for bit."""
    found = Counter()
    for batch in batches:
        inputs = [batch.inputs[name] for name in groups or batch.inputs]
        for row in range(batch.rows):
            parts = [(str(rows.dtype), tuple(rows[row].shape), rows[row].numpy().tobytes()) for rows in inputs]
            for rows in batch.targets.values():
                target = rows[row]
                parts.append((str(target.dtype), target[target != -1].numpy().tobytes()))
            parts += [int(rows[row]) for rows in batch.lengths.values()]
            found[tuple(parts)] += 1
    return found


def whole(batches):
    """Return all rows of a split as one batch."""
    found = list(batches.epoch(1))
    return Batch(
        {"input": torch.cat([one.input for one in found])}, {"target": torch.cat([one.target for one in found])}
    )


@pytest.mark.parametrize(
    "path", sorted([*SPECS.glob("*.toml"), *SPECS.glob("losses/*.toml")]), ids=lambda path: path.stem
)
def test_every_shipped_spec_reads_its_rows_as_in_training(path):
    # Training images are changed at random, but new ones are not.
    spec = hookline.load(path, ["data.transforms=[]"] if path.stem == "digit_images" else [])
    data = prepared(spec)
    known = described(data)
    splits = [batches.all if hasattr(batches, "all") else whole(batches) for batches in data.splits().values()]
    options = {"rows_per_block": 100}
    if path.stem == "first_network":
        source, groups = {"input": splits[0].input}, None
        splits = [Batch(splits[0].inputs)]
    elif hasattr(spec.data, "source"):
        source, groups = spec.data.source.path, spec.data.gives[:1]
        if path.stem == "HingeEmbeddingLoss":  # Its model takes both rows of a pair.
            source = dict.fromkeys(spec.data.gives, source)
        splits = [Batch({groups[0]: rows.inputs[groups[0]]}) for rows in splits]
    else:
        source, groups = spec.data.path, None
        options["with_targets"] = True
    blocks = list(spec.data.open_rows(source, known, spec.objective, **options))
    assert [block.first for block in blocks] == list(range(1, sum(block.rows for block in blocks) + 1, 100))
    assert not any(block.problems or block.unreadable for block in blocks)
    assert counted([block.batch for block in blocks], groups) == counted(splits, groups)


TABLE = {
    "size": [1.5, -2.25, 3.0, 1e-3, 7.0, 0.1],
    "name": ["a", "b", "a", "c", "b", "a"],
    "count": [3, 1, 4, 1, 5, 9],
    "y": ["no", "yes", "no", "no", "yes", "maybe"],
}


@pytest.fixture
def trained(tmp_path):
    """Return a spec for a table of numbers and classes, its training rows, and their description."""
    csv.write_csv(pyarrow.table(TABLE), tmp_path / "train.csv")
    spec = hookline.load(
        {
            "data": {
                "type": "CSV",
                "path": str(tmp_path / "train.csv"),
                "inputs": ["size", "count"],
                "targets": "y",
                "standardize": True,
                "shuffle": False,
            },
            "model": {"type": "Linear", "out_features": 3},
            "loss": {"type": "CrossEntropyLoss"},
            "optimizer": {"type": "SGD"},
        }
    )
    data = prepared(spec)
    return spec, data.training.all, described(data)


def rows_of(trained, source, **options):
    spec, _, known = trained
    return list(spec.data.open_rows(source, known, spec.objective, **options))


class Capsule:
    """A table of a library that only knows the Arrow PyCapsule interface."""

    def __init__(self, table):
        self.table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self.table.__arrow_c_stream__(requested_schema)


def in_other_order(columns):
    return {"extra": [None] * 6, **dict(reversed(columns.items()))}


def sources(directory):
    columns = in_other_order(TABLE)
    table = pyarrow.table(columns)
    csv.write_csv(table, directory / "new.csv")
    parquet.write_table(table, directory / "new.parquet", row_group_size=2)
    parquet.write_table(table, directory / "without_suffix")
    rows = table.to_pylist()
    (directory / "new.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    numpy.savez(directory / "new.npz", **{name: numpy.array(cells) for name, cells in TABLE.items()})
    return {
        "CSV": directory / "new.csv",
        "a path that is text": str(directory / "new.csv"),
        "Parquet": directory / "new.parquet",
        "Parquet by its first bytes": directory / "without_suffix",
        "JSON lines": directory / "new.jsonl",
        "NPZ": directory / "new.npz",
        "a table": table,
        "batches": table.to_reader(max_chunksize=4),
        "a record batch": table.combine_chunks().to_batches()[0],
        "another library": Capsule(table),
        "lists": columns,
        "arrays": {name: numpy.array(cells) for name, cells in TABLE.items()},
        "tensors": {
            **TABLE,
            "size": torch.tensor(TABLE["size"], dtype=torch.float64),
            "count": torch.tensor(TABLE["count"]),
        },
        "mappings": rows,
        "mappings of text": [{name: str(cell) for name, cell in row.items()} for row in rows],
        "a generator": (row for row in rows),
        "categories": table.set_column(1, "y", table["y"].dictionary_encode()),
    }


@pytest.mark.parametrize(
    "kind",
    sources.__code__.co_consts
    and [
        "CSV",
        "a path that is text",
        "Parquet",
        "Parquet by its first bytes",
        "JSON lines",
        "NPZ",
        "a table",
        "batches",
        "a record batch",
        "another library",
        "lists",
        "arrays",
        "tensors",
        "mappings",
        "mappings of text",
        "a generator",
        "categories",
    ],
)
def test_new_rows_of_any_format_equal_those_of_the_training(trained, tmp_path, kind):
    [block] = rows_of(trained, sources(tmp_path)[kind], with_targets=True, keep=["name"])
    _, rows, _ = trained
    assert torch.equal(block.batch.input, rows.input)
    assert block.batch.input.dtype == rows.input.dtype
    assert torch.equal(block.batch.target, rows.target)
    assert block.batch.target.dtype == rows.target.dtype
    assert block.kept["name"].to_pylist() == TABLE["name"]
    assert (block.first, block.rows, block.is_readable, list(block.problems)) == (1, 6, None, [])


def test_standard_input_is_a_csv_file(trained, tmp_path, monkeypatch):
    text = sources(tmp_path)["CSV"].read_bytes()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text)))
    [block] = rows_of(trained, "-")
    assert torch.equal(block.batch.input, trained[1].input)


@pytest.mark.parametrize("rows_per_block", [1, 4, 6, 7, 10**9])
def test_blocks_have_the_requested_number_of_rows(trained, tmp_path, rows_per_block):
    reader = pyarrow.table(TABLE).to_reader(max_chunksize=4)
    blocks = rows_of(trained, reader, rows_per_block=rows_per_block, keep=["count"])
    assert [block.first for block in blocks] == list(range(1, 7, rows_per_block))
    assert torch.equal(torch.cat([block.batch.input for block in blocks]), trained[1].input)
    assert [cell for block in blocks for cell in block.kept["count"].to_pylist()] == TABLE["count"]


def test_the_target_may_be_absent_unless_it_is_needed(trained):
    rows = {name: cells for name, cells in TABLE.items() if name != "y"}
    [block] = rows_of(trained, rows)
    assert not block.batch.targets
    assert torch.equal(block.batch.input, trained[1].input)
    with pytest.raises(DataError, match=r'the columns: There is no column "y"'):
        rows_of(trained, rows, with_targets=True)


def test_a_missing_column_is_named_with_the_nearest_one(trained, tmp_path):
    (tmp_path / "new.csv").write_text("sise,count\n1,2\n")
    with pytest.raises(DataError, match=r'new.csv: There is no column "size". Did you mean "sise"\?'):
        rows_of(trained, tmp_path / "new.csv")
    # Another column that the run takes is not meant.
    Chooser(["sepal", "other"], "new.csv").require(["sepal"])
    with pytest.raises(DataError, match=r'There is no column "petal". Available: "other".$'):
        Chooser(["sepal", "other"], "new.csv").require(["petal", "sepal"])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("new.xlsx", b"PK\x03\x04" + bytes(26) + b"xl/", "This is an Excel file. Save the sheet as CSV"),
        ("new.csv", b'{"size": 1, "count": 2}\n', r'This is a JSONLines file. Its name must end in "\.jsonl"'),
        ("new.npy", b"\x93NUMPY", "This is an NPY file."),
        ("news", None, "news: This is a directory, not a file."),
    ],
)
def test_a_file_of_another_kind_is_an_error_that_says_what_it_is(trained, tmp_path, name, content, message):
    (tmp_path / name).mkdir() if content is None else (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        rows_of(trained, tmp_path / name)


def test_a_missing_file_is_named_with_the_nearest_one(trained, tmp_path):
    (tmp_path / "flowers.csv").touch()
    with pytest.raises(DataError, match=r'There is no such file. Did you mean ".*/flowers.csv"\?'):
        rows_of(trained, tmp_path / "flower.csv")


BAD = [
    ({"size": "wide", "count": "1", "y": "no"}, "size", '"wide" is not a number.'),
    ({"size": "", "count": "1", "y": "no"}, "size", "The cell is empty."),
    ({"size": "NA", "count": "1", "y": "no"}, "size", '"NA" counts as a missing value: fill it in or remove the row.'),
    ({"size": "1", "count": "-inf", "y": "no"}, "count", "-inf is not a finite float64."),
    (
        {"size": "1", "count": "nan", "y": "no"},
        "count",
        '"nan" counts as a missing value: fill it in or remove the row.',
    ),
    (
        {"size": "1e300", "count": "2", "y": "no"},
        "size",
        "Standardized with the statistics of the training split, the number is too large for float32.",
    ),
    ({"size": "1", "count": "2", "y": "never"}, "y", 'The class "never" does not occur in the training split.'),
    ({"size": "x", "count": "y", "y": "never"}, "size", '"x" is not a number.'),
]
GOOD = {"size": "1.5", "count": "3", "y": "no"}


@pytest.mark.parametrize("kind", ["CSV", "JSON lines", "mappings", "columns"])
def test_rows_that_cannot_be_read_are_problems_of_their_cells(trained, tmp_path, kind):
    rows = [GOOD, *(row for row, _, _ in BAD), GOOD]
    columns = {name: [row[name] for row in rows] for name in GOOD}
    if kind == "CSV":
        csv.write_csv(pyarrow.table(columns), tmp_path / "new.csv")
    (tmp_path / "new.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    source = {"CSV": tmp_path / "new.csv", "JSON lines": tmp_path / "new.jsonl", "mappings": rows, "columns": columns}[
        kind
    ]
    [block] = rows_of(trained, source, with_targets=True, keep=["size"])
    assert [(error.row, *error.columns, error.message) for error in block.problems] == [
        (index, column, message) for index, (_, column, message) in enumerate(BAD, 2)
    ]
    assert block.is_readable.tolist() == [True, *[False] * len(BAD), True]
    assert block.unreadable == len(BAD)
    assert torch.equal(block.batch.input, trained[1].input[[0, 0]])
    assert torch.equal(block.batch.target, trained[1].target[[0, 0]])
    assert block.kept["size"].to_pylist() == columns["size"]


def test_a_block_without_readable_rows_has_no_batch(trained):
    blocks = rows_of(trained, [{"size": "x", "count": 1}] * 2 + [{"size": 1, "count": 1}], rows_per_block=2)
    assert [block.batch is None for block in blocks] == [True, False]
    assert [block.unreadable for block in blocks] == [2, 0]
    assert [str(error) for error in blocks[0].problems] == [
        f'the list: row {row}, column "size": "x" is not a number.' for row in (1, 2)
    ]


class Frame:
    """A DataFrame with a column of Python objects, which its library cannot export."""

    def __init__(self, columns):
        self.columns = list(columns)
        self.cells = columns

    def __getitem__(self, name):
        return self.cells[name]

    def __arrow_c_stream__(self, requested_schema=None):
        raise pyarrow.ArrowInvalid("Could not convert 'wide' with type str: tried to convert to double")


def test_a_frame_of_objects_is_read_column_by_column(trained):
    [block] = rows_of(trained, Frame({"other": [object()], "size": [1.5, "wide", None], "count": [3, 1, 4]}))
    assert [str(error) for error in block.problems] == [
        'the Frame: row 2, column "size": "wide" is not a number.',
        'the Frame: row 3, column "size": The cell is empty.',
    ]
    assert torch.equal(block.batch.input, trained[1].input[:1])


def test_an_object_that_has_no_rows_is_an_error(trained):
    with pytest.raises(DataError, match="object of type int: pass a path"):
        rows_of(trained, 3)
    with pytest.raises(DataError, match="each row must be a mapping"):
        rows_of(trained, [1, 2])
    with pytest.raises(DataError, match="There are no rows"):
        rows_of(trained, [])
    with pytest.raises(DataError, match='"count" has 2 rows, but "size" has 1'):
        rows_of(trained, {"size": [1], "count": [1, 2]})
    with pytest.raises(DataError, match=r"nowhere.csv: There is no such file\.$"):
        rows_of(trained, "nowhere.csv")
