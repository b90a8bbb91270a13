"""Tables with kinds of columns, from the file to predictions of new rows."""

import csv
import json
import shutil
from datetime import date, timedelta

import numpy
import pyarrow
import pytest
from pyarrow import parquet

import hookline
from hookline.cli.main import main
from hookline.errors import DataError

COLUMNS = {
    "*": {"type": "StandardScaler", "missing": "median", "indicator": True},
    "island": {"type": "OneHotEncoder", "handle_unknown": "ignore"},
    "sex": {"type": "OneHotEncoder", "missing": "category"},
    "seen": {"type": "Date", "cyclic": True, "parts": ["days", "month"]},
    "price": {"type": "Log1p", "thousands": ",", "affixes": ["$"]},
    "tame": {"type": "Boolean"},
    "band": {"type": "OneHotEncoder"},
    "notes": {"type": "HashingVectorizer", "n_features": 16},
}


def birds(count=60):
    random = numpy.random.default_rng(1)
    for row in range(count):
        yield {
            "kind": "abc"[row % 3],
            "mass": None if row % 9 == 4 else round(float(random.normal(4000, 300)), 1),
            "island": ["Biscoe", "Dream", "Torgersen"][random.integers(3)],
            "sex": [None, "male", "female"][random.integers(3)],
            "seen": str(date(2007, 1, 1) + timedelta(days=int(random.integers(900)))),
            "price": f"${random.integers(100, 9999):,}.50",
            "tame": ["yes", "No", "TRUE"][random.integers(3)],
            "band": f"{row % 4:03}",
            "notes": ["a small bird", "a large bird on ice", "quiet"][random.integers(3)],
        }


def write(path, rows):
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows({name: "" if cell is None else cell for name, cell in row.items()} for row in rows)


def spec_of(path, columns=COLUMNS, **data):
    given = {"type": "CSV", "path": str(path), "targets": "kind", "validation": 0.2, "test": 0.2, **data}
    return {
        "run": {"epochs": 2, "name": "birds"},
        "data": {**given, "columns": columns},
        "model": {"type": "Linear", "out_features": 3},
        "loss": {"type": "CrossEntropyLoss"},
        "optimizer": {"type": "Adam", "lr": 0.01},
        "metrics": [{"type": "Accuracy"}],
    }


def trained(path, out, **data):
    return hookline.train(hookline.load(spec_of(path, **data)), out=out)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "birds.csv"
    write(path, list(birds()))
    return path


@pytest.fixture(scope="module")
def run(table, tmp_path_factory):
    return trained(table, tmp_path_factory.mktemp("runs") / "run")


def kinds_of(directory):
    return json.loads((directory / "data.json").read_text())["preparation"]["input"]["kinds"]


def outputs(directory, source):
    """The outputs of the model for new rows."""
    return numpy.concatenate([numpy.asarray(block) for block in _outputs(directory, source)])


def _outputs(directory, source):
    import torch

    opened = hookline.open_run(directory)
    model = opened.model.eval()
    for block in opened.spec.data.open_rows(source, opened.data, opened.spec.objective):
        assert not block.problems, block.problems
        with torch.no_grad():
            yield model(*block.batch.inputs.values()).numpy()


def as_parquet(path, rows):
    table = pyarrow.Table.from_pylist(rows)
    days = pyarrow.array([date.fromisoformat(row["seen"]) for row in rows])
    table = table.set_column(table.column_names.index("seen"), "seen", days)
    island = table.column("island").combine_chunks().dictionary_encode()
    parquet.write_table(table.set_column(table.column_names.index("island"), "island", island), path)
    return path


def test_nothing_is_fitted_on_validation_and_test_rows(table, run, tmp_path):
    data = hookline.open_run(run.directory)
    rows = list(birds())
    changed = tmp_path / "birds.csv"
    random = numpy.random.default_rng(0).permutation(len(rows))  # As `by_fraction` draws them.
    for row in random[: len(rows) * 2 // 5]:
        rows[row] |= {
            "mass": 1e6,
            "island": "Atlantis",
            "sex": None,
            "seen": "2050-01-01",
            "price": "$1",
            "band": "000",
        }
    write(changed, rows)
    other = trained(changed, tmp_path / "run")
    assert data is not None
    assert {name: kind["fitted"] for name, kind in kinds_of(run.directory).items()} == {
        name: kind["fitted"] for name, kind in kinds_of(other.directory).items()
    }


def test_new_rows_of_every_format_become_the_same_inputs(run, table, tmp_path):
    rows = list(birds())
    expected = outputs(run.directory, table)
    lines = tmp_path / "rows.jsonl"
    lines.write_text("".join(json.dumps(row) + "\n" for row in rows))
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    for source in (as_parquet(tmp_path / "rows.parquet", rows), lines, rows, columns, pyarrow.Table.from_pylist(rows)):
        assert outputs(run.directory, source).tolist() == expected.tolist()


def test_new_rows_of_the_test_split_become_the_inputs_of_training(table, run, tmp_path):
    rows = list(birds())
    chosen = numpy.sort(numpy.random.default_rng(0).permutation(len(rows))[: len(rows) // 5])
    write(tmp_path / "test.csv", [rows[row] for row in chosen])
    moved = tmp_path / "moved"
    shutil.copytree(run.directory, moved)
    opened = hookline.open_run(moved)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hookline_data.csv.CSV.read", None)  # The data is gone.
        [block] = opened.spec.data.open_rows(tmp_path / "test.csv", opened.data, opened.spec.objective)
    assert block.batch.inputs["input"].tolist() == run.data.test.all.inputs["input"].tolist()
    kinds = numpy.array([row["kind"] for row in rows])[chosen]
    found = numpy.array(list("abc"))[outputs(moved, tmp_path / "test.csv").argmax(axis=1)]
    assert run.metrics["test/Accuracy"] == pytest.approx((found == kinds).mean(), abs=1e-7)


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ({"mass": "heavy"}, 'column "mass": "heavy" is not a number'),
        ({"sex": "x"}, '"x" does not occur in the training rows.'),
        ({"seen": "soon"}, '"soon" is not a date or time in ISO 8601'),
        ({"price": "12,3"}, '"12,3" is not a number with "," between thousands.'),
        ({"price": ""}, 'column "price": The cell is empty.'),
        ({"tame": "perhaps"}, '"perhaps" is not one of'),
        ({"band": "7"}, '"7" does not occur in the training rows.'),
    ],
)
def test_a_new_row_that_cannot_be_transformed_is_reported_alone(cell, problem, run, tmp_path):
    rows = list(birds(5))
    rows[2] |= cell
    write(tmp_path / "rows.csv", rows)
    opened = hookline.open_run(run.directory)
    [block] = opened.spec.data.open_rows(tmp_path / "rows.csv", opened.data, opened.spec.objective)
    [found] = block.problems
    assert (found.row, block.is_readable.tolist()) == (3, [True, True, False, True, True])
    assert problem in str(found)


def test_spaces_around_missing_cells_do_not_matter(tmp_path):
    cells = ["1", " 2", " ", "NA ", "", "4.5 "]
    path = tmp_path / "table.csv"
    path.write_text("x,kind\n" + "".join(f"{cell},{'abc'[row % 3]}\n" for row, cell in enumerate(cells)))
    spec = spec_of(path, {"x": {"type": "Number", "missing": -1.0}}, validation=0.0, test=0.0, shuffle=False)
    del spec["metrics"]
    trial = hookline.train(hookline.load(spec), out=tmp_path / "run")
    assert trial.data.training.all.inputs["input"].tolist() == [[1], [2], [-1], [-1], [-1], [4.5]]


def test_rows_with_missing_cells_are_dropped_before_the_split_and_counted(table, tmp_path):
    columns = {"mass": {"type": "Number", "missing": "drop"}, "sex": {"type": "OneHotEncoder", "missing": "drop"}}
    trial = trained(table, tmp_path / "run", columns=columns, inputs=["mass", "sex"])
    rows = list(birds())
    complete = [row for row in rows if row["mass"] is not None and row["sex"] is not None]
    counts = hookline.open_run(trial.directory).data.rows
    assert sum(counts.values()) == len(complete)
    missing = [sum(row[name] is None for row in rows) for name in ("mass", "sex")]
    assert (
        f"birds.csv: {60 - len(complete)} of 60 rows are dropped, with missing cells: "
        f'{missing[0]} in "mass", {missing[1]} in "sex".'
    ) in trial.notes


@pytest.mark.parametrize(
    ("columns", "end"),
    [
        ({}, 'Or let a kind fill it in: columns = { mass = { type = "Number", missing = "mean" } }.'),
        (
            {"mass": {"type": "MaxAbsScaler"}},
            'Or set `missing` of its kind, MaxAbsScaler, to "drop", "mean", "median" or "most_frequent", or a number.',
        ),
        (
            {"mass": {"type": "OneHotEncoder"}},
            'Or set `missing` of its kind, OneHotEncoder, to "drop", "most_frequent" or "category".',
        ),
    ],
)
@pytest.mark.parametrize("kind", ["CSV", "Parquet"])
def test_a_missing_cell_is_refused_with_the_options_that_allow_it(kind, columns, end, table, tmp_path):
    path = table if kind == "CSV" else as_parquet(tmp_path / "birds.parquet", list(birds()))
    with pytest.raises(DataError) as error:
        trained(path, tmp_path / "run", columns=columns, inputs="mass", type=kind)
    count = sum(row["mass"] is None for row in birds())
    listed = f"{count} cells of the column are missing: rows 5, 14, 23, 32, 41 and {count - 5} others."
    assert str(error.value) == f'{path}: row 5, column "mass": The cell is empty. {listed} {end}'


def test_a_category_that_only_other_rows_have_is_refused_with_its_row(table, tmp_path):
    rows = list(birds())
    chosen = int(numpy.random.default_rng(0).permutation(len(rows))[0])
    rows[chosen]["island"] = "Atlantis"
    write(tmp_path / "birds.csv", rows)
    with pytest.raises(DataError, match=f'row {chosen + 1}, column "island": "Atlantis" does not occur'):
        trained(
            tmp_path / "birds.csv", tmp_path / "run", inputs="island", columns={"island": {"type": "OneHotEncoder"}}
        )


def test_indices_become_a_group_of_int64_with_cardinalities(table, tmp_path, capsys):
    spec = spec_of(table, {"island": {"type": "OrdinalEncoder"}, "band": {"type": "OrdinalEncoder"}})
    spec["data"]["inputs"] = ["island", "band"]
    layers = [{"type": "Embedding", "num_embeddings": 4, "embedding_dim": 3}, {"type": "Flatten"}]
    spec["model"] = {"type": "Sequential", "layers": [*layers, {"type": "Linear", "out_features": 3}]}
    trial = hookline.train(hookline.load(spec), out=tmp_path / "run")
    description = hookline.open_run(trial.directory).data
    assert description.inputs["input"].dtype == "int64"
    assert description.preparation["input"]["cardinalities"] == [3, 4]


def test_tokens_become_sequences_with_lengths(table, tmp_path):
    spec = spec_of(table, {"notes": {"type": "Tokens"}})
    spec["data"]["inputs"] = "notes"
    layers = [{"type": "EmbeddingBag", "num_embeddings": 9, "embedding_dim": 3}, {"type": "Linear", "out_features": 3}]
    spec["model"] = {"type": "Sequential", "layers": layers}
    trial = hookline.train(hookline.load(spec), out=tmp_path / "run")
    opened = hookline.open_run(trial.directory)
    assert opened.data.inputs["input"].padded
    blocks = opened.spec.data.open_rows([{"notes": "A bird!"}, {"notes": "!!"}], opened.data, opened.spec.objective)
    [block] = blocks
    vocabulary = opened.data.preparation["input"]["kinds"]["notes"]["fitted"]["tokens"]
    assert block.batch.inputs["input"][:, :2].tolist() == [
        [vocabulary.index("a") + 2, vocabulary.index("bird") + 2],
        [1, 0],
    ]
    assert block.batch.lengths["input"].tolist() == [2, 1]


def test_the_plan_shows_what_becomes_of_each_column(table, tmp_path, capsys):
    path = tmp_path / "birds.toml"
    path.write_text(
        f"""
[data]
type = "CSV"
path = '{table}'
targets = "kind"
inputs = ["mass", "sex", "tame"]
[data.columns]
mass = {{ type = "Number", missing = 0.0, indicator = true }}
sex = {{ type = "OneHotEncoder", missing = "category" }}
tame = {{ type = "Boolean" }}
[model]
type = "Linear"
out_features = 3
[loss]
type = "CrossEntropyLoss"
[optimizer]
type = "SGD"
lr = 0.1
"""
    )
    assert main(["plan", str(path)]) == 0
    text = capsys.readouterr().out
    shown = text[text.index("Columns of the data") :].split("\n\n")[0].splitlines()
    missing = [sum(row[name] is None for row in birds()) for name in ("mass", "sex")]
    assert [" ".join(line.split()) for line in shown] == [
        "Columns of the data, with the number of inputs that each becomes",
        "column kind inputs training rows",
        f"mass Number 2 missing cells become 0; {missing[0]} missing",
        f"sex OneHotEncoder 3 2 categories: female, male; {missing[1]} missing",
        "tame Boolean 1",
    ]
