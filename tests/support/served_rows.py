"""Rows of the data of shipped specs, as JSON and as a source for `FinishedRun.predict`."""

import base64
import csv
import json

import numpy
import pandas
import pyarrow.parquet

from hookline.serving.http.failures import refused
from hookline.serving.http.json_body import given_rows
from hookline.serving.predictor import Predictor

ROWS = 9


def served(predictor, rows, joined_rows=64):
    """The answer to a request with these rows, read from JSON. Those of the fast way must be the same."""
    given = given_rows(json.dumps(rows).encode(), 1000)
    try:
        fast = predictor.few(given.rows)
        lines = predictor.predicted(predictor.prepared(given.rows), joined_rows)
        assert fast is None or predictor.predicted(fast, joined_rows) == lines
    except Exception as error:
        raise refused(error) from error
    return [json.loads(line) for block in lines for line in block]


def some_rows(spec, run, place):
    """Some rows of the data of a spec, as JSON and as a source for `predict`."""
    source = spec.data
    while hasattr(source, "source") and not hasattr(source, "image_column"):
        source = source.source
    names = [field.name for field in Predictor(run).fields]
    kind, path = type(source).__name__, getattr(source, "path", None)
    if path is not None and path.name == "diabetes_export.csv":
        table = pyarrow.Table.from_pandas(pandas.read_csv(path, sep=";", decimal=",", skiprows=1, encoding="latin-1"))
        return table.slice(0, ROWS).to_pylist(), table.slice(0, ROWS)
    if kind == "CSV":
        with path.open(newline="") as file:
            dialect = csv.Sniffer().sniff(file.readline(), ",;\t")
            file.seek(0)
            few = file.readlines()[: ROWS + 1]
        (place / "few.csv").write_text("".join(few))
        rows = list(csv.DictReader(few, dialect=dialect))
        if all("." in name for name in names):  # Pairs that the model takes together.
            groups = dict.fromkeys(name.partition(".")[0] for name in names)
            columns = {name.partition(".")[2] for name in names}
            pairs = [{f"{group}.{name}": row[name] for group in groups for name in columns} for row in rows]
            return pairs, dict.fromkeys(groups, place / "few.csv")
        return [{name: row[name] or None for name in names} for row in rows], place / "few.csv"
    if kind == "Parquet":
        table = pyarrow.parquet.read_table(path).slice(0, ROWS)
        return table.to_pylist(), table
    if kind == "NPZ":
        with numpy.load(path) as file:
            arrays = {name: file[name][:ROWS] for name in file.files}
        return [{name: array[row].tolist() for name, array in arrays.items()} for row in range(ROWS)], arrays
    if kind == "ImageFolder":
        paths = sorted(path.rglob("*.png"))[:ROWS]
        return [{"image": base64.b64encode(one.read_bytes()).decode()} for one in paths], paths
    generator = numpy.random.default_rng(0)
    arrays = {name: generator.standard_normal((ROWS, *run.data.inputs[name].shape)).astype("float32") for name in names}
    return [{name: array[row].tolist() for name, array in arrays.items()} for row in range(ROWS)], arrays
