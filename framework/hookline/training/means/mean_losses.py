"""The mean of the objective over a split, and that of each of its losses."""

import math
from typing import TYPE_CHECKING, Any

from hookline.training.means.mean_loss import MeanLoss

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from torch import Tensor

    from hookline.spec.objective.objective import Objective, Term


class MeanLosses:
    """The mean of the objective over a split, and that of each loss of `[losses]`, as they are logged.

    The losses of a sum can have different divisors, such as the number of rows, their weights or none. The mean over
    rows of the objective would then depend on the batch size. `values` corrects it: the result is the sum of the means,
    each times its factor, plus the mean over rows of what wrappers around the stage `loss` add.
    """

    def __init__(self, objective: "Objective", total: MeanLoss | None = None):
        """Start without batches; `total` accumulates the values of the objective."""
        self.total = MeanLoss() if total is None else total
        self._means = {name: MeanLoss() for name in objective.names}
        self._factors = objective.corrected
        self._over_rows = {name: MeanLoss() for name in self._factors}

    def add(self, loss: "Tensor | float", divisor: "Tensor | float | None", terms: "Iterable[Term]" = ()) -> None:
        """Add a batch: the value of the objective, its divisor, and its terms, from `Objective`."""
        self.total.add(loss, divisor)
        for term in terms:
            self._means[term.name].add(term.value, term.divisor)
            if term.name in self._over_rows:
                self._over_rows[term.name].add(term.weighted, term.rows)

    def add_several(self, losses: "Sequence[float]", divisors: "Sequence[float]") -> None:
        """Add several batches without terms: the values of the objective and their divisors; see `MeanLoss`."""
        self.total.add_several(losses, divisors)

    def state_dict(self) -> dict[str, Any]:
        """Return what was added so far."""
        return {
            "total": self.total.state_dict(),
            "means": {name: mean.state_dict() for name, mean in self._means.items()},
            "over_rows": {name: mean.state_dict() for name, mean in self._over_rows.items()},
        }

    def load_state_dict(self, state: "Mapping[str, Any]") -> None:
        """Restore a state that `state_dict` returned."""
        self.total.load_state_dict(state["total"])
        for name, mean in self._means.items():
            mean.load_state_dict(state["means"][name])
        for name, mean in self._over_rows.items():
            mean.load_state_dict(state["over_rows"][name])

    def values(self) -> dict[str, float]:
        """The means by the names under which they are logged: "loss", and "loss[size]" for each loss with a name."""
        total = self.total.value()
        means = {name: mean.value() for name, mean in self._means.items()}
        for name, factor in self._factors.items():
            if not math.isnan(means[name]):  # A loss that ignores every row adds nothing to the total.
                total += factor * (means[name] - self._over_rows[name].value())
        return {"loss": total, **{f"loss[{name}]": mean for name, mean in means.items()}}
