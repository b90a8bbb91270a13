"""What a step or an evaluation changes besides tensors while it is recorded."""

from collections.abc import Iterable

from hookline.training.tracing.graphs.graph import Untraceable
from hookline.training.tracing.graphs.recording import Recorded, computed_otherwise
from hookline.training.tracing.snapshot import state_of_python
from hookline.training.tracing.watched import Watched


class SideEffects:
    """Compares the attributes of layers and the generators of Python and NumPy with those before a computation.

    A computation that changes one of these cannot be repeated without the layers.
    """

    def __init__(self, watched: Watched, computation: str):
        """Remember the present generators.

        Args:
            watched: the attributes of the layers.
            computation: what is recorded, such as "a step".

        """
        self._watched, self._computation = watched, computation
        self._generators = state_of_python()

    def refuse(self) -> None:
        """Raise `Untraceable` if something has changed."""
        if (change := self._change()) is not None:
            raise Untraceable(change)

    def reason_to_repeat(self, operations: Iterable[Recorded]) -> str | None:
        """Say why the layers must repeat the recorded operations.

        Returns:
            The reason; `None` if the bits are right, or if something has changed, so that nothing can be repeated.

        """
        reason = computed_otherwise(operations)
        return None if reason is None or self._change() is not None else reason

    def _change(self) -> str | None:
        """Say what has changed; `None` if nothing has."""
        if not self._watched.is_unchanged_inside():
            return f"{self._computation} changes {self._watched.change()}"
        if state_of_python() != self._generators:
            return "a layer draws random numbers from Python or NumPy"
        return None
