import random

import numpy
import torch

from hookline.data import Batch
from hookline.data.data import Data
from hookline.runs.fingerprint import COMPARED_BATCHES, of_data


class Stream:
    """A stream of batches that draws from all global generators and counts the batches read."""

    def __init__(self, length, values=()):
        self.length, self.values, self.read = length, dict(values), 0

    @property
    def rows(self):
        return self.length

    def __len__(self):
        return self.length

    def epoch(self, number, start=0):
        for index in range(start, self.length):
            self.read += 1
            random.random()  # noqa: S311
            numpy.random.rand()
            torch.rand(1)
            yield Batch({"input": torch.full((1, 2), float(self.values.get(index, index)))})


def fingerprint(stream):
    example = Batch({"input": torch.zeros(1, 2)})
    return of_data(Data(training=stream, example=example, targets={}))


def test_only_the_row_count_and_the_first_batches_of_a_stream_are_read():
    stream = Stream(10**9)
    first = fingerprint(stream)
    assert stream.read == COMPARED_BATCHES == 16
    assert fingerprint(Stream(10**9, {16: -1})) == first
    assert fingerprint(Stream(10**9, {15: -1})) != first
    assert fingerprint(Stream(10**9 + 1)) != first


def test_fingerprinting_a_stream_preserves_the_random_state():
    def drawn():
        return random.random(), numpy.random.rand(), torch.rand(1).item()  # noqa: S311

    def seed():
        random.seed(1)
        numpy.random.seed(2)
        torch.manual_seed(3)

    seed()
    expected = drawn()
    seed()
    fingerprint(Stream(20))
    assert drawn() == expected
