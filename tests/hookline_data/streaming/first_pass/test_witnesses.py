"""Rows of which everything can be learned."""

import numpy
import pytest

from hookline.data import Classes, Labels, Numbers, Probabilities, Sequences
from hookline.errors import DataError
from hookline_data.streaming.first_pass import witnesses as module
from hookline_data.streaming.first_pass.witnesses import Witnesses, joined

RANDOM = numpy.random.default_rng(0)
STEPS = numpy.where(numpy.arange(9) < RANDOM.integers(1, 9, 500)[:, None], RANDOM.integers(0, 30, (500, 9)), -1)
LETTERS = numpy.array(list("abcdefghijklmnop"))


@pytest.mark.parametrize(
    ("encoding", "columns"),
    [
        (Classes(), {"y": numpy.array([f"class {row}" for row in RANDOM.integers(0, 40, 500)])}),
        (Classes(), {"y": RANDOM.integers(-9, 40, 500)}),
        (Classes(), {"y": RANDOM.integers(0, 9, 500).astype(float)}),
        (Classes(), {"y": STEPS}),
        (Labels(), {name: RANDOM.integers(0, 2, 500) for name in "uvw"}),
        (Probabilities(), {name: RANDOM.random(500) for name in "uv"}),
        (Numbers(), {name: RANDOM.random(500) for name in "uv"}),
        (Sequences(), {"y": numpy.array(["".join(RANDOM.choice(LETTERS, 3)) for _ in range(500)])}),
        (Sequences(), {"y": STEPS + (STEPS >= 0)}),
    ],
)
def test_encodings_learn_the_same_of_few_rows(encoding, columns):
    made = Witnesses(encoding.kind)
    for begin in range(0, 500, 70):
        part = {name: cells[begin : begin + 70] for name, cells in columns.items()}
        made.add(part, numpy.arange(500)[begin : begin + 70])
    assert encoding.learn(made.columns, "the loss") == encoding.learn(columns, "the loss")
    if encoding.kind != "labels":
        assert len(made.numbers) < 250
    for name, cells in columns.items():
        assert (made.columns[name] == cells[made.numbers]).all()
        if cells.dtype.kind == "f":
            assert (made.columns[name].min(), made.columns[name].max()) == (cells.min(), cells.max())


def test_numbers_with_fractions_are_not_all_kept(monkeypatch):
    monkeypatch.setattr(module, "MOST_FRACTIONS", 10)
    made, cells = Witnesses("labels"), RANDOM.random(500)
    for begin in range(0, 500, 50):
        made.add({"y": cells[begin : begin + 50]}, numpy.arange(50))
    assert len(made.numbers) < 70
    assert (made.columns["y"].min(), made.columns["y"].max()) == (cells.min(), cells.max())


def test_the_number_of_classes_is_limited(monkeypatch):
    monkeypatch.setattr(module, "MOST_DIFFERENT", 10)
    with pytest.raises(DataError, match='The target column "y" has more than 10 different values'):
        Witnesses("classes").add({"y": numpy.arange(11)}, numpy.arange(11))


def test_shorter_sequences_are_padded():
    parts = [numpy.array([[1, 2]]), numpy.array([[3]]), numpy.array([[4, 5, 6]])]
    assert joined(parts).tolist() == [[1, 2, -1], [3, -1, -1], [4, 5, 6]]
