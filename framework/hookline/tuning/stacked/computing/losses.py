"""The losses of all members of a stack for many batches."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hookline.spec.objective.objective import Term
from hookline.training.means.mean_losses import MeanLosses
from hookline.tuning.stacked.computing.batches import Together
from hookline.tuning.stacked.computing.criterion import Criterion

if TYPE_CHECKING:
    from torch import Tensor


class LossTable:
    """The losses of many batches, by member."""

    def __init__(self) -> None:
        """Begin without batches."""
        self._values: list[Tensor] = []
        self._terms: list[Mapping[str, Tensor]] = []
        self._divisors: list[list[float | None]] = []
        self._of_terms: list[Mapping[str, list[tuple[float | None, float]]]] = []
        self._sums: tuple[list[float], list[float] | None] | None = None
        self._last: tuple[Tensor, ...] = ()

    def __len__(self) -> int:
        """The number of batches."""
        return len(self._divisors)

    def add(self, losses: "Tensor", several: Sequence[Together], criterion: Criterion) -> None:
        """Add batches, given the rows of the losses of each: `(batches, 1 + terms, members)`."""
        self._sums, self._last = None, ()
        self._values.append(losses[:, 0])
        self._divisors += [criterion.divisors(together) for together in several]
        if names := criterion.objective.names:
            self._terms += [dict(zip(names, one[1:], strict=True)) for one in losses]
            self._of_terms += [criterion.divisors_of_terms(together) for together in several]

    def last(self, member: int) -> "Tensor":
        """The loss of a member for the last batch."""
        self._last = self._last or self._values[-1][-1].unbind()
        return self._last[member]

    def add_to(self, losses: MeanLosses, member: int) -> None:
        """Add the losses of a member to its means."""
        import torch

        totals, divisors = self._sums = self._sums or self._summed()
        if not self._terms and math.isfinite(totals[member]):
            losses.total.add_sum(totals[member], None if divisors is None else divisors[member], len(self))
            return
        for index, values in enumerate(torch.cat(self._values)):
            terms = [
                Term(name, one[member], *_with_rows(self._of_terms[index][name], one, member))
                for name, one in (self._terms[index].items() if self._terms else ())
            ]
            losses.add(values[member], _of(self._divisors[index], member), terms)

    def _summed(self) -> tuple[list[float], list[float] | None]:
        """For each member, the sum of its losses, each times its divisor, and that of the divisors."""
        import torch

        values = torch.cat(self._values).double()
        if self._divisors[0][0] is None:
            return values.sum(0).tolist(), None
        divisors = torch.tensor([[float(one or 0) for one in row] for row in self._divisors], dtype=torch.float64)
        divisors = divisors.to(values.device).expand_as(values)
        values = torch.where(divisors > 0, values, 0.0)  # If every row of a batch is ignored, its loss is 0 / 0.
        return (values * divisors).sum(0).tolist(), divisors.sum(0).tolist()


def _of(row: list[Any], member: int) -> Any:
    """The entry of a member; a single one is that of all members."""
    return row[0] if len(row) == 1 else row[member]


def _with_rows(row: "list[tuple[float | None, float]]", values: "Tensor", member: int) -> tuple[Any, Any, Any]:
    """The divisor of a term, its contribution, and the number of rows."""
    divisor, rows = _of(row, member)
    return divisor, values[member], rows
