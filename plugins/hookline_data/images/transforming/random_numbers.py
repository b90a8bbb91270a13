"""Random numbers for each row of an epoch."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

OF_TRANSFORMS = 2
"""Distinguishes the numbers of transforms from those of the order, which NumPy draws from (seed, epoch)."""
OF_A_COUNTER = 4
"""How many numbers Philox computes from one value of its counter."""


def uniform_numbers(
    seed: int, epoch: int, which: tuple[int, int], first: int, rows: int, numbers: int
) -> "NDArray[Any]":
    """Return uniform random numbers in [0, 1) for consecutive rows of an epoch, float64 `(rows, numbers)`.

    They are a function of the seed, the epoch, which transform of which group takes them, and the position of the row
    in the epoch. Philox computes them from a counter, so those of a row do not require those of the rows before.
    """
    import numpy
    from numpy.random import Generator, Philox, SeedSequence

    if not numbers:
        return numpy.empty((rows, 0))
    key = SeedSequence((seed, epoch, OF_TRANSFORMS, *which)).generate_state(2, numpy.uint64)
    counters = -(-numbers // OF_A_COUNTER)
    drawn = Generator(Philox(key=key, counter=first * counters)).random((rows, counters * OF_A_COUNTER))
    return drawn[:, :numbers]
