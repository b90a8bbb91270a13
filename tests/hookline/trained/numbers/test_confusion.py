import numpy
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from hookline.trained.numbers.confusion import by_label, confusion, worst

RNG = numpy.random.default_rng(3)
TRUTH, PREDICTED = RNG.integers(0, 7, 500), RNG.integers(1, 9, 500)  # 0 is never predicted, 7 and 8 have no rows.


def test_the_counts_are_those_of_scikit_learn():
    assert (confusion(TRUTH, PREDICTED, 10).matrix() == confusion_matrix(TRUTH, PREDICTED, labels=range(10))).all()


def test_the_sum_of_two_parts_counts_the_rows_of_both():
    whole = confusion(TRUTH, PREDICTED, 10)
    parts = confusion(TRUTH[:123], PREDICTED[:123], 10) + confusion(TRUTH[123:], PREDICTED[123:], 10)
    assert (parts.matrix() == whole.matrix()).all()
    assert (parts.total, parts.right) == (500, int((TRUTH == PREDICTED).sum()))


def test_ratios_of_each_class_are_those_of_scikit_learn():
    counts = confusion(TRUTH, PREDICTED, 10).by_class()
    wanted = precision_recall_fscore_support(TRUTH, PREDICTED, labels=range(10), zero_division=numpy.nan)
    for ratio, correct in zip((counts.precision, counts.recall, counts.f1, counts.rows), wanted, strict=True):
        numpy.testing.assert_allclose(ratio, correct, rtol=1e-15)
    assert numpy.isnan(counts.precision[0])
    assert numpy.isnan(counts.recall[7])


def test_ratios_of_each_label_are_those_of_scikit_learn():
    truth, predicted = RNG.random((200, 4)) > 0.6, RNG.random((200, 4)) > 0.4
    counts = by_label(truth, predicted)
    wanted = precision_recall_fscore_support(truth, predicted, zero_division=numpy.nan)
    for ratio, correct in zip((counts.precision, counts.recall, counts.f1, counts.rows), wanted, strict=True):
        numpy.testing.assert_allclose(ratio, correct, rtol=1e-15)


def test_the_most_confused_pairs_come_first():
    counts = confusion(numpy.array([0, 0, 0, 1, 1, 2]), numpy.array([1, 1, 0, 2, 0, 2]), 3)
    assert counts.most_confused() == [(0, 1, 2), (1, 0, 1), (1, 2, 1)]
    assert counts.most_confused(1) == [(0, 1, 2)]
    assert worst(counts.by_class(), 2) == [1, 0]


def test_memory_does_not_grow_with_the_square_of_the_classes():
    counts = confusion(numpy.array([10**6 - 1, 5]), numpy.array([3, 5]), 10**6)
    assert counts.rows.tolist() == [1, 1]
    assert counts.most_confused() == [(10**6 - 1, 3, 1)]
