from collections import Counter
from itertools import product

from hookline.spec import Choices, Range, Space
from hookline_tune.simple_searches import GridSearch, RandomSearch

SPACE = Space(
    {
        "a": Choices(
            choices=({"type": "X", "n": Range(low=1, high=2), "m": Choices(choices=("p", "q"))}, {"type": "Y"})
        ),
        "b": Range(low=0.0, high=1.0, step=0.5),
    }
)


def test_a_grid_has_each_combination_once_and_then_ends():
    search = GridSearch(space=SPACE).build(0, [False])
    found = [search.suggest(number, ()).values for number in range(1, 16)]
    inner = [{"a": "X", "a.X.n": n, "a.X.m": m} for n, m in product((1, 2), ("p", "q"))]
    assert found == [{**one, "b": b} for one, b in product([*inner, {"a": "Y"}], (0.0, 0.5, 1.0))]
    assert search.suggest(16, ()) is None
    assert (GridSearch(space=SPACE).total, GridSearch(space=SPACE, trials=4).total) == (15, 4)


def test_random_values_are_spread_over_their_domains():
    space = Space({"n": Range(low=1, high=4), "x": Range(low=1e-4, high=1.0, log=True), "c": Choices(choices=(1, 2))})
    search = RandomSearch(space=space, trials=2000).build(3, [False])
    values = [search.suggest(number, ()).values for number in range(1, 2001)]
    assert set(Counter(one["n"] for one in values)) == {1, 2, 3, 4}
    assert min(Counter(one["n"] for one in values).values()) > 400
    assert abs(sum(one["x"] < 0.01 for one in values) - 1000) < 100
    assert abs(sum(one["c"] == 1 for one in values) - 1000) < 100
    assert values[7] == RandomSearch(space=space, trials=9).build(3, [False]).suggest(8, ()).values
    assert values[7] != RandomSearch(space=space, trials=9).build(4, [False]).suggest(8, ()).values
