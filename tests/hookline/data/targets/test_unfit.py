"""An encoding says at once which rows it cannot encode: those that it cannot encode alone either."""

import numpy
import pytest

from hookline.data import NEW_ROWS, Classes, Distribution, Labels, Numbers, Probabilities, Sequences, Signs
from hookline.errors import DataError, UnfitTargetsError

TWO = {"a": [0, 1, 1], "b": [1, 0, 1]}
LETTERS = {"y": numpy.array([[1, 2], [2, -1], [1, 1]])}

CASES = {
    "numbers": (
        Numbers(minimum=0),
        {"a": [1.5, 2.0], "b": [1.0, 2.0]},
        {"a": [1.0, -1.0, 2.0, -2.0], "b": [1.0, -3.0, -4.0, 1.0]},
        {
            "a": {1: "It is -1, but L needs numbers of at least 0."},
            "b": {2: "It is -4, but L needs numbers of at least 0."},
        },
    ),
    "images": (
        Numbers(minimum=0),
        {"a": numpy.ones((2, 2, 2))},
        {"a": numpy.array([[[1, 2], [3, -4]], [[1, 1], [1, 1]], [[-5, 1], [1, -6]]])},
        {"a": {0: "It is -4, but L needs numbers of at least 0.", 2: "It is -5, but L needs numbers of at least 0."}},
    ),
    "names": (
        Classes(),
        {"y": ["b", "a"]},
        {"y": ["a", "c", "b", "d"]},
        {"y": {1: 'The class "c" does not occur in the training split.'}},
    ),
    "integers": (
        Classes(),
        {"y": [3, 1]},
        {"y": [1.0, 2.0, 3.0, -1.0]},
        {"y": {1: 'The class "2" does not occur in the training split.'}},
    ),
    "names for integers": (Classes(), {"y": [3, 1]}, {"y": ["1", "3"]}, {}),
    "fractions": (
        Classes(),
        {"y": [3, 1]},
        {"y": [1.0, 1.5, numpy.inf, 3.0]},
        {"y": {1: "It is 1.5, but classes must be text or integers."}},
    ),
    "steps": (
        Classes(),
        {"y": numpy.array([[0, 1], [1, 2]])},
        {"y": numpy.array([[0, 2], [5, 1], [1, 7]])},
        {"y": {2: 'The class "7" does not occur in the training split.'}},
    ),
    "probabilities of classes": (
        Distribution(),
        {"a": [0.5, 1.0], "b": [0.5, 0.0]},
        {"a": [0.5, 1.5, 0.25], "b": [0.5, -0.5, 0.75]},
        {"a": {1: "It is 1.5, but L needs probabilities from 0 to 1."}, "b": {}},
    ),
    "sums": (
        Distribution(),
        {"a": [0.5, 1.0], "b": [0.5, 0.0]},
        {"a": [0.5, 0.5, 0.25], "b": [0.5, 0.25, 0.75]},
        {
            None: {
                1: 'The probabilities of each row must add up to 1 for L, but those of this row, "a" and "b", add up to 0.75.'
            }
        },
    ),
    "labels": (
        Labels(),
        TWO,
        {"a": [0, 2, 1], "b": [1, 0, 5]},
        {"a": {1: "It is 2, but L needs 0 or 1."}, "b": {2: "It is 5, but L needs 0 or 1."}},
    ),
    "shares": (
        Probabilities(),
        {"a": [0.0, 0.5]},
        {"a": [0.5, 1.5, -0.5]},
        {"a": {2: "It is -0.5, but L needs numbers from 0 to 1."}},
    ),
    "signs of names": (
        Signs(),
        {"y": ["no", "yes"]},
        {"y": ["no", "maybe"]},
        {"y": {1: 'The class "maybe" does not occur in the training split.'}},
    ),
    "letters": (
        Sequences(),
        {"y": ["ab", "ba"]},
        {"y": ["ab", "acx", "", "z"]},
        {"y": {1: '"c" does not occur in the training split.', 3: '"z" does not occur in the training split.'}},
    ),
    "indices": (
        Sequences(),
        LETTERS,
        {"y": numpy.array([[1, 2], [0, 1], [2, 3]])},
        {"y": {1: "0 is the index of the blank.", 2: "The class 3 does not occur in the training split."}},
    ),
}


def arrays(columns):
    return {name: numpy.asarray(cells) for name, cells in columns.items()}


@pytest.mark.parametrize("name", CASES)
def test_the_rows_that_cannot_be_encoded_are_those_that_cannot_be_encoded_alone(name):
    encoding, training, new, messages = CASES[name]
    known, new = encoding.learn(arrays(training), "L"), arrays(new)
    with pytest.raises(UnfitTargetsError) as caught:
        encoding.apply(new, known, "L", NEW_ROWS)
    found = caught.value.unfit
    for column, listed in messages.items():
        assert {row: found[column].explain(row) for row in listed} == listed
    alone = set()
    for row in range(len(next(iter(new.values())))):
        try:
            encoding.apply({name: cells[row : row + 1] for name, cells in new.items()}, known, "L", NEW_ROWS)
        except DataError:
            alone.add(row)
    assert {row for unfit in found.values() for row in unfit.is_unfit.nonzero()[0].tolist()} == alone


@pytest.mark.parametrize("name", CASES)
def test_the_other_rows_are_encoded(name):
    encoding, training, new, _ = CASES[name]
    known, new = encoding.learn(arrays(training), "L"), arrays(new)
    with pytest.raises(UnfitTargetsError) as caught:
        encoding.apply(new, known, "L", NEW_ROWS)
    is_fit = ~numpy.logical_or.reduce([unfit.is_unfit for unfit in caught.value.unfit.values()])
    if is_fit.any():
        rest = {name: cells[is_fit] for name, cells in new.items()}
        assert len(encoding.apply(rest, known, "L", NEW_ROWS)) == is_fit.sum()
