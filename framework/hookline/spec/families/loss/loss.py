"""The family of losses: what a loss declares about itself, and the defaults that follow from it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from attrs import asdict, fields

from hookline.script.written import without_lines
from hookline.spec.families.loss.averages import LossAverages
from hookline.spec.families.loss.predictions import LossPredictions
from hookline.spec.options import option, spec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import Tensor, nn

    from hookline.data.batches import Batch, Outputs
    from hookline.data.data import Data
    from hookline.script.lines import BatchNames, LossLines, PredictionNames
    from hookline.script.script import Script


@spec
class LossSpec(LossPredictions, LossAverages):
    """A loss: builds the criterion, and declares what it compares.

    `target` and `output` select its target and its output of the model, and `factor` is its weight. A loss in
    `[losses]` also has a name, which is the default for both.
    """

    family = "loss"
    behavior = ("build", "compute", "divisor")

    unstackable: ClassVar[str] = ""
    """Why trials with it cannot be trained together: see `vectorize` of a tuner. Empty if they can."""

    target: str | None = None
    """The target of the loss. Default: the one with the loss's own name in `[losses]`, or the only one."""
    output: str | Mapping[str, str] | None = None
    """The output of the model that the loss takes. Default: the one with the loss's own name in `[losses]`, or all
    outputs. For a loss that takes several outputs, pass a table such as `{ input = "mean", var = "spread" }`; a name
    that is missing from the table stands for the output of the same name."""
    factor: float = option(default=1.0, unbounded=True)
    """The factor by which the loss is multiplied."""

    def own_options(self) -> dict[str, Any]:
        """Return the options except `target`, `output` and `factor`, for a criterion that takes them as arguments."""
        common = {attribute.name for attribute in fields(LossSpec)}
        return {name: value for name, value in asdict(self, recurse=False).items() if name not in common}

    def build(self, data: "Data") -> "nn.Module":
        """Return the criterion, a module that takes the model's outputs and the targets and returns a scalar tensor."""
        raise NotImplementedError(f"{type(self).__name__} has no `build`.")

    def compute(self, criterion: "nn.Module", outputs: "Outputs", batch: "Batch") -> "Tensor":
        """Return the loss of a batch, a scalar tensor: call the criterion with the outputs in `inputs` and the target.

        Override this for a criterion that takes anything else, such as several targets or sequence lengths. `factor` is
        applied afterwards. A batch whose rows have weights is passed to `weighted` instead.
        """
        names = self.inputs
        if len(names) == 1:
            return criterion(outputs, batch.target) if batch.targets else criterion(outputs)
        given: Any = outputs
        return criterion(*(given[name] for name in names), *((batch.target,) if batch.targets else ()))

    def check_outputs(self, outputs: "Outputs") -> None:
        """Raise a `ValueError` if the outputs are not those that `inputs` names. Called before `check`.

        The outputs of a loss that overrides `compute` are not checked, since it may take others.
        """
        if type(self).compute is LossSpec.compute and (message := self.unlike_inputs(outputs)):
            raise ValueError(message)

    def doubts_of_data(self, data: "Data") -> "Iterable[str]":
        """Yield warnings about the targets, as sentences. Called once, before training."""
        return ()

    def check(self, outputs: "Outputs", batch: "Batch", data: "Data") -> None:
        """Raise a `ValueError` if outputs and targets of these shapes and types cannot be compared.

        Called once before training, to report mistakes that torch would hide by broadcasting, or report in the middle
        of an epoch as an index out of bounds.
        """

    def doubts(self, model: "nn.Module", outputs: "Outputs") -> "Iterable[str]":
        """Yield warnings about model and outputs, as sentences. Called after `check`.

        `model` is the module that returns the outputs: for a loss in `[losses]`, the head of its output.

        Raises:
            ValueError: If later batches would fail although this one does not.

        """
        return ()

    @without_lines
    def eject(
        self, script: "Script", criterion: "nn.Module", *, called: str, outputs: str, batch: "BatchNames"
    ) -> "LossLines":
        """Return the expressions that build the criterion and compute the loss of a batch, for `hookline eject`.

        Args:
            script: takes the imports and functions that they need.
            criterion: the criterion that `build` returned.
            called: the variable of the criterion.
            outputs: the outputs of the model, as code; a dictionary if the loss takes several.
            batch: the variables of the batch.

        """
        raise NotImplementedError(f"{type(self).__name__} has no `eject`.")

    def eject_predictions(
        self, script: "Script", *, called: str, outputs: str, batch: "BatchNames"
    ) -> "PredictionNames":
        """Return expressions for what the outputs of a split predict, and for what is true.

        The default applies `activation`. Override it together with `predictions`, `scores` or `truth`.
        """
        from hookline.spec.objective.prediction_lines import prediction_names

        return prediction_names(self, script, outputs, batch)
