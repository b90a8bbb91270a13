"""Targets that are sequences of classes: characters of text, or rows of indices."""

import numpy
import pytest

from hookline.data import Sequences
from hookline.errors import DataError


def learnt(cells, blank=0):
    return Sequences(blank).learn({"word": numpy.array(cells)}, "CTCLoss")


def applied(cells, known, blank=0, split="training"):
    return Sequences(blank).apply({"word": numpy.array(cells)}, known, "CTCLoss", split).tolist()


@pytest.mark.parametrize(
    ("blank", "classes", "indices"),
    [
        (0, ("", "a", "b", "n"), [[2, 1, 3], [1, -1, -1]]),
        (2, ("a", "b", "", "n"), [[1, 0, 3], [0, -1, -1]]),
        (3, ("a", "b", "n", ""), [[1, 0, 2], [0, -1, -1]]),
    ],
)
def test_characters_are_sorted_and_skip_the_blank(blank, classes, indices):
    known = learnt(["ban", "a"], blank)
    assert known.classes == classes
    assert applied(["ban", "a"], known, blank) == indices


@pytest.mark.parametrize(
    ("blank", "classes", "cells"),
    [(0, ("", 1, 2), [[2, 1], [1, -1]]), (1, (0, "", 2), [[2, 0], [0, -1]]), (2, (0, 1, ""), [[1, 0], [0, -1]])],
)
def test_indices_stay_unchanged(blank, classes, cells):
    known = learnt(cells, blank)
    assert known.classes == classes
    assert applied(cells, known, blank) == cells


@pytest.mark.parametrize("split", ["training", "validation", "test"])
@pytest.mark.parametrize("blank", [0, 1, 2])
def test_the_index_of_the_blank_is_refused_in_every_split(split, blank):
    known = learnt([[index for index in range(3) if index != blank]], blank)
    with pytest.raises(DataError) as error:
        applied([[blank, -1]], known, blank, split)
    assert str(error.value) == f'The target "word" has {blank} in the {split} split, which is the index of the blank.'


@pytest.mark.parametrize(
    ("cells", "others", "message"),
    [
        (
            ["ab", "ba"],
            ["ac"],
            '"c" of "word" occurs in the validation split but not in the training split.',
        ),
        (
            [[1, 2]],
            [[1, 3]],
            'The class 3 of "word" occurs in the validation split but not in the training split.',
        ),
    ],
)
def test_a_class_that_is_missing_in_training_is_refused(cells, others, message):
    with pytest.raises(DataError) as error:
        applied(others, learnt(cells), split="validation")
    assert str(error.value) == message


def test_a_blank_beyond_the_classes_is_refused():
    with pytest.raises(DataError) as error:
        learnt(["ab"], blank=3)
    assert str(error.value) == "The blank has the index 3, but CTCLoss has only 2 other classes."


def test_several_columns_are_refused():
    with pytest.raises(DataError) as error:
        Sequences().learn({"word": numpy.array(["a"]), "line": numpy.array(["b"])}, "CTCLoss")
    assert str(error.value) == ('CTCLoss needs one target column with sequences, but "word" and "line" are given.')


def test_an_empty_text_has_no_classes_wherever_it_is():
    known = learnt(["ab"])
    encoded = Sequences().apply({"word": numpy.array(["", "ab"])}, known, "CTCLoss", "validation")
    assert (str(encoded.dtype), encoded.tolist()) == ("torch.int64", [[-1, -1], [1, 2]])


@pytest.mark.parametrize(("wrong", "shown"), [(1.5, "1.5"), (float("nan"), "nan"), (float("inf"), "inf"), (-2, "-2")])
def test_numbers_that_are_not_indices_are_refused(wrong, shown):
    known = learnt([[1, 2]])
    message = f'The target "word" has {shown} in the {{}} split, which is not the index of a class.'
    with pytest.raises(DataError) as error:
        learnt([[1, 2], [wrong, 1]])
    assert str(error.value) == message.format("training")
    with pytest.raises(DataError) as error:
        applied([[1, 2], [wrong, 1]], known, split="test")
    assert str(error.value) == message.format("test")


def test_padding_alone_is_refused():
    with pytest.raises(DataError, match=r'^The target column "word" has no class in the training rows'):
        learnt([[-1, -1]])
