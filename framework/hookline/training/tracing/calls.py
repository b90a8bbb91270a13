"""How many batches a trace computes in one call: signals and other requests to stop are noticed between calls."""

LONGEST = 0.05
"""The longest time of a call in seconds."""

MOST = 512
"""The largest number of batches in one call."""

LARGEST = 16 * 2**20
"""The largest size in bytes of the batches of one call, and of what it returns for them."""

SHORTEST = 1e-6
"""A time in seconds that no batch falls below."""


def is_short(count: int, seconds: float) -> bool:
    """Whether a call with so many batches, each of which takes this time, is not too long."""
    return count * seconds <= LONGEST


def most_in_call(size: float, seconds: float) -> int:
    """Return the largest number of batches in one call.

    Args:
        size: the size in bytes of a batch, and of what is returned for it.
        seconds: how long a batch takes.

    """
    return int(max(1, min(MOST, LARGEST / max(1, size), LONGEST / max(SHORTEST, seconds))))
