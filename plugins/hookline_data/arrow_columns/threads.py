"""Compute with several columns, or several blocks of rows, at once."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")


def in_threads(function: Callable[[Item], Made], items: Iterable[Item], *, most: int = 2) -> Iterator[Made]:
    """Yield what a function returns for each item, in their order. Only a few items are taken in advance.

    An error is raised when its item is reached, so that it is always that of the first one. There are at most `most`
    threads, each of which needs memory.
    """
    import pyarrow

    threads = min(most, pyarrow.cpu_count())
    if threads < 2:
        yield from map(function, items)
        return
    waiting: deque[Future[Made]] = deque()
    # Memory that the threads of pyarrow allocate is not returned to the system. These threads end.
    with ThreadPoolExecutor(threads) as executor:
        for item in items:
            waiting.append(executor.submit(function, item))
            del item  # Nothing else may refer to it once it has been used.
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
