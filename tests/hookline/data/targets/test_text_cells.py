"""Text cells as indices, encoded as arrays of text are."""

from types import SimpleNamespace

import numpy
import pytest

from hookline.data import Classes, ClassesOrDistribution, Encoding, Probabilities, Sequences, Signs, Target, TextCells
from hookline.data.memory import encode
from hookline.errors import DataError

VALUES = numpy.array(["b", "a", "unused", "c", "a"])
INDICES = numpy.array([3, 0, 1, 1, 4, 0], dtype=numpy.int8)
CELLS = TextCells(VALUES, INDICES)
TEXT = numpy.array(["c", "b", "a", "a", "a", "b"])


def test_they_behave_as_an_array_of_text():
    assert (len(CELLS), CELLS.shape, CELLS.ndim, CELLS.dtype) == (6, TEXT.shape, TEXT.ndim, VALUES.dtype)
    assert numpy.asarray(CELLS).tolist() == CELLS.tolist() == TEXT.tolist()
    assert CELLS[0] == "c"
    for key in (slice(1, 4), TEXT == "a", numpy.array([5, 0])):
        assert CELLS[key].tolist() == TEXT[key].tolist()
    different, codes = CELLS.codes()
    assert (different.tolist(), codes.tolist()) == (["a", "b", "c"], [2, 1, 0, 0, 0, 1])


@pytest.mark.parametrize("encoding", [Classes(), Classes(("c", "a", "b", "d")), ClassesOrDistribution(), Sequences()])
def test_classes_equal_those_of_an_array(encoding):
    known = [encoding.learn({"y": cells}, "Loss") for cells in (CELLS, TEXT)]
    assert known[0] == known[1]
    first, second = (encoding.apply({"y": cells}, known[0], "Loss", "training") for cells in (CELLS[1:], TEXT[1:]))
    assert first.tolist() == second.tolist()


@pytest.mark.parametrize("encoding", [Signs(), Probabilities()])
def test_two_classes_equal_those_of_an_array(encoding):
    known = encoding.learn({"y": CELLS[1:]}, "Loss")
    assert known == encoding.learn({"y": TEXT[1:]}, "Loss") == Target(columns=("y",), classes=("a", "b"))
    first, second = (encoding.apply({"y": cells}, known, "Loss", "test") for cells in (CELLS[1:], TEXT[1:]))
    assert first.tolist() == second.tolist()


def test_a_class_that_does_not_occur_in_the_training_split_is_an_error_only_if_it_is_used():
    known = Classes().learn({"y": CELLS[1:]}, "Loss")
    Classes().apply({"y": CELLS[1:]}, known, "Loss", "validation")
    with pytest.raises(DataError, match='The class "c" of "y" occurs in the validation split'):
        Classes().apply({"y": CELLS}, known, "Loss", "validation")


def test_an_encoding_that_does_not_know_them_gets_an_array():
    class Lengths(Encoding):
        def learn(self, columns, loss):
            assert isinstance(columns["y"], numpy.ndarray)
            return Target(columns=tuple(columns))

        def apply(self, columns, known, loss, split):
            import torch

            return torch.from_numpy(numpy.strings.str_len(columns["y"]))

    loss = SimpleNamespace(encodings=lambda targets: {"target": Lengths()}, name_for=lambda target: "Loss")
    encoded, _ = encode({"training": {"target": {"y": CELLS}}}, loss, {"training": "x.csv"})
    assert encoded["training"]["target"].tolist() == [1] * 6
