"""The base class of callbacks that keep a mean of the weights."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn


class Averaging:
    """Keeps a mean of the weights of model and criterion."""

    def __init__(self, **options: Any):
        self._options = options
        self._both: nn.ModuleList | None = None
        self._averaged: Any = None

    def _begin(self, model: "nn.Module", criterion: "nn.Module") -> None:
        from torch import nn
        from torch.optim.swa_utils import AveragedModel

        self._both = nn.ModuleList([model, criterion])
        self._averaged = AveragedModel(self._both, **self._options)

    def _update(self) -> None:
        self._averaged.update_parameters(self._both)

    @property
    def _has_begun(self) -> bool:
        return self._averaged is not None and int(self._averaged.n_averaged) > 0

    def _swap(self) -> None:
        """Swap the values of model and mean; the parameters stay the objects that the optimizer has."""
        for mine, other in zip(_tensors(self._both), _tensors(self._averaged.module), strict=True):
            mine.data, other.data = other.data, mine.data

    @contextmanager
    def _swapped(self) -> Iterator[None]:
        self._swap()
        try:
            yield
        finally:
            self._swap()

    def state_dict(self) -> dict[str, Any]:
        """Return the mean and the number of averaged updates."""
        return {"averaged": dict(self._averaged.state_dict())}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Load the mean of another run."""
        self._averaged.load_state_dict(state["averaged"])


def _tensors(module: Any) -> list[Any]:
    return [*module.parameters(), *module.buffers()]
