"""One-hot numbers and indices of categories, compared with scikit-learn."""

import numpy
import pyarrow
import pytest
from hypothesis import given, strategies
from sklearn import preprocessing

from hookline.errors import DataError, HooklineError
from hookline_columns.encoders import OneHotEncoder, OrdinalEncoder

COLORS = ["red", "blue", "green", "red", "Blue", "red", "green", "black", "ähnlich", "red", "blue"]
OTHERS = ["green", "red", "pink", "black"]


def expected(rows, **options):
    known = preprocessing.OneHotEncoder(sparse_output=False, **options).fit(numpy.array(COLORS, object)[:, None])
    return known.transform(numpy.array(rows, object)[:, None]).tolist()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"drop": "first"},
        {"drop": "if_binary"},
        {"min_frequency": 2},
        {"min_frequency": 0.25},
        {"max_categories": 3},
        {"max_categories": 1},
        {"max_categories": 6},
        {"min_frequency": 2, "max_categories": 2, "drop": "if_binary"},
    ],
    ids=str,
)
def test_one_hot_numbers_are_those_of_scikit_learn(options, applied):
    assert applied(OneHotEncoder(**options), COLORS).tolist() == expected(COLORS, **options)


@pytest.mark.parametrize("unknown", ["ignore", "infrequent_if_exist"])
def test_unknown_categories_are_encoded_as_by_scikit_learn(unknown, applied):
    options = {"handle_unknown": unknown, "min_frequency": 2}
    assert applied(OneHotEncoder(**options), COLORS, OTHERS).tolist() == expected(OTHERS, **options)


@given(strategies.lists(strategies.text(strategies.characters(exclude_categories=["Cs"]), min_size=1), min_size=1))
def test_indices_are_those_of_scikit_learn_for_any_text(texts):
    texts = [f"_{text}" for text in texts]  # No numbers, which are sorted as numbers.
    kind, cells = OrdinalEncoder(), pyarrow.array(texts)
    known = preprocessing.OrdinalEncoder().fit_transform(numpy.array(texts, object)[:, None])[:, 0]
    assert kind.transform(cells, kind.fit(cells)).to_pylist() == known.tolist()


def test_numbers_are_sorted_as_numbers_and_codes_as_text(applied):
    assert applied(OrdinalEncoder(), ["10", "9", "-1", "2.5"]).tolist() == [3, 2, 0, 1]
    assert applied(OrdinalEncoder(), ["010", "9", "10"]).tolist() == [0, 2, 1]


@pytest.mark.parametrize(
    ("options", "indices", "cardinality"),
    [
        ({"handle_unknown": "use_encoded_value", "missing": "category"}, {"a": 0, "b": 1, "c": 2, None: 3, "?": 4}, 5),
        ({"handle_unknown": "use_encoded_value", "min_frequency": 2}, {"b": 0, "c": 1, "a": 2, "?": 3}, 4),
        ({"handle_unknown": "infrequent_if_exist", "min_frequency": 2}, {"b": 0, "c": 1, "a": 2, "?": 2}, 3),
        ({"handle_unknown": "infrequent_if_exist"}, {"a": 0, "b": 1, "c": 2, "?": 3}, 4),
        ({"missing": "category", "max_categories": 2}, {"b": 0, None: 1, "a": 2, "c": 2}, 3),
    ],
)
def test_indices_follow_the_categories_for_missing_infrequent_and_unknown_cells(options, indices, cardinality, applied):
    kind, training = OrdinalEncoder(**options), ["a", "b", "b", "b", "c", "c"]
    assert applied(kind, training, list(indices)).tolist() == list(indices.values())
    assert kind.cardinality(kind.fit(pyarrow.array(training))) == cardinality


def test_missing_cells_are_a_category_even_if_the_training_rows_have_none(applied):
    kind = OneHotEncoder(missing="category")
    assert applied(kind, ["b", "a"], ["a", None]).tolist() == [[1, 0, 0], [0, 0, 1]]
    assert kind.names("x", kind.fit(pyarrow.array(["b", "a"]))) == ["x=a", "x=b", "x is missing"]


def test_missing_cells_become_the_most_frequent_category(applied):
    found = applied(OneHotEncoder(missing="most_frequent"), ["b", "b", "a", None])
    assert found.tolist() == [[0, 1], [0, 1], [1, 0], [0, 1]]


def test_missing_cells_equal_those_of_scikit_learn_if_some_are_missing(applied):
    cells = ["b", None, "a", "b", None, "c"]
    known = preprocessing.OneHotEncoder(sparse_output=False).fit_transform(numpy.array(cells, object)[:, None])
    assert applied(OneHotEncoder(missing="category"), cells).tolist() == known.tolist()


def test_an_unknown_category_is_refused_with_the_option_that_allows_it():
    for kind, option in ((OneHotEncoder(), "ignore"), (OrdinalEncoder(), "use_encoded_value")):
        unfit = kind.unfit(pyarrow.array(["a", "z", "y"]), kind.fit(pyarrow.array(["a", "b"])))
        assert unfit.is_unfit.tolist() == [False, True, True]
        assert unfit.explain(1) == (
            f'"z" does not occur in the training rows. To allow it, set `handle_unknown = "{option}"`.'
        )


def test_given_categories_keep_their_order(applied):
    kind = OrdinalEncoder(categories=("low", "medium", "high"))
    assert applied(kind, ["low", "high"], ["high", "medium", "low"]).tolist() == [2, 1, 0]


@pytest.mark.parametrize(
    ("known", "written"),
    [(["1", "2"], ["1.0", "2.0"]), (["1.50", "2.0"], ["1.5", "2"]), (["True", "False"], ["true", "false"])],
)
def test_numbers_and_booleans_are_recognized_in_another_spelling(known, written, applied):
    kind = OrdinalEncoder()
    assert applied(kind, known, written).tolist() == applied(kind, known).tolist()


def test_codes_are_not_numbers():
    kind = OneHotEncoder()
    unfit = kind.unfit(pyarrow.array(["007", "7"]), kind.fit(pyarrow.array(["007", "x"])))
    assert unfit.is_unfit.tolist() == [False, True]


def test_a_single_category_cannot_be_dropped():
    with pytest.raises(DataError, match='All training rows have the same category, "a"'):
        OneHotEncoder(drop="first").fit(pyarrow.array(["a", "a"]))


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"categories": ("a", "a")}, "occurs twice"),
        ({"min_frequency": 1.5}, "must be less than 1"),
        ({"handle_unknown": "infrequent_if_exist"}, "No category is infrequent without"),
    ],
)
def test_options_that_contradict_each_other_are_refused(options, problem):
    with pytest.raises((HooklineError, ValueError), match=problem):
        OneHotEncoder(**options)


def test_the_summary_counts_categories():
    kind = OneHotEncoder(min_frequency=2)
    assert kind.summary(kind.fit(pyarrow.array(COLORS))) == "3 categories: blue, green, red; 3 infrequent"
