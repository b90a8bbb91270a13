"""Metrics of sequences."""

from random import Random

import pytest
import torch

from hookline_losses.regression import MSELoss
from hookline_losses.sequence import CTCLoss
from hookline_metrics.sequence import SequenceAccuracy, SymbolErrorRate, _distances


def padded(*words, width):
    return torch.tensor([[ord(letter) for letter in word] + [-1] * (width - len(word)) for word in words])


def levenshtein(first, second):
    """Return the distance by its definition."""
    if not first or not second:
        return len(first) + len(second)
    return min(
        levenshtein(first[1:], second) + 1,
        levenshtein(first, second[1:]) + 1,
        levenshtein(first[1:], second[1:]) + (first[0] != second[0]),
    )


SAID = ["kitten", "", "flaw", "abc", "aab", "same"]
MEANT = ["sitting", "ab", "lawn", "abc", "ab", "same"]


def computed(metric, batches):
    state = metric.build(CTCLoss(), None).to(torch.device("cpu"))
    for start, stop in batches:
        state.update(padded(*SAID[start:stop], width=6), padded(*MEANT[start:stop], width=8))
    return float(state.compute())


@pytest.mark.parametrize("batches", [[(0, 6)], [(0, 4), (4, 6)], [(i, i + 1) for i in range(6)]])
def test_sequences_are_compared_as_a_whole_and_by_symbol(batches):
    assert computed(SequenceAccuracy(), batches) == 2 / 6
    errors = sum(levenshtein(said, meant) for said, meant in zip(SAID, MEANT, strict=True))
    assert computed(SymbolErrorRate(), batches) == errors / sum(map(len, MEANT))


def test_the_distances_of_random_words_are_those_of_the_definition():
    random = Random(0)  # noqa: S311 - Any words will do.
    said, meant = (["".join(random.choices("ab", k=random.randint(0, 5))) for _ in range(60)] for _ in range(2))
    found = _distances(padded(*said, width=5), padded(*meant, width=5))
    assert found.tolist() == [levenshtein(one, other) for one, other in zip(said, meant, strict=True)]


@pytest.mark.parametrize("metric", [SequenceAccuracy(), SymbolErrorRate()])
def test_a_loss_without_sequences_is_refused(metric):
    metric.refuse_other_kinds(CTCLoss())
    with pytest.raises(ValueError, match=r"evaluates sequences, but MSELoss predicts numbers\."):
        metric.refuse_other_kinds(MSELoss())
