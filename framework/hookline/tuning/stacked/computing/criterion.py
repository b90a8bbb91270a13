"""The loss of each member of a stack for a batch."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from hookline.data.batches import Batch, Outputs
from hookline.spec.families.loss.averages import rows_or_weights
from hookline.spec.families.loss.loss import LossSpec
from hookline.spec.objective.objective import Objective
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
    """Computes the loss of each member.

    If all criteria are equal and the loss can be computed row by row, the rows of all members are those of one batch.
    Otherwise `torch.vmap` vectorizes the loss. If it cannot, the losses are computed one after another.
    """

    def __init__(self, objective: Objective, criteria: "Sequence[nn.Module]", tensors: "Mapping[str, Tensor]"):
        """Take the objective, the criterion of each member, and their stacked parameters and buffers."""
        import torch

        self.objective = objective
        self._criteria = criteria
        self._first: Any = criteria[0]
        has_parameters = any(True for _ in self._first.parameters())
        self._are_equal = not has_parameters and all(
            torch.equal(one, one[:1].expand_as(one)) for one in tensors.values()
        )
        self._tensors = {} if self._are_equal else {f"criterion.{name}": one for name, one in tensors.items()}
        """The stacked parameters and buffers, if they are not equal for all members."""
        only = objective.losses.get(None)
        is_plain = type(objective) is Objective and only is not None and only.is_plain and only.loss.takes_weights
        has_rows = is_plain and self._are_equal and only is not None and len(only.loss.inputs) == 1
        self._of_rows: LossSpec | None = only.loss if has_rows and only is not None else None
        self._is_vectorized = True
        self._computed = _computed(objective, self._first)

    def __call__(self, outputs: Outputs, together: Together) -> Losses:
        """Return the losses of a batch, given the outputs of all members, `(members, rows, …)`."""
        if self._of_rows is not None and together.batch.weights is None and not isinstance(outputs, Mapping):
            return Losses(self._by_rows(self._of_rows, outputs, together))
        if self._is_vectorized:
            try:
                return self._vectorized(outputs, together)
            except (RuntimeError, ValueError, TypeError, NotImplementedError, AttributeError):
                self._is_vectorized = False
        return self._one_by_one(outputs, together)

    def divisors(self, together: Together) -> list[float | None]:
        """What the loss of each member is divided by, `None` for a sum; one number if it is the same for all."""
        return [_number(self.objective.divisor(*pair)) for pair in self._distinct(together)]

    def divisors_of_terms(self, together: Together) -> dict[str, "list[tuple[float | None, float]]"]:
        """The divisor of each loss of `[losses]` and the number of rows, in the same way."""
        found: dict[str, list[tuple[float | None, float]]] = {}
        for name in self.objective.names:
            named = self.objective.losses[name]
            for criterion, batch in self._distinct(together):
                its_criterion, _, its_batch = named.given(criterion, {}, batch)
                divisor = _number(named.loss.divisor(its_criterion, its_batch))
                found.setdefault(name, []).append((divisor, float(rows_or_weights(batch))))
        return found

    def _distinct(self, together: Together) -> "list[tuple[nn.Module, Batch]]":
        """The criterion and the batch of each member, or the only ones."""
        if self._are_equal:
            return [(self._first, batch) for batch in together.distinct]
        return list(zip(self._criteria, together.own, strict=True))

    def _by_rows(self, loss: LossSpec, outputs: "Tensor", together: Together) -> "Tensor":
        """The mean or the sum of the losses of the rows of each member, which are computed as rows of one batch."""
        members, flat = len(outputs), outputs.flatten(0, 1)
        targets = {}
        for name, tensor in together.batch.targets.items():
            stacked = tensor.expand(members, *tensor.shape) if together.is_shared else tensor
            targets[name] = stacked.flatten(0, 1)
        losses = loss.row_losses(self._first, flat, Batch({"input": flat}, targets)).view(members, -1)
        if loss.divided_by == "rows":
            return losses.mean(1)
        total = losses.sum(1)
        divisor = None if loss.divided_by == "nothing" else self._weights(loss, together)
        return total if divisor is None else total / divisor

    def _weights(self, loss: LossSpec, together: Together) -> Any:
        """What the loss of the rows of each member is divided by; one number if they share the batch."""
        import torch

        if together.is_shared:
            return loss.divisor(self._first, together.batch)
        return torch.vmap(lambda targets: loss.divisor(self._first, Batch({}, targets)))(dict(together.batch.targets))

    def _vectorized(self, outputs: Outputs, together: Together) -> Losses:
        import torch

        names = list[str]()

        def losses(outputs: Any, given: Any, own: Any) -> Any:
            value, terms = self._of_member(outputs, given, own)
            names[:] = list(terms)
            return value, list(terms.values())

        in_dims = 0, None if together.is_shared else 0, 0
        values, several = torch.vmap(losses, in_dims=in_dims)(outputs, _tensors_of(together.batch), self._tensors)
        if names:
            self._first.terms = []  # Those that it has now are of all members.
        return Losses(values, dict(zip(names, several, strict=True)))

    def _one_by_one(self, outputs: Outputs, together: Together) -> Losses:
        import torch

        shared = _tensors_of(together.batch) if together.is_shared else None
        unbound = _unbound([outputs, self._tensors, {} if shared is not None else _tensors_of(together.batch)])
        values: list[Tensor] = []
        terms: dict[str, list[Tensor]] = {}
        for index in range(len(self._criteria)):
            own_outputs, own, batch = _at(unbound, index)
            value, of_member = self._of_member(own_outputs, batch if shared is None else shared, own)
            values.append(value)
            for name, term in of_member.items():
                terms.setdefault(name, []).append(term)
        return Losses(torch.stack(values), {name: torch.stack(one) for name, one in terms.items()})

    def _of_member(self, outputs: Any, given: Any, own: "Mapping[str, Tensor]") -> "tuple[Tensor, dict[str, Tensor]]":
        """The loss of a member, and the terms, given its outputs, batch, and tensors of its criterion."""
        import torch

        weights = given["weights"][""] if "weights" in given else None
        batch = Batch(given["inputs"], given["targets"], weights=weights)
        if own:
            value = torch.func.functional_call(self._computed, dict(own), (outputs, batch))
        else:
            value = self.objective.compute(self._first, outputs, batch)
        return value, {term.name: term.value for term in self.objective.terms(self._first)}


def _computed(objective: Objective, criterion: "nn.Module") -> "nn.Module":
    """A module that computes the objective with the parameters and buffers of the criterion in it."""
    from torch import nn

    class Computed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.criterion = criterion

        def forward(self, outputs: Outputs, batch: Batch) -> "Tensor":
            return objective.compute(self.criterion, outputs, batch)

    return Computed()


def _tensors_of(batch: Batch) -> "dict[str, dict[str, Tensor]]":
    """The tensors of a batch in groups."""
    tensors = {"inputs": dict(batch.inputs), "targets": dict(batch.targets)}
    return tensors if batch.weights is None else {**tensors, "weights": {"": batch.weights}}


def _unbound(stacked: Any) -> Any:
    """Stacked tensors as one tensor for each member. They are unbound at once, and so their gradients are stacked."""
    if isinstance(stacked, list):
        return list(map(_unbound, stacked))
    return {key: _unbound(one) for key, one in stacked.items()} if isinstance(stacked, Mapping) else stacked.unbind()


def _at(unbound: Any, member: int) -> Any:
    if isinstance(unbound, list):
        return [_at(one, member) for one in unbound]
    return {key: _at(one, member) for key, one in unbound.items()} if isinstance(unbound, Mapping) else unbound[member]


def _number(divisor: Any) -> float | None:
    return None if divisor is None else float(divisor)
