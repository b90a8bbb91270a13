"""Losses of sequences."""

from typing import TYPE_CHECKING

from hookline.data import Batch, Data, Encoding, Outputs, Sequences
from hookline.script import PredictionNames
from hookline.spec import option, spec
from hookline_losses.base import TorchLoss
from hookline_losses.checks import check_log_probabilities, one_output

if TYPE_CHECKING:
    from torch import Tensor, nn

    from hookline.script import BatchNames, Script


@spec
class CTCLoss(TorchLoss):
    """The negative log-likelihood of a target sequence, summed over all its alignments to the steps of the model.

    For reading text or speech, where the content is known but not its position. At each step the model predicts a class
    or the blank; then repeats are merged, and blanks are dropped.
    Outputs: float `(N, steps, C)`, log-probabilities of the classes and the blank, rows first, unlike in torch.
    Targets: int64 `(N, S)`, the classes of each row, padded with -1. If the data has lengths, padding steps are
    ignored; if the model shortens sequences, lengths shrink in proportion and are rounded up.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.CTCLoss.html; Graves, Fernández, Gomez and
    Schmidhuber, https://www.cs.toronto.edu/~graves/icml_2006.pdf
    """

    blank: int = option(default=0, minimum=0)
    """The index of the blank."""
    zero_infinity: bool = False
    """Set the loss of rows that are too short for their target to 0 instead of infinity."""

    @property
    def encoding(self) -> Encoding | None:
        """Sequences of classes, whose indices skip that of the blank."""
        return Sequences(self.blank)

    def compute(self, criterion: "nn.Module", outputs: Outputs, batch: Batch) -> "Tensor":
        """Call the criterion with the outputs, steps first, and the lengths of both sequences."""
        outputs = one_output("CTCLoss", outputs)
        return criterion(outputs.transpose(0, 1), batch.target, _steps(outputs, batch), (batch.target >= 0).sum(dim=1))

    def ejected_call(self, script: "Script", called: str, outputs: str, batch: "BatchNames") -> str:
        """Return a call with the outputs, steps first, and the lengths of both sequences."""
        given = f"{outputs}.transpose(0, 1), {batch.target}, {_ejected_steps(script, outputs, batch)}"
        return f"{called}({given}, ({batch.target} >= 0).sum(dim=1))"

    eject = TorchLoss.eject

    def eject_predictions(self, script: "Script", *, called: str, outputs: str, batch: "BatchNames") -> PredictionNames:
        """Return the classes of the most probable path, without repeats and blanks."""
        name = script.define(PATH.replace("BLANK", str(self.blank)))
        made = f"{name}({outputs}, {_ejected_steps(script, outputs, batch)})"
        return PredictionNames(predictions=made, scores=made, truth=batch.target or "")

    def row_losses(self, criterion: "nn.Module", outputs: Outputs, batch: Batch) -> "Tensor":
        """Return the loss of each row, divided by the length of its target as in torch, unless losses are added."""
        losses = super().row_losses(criterion, outputs, batch)
        return losses if self.reduction == "sum" else losses / (batch.target >= 0).sum(dim=1).clamp(min=1)

    def check(self, outputs: Outputs, batch: Batch, data: Data) -> None:
        """Require a log-probability for each class and the blank, and enough steps for the target."""
        outputs, classes = one_output("CTCLoss", outputs), len(data.target.classes or ())
        if outputs.dim() != 3 or outputs.shape[2] != classes:
            raise ValueError(
                f"CTCLoss takes log-probabilities of {classes} classes, including the blank, at each step: the outputs "
                f"must have shape (steps, {classes}) for each row, not {tuple(outputs.shape[1:])}."
            )
        check_log_probabilities("CTCLoss", outputs, "classes")
        if not self.zero_infinity:
            [name] = batch.targets
            held = {split: getattr(batches, "all", None) for split, batches in data.splits().items()}
            for split, rows in {"training": batch, **{split: rows for split, rows in held.items() if rows}}.items():
                target = rows.targets[name].to(outputs.device)
                self._refuse_short_rows(outputs, Batch(rows.inputs, {name: target}, rows.lengths), split)

    def _refuse_short_rows(self, outputs: "Tensor", rows: Batch, split: str) -> None:
        """Raise a `ValueError` for rows whose sequences are too short for their targets."""
        given = _steps(outputs.new_empty((rows.rows, outputs.shape[1], 0)), rows).to(rows.target.device)
        needed = _least_steps(rows.target)
        if (short := needed > given).any():
            row = int(short.nonzero()[0])
            raise ValueError(
                f"The target of row {row + 1} of the {split} split needs {int(needed[row])} steps, but the model "
                f"returns {int(given[row])}, so its loss would be infinite. Set `zero_infinity` to ignore such rows."
            )

    def predictions(self, criterion: "nn.Module", outputs: Outputs, batch: Batch) -> "Tensor":
        """Return the classes of the most probable path, without repeats and blanks: `(N, steps)`, padded with -1."""
        import torch

        outputs = one_output("CTCLoss", outputs)
        path = outputs.argmax(dim=2)
        is_padding = torch.arange(path.shape[1], device=path.device) >= _steps(outputs, batch).unsqueeze(1)
        repeats = torch.zeros_like(path, dtype=torch.bool)
        repeats[:, 1:] = path[:, 1:] == path[:, :-1]
        is_predicted = ~repeats & (path != self.blank) & ~is_padding
        # Move the predicted classes to the front, in their order, and all others to an additional step.
        steps = path.shape[1]
        places = torch.where(is_predicted, is_predicted.cumsum(dim=1) - 1, steps)
        moved = path.new_full((path.shape[0], steps + 1), -1).scatter(1, places, path)
        return moved[:, :steps]


STEPS = '''
def steps_of(outputs, lengths, before):
    """Return how many steps of the outputs each row has, if its inputs had `lengths` of the steps `before`."""
    return -(-lengths * outputs.shape[1] // before)
'''

PATH = '''
def path(outputs, steps):
    """Return the classes of the most probable path, without repeats and blanks, padded with -1."""
    classes = outputs.argmax(dim=2)
    is_padding = torch.arange(classes.shape[1]) >= steps.unsqueeze(1)
    repeats = torch.zeros_like(classes, dtype=torch.bool)
    repeats[:, 1:] = classes[:, 1:] == classes[:, :-1]
    is_predicted = ~repeats & (classes != BLANK) & ~is_padding
    order = (~is_predicted).long().sort(dim=1, stable=True).indices
    return torch.where(is_predicted, classes, -1).gather(1, order)
'''


def _ejected_steps(script: "Script", outputs: str, batch: "BatchNames") -> str:
    """Return the number of steps of each row without padding, as code."""
    for name, lengths in batch.lengths.items():
        return f"{script.define(STEPS)}({outputs}, {lengths}, {batch.inputs[name]}.shape[1])"
    return f"torch.full((len({outputs}),), {outputs}.shape[1])"


def _steps(outputs: "Tensor", batch: Batch) -> "Tensor":
    """Return the number of steps of each row without padding, int64 `(N,)`."""
    import torch

    rows, steps = outputs.shape[:2]
    for name, lengths in batch.lengths.items():
        before = batch.inputs[name].shape[1]
        return -(-lengths * steps // before)
    return outputs.new_full((rows,), steps, dtype=torch.long)


def _least_steps(target: "Tensor") -> "Tensor":
    """Return the number of steps that each target needs: one per class, and a blank between equal neighbors."""
    repeats = ((target[:, 1:] == target[:, :-1]) & (target[:, 1:] >= 0)).sum(dim=1)
    return (target >= 0).sum(dim=1) + repeats
