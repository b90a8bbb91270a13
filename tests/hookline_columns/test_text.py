"""Text as hashed words and as tokens, compared with scikit-learn and Python's `re`."""

import re
from collections import Counter

import numpy
import pyarrow
import pytest
from hypothesis import given, strategies
from sklearn.feature_extraction import text
from sklearn.utils import murmurhash3_32

from hookline.errors import HooklineError
from hookline_columns.arrays.text_parts import WORD, characters, ngrams, of_pattern
from hookline_columns.hashing import HashingVectorizer, murmur3
from hookline_columns.tokens import Tokens

TEXTS = [
    "The bird sat, and the BIRD flew.",
    "",
    "a I",
    "Ein Vöglein flog 12_3-fach",
    "the\n bird\nflew \u00a0 the bird",
]
BROKEN, EMPTY, LETTERS, CHARACTER = "[", "a*", "[a-z]+", "."
"""Regular expressions."""
ANY = strategies.text(strategies.characters(exclude_categories=["Cs"]))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"n_features": 7, "norm": "l1"},
        {"n_features": 64, "ngram_range": (1, 3)},
        {"n_features": 64, "alternate_sign": False, "binary": True},
        {"n_features": 64, "analyzer": "char", "ngram_range": (2, 4)},
        {"n_features": 64, "lowercase": False, "token_pattern": "[a-z]+"},
    ],
    ids=str,
)
def test_numbers_are_those_of_scikit_learn(options, applied):
    known = text.HashingVectorizer(**{"n_features": 256, **options}).transform(TEXTS).toarray()
    numpy.testing.assert_allclose(applied(HashingVectorizer(**options), TEXTS), known, rtol=1e-12, atol=1e-15)


@given(strategies.lists(ANY))
def test_the_hash_is_that_of_scikit_learn(texts):
    assert murmur3(pyarrow.array(texts, pyarrow.string())).tolist() == [
        murmurhash3_32(one.encode(), seed=0) for one in texts
    ]


def test_indices_are_the_places_of_the_numbers_with_0_as_padding(applied):
    numbers = applied(HashingVectorizer(n_features=32, norm="none", alternate_sign=False), TEXTS)
    lists = applied(HashingVectorizer(n_features=32, output="indices"), TEXTS)
    assert lists[1] == lists[2] == [0]
    for row in (0, 3, 4):
        assert Counter(lists[row]) == {place + 1: count for place, count in enumerate(numbers[row]) if count}


@given(strategies.lists(ANY), strategies.sampled_from([r"[a-zA-Z]+", r".", r"[^ ]+", r"a|ab|b+"]))
def test_tokens_are_those_that_re_finds(texts, pattern):
    clean = [one.replace("\x1f", " ") for one in texts]
    tokens, rows = of_pattern(pyarrow.array(texts, pyarrow.string()), pattern)
    expected = [(row, token) for row, one in enumerate(clean) for token in re.findall(pattern, one)]
    assert list(zip(rows.tolist(), tokens.to_pylist(), strict=True)) == expected


@pytest.mark.parametrize("one", ["don't stop", "naïve café №5 x²", "日本語 テキスト", "a_b-c 1.5", "ΑΒΓ"])
def test_words_are_those_of_python(one):
    assert of_pattern(pyarrow.array([one]), WORD)[0].to_pylist() == re.findall(r"\w+", one)


@given(strategies.lists(ANY), strategies.integers(1, 3), strategies.integers(0, 2))
def test_sequences_do_not_cross_rows(texts, low, more):
    texts = [re.sub(r"\s", "", one).replace("\x1f", "") for one in texts]
    found, rows = ngrams(characters(pyarrow.array(texts, pyarrow.string())), (low, low + more), "")
    expected = [
        (row, one[start : start + size])
        for size in range(low, low + more + 1)
        for row, one in enumerate(texts)
        for start in range(len(one) - size + 1)
    ]
    assert list(zip(rows.tolist(), found.to_pylist(), strict=True)) == expected


def test_a_vocabulary_has_the_most_frequent_tokens_first(applied):
    kind = Tokens()
    fitted = kind.fit(pyarrow.array(["b a b", "C c", "b c d"]))
    assert fitted == {"tokens": ["b", "c", "a", "d"]}
    assert kind.cardinality(fitted) == 6
    assert applied(kind, ["b a b", "C c", "b c d"], ["d new B", "", "?!"]) == [[5, 1, 2], [1], [1]]


def test_a_vocabulary_can_be_limited(applied):
    texts = ["b a b", "c c", "b c d"]
    assert Tokens(max_features=1).fit(pyarrow.array(texts)) == {"tokens": ["b"]}
    assert Tokens(min_frequency=2).fit(pyarrow.array(texts)) == {"tokens": ["b", "c"]}
    assert applied(Tokens(max_length=2), texts) == [[2, 4], [3, 3], [2, 3]]
    assert applied(Tokens(token_pattern=CHARACTER, lowercase=False), ["aA a"]) == [[2, 4, 3, 2]]


def test_a_missing_cell_can_be_an_empty_text(applied):
    assert applied(Tokens(missing="empty"), ["a", None]) == [[2], [1]]


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: Tokens(token_pattern=BROKEN), "not a regular expression of RE2"),
        (lambda: Tokens(token_pattern=EMPTY), "matches an empty text"),
        (lambda: HashingVectorizer(n_features=2**20), 'set `output = "indices"`'),
        (lambda: HashingVectorizer(ngram_range=(2, 1)), "must not be greater"),
        (lambda: HashingVectorizer(analyzer="char", token_pattern=LETTERS), "no effect"),
    ],
)
def test_options_that_make_no_sense_are_refused(make, problem):
    with pytest.raises((HooklineError, ValueError), match=problem):
        make()
