import numpy
import pytest

from hookline.data import UniformSample


def sample(parts, most, seed=0):
    made = UniformSample(most, take=lambda rows, places: rows[places], join=numpy.concatenate, seed=seed)
    for part in parts:
        made.add(part, len(part))
    return made.rows().tolist()


@pytest.mark.parametrize("rows", [1, 99, 100])
def test_few_rows_are_all_kept_in_their_order(rows):
    assert sample([numpy.arange(rows)], 100) == list(range(rows))


def test_the_sample_depends_on_the_seed_and_not_on_the_parts():
    whole = sample([numpy.arange(5000)], 100)
    assert len(whole) == 100
    assert whole == sorted(set(whole))
    assert sample(numpy.array_split(numpy.arange(5000), 77), 100) == whole
    assert sample([numpy.arange(5000)], 100, seed=1) != whole


def test_it_has_the_rows_with_the_smallest_random_numbers():
    smallest = numpy.sort(numpy.random.default_rng(3).random(1000).argsort()[:40])
    assert sample(numpy.array_split(numpy.arange(1000), 9), 40, seed=3) == smallest.tolist()
