"""What the losses of several batches are divided by, without a look at each batch where that is not needed."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from hookline.spec.objective.objective import Objective
from hookline.training.tracing.graphs.recording import with_recording
from hookline.training.tracing.watching.reads import noting_reads

if TYPE_CHECKING:
    from torch import nn

    from hookline.data.batches import Batch


class DivisorOfShape(NamedTuple):
    """The divisor of the batches of a shape."""

    is_fixed: bool
    """Whether it is a number that depends on the shape only."""
    value: Any = None

    def of(self, batches: "Sequence[Batch]", objective: Objective, criterion: "nn.Module") -> list[float]:
        """The divisors of batches of the shape; empty if their losses are sums."""
        if self.is_fixed:
            return [] if self.value is None else [self.value] * len(batches)
        found: list[Any] = [objective.divisor(criterion, batch) for batch in batches]
        return [one if isinstance(one, (int, float)) else one.item() for one in found if one is not None]


def divisor_of_shape(objective: Objective, criterion: "nn.Module", batch: "Batch") -> DivisorOfShape:
    """Return the divisor of the batches that have the shape of this one."""
    with noting_reads() as reads:
        divisor, operations = with_recording(lambda: objective.divisor(criterion, batch))
    is_number = divisor is None or type(divisor) in (int, float)
    return DivisorOfShape(is_fixed=is_number and not operations and not reads, value=divisor)
