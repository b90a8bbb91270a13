"""Gather the predictions of an evaluation, batch by batch, as NumPy arrays."""

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import define, field

from hookline.data.batches import Batch
from hookline.data.targets.encoding import Target
from hookline.plugins.stages import hookimpl
from hookline.spec.families.metric import MetricSpec
from hookline.spec.objective.objective import Objective
from hookline.spec.objective.predicted import THRESHOLD, Predicted, predicted
from hookline.spec.objective.prediction import Prediction
from hookline.trained.evaluation.distances import DistanceDetails, GatheredDistances
from hookline.trained.evaluation.evaluation import MOST_SCORES, TargetDetails
from hookline.trained.evaluation.sequences import GatheredSequences, SequenceDetails

if TYPE_CHECKING:
    from torch import Tensor

KINDS = ("classes", "labels", "numbers")
"""The kinds of predictions that have details row by row."""


@define
class _Gathered:
    """The parts of the arrays of one target, batch by batch."""

    first: Predicted
    truth: "list[Tensor]" = field(factory=list)
    predicted: "list[Tensor]" = field(factory=list)
    probability: "list[Tensor]" = field(factory=list)
    probability_of_truth: "list[Tensor]" = field(factory=list)
    row: "list[Tensor]" = field(factory=list)
    scores: "list[Tensor]" = field(factory=list)
    scored: int = 0


class Gathering:
    """Gathers the predictions of an evaluation, as a plugin that wraps the stage `predict`."""

    __hookline_name__ = "the evaluation"
    """Its name in messages."""

    def __init__(
        self,
        objective: Objective,
        targets: Mapping[str, Target],
        *,
        with_scores: bool,
        metrics: Sequence[MetricSpec] = (),
        progress: Callable[[int], None] | None = None,
    ):
        """Take what the predictions belong to, and what to gather.

        Args:
            objective: the objective.
            targets: what is known of the targets.
            with_scores: whether to keep the scores.
            metrics: the metrics, whose option `threshold` decides which labels are predicted, if there is only one.
            progress: is called after each batch with the number of rows so far.

        """
        self._objective, self._targets, self._with_scores = objective, targets, with_scores
        self._thresholds = _thresholds(objective, metrics)
        self._progress = progress
        self._gathered: dict[str, _Gathered] = {}
        self._sequences: dict[str, GatheredSequences] = {}
        self._distances: dict[str, GatheredDistances] = {}
        self.rows = 0
        """The number of rows so far."""

    @hookimpl(wrapper=True)
    def predict(self, batch: Batch) -> Generator[None, Mapping[str, Prediction], Mapping[str, Prediction]]:
        """Add what the stage answers for each batch."""
        answer = yield
        self.add(answer, batch.rows)
        return answer

    def add(self, several: Mapping[str, Prediction], rows: int) -> None:
        """Add the predictions of a batch with this number of rows."""
        for key, named in zip(self._objective.prediction_keys(), self._objective.losses.values(), strict=True):
            prediction = several[key]
            one = predicted(named, prediction, self._targets)
            called = "" if named.name is None else named.name
            if one.kind == "sequences":
                self._sequences.setdefault(key, GatheredSequences(called, one)).add(one, self.rows + 1)
            if distances := prediction.loss.distances(prediction.criterion, prediction.outputs, prediction.batch):
                self._distances.setdefault(key, GatheredDistances(called, one)).add(one, distances, self.rows + 1)
            elif one.kind == "embeddings" and prediction.batch.targets:
                self._distances.setdefault(key, GatheredDistances(called, one)).add_embeddings(one, prediction)
            if one.kind not in KINDS or not _has_one_value_per_row(one):
                continue
            scores = prediction.scores if self._with_scores and one.kind != "numbers" else None
            gathered = self._gathered.setdefault(key, _Gathered(one))
            self._add(gathered, one, scores, self._thresholds.get(key, THRESHOLD))
        self.rows += rows
        if self._progress is not None:
            self._progress(self.rows)

    def _add(self, gathered: _Gathered, one: Predicted, scores: "Tensor | None", threshold: float) -> None:
        import torch

        truth, predictions = one.truth, one.predictions
        first = self.rows + 1
        row = torch.arange(first, first + len(predictions), device=predictions.device)
        if one.kind == "classes":
            width = predictions.shape[1]
            positions = truth[0].numel() if len(truth) else 1
            row, truth = row.repeat_interleave(positions), truth.reshape(-1)
            predictions, scores = _flat(predictions, width), None if scores is None else _flat(scores, width)
            if (ignored := one.loss.ignored_class) is not None:
                kept = truth != ignored
                row, truth, predictions = row[kept], truth[kept], predictions[kept]
                scores = None if scores is None else scores[kept]
            probability, chosen = predictions.max(dim=1)
            gathered.truth.append(truth.int().cpu())
            gathered.predicted.append(chosen.int().cpu())
            gathered.probability.append(probability.cpu())
            gathered.probability_of_truth.append(predictions.gather(1, truth.long().unsqueeze(1)).squeeze(1).cpu())
        elif one.kind == "labels":
            scores = scores.reshape(predictions.shape) if scores is not None else None
            gathered.truth.append(one.is_true().cpu())
            gathered.predicted.append(one.is_yes(threshold).cpu())
            gathered.probability.append(predictions.cpu())
        else:
            gathered.truth.append(truth.cpu())
            gathered.predicted.append(predictions.cpu())
        gathered.row.append(row.cpu())
        if scores is not None and gathered.scored + scores.numel() <= MOST_SCORES:
            gathered.scored += scores.numel()
            gathered.scores.append(scores.cpu())
        elif scores is not None:
            gathered.scored = MOST_SCORES  # No later batch either, so that they are those of the first rows.

    def details(self) -> dict[str, TargetDetails]:
        """Return the details of each target that was seen."""
        return {
            key: _details(gathered, "" if name is None else name, self._thresholds.get(key, THRESHOLD))
            for name, key in zip(self._objective.losses, self._objective.prediction_keys(), strict=True)
            if (gathered := self._gathered.get(key)) is not None
        }

    def sequences(self) -> dict[str, SequenceDetails]:
        """Return the details of each target with sequences."""
        return {key: gathered.details() for key, gathered in self._sequences.items()}

    def distances(self) -> dict[str, DistanceDetails]:
        """Return the details of each loss that compares pairs, triplets or embeddings."""
        found = {key: gathered.details() for key, gathered in self._distances.items()}
        return {key: one for key, one in found.items() if one is not None}


def _has_one_value_per_row(one: Predicted) -> bool:
    """Whether predictions and true values can be compared row by row: a loss may predict something else."""
    if one.kind == "classes":
        shape = one.predictions.shape
        return one.predictions.dim() > 1 and one.truth.numel() == shape.numel() // max(1, shape[1])
    return one.predictions.dim() == 2 and one.predictions.shape == one.truth.shape


def _flat(numbers: "Tensor", width: int) -> "Tensor":
    """Return `(N, classes)` or `(N, classes, …)` as `(rows, classes)`, where each position is a row."""
    return numbers.movedim(1, -1).reshape(-1, width)


def _thresholds(objective: Objective, metrics: Sequence[MetricSpec]) -> Mapping[str, float]:
    """Return the threshold of the metrics of each target for which they have the same one."""
    found: dict[str, set[float]] = {}
    for metric in metrics:
        threshold = getattr(metric, "threshold", None)
        if isinstance(threshold, (int, float)):
            found.setdefault(objective.key(metric.target), set()).add(float(threshold))
    return {key: next(iter(several)) for key, several in found.items() if len(several) == 1}


def _details(gathered: _Gathered, name: str, threshold: float) -> TargetDetails:
    one = gathered.first

    def array(tensors: "list[Tensor]") -> Any:
        import torch

        joined = torch.cat(tensors)
        # NumPy has no bfloat16.
        return (joined.float() if joined.dtype in (torch.bfloat16, torch.float16) else joined).numpy()

    return TargetDetails(
        name=name,
        kind=one.kind,
        known=one.known,
        classes=() if one.kind == "numbers" else one.names,
        columns=one.columns or ("",),
        has_probabilities=one.loss.predicts == "probabilities",
        threshold=threshold,
        truth=array(gathered.truth),
        predicted=array(gathered.predicted),
        probability=array(gathered.probability) if gathered.probability else None,
        probability_of_truth=array(gathered.probability_of_truth) if gathered.probability_of_truth else None,
        row=array(gathered.row),
        scores=array(gathered.scores) if gathered.scores else None,
    )
