"""The loss of each member of a stack for a batch."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import frozen

from hookline.data.batches import Batch, Outputs
from hookline.spec.objective.objective import Objective, Term

if TYPE_CHECKING:
    from torch import Tensor, nn


@frozen
class Losses:
    """The losses of all members for a batch."""

    values: "Tensor"
    """The objective, `(members,)`."""
    terms: "Sequence[tuple[Term, Tensor, Tensor]]" = ()
    """Each loss of `[losses]`, with its value and its contribution for each member, `(members,)`."""


class Criterion:
    """Computes the loss of each member of a stack. The members have equal criteria without parameters."""

    def __init__(self, objective: Objective, criterion: "nn.Module"):
        """Take the objective, and the criterion of one of the members."""
        self._objective = objective
        self._criterion = criterion
        only = objective.losses.get(None)
        is_plain = type(objective) is Objective and only is not None and only.is_plain and only.loss.takes_weights
        self._by_rows = only.loss if is_plain and only is not None and len(only.loss.inputs) == 1 else None

    def __call__(self, outputs: Outputs, batch: Batch, *, is_shared: bool) -> Losses:
        """Return the losses of a batch.

        Args:
            outputs: the outputs, each `(members, rows, …)`.
            batch: the batch that all members share, or the batches of all members, each tensor `(members, rows, …)`.
            is_shared: whether they share it.

        """
        if self._by_rows is not None and not isinstance(outputs, Mapping) and batch.weights is None:
            if is_shared or self._by_rows.divided_by != "weights":
                return Losses(self._of_rows(outputs, batch, is_shared=is_shared))
        return self._vectorized(outputs, batch, is_shared=is_shared)

    def _of_rows(self, outputs: "Tensor", batch: Batch, *, is_shared: bool) -> "Tensor":
        """The mean or the sum of the losses of the rows of each member, which are computed as rows of one batch."""
        assert self._by_rows is not None, "The caller has checked it."
        members, rows = outputs.shape[:2]

        def joined(tensor: "Tensor") -> "Tensor":
            stacked = tensor.expand(members, *tensor.shape) if is_shared else tensor
            return stacked.flatten(0, 1)

        flat = outputs.flatten(0, 1)
        targets = {name: joined(tensor) for name, tensor in batch.targets.items()}
        losses = self._by_rows.row_losses(self._criterion, flat, Batch({"input": flat}, targets)).view(members, -1)
        divided_by = self._by_rows.divided_by
        if divided_by == "rows":
            return losses.mean(1)
        total = losses.sum(1)
        divisor = None if divided_by == "nothing" else self._by_rows.divisor(self._criterion, batch)
        return total if divisor is None else total / divisor

    def _vectorized(self, outputs: Outputs, batch: Batch, *, is_shared: bool) -> Losses:
        import torch

        named: list[Term] = []
        tensors = {"inputs": batch.inputs, "targets": batch.targets, "lengths": batch.lengths}
        if batch.weights is not None:
            tensors["weights"] = {"": batch.weights}

        def losses(outputs: Any, given: Any) -> Any:
            weights = given["weights"][""] if "weights" in given else None
            batch = Batch(given["inputs"], given["targets"], given["lengths"], weights)
            value = self._objective.compute(self._criterion, outputs, batch)
            terms = self._objective.terms(self._criterion)
            named[:] = terms
            return value, [(term.value, term.weighted) for term in terms]

        plain = {kind: dict(group) for kind, group in tensors.items()}
        values, several = torch.vmap(losses, in_dims=(0, None if is_shared else 0))(outputs, plain)
        if named:
            self._criterion.terms = []  # type: ignore[assignment]  # Those that it has now are of all members.
        return Losses(values, [(term, *pair) for term, pair in zip(named, several, strict=True)])
