"""Accumulate the metrics of a spec over the batches of a split."""

import math
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from hookline.errors.exceptions import HooklineWarning
from hookline.plugins.stages import Run
from hookline.spec.objective.prediction import Prediction
from hookline.training.metric_groups import First, Groups, built_groups
from hookline.training.metrics import Part

if TYPE_CHECKING:
    from torch import Tensor

KEPT = "metrics of "
"""The beginning of the name under which a run keeps the metrics of a split for its next evaluation."""


class SplitMetrics:
    """The metrics of a spec, accumulated over the batches of a split.

    Metrics that allow it are updated once with the rows of several small batches: see `MetricSpec.joins_batches`. Their
    objects are built once for all evaluations of a split if they allow it: see `MetricSpec.resets`.
    """

    def __init__(self, run: Run, split: str):
        """Begin without batches; `split` is the name of the split in messages."""
        self._run, self._split = run, split
        self._metrics: Groups | None = None

    def add(self, predicted: Mapping[str, Prediction]) -> None:
        """Add the predictions of a batch, by the names of the losses. The first ones determine the numbers of classes.

        Raises:
            MismatchError: if a metric cannot evaluate the predictions.
            StageError: for a fault in the code of a metric.

        """
        metrics = self._metrics or self._begun(
            lambda parts: (predicted[parts.key].loss, getattr(predicted[parts.key], parts.of_rows))
        )
        for group in metrics.groups:
            group.add(predicted[group.parts.key])

    def add_parts(self, parts: "Mapping[Part, Sequence[Tensor]]") -> None:
        """Add the parts of the predictions of several batches, which nothing overwrites.

        Args:
            parts: all parts that `evaluated_parts` names for the metrics: those of each batch by the name of the loss
                and the name of the part.

        """
        metrics = self._metrics
        if metrics is None:
            objective = self._run.objective
            losses = dict(zip(objective.prediction_keys(), objective.losses.values(), strict=True))
            metrics = self._begun(lambda part: (losses[part.key].loss, parts[part.key, part.of_rows][0]))
        for group in metrics.groups:
            key, of_rows, of_truth = group.parts
            group.add_several(parts[key, of_rows], parts[key, of_truth])

    def values(self) -> dict[str, float]:
        """Return the metrics of all batches by name, and issue a warning about each that is NaN.

        What is added afterwards begins anew.
        """
        metrics, self._metrics = self._metrics, None
        found: dict[str, float] = {}
        if metrics is None:
            return found
        for group in metrics.groups:
            group.flush()
        for one in metrics.members:
            metric = one.metric
            value = found[metric.label] = one.value()
            if math.isnan(value):
                message = f"{metric.label} is NaN on the {self._split} split. {metric.undefined}".rstrip()
                place = ("metrics", self._run.spec.metrics.index(metric))
                warnings.warn(HooklineWarning(message, place, id="undefined-metric"), stacklevel=3)
        if metrics.may_be_kept:
            metrics.reset()
            self._run.kept[KEPT + self._split] = metrics
        return found

    def _begun(self, first: First) -> Groups:
        """Begin with the loss and the predictions of the first batch.

        The objects of the last evaluation are taken, so that nothing else uses them at the same time.
        """
        kept: Groups | None = self._run.kept.pop(KEPT + self._split, None)
        metrics = kept if kept is not None and kept.fit(first) else built_groups(self._run, self._split, first)
        self._metrics = metrics
        return metrics
