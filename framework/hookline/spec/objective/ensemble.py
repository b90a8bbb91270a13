"""The objective of an ensemble, whose model returns the outputs of several members for each row."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from attrs import evolve

from hookline.data.batches import Batch, Outputs
from hookline.errors.option_errors import OptionError
from hookline.spec.families.loss.loss import LossSpec
from hookline.spec.objective.objective import Objective
from hookline.spec.objective.prediction import Prediction

if TYPE_CHECKING:
    from torch import Tensor


class EnsembleObjective(Objective):
    """The mean of the losses of all members. The prediction is the mean of their predictions.

    The members are the second dimension of the outputs of the model, `(N, members, …)`. They become rows of a batch
    that is as many times larger, so that one call of the criterion computes the losses of all.
    """

    def __init__(self, losses: Mapping[Any, LossSpec], members: int):
        """Take the losses by name, as `Objective` does, and the number of members."""
        super().__init__(losses)
        self.members = members

    def compared(self, outputs: Outputs, batch: Batch) -> tuple[Outputs, Batch]:
        """Return the outputs of the members as rows, and the targets of each row once for each member."""
        changes: dict[str, Any] = {"targets": {name: self._repeated(target) for name, target in batch.targets.items()}}
        if batch.weights is not None:
            changes["weights"] = self._repeated(batch.weights)
        return _as_rows(outputs), evolve(batch, **changes)

    def compute(self, criterion: Any, outputs: Outputs, batch: Batch) -> "Tensor":
        """Return the mean of the losses of the members."""
        return super().compute(criterion, *self.compared(outputs, batch))

    def predict(self, *given: Any, **named: Any) -> dict[str, Prediction]:
        """Return the mean prediction for each loss by name."""
        return {name: EnsemblePrediction.of(one) for name, one in super().predict(*given, **named).items()}

    def conflicts(self) -> Iterator[OptionError]:
        """Yield an error for each loss that is not a mean over rows, and so not the mean over the members."""
        for named in self.losses.values():
            section, *inside = named.path
            name = type(named.loss).__name__
            place = [("model",)]
            try:
                named.loss.check_accumulation()
            except ValueError:
                message = (
                    f"{name} compares the rows of a batch, so it cannot be averaged over the members of the model."
                )
                yield OptionError(section, message, *inside, against=place)
                continue
            if named.loss.divided_by == "nothing":
                message = (
                    f"{name} adds the losses of rows, but that of the model is the mean over its members: average."
                )
                yield OptionError(section, message, *inside, "reduction", against=place)

    def _repeated(self, rows: "Tensor") -> "Tensor":
        return rows.repeat_interleave(self.members, dim=0)


class EnsemblePrediction(Prediction):
    """The mean of the predictions of all members."""

    @classmethod
    def of(cls, prediction: Prediction) -> "EnsemblePrediction":
        """Return the prediction for the outputs of all members."""
        made = cls.__new__(cls)
        made.__dict__ |= prediction.__dict__
        return made

    @cached_property
    def predictions(self) -> "Tensor":
        """The mean of the probabilities, scores or numbers of the members."""
        of_rows = Prediction.__new__(Prediction)
        of_rows.__dict__ |= {**self.__dict__, "outputs": _as_rows(self.outputs)}
        return of_rows.predictions.unflatten(0, (-1, _members_of(self.outputs))).mean(dim=1)

    @cached_property
    def scores(self) -> "Tensor":
        """The predictions."""
        return self.predictions


def _members_of(outputs: Outputs) -> int:
    first: Any = next(iter(outputs.values())) if isinstance(outputs, Mapping) else outputs
    return int(first.shape[1])


def _as_rows(outputs: Outputs) -> Outputs:
    """Return the outputs of the members as rows; those of one row follow each other."""
    if isinstance(outputs, Mapping):
        return {name: output.flatten(0, 1) for name, output in outputs.items()}
    return outputs.flatten(0, 1)
