"""Losses of sequences."""

from typing import TYPE_CHECKING

from hookline.data import Batch, Data, Encoding, Outputs, Sequences
from hookline.spec import option, spec
from hookline_losses.base import TorchLoss, check_log_probabilities, one_output

if TYPE_CHECKING:
    from torch import Tensor, nn


@spec
class CTCLoss(TorchLoss):
    """The negative log-likelihood of a sequence that may be written into the steps of a longer one in many ways.

    For reading text or speech, where it is known what is said and not when. At each step the model says one of the
    classes or the blank; repeats are one, and blanks are dropped.
    Outputs: float `(N, steps, C)`, log-probabilities of the classes and the blank, rows first as everywhere here.
    Targets: int64 `(N, S)`, the classes of each row, filled up with -1. If the data has lengths, steps that are padding
    do not count; where the model has made the sequences shorter, the lengths shrink in proportion and are rounded up.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.CTCLoss.html; Graves, Fernández, Gomez and
    Schmidhuber, https://www.cs.toronto.edu/~graves/icml_2006.pdf
    """

    blank: int = option(default=0, minimum=0)
    """The index of the blank."""
    zero_infinity: bool = False
    """Whether a row that is too short for its target counts nothing, instead of making the loss infinite."""

    @property
    def encoding(self) -> Encoding | None:
        """Sequences of classes, which leave out the index of the blank."""
        return Sequences(self.blank)

    def compute(self, criterion: "nn.Module", outputs: Outputs, batch: Batch) -> "Tensor":
        """The criterion of the outputs, steps first, with the lengths of both sequences."""
        outputs = one_output("CTCLoss", outputs)
        return criterion(outputs.transpose(0, 1), batch.target, _steps(outputs, batch), (batch.target >= 0).sum(dim=1))

    def check(self, outputs: Outputs, batch: Batch, data: Data) -> None:
        """There must be a log-probability for each class and the blank, and steps enough for the target."""
        outputs, classes = one_output("CTCLoss", outputs), len(data.target.classes or ())
        if outputs.dim() != 3 or outputs.shape[2] != classes:
            raise ValueError(
                f"CTCLoss takes the log-probabilities of {classes} classes, the blank included, at each step: the "
                f"model must give (steps, {classes}) for each row, and it gives {tuple(outputs.shape[1:])}."
            )
        check_log_probabilities("CTCLoss", outputs, "classes")
        if not self.zero_infinity:
            [name] = batch.targets
            held = {split: getattr(batches, "all", None) for split, batches in data.splits().items()}
            for split, rows in {"training": batch, **{split: rows for split, rows in held.items() if rows}}.items():
                target = rows.targets[name].to(outputs.device)
                self._refuse_short_rows(outputs, Batch(rows.inputs, {name: target}, rows.lengths), split)

    def _refuse_short_rows(self, outputs: "Tensor", rows: Batch, split: str) -> None:
        """Refuse rows whose sequences are too short for their targets."""
        given = _steps(outputs.new_empty((rows.rows, outputs.shape[1], 0)), rows).to(rows.target.device)
        needed = _least_steps(rows.target)
        if (short := needed > given).any():
            row = int(short.nonzero()[0])
            raise ValueError(
                f"The target of row {row + 1} of the {split} split needs {int(needed[row])} steps, and the model gives "
                f"{int(given[row])}: its loss would be infinite. `zero_infinity` leaves such rows out."
            )

    def predictions(self, criterion: "nn.Module", outputs: Outputs, batch: Batch) -> "Tensor":
        """The classes along the most probable path, repeats and blanks dropped: int64 `(N, steps)`, padded with -1."""
        import torch

        outputs = one_output("CTCLoss", outputs)
        path = outputs.argmax(dim=2)
        is_padding = torch.arange(path.shape[1], device=path.device) >= _steps(outputs, batch).unsqueeze(1)
        repeats = torch.zeros_like(path, dtype=torch.bool)
        repeats[:, 1:] = path[:, 1:] == path[:, :-1]
        said = ~repeats & (path != self.blank) & ~is_padding
        # What is said moves to the front, in its order.
        order = (~said).long().sort(dim=1, stable=True).indices
        return torch.where(said, path, -1).gather(1, order)


def _steps(outputs: "Tensor", batch: Batch) -> "Tensor":
    """How many steps of each row are no padding, int64 `(N,)`."""
    rows, steps = outputs.shape[:2]
    for name, lengths in batch.lengths.items():
        before = batch.inputs[name].shape[1]
        return -(-lengths * steps // before)
    return outputs.new_full((rows,), steps, dtype=batch.target.dtype)


def _least_steps(target: "Tensor") -> "Tensor":
    """How many steps each target needs: one for each class, and a blank between two that are the same."""
    repeats = ((target[:, 1:] == target[:, :-1]) & (target[:, 1:] >= 0)).sum(dim=1)
    return (target >= 0).sum(dim=1) + repeats
