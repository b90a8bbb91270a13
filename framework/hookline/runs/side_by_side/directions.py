"""The better direction of a metric, and the epoch in which it was best."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from hookline.errors.exceptions import HooklineError
from hookline.plugins.catalog import Catalog
from hookline.plugins.manager import Plugins
from hookline.runs.side_by_side.summary import RunSummary
from hookline.spec.families.metric import MetricSpec


class Directions:
    """Knows from the classes of metrics whether larger numbers are better, as far as their plugins are installed."""

    def __init__(self) -> None:
        """Load no plugins yet."""
        self._catalogs: dict[tuple[str, ...], Catalog] = {}

    def higher_is_better(self, run: RunSummary, name: str) -> bool | None:
        """Whether a larger number of this name is better; `None` if it is neither a loss nor a known metric."""
        label = name.partition("/")[2]
        if label == "loss" or label.startswith("loss["):
            return False
        metrics = run.spec.get("metrics")
        for metric in metrics if isinstance(metrics, list) else ():
            if isinstance(metric, Mapping) and metric.get("name", metric.get("type")) == label:
                kind = self._catalog(run).get(MetricSpec, str(metric.get("type")))
                return None if kind is None else bool(kind.higher_is_better)  # type: ignore[attr-defined]
        return None

    def best_place(self, run: RunSummary, name: str, unit: Literal["epoch", "step"] | None = None) -> int | None:
        """The first epoch, or step, in which a number was best; `None` if its direction is not known."""
        higher = self.higher_is_better(run, name)
        if higher is None:
            return None
        epochs, values = run.curve(name, unit)
        return best_of(epochs, values, higher_is_better=higher)

    def _catalog(self, run: RunSummary) -> Catalog:
        listed = run.spec.get("plugins")
        names = tuple(str(name) for name in listed) if isinstance(listed, list) else ()
        if names not in self._catalogs:
            try:
                self._catalogs[names] = Plugins(names).catalog
            except HooklineError:  # A plugin is not installed, or cannot be used.
                self._catalogs[names] = Plugins().catalog
        return self._catalogs[names]


def best_of(epochs: Sequence[int], values: Sequence[float], *, higher_is_better: bool) -> int | None:
    """The first epoch with the best value; `None` if no value is a number.

    >>> best_of([1, 2, 3], [0.5, 0.2, 0.2], higher_is_better=False)
    2
    """
    finite = [(epoch, value) for epoch, value in zip(epochs, values, strict=True) if not math.isnan(value)]

    def goodness(pair: tuple[int, float]) -> Any:
        return pair[1] if higher_is_better else -pair[1]

    return max(finite, key=goodness)[0] if finite else None
