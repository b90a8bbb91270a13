import numpy
import pytest

from hookline.data import Summary


@pytest.mark.parametrize("parts", [[1, 999], [500, 500], [10, 1, 989], [100] * 10])
def test_merged_statistics_are_those_of_all_numbers(parts):
    numbers = numpy.random.default_rng(0).normal([[0.0], [1e6], [1e-3]], [[1.0], [5.0], [1e-5]], (3, 1000))
    pieces = numpy.split(numbers, numpy.cumsum(parts)[:-1], axis=1)
    merged = Summary.of(pieces[0])
    for piece in pieces[1:]:
        merged = merged.merged(Summary.of(piece))
    assert merged.rows == 1000
    assert (merged.minimum == numbers.min(axis=1)).all()
    assert (merged.maximum == numbers.max(axis=1)).all()
    numpy.testing.assert_allclose(merged.mean, numbers.mean(axis=1), rtol=1e-13)
    numpy.testing.assert_allclose(merged.std, numbers.std(axis=1), rtol=1e-9)


def test_equal_numbers_can_be_added():
    numbers = numpy.array([1.0, 2.0, 5.0, 5.0, 5.0, 5.0])
    merged = Summary.of(numbers[:2]).merged(Summary.of_equal(5.0, 4))
    assert (merged.mean, merged.std) == pytest.approx((numbers.mean(), numbers.std()))
