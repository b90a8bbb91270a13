"""The loss of each member of a stack for a batch."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from attrs import define, field, frozen

from hookline.data.batches import Batch, Outputs
from hookline.spec.families.loss import rows_or_weights
from hookline.spec.objective.objective import Objective, Term
from hookline.training.means import MeanLosses
from hookline.tuning.stacked.batches import Together

if TYPE_CHECKING:
    from torch import Tensor, nn


@frozen
class Losses:
    """The losses of all members for a batch."""

    values: "Tensor"
    """The objective, `(members,)`."""
    terms: "Mapping[str, Tensor]" = field(factory=dict)
    """The value of each loss of `[losses]`, `(members,)`."""


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
        return total if loss.divided_by == "nothing" else total / loss.divisor(self._criterion, together.batch)

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


@define
class LossTable:
    """The losses of many batches, by member."""

    _values: "list[Tensor]" = field(factory=list)
    _terms: "list[Mapping[str, Tensor]]" = field(factory=list)
    _divisors: list[list[float | None]] = field(factory=list)
    _of_terms: "list[Mapping[str, list[tuple[float | None, float]]]]" = field(factory=list)
    _columns: list[list[float]] = field(factory=list)
    _columns_of_terms: dict[str, list[list[float]]] = field(factory=dict)

    def __len__(self) -> int:
        """The number of batches."""
        return len(self._values)

    def add(self, losses: Losses, together: Together, criterion: Criterion) -> None:
        """Add a batch."""
        self._values.append(losses.values.detach())
        self._divisors.append(criterion.divisors(together))
        if losses.terms:
            self._terms.append({name: values.detach() for name, values in losses.terms.items()})
            self._of_terms.append(criterion.divisors_of_terms(together))

    def last(self, member: int) -> "Tensor":
        """The loss of a member for the last batch."""
        return self._values[-1][member]

    def add_to(self, losses: MeanLosses, member: int) -> None:
        """Add the losses of a member to its means."""
        import torch

        if not self._columns:
            self._columns = torch.stack(self._values, 1).tolist()
            for name in self._terms[0] if self._terms else ():
                self._columns_of_terms[name] = torch.stack([terms[name] for terms in self._terms], 1).tolist()
        divisors = [_of(row, member) for row in self._divisors]
        terms = {}
        for name, columns in self._columns_of_terms.items():
            pairs = [_of(row[name], member) for row in self._of_terms]
            terms[name] = columns[member], _without_none([one for one, _ in pairs]), [rows for _, rows in pairs]
        losses.extend(self._columns[member], _without_none(divisors), terms)


def _of(row: list[Any], member: int) -> Any:
    """The entry of a member; a single one is that of all members."""
    return row[0] if len(row) == 1 else row[member]


def _without_none(divisors: list[float | None]) -> list[float] | None:
    """The divisors; `None` if the losses are sums."""
    known = [one for one in divisors if one is not None]
    return known if len(known) == len(divisors) else None


def _number(divisor: Any) -> float | None:
    return None if divisor is None else float(divisor)
