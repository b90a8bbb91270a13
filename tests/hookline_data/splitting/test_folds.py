import numpy
import pytest
from sklearn.model_selection import KFold, StratifiedKFold

from hookline.errors import DataError
from hookline_data.splitting.folds import fold_of_rows


@pytest.mark.parametrize(("rows", "folds"), [(20, 4), (47, 5), (5, 5)])
def test_folds_have_the_sizes_of_those_of_scikit_learn(rows, folds):
    sizes = [len(test) for _, test in KFold(folds).split(numpy.arange(rows))]
    fold = fold_of_rows(rows, folds, 0, None)
    assert numpy.bincount(fold).tolist() == sizes
    order = numpy.random.default_rng(0).permutation(rows)
    assert fold[order].tolist() == [place % folds for place in range(rows)]


@pytest.mark.parametrize("counts", [(10, 20, 70), (6, 7, 8), (5, 41, 52)])
def test_stratified_folds_have_as_many_rows_of_each_class_as_those_of_scikit_learn(counts):
    classes = numpy.random.default_rng(1).permutation(numpy.repeat(["u", "v", "w"], counts))
    fold = fold_of_rows(len(classes), 5, 3, classes)
    for index, (_, test) in enumerate(StratifiedKFold(5).split(classes, classes)):
        found = dict(zip(*numpy.unique(classes[fold == index], return_counts=True), strict=True))
        assert found == dict(zip(*numpy.unique(classes[test], return_counts=True), strict=True))


def test_the_seed_decides_which_rows_are_in_which_fold():
    one, same, other = (fold_of_rows(50, 5, seed, None).tolist() for seed in (0, 0, 1))
    assert one == same
    assert one != other


def test_too_few_rows_for_the_folds_are_an_error():
    with pytest.raises(DataError, match="There are 5 folds, but only 3 rows"):
        fold_of_rows(3, 5, 0, None)
    with pytest.raises(DataError, match="There are 5 folds, but no class has more than 2 rows"):
        fold_of_rows(6, 5, 0, numpy.array([0, 0, 1, 1, 2, 2]))
