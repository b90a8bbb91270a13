"""Count the steps of an optimizer once for all parameters, as long as all counts are equal."""

from collections.abc import Iterable, Sequence
from operator import methodcaller
from typing import TYPE_CHECKING, Any, NamedTuple

from hookline.training.tracing.graphs.graph import Call
from hookline.training.tracing.graphs.running.sources import Name

if TYPE_CHECKING:
    from torch import Tensor

ITEM = methodcaller("item")

COUNTING = "_foreach_add_"
"""The operation that counts the steps of an optimizer."""

FUSED = "_fused_"
"""The beginning of the names of operations that update all parameters of a group."""


def counts(call: Call) -> bool:
    """Whether a call counts the steps of the optimizer, so that it takes no number from the options."""
    return call.schema.name == COUNTING and type(call.arguments[1]) is int


class Counter(NamedTuple):
    """The counts of the parameters of a group: torch keeps one for each."""

    first: "Tensor"
    """The only one that a program counts."""
    others: "list[Tensor]"
    """Those that get its value at the end."""

    @classmethod
    def of(cls, tensors: "Sequence[Tensor]") -> "Counter | None":
        """Return the counter for these counts; `None` if they are not equal numbers."""
        if len({id(one) for one in tensors}) < 2 or any(one.numel() != 1 for one in tensors):
            return None
        counter = cls(tensors[0], list(tensors[1:]))
        return counter if counter.is_common else None

    @property
    def is_common(self) -> bool:
        """Whether all counts are equal."""
        return len({self.first.item(), *map(ITEM, self.others)}) == 1


def with_common_counters(
    calls: Iterable[Call], lists: "Sequence[Sequence[Tensor]]"
) -> "tuple[list[Call], list[Sequence[Tensor]], list[Counter]]":
    """Return calls in which fused operations read one count for all parameters, and only that one is counted.

    Args:
        calls: the calls of an update.
        lists: the lists of tensors that they name.

    """
    calls, lists, counters = list(calls), list(lists), list[Counter]()
    for index, tensors in enumerate(list(lists)):
        name = Name(f"list{index}")
        counting = [place for place, call in enumerate(calls) if counts(call) and call.arguments[0] == name]
        is_read = all(_only_reads(call, name) for place, call in enumerate(calls) if place not in counting)
        counter = Counter.of(tensors) if len(counting) == 1 and is_read else None
        if counter is not None:
            [place] = counting
            calls[place] = calls[place].with_arguments([Name(f"list{len(lists)}"), *calls[place].arguments[1:]])
            lists[index] = [counter.first] * len(tensors)
            lists.append([counter.first])
            counters.append(counter)
    return calls, lists, counters


def _only_reads(call: Call, name: Name) -> bool:
    """Whether a call takes a list only to read it, in a fused operation, or does not take it."""
    taken: list[Any] = [*call.arguments, *call.keywords.values()]
    if name not in taken:
        return True
    return call.schema.name.startswith(FUSED) and name not in call.schema.written(call.arguments, call.keywords)
