"""The average of a loss over its rows, which may have weights."""

from typing import TYPE_CHECKING, Literal

from hookline.spec.options import Spec

if TYPE_CHECKING:
    from torch import Tensor, nn

    from hookline.data.batches import Batch, Outputs

DividedBy = Literal["rows", "weights", "nothing"]


class LossAverages(Spec):
    """What `LossSpec` says about the mean of a batch."""

    @property
    def divided_by(self) -> DividedBy:
        """What the loss of a batch is divided by: its number of rows, their total weight, or nothing.

        If rows have weights of their own (`Batch.weights`), "rows" stands for the sum of these.

        A loss that is a sum sets `divided_by = "nothing"`. One that weights its rows sets "weights", and returns their
        total weight from `divisor`.
        """
        return "rows"

    def divisor(self, criterion: "nn.Module", batch: "Batch") -> "Tensor | float | None":
        """Return what the loss of a batch was divided by; `None` for a sum. It weights the batch in averages.

        Override this if `divided_by` is "weights", since only the loss can compute the total weight.
        """
        divided_by = self.divided_by
        if divided_by == "weights":
            raise NotImplementedError(f'{type(self).__name__} is divided by "weights" but has no `divisor`.')
        return rows_or_weights(batch) if divided_by == "rows" else None

    def check_accumulation(self) -> None:
        """Raise a `ValueError` if the gradients of a batch are not the sum of the gradients of its parts."""

    @property
    def takes_weights(self) -> bool:
        """Whether rows can have weights, such as `weight_column` of a table: whether it has `row_losses`.

        A class that overrides `compute` or `build` must override `row_losses` too, since the one that it inherits may
        compute another loss.
        """
        for kind in type(self).__mro__:
            own = vars(kind)
            if "row_losses" in own:
                return kind is not LossAverages
            if "compute" in own or "build" in own:
                return False
        return False

    def row_losses(self, criterion: "nn.Module", outputs: "Outputs", batch: "Batch") -> "Tensor":
        """Return the loss of each row `(N,)`, or of each of its elements `(N, …)`, to which weights are applied.

        Override this in a loss that can weight its rows: return what the criterion would return with torch's
        `reduction="none"`. Elements of a row are averaged, or added if `divided_by` is "nothing" or "weights".
        """
        raise NotImplementedError(f"{type(self).__name__} has no `row_losses`, so rows cannot have weights.")

    def weighted(self, criterion: "nn.Module", outputs: "Outputs", batch: "Batch") -> "Tensor":
        """Return the loss of a batch whose rows have weights w: Σ w l / Σ w, with the loss l of each row.

        For `divided_by = "nothing"` it is Σ w l. For "weights", such as class weights c, it is Σ w l / Σ w c, where l
        contains c. It is 0, with gradients of 0, if all weights of the batch are 0.
        """
        import torch

        losses = self.row_losses(criterion, outputs, batch)
        if losses.dim() > 1:
            losses = losses.flatten(1)
            losses = losses.mean(dim=1) if self.divided_by == "rows" else losses.sum(dim=1)
        assert batch.weights is not None
        total = (batch.weights * losses).sum()
        divisor = self.divisor(criterion, batch)
        if divisor is None:
            return total
        return total / torch.as_tensor(divisor).clamp(min=torch.finfo(total.dtype).tiny)


def rows_or_weights(batch: "Batch") -> "Tensor | int":
    """Return the number of rows of a batch, or the sum of their weights if they have any."""
    return batch.rows if batch.weights is None else batch.weights.sum()
