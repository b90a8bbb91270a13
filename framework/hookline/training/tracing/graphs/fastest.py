"""Find the fastest way to compute an operation, and compare its bits."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from hookline.training.tracing.graphs.alternatives import Described, Way, alternatives

if TYPE_CHECKING:
    from torch import Tensor
    from torch._ops import OpOverload

MOST_KEPT = 512
"""The largest number of operations whose fastest ways are kept, for other traces of the process."""

LEAST_SECONDS = 15e-6
"""An operation that takes less than this has no faster way."""

LEAST_GAIN = 0.2
"""The part of the time of an operation that another way must save."""

ROUNDS = 3
"""The number of times that each way is measured; the shortest time counts."""

SPECIAL = (0.0, -0.0, float("inf"), float("-inf"), float("nan"))
"""Values for which computations may differ although they do not for others."""

OTHERS = (-2.0, -1.5, -1.0, -0.5, 0.5, 1.0, 1.5, 2.0) * 4
"""So few other values that many elements are equal."""


class Faster(NamedTuple):
    """A faster way to compute an operation."""

    way: Way
    saved: float
    """The time in seconds that it saves, divided by the number of elements of the first argument."""


@lru_cache(MOST_KEPT)
def fastest(operation: "OpOverload", arguments: tuple[Any, ...], threads: int) -> Faster | None:
    """Return the fastest way to compute an operation that has alternatives; `None` if it is the operation itself.

    Args:
        operation: the operation.
        arguments: its arguments, with descriptions in place of tensors and tuples in place of lists.
        threads: the number of threads, on which the times depend.

    """
    import torch

    ways, small = alternatives(operation, arguments)
    with torch.no_grad(), own_numbers():
        example = [_random(one) for one in small]
        operation(*example)
        if not ways or _seconds(operation, example) < LEAST_SECONDS:
            return None
        for values in (example, [_special(one) for one in small]):
            expected = _results(operation, values)
            ways = [way for way in ways if _have_same_bits(_results(way, values), expected)]
        times: dict[Way, float] = dict.fromkeys([operation, *ways], float("inf"))
        for _ in range(ROUNDS):
            # A processor would learn to predict the branches for the same values.
            example = [_random(one) for one in small]
            for way in times:
                times[way] = min(times[way], _seconds(way, example))
    best = min(times, key=lambda way: times[way])
    saved = times[operation] - times[best]
    return Faster(best, saved / example[0].numel()) if saved > LEAST_GAIN * times[operation] else None


@contextmanager
def own_numbers() -> Iterator[None]:
    """Restore the state of torch's generator at the end."""
    import torch

    state = torch.get_rng_state()
    try:
        yield
    finally:
        torch.set_rng_state(state)


def _random(argument: Any) -> Any:
    import torch

    return torch.randn(argument.shape, dtype=argument.dtype) if isinstance(argument, Described) else argument


def _special(argument: Any) -> Any:
    import torch

    if not isinstance(argument, Described):
        return argument
    values = torch.tensor([*SPECIAL, *OTHERS], dtype=argument.dtype)
    return values[torch.randint(len(values), argument.shape)]


def _seconds(way: Way, arguments: Sequence[Any]) -> float:
    started = time.thread_time()
    way(*arguments)
    return time.thread_time() - started


def _results(way: Way, arguments: Sequence[Any]) -> "list[Tensor]":
    """What a way returns and changes: its results, its arguments, and the state of the generator."""
    import torch

    torch.default_generator.manual_seed(0)
    given = [one.clone() if isinstance(one, torch.Tensor) else one for one in arguments]
    results = way(*given)
    several = results if isinstance(results, tuple) else (results,)
    return [*several, *(one for one in given if isinstance(one, torch.Tensor)), torch.get_rng_state()]


def _have_same_bits(results: "Sequence[Tensor]", expected: "Sequence[Tensor]") -> bool:
    return all(map(_are_same, results, expected))


def _are_same(one: "Tensor", other: "Tensor") -> bool:
    import torch

    if (one.shape, one.stride(), one.dtype) != (other.shape, other.stride(), other.dtype):
        return False
    bits = {torch.float32: torch.int32, torch.float64: torch.int64}.get(one.dtype, one.dtype)
    equal = one.view(bits) == other.view(bits)
    # Any NaN is as good as another.
    return bool(equal.all()) or bool((equal | (one.isnan() & other.isnan())).all())
