"""The loss of each member of a stack for a batch."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from hookline.data.batches import Batch, Outputs
from hookline.spec.families.loss.averages import rows_or_weights
from hookline.spec.objective.objective import Objective, Term
from hookline.training.means.mean_losses import MeanLosses
from hookline.tuning.stacked.computing.batches import Together

if TYPE_CHECKING:
    from torch import Tensor, nn


@frozen
class Losses:
    """The losses of all members for a batch."""

    values: "Tensor"
    """The objective, `(members,)`."""
    terms: "Mapping[str, Tensor]" = field(factory=dict)
    """The value of each loss of `[losses]`, `(members,)`."""

    def rows(self, names: Sequence[str]) -> "Tensor":
        """The objective and the terms with these names in the rows of one tensor, `(1 + terms, members)`."""
        import torch

        return torch.stack([self.values, *(self.terms[name] for name in names)]).detach()


class Criterion:
    """Computes the loss of each member. The members have equal criteria without parameters."""

    def __init__(self, objective: Objective, criterion: "nn.Module"):
        """Take the objective, and the criterion of one of the members."""
        self.objective = objective
        self._criterion = criterion
        only = objective.losses.get(None)
        is_plain = type(objective) is Objective and only is not None and only.is_plain and only.loss.takes_weights
        self._of_rows = only.loss if is_plain and only is not None and len(only.loss.inputs) == 1 else None

    def __call__(self, outputs: Outputs, together: Together) -> Losses:
        """Return the losses of a batch, given the outputs of all members, `(members, rows, …)`."""
        is_plain = self._of_rows is not None and together.batch.weights is None and not isinstance(outputs, Mapping)
        if not is_plain or (self._of_rows.divided_by == "weights" and not together.is_shared):  # type: ignore[union-attr]
            return self._vectorized(outputs, together)
        assert not isinstance(outputs, Mapping), "The condition above."
        return Losses(self._by_rows(outputs, together))

    def divisors(self, together: Together) -> list[float | None]:
        """What the loss of each member is divided by, `None` for a sum; one number if it is the same for all."""
        return [_number(self.objective.divisor(self._criterion, batch)) for batch in together.distinct]

    def divisors_of_terms(self, together: Together) -> dict[str, "list[tuple[float | None, float]]"]:
        """The divisor of each loss of `[losses]` and the number of rows, in the same way."""
        found: dict[str, list[tuple[float | None, float]]] = {}
        for name in self.objective.names:
            named = self.objective.losses[name]
            for batch in together.distinct:
                its_criterion, _, its_batch = named.given(self._criterion, {}, batch)
                divisor = _number(named.loss.divisor(its_criterion, its_batch))
                found.setdefault(name, []).append((divisor, float(rows_or_weights(batch))))
        return found

    def _by_rows(self, outputs: "Tensor", together: Together) -> "Tensor":
        """The mean or the sum of the losses of the rows of each member, which are computed as rows of one batch."""
        assert self._of_rows is not None, "The caller has checked it."
        loss, members = self._of_rows, len(outputs)
        flat = outputs.flatten(0, 1)
        targets = {}
        for name, tensor in together.batch.targets.items():
            stacked = tensor.expand(members, *tensor.shape) if together.is_shared else tensor
            targets[name] = stacked.flatten(0, 1)
        losses = loss.row_losses(self._criterion, flat, Batch({"input": flat}, targets)).view(members, -1)
        if loss.divided_by == "rows":
            return losses.mean(1)
        total = losses.sum(1)
        divisor = None if loss.divided_by == "nothing" else loss.divisor(self._criterion, together.batch)
        return total if divisor is None else total / divisor

    def _vectorized(self, outputs: Outputs, together: Together) -> Losses:
        import torch

        batch, names = together.batch, list[str]()
        tensors = {"inputs": dict(batch.inputs), "targets": dict(batch.targets)}
        if batch.weights is not None:
            tensors["weights"] = {"": batch.weights}

        def losses(outputs: Any, given: Any) -> Any:
            weights = given["weights"][""] if "weights" in given else None
            own = Batch(given["inputs"], given["targets"], weights=weights)
            value = self.objective.compute(self._criterion, outputs, own)
            terms: list[Term] = self.objective.terms(self._criterion)
            names[:] = [term.name for term in terms]
            return value, [term.value for term in terms]

        values, several = torch.vmap(losses, in_dims=(0, None if together.is_shared else 0))(outputs, tensors)
        if names:
            self._criterion.terms = []  # type: ignore[assignment]  # Those that it has now are of all members.
        return Losses(values, dict(zip(names, several, strict=True)))


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


def _number(divisor: Any) -> float | None:
    return None if divisor is None else float(divisor)
