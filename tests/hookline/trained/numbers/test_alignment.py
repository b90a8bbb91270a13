import numpy
import pytest

from hookline.trained.numbers import alignment as module
from hookline.trained.numbers.alignment import aligned


def distance(one, other):
    """The Levenshtein distance of two lists, by its definition."""
    line = list(range(len(other) + 1))
    for row, symbol in enumerate(one, 1):
        before, line = line, [row]
        for column, other_symbol in enumerate(other, 1):
            line.append(min(before[column - 1] + (symbol != other_symbol), before[column] + 1, line[-1] + 1))
    return line[-1]


@pytest.mark.parametrize("cells", [2**24, 500], ids=["at once", "in blocks"])
def test_errors_are_the_levenshtein_distances_and_every_symbol_is_counted_once(cells, monkeypatch):
    monkeypatch.setattr(module, "CELLS", cells)
    draw = numpy.random.default_rng(0)
    truth, predicted = numpy.full((300, 7), -1), numpy.full((300, 9), -1)
    for rows in (truth, predicted):
        for row in rows:
            length = draw.integers(len(row) + 1)
            row[:length] = draw.integers(3, size=length)
    found = aligned(truth, predicted)
    pairs = [[row[row >= 0].tolist() for row in rows] for rows in (truth, predicted)]
    assert found.errors.tolist() == [distance(*pair) for pair in zip(*pairs, strict=True)]
    assert (found.substituted + found.missing + found.extra == found.errors).all()
    counts = found.confusion(3).by_class()
    for symbol in range(3):
        assert counts.rows[symbol] == (truth == symbol).sum()
        assert counts.predicted[symbol] == (predicted == symbol).sum()
    assert (counts.rows[3], counts.predicted[3]) == (found.extra.sum(), found.missing.sum())


def test_sequences_may_be_empty():
    assert aligned(numpy.zeros((0, 4)), numpy.zeros((0, 2))).errors.tolist() == []
    assert aligned(numpy.full((2, 0), -1), numpy.array([[-1, -1], [3, -1]])).extra.tolist() == [0, 1]
