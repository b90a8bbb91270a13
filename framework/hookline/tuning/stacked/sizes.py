"""How many trials to train in one stack: as many as suit the cache of the processor."""

import math
from collections.abc import Sequence
from typing import TypeVar

from hookline.runs.plan.layers import Layer
from hookline.training.preparation import Parts

LARGEST = 12 * 2**20
"""The largest size in bytes of the outputs of all layers and members for a batch. A step also computes their gradients.
All of it is in the cache of most processors then, and is several times as fast to read as from memory."""

FEWEST = 4
"""The smallest number of members into which a stack is divided."""

Member = TypeVar("Member")


def size_of_outputs(parts: Parts, layers: Sequence[Layer]) -> int:
    """The size in bytes of the outputs of all layers of a model for a batch."""
    rows = getattr(parts.data.training, "batch_size", 1)
    of_element = next(parts.model.parameters()).element_size()
    return rows * of_element * sum(math.prod(layer.output) for layer in layers if layer.output is not None)


def divided(members: Sequence[Member], size: int) -> list[Sequence[Member]]:
    """Divide the members of a stack into stacks of about equal length, given the size of the outputs of one.

    >>> divided([1, 2, 3, 4, 5, 6, 7, 8, 9], 4 * 2**20)
    [[1, 2, 3, 4, 5], [6, 7, 8, 9]]
    """
    count = min(math.ceil(len(members) * size / LARGEST), len(members) // FEWEST)
    most = math.ceil(len(members) / max(1, count))
    return [members[first : first + most] for first in range(0, len(members), most)]
