import numpy
import pytest
from sklearn.model_selection import GroupKFold

from hookline.errors import DataError
from hookline_data.splitting.groups import by_group, fold_of_groups

GENERATOR = numpy.random.default_rng(0)


def random_groups(rows=600, groups=60):
    """Groups of very different sizes, in random order."""
    return numpy.floor(groups * GENERATOR.random(rows) ** 3).astype(int)


@pytest.mark.parametrize("stratified", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_every_row_is_in_one_split_and_no_group_in_two(seed, stratified):
    groups = numpy.array([f"patient {group}" for group in random_groups()])
    classes = GENERATOR.integers(0, 3, len(groups)) if stratified else None
    splits = by_group(groups, 0.2, 0.1, seed, classes)
    assert sorted(numpy.concatenate(list(splits.values())).tolist()) == list(range(600))
    of_groups = [set(groups[rows]) for rows in splits.values()]
    assert all(not one & other for one in of_groups for other in of_groups if one is not other)
    assert list(splits) == ["training", "validation", "test"]


@pytest.mark.parametrize("seed", range(5))
def test_splits_by_group_have_nearly_the_wanted_number_of_rows(seed):
    groups = numpy.repeat(numpy.arange(200), 5)
    splits = by_group(groups, 0.2, 0.1, seed, None)
    assert {name: len(rows) for name, rows in splits.items()} == {"training": 700, "validation": 200, "test": 100}


def test_the_seed_decides_which_groups_are_in_which_split():
    groups = random_groups()
    one, same, other = (by_group(groups, 0.2, 0.2, seed, None)["test"].tolist() for seed in (0, 0, 1))
    assert one == same
    assert one != other


@pytest.mark.parametrize("seed", range(3))
def test_stratified_groups_have_nearly_the_same_share_of_each_class(seed):
    groups = numpy.repeat(numpy.arange(300), 4)
    classes = numpy.repeat(numpy.arange(300) % 10 < 2, 4)  # A fifth of the groups; all rows of a group have one class.
    splits = by_group(groups, 0.25, 0.25, seed, classes)
    assert [len(rows) for rows in splits.values()] == [600, 300, 300]
    assert [int(classes[rows].sum()) for rows in splits.values()] == [120, 60, 60]


@pytest.mark.parametrize("sizes", [[100, 1, 1], [1, 1, 100], [40, 40, 40]])
def test_few_groups_of_any_size_leave_no_split_empty(sizes):
    groups = numpy.repeat(numpy.arange(3), sizes)
    for classes in (None, numpy.zeros(len(groups), int)):
        splits = by_group(groups, 0.1, 0.1, 0, classes)
        assert sorted(len(numpy.unique(groups[rows])) for rows in splits.values()) == [1, 1, 1]


def test_fewer_groups_than_splits_are_an_error():
    with pytest.raises(DataError, match="There are 3 splits, but only 2 groups: no group can be in two splits"):
        by_group(numpy.array([1, 1, 2]), 0.2, 0.2, 0, None)
    with pytest.raises(DataError, match="There are 3 folds, but only 2 groups"):
        fold_of_groups(numpy.array([1, 1, 2]), 3, 0, None)


@pytest.mark.parametrize("seed", range(3))
def test_folds_of_groups_have_the_sizes_of_those_of_scikit_learn(seed):
    groups = random_groups()
    folds = fold_of_groups(groups, 5, seed, None)
    expected = [len(test) for _, test in GroupKFold(5).split(groups, groups=groups)]
    assert numpy.bincount(folds).tolist() == expected
    assert all(len(set(folds[groups == group])) == 1 for group in set(groups))


def test_stratified_folds_of_groups_share_every_class():
    groups = numpy.repeat(numpy.arange(100), 3)
    classes = numpy.repeat(numpy.arange(100) % 4, 3)
    folds = fold_of_groups(groups, 5, 0, classes)
    assert [numpy.bincount(classes[folds == fold]).tolist() for fold in range(5)] == [[15] * 4] * 5
