"""`hookline new spec` for tables with lists: vectors, images, sequences, indices, and lists as targets."""

import json

import numpy
import polars
import pyarrow
import pytest
from pyarrow import feather, parquet

RANDOM = numpy.random.default_rng(1)
ROWS = 40
CLASS = RANDOM.integers(0, 3, ROWS)
IMAGES = RANDOM.normal(size=(ROWS, 8, 8)).astype("float32")
LENGTHS = RANDOM.integers(2, 9, ROWS)
SEQUENCES = [RANDOM.normal(size=(length, 3)).tolist() for length in LENGTHS]
TOKENS = [RANDOM.integers(0, 20, length).tolist() for length in LENGTHS]
CASES = {
    "vectors": ({"x": IMAGES[:, 0].tolist(), "y": CLASS}, ["Linear", "ReLU", "Linear"]),
    "images": (
        {"x": IMAGES.tolist(), "y": CLASS},
        [*(["Conv2d", "BatchNorm2d", "ReLU"] * 2), "MaxPool2d", "Flatten", "Linear"],
    ),
    "sequences": ({"x": SEQUENCES, "y": CLASS}, ["GRU", "Linear"]),
    "series": ({"x": [[row[0] for row in one] for one in SEQUENCES], "y": CLASS}, ["Unflatten", "GRU", "Linear"]),
    "indices": ({"x": TOKENS, "y": CLASS}, ["EmbeddingBag", "ReLU", "Linear"]),
    "a number": ({"x": IMAGES.tolist(), "y": IMAGES.sum((1, 2))}, None),
    "a class per step": (
        {"x": IMAGES[:, :5].tolist(), "y": RANDOM.integers(0, 3, (ROWS, 5)).tolist()},
        ["GRU", "Linear", "Transpose"],
    ),
    "a class per pixel": ({"x": IMAGES.tolist(), "y": (IMAGES > 0).astype(int).tolist()}, None),
    "labels": ({"x": IMAGES[:, 0].tolist(), "y": (IMAGES[:, 1, :3] > 0).astype(int).tolist()}, None),
    "several inputs": (
        {"x": IMAGES.tolist(), "words": TOKENS, "age": IMAGES[:, 0, 0], "city": ["Rome", "Oslo"] * 20, "y": CLASS},
        ["Branches", "Linear", "ReLU", "Linear"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_model_suits_the_lists_and_trains(here, drafted, case):
    columns, expected = CASES[case]
    parquet.write_table(pyarrow.table(columns), here / "table.parquet")
    spec, _ = drafted("table.parquet", "--target", "y")
    if expected is not None:
        assert [type(layer).__name__ for layer in spec.model.layers] == expected


def test_other_formats_with_lists_are_read(here, drafted):
    columns = {"words": TOKENS, "age": IMAGES[:, 0, 0].tolist(), "y": CLASS.tolist()}
    feather.write_feather(pyarrow.table(columns), here / "table.feather")
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    (here / "table.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    polars.DataFrame(columns).write_ipc(here / "table.ipc")
    specs = []
    for name in ("table.feather", "table.jsonl", "table.ipc"):
        spec, out = drafted(name, "--target", "y", trains=False)
        assert out.startswith('Created spec.toml. It predicts the class "y" (3 classes) from "words" and "age".\n')
        specs.append((spec.model, spec.data.inputs, spec.data.dtype))
        (here / "spec.toml").unlink()
    assert specs[0] == specs[1] == specs[2]


def test_lists_that_no_model_takes_are_left_out_with_the_reason(here, drafted):
    columns = {
        "x": IMAGES[:, 0, 0],
        "texts": [["a", "b"]] * ROWS,
        "gaps": [None, *TOKENS[1:]],
        "holes": [[1, None], *TOKENS[1:]],
        "short": [[], *TOKENS[1:]],
        "uneven": [[[1, 2], [3]], *([[[1, 2]]] * (ROWS - 1))],
        "same": [[1.0, 1.0]] * ROWS,
        "y": CLASS,
    }
    parquet.write_table(pyarrow.table(columns), here / "table.parquet")
    _, out = drafted("table.parquet", "--target", "y")
    assert out.splitlines()[1:-2] == [
        '  "texts" is not an input: its lists have elements of the type string, which are not numbers',
        '  "gaps" is not an input: numbers are missing in 1 row',
        '  "holes" is not an input: some elements of its lists are missing',
        '  "short" is not an input: some of its lists are empty',
        '  "uneven" is not an input: its inner lists have different sizes',
        '  "same" is not an input: its numbers are all 1',
        '  "y" has 3 different integers, which are taken as classes. For a quantity, pass --task number.',
    ]
