"""Gather the predictions of a finished run for its validation split, to be counted and drawn in a report."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from attrs import define, field

from hookline.errors.exceptions import HooklineError
from hookline.plugins.stages import Run
from hookline.report.evidence import ClassPredictions, NumberPredictions
from hookline.report.examples import with_inputs, worst_classes, worst_numbers
from hookline.runs.fingerprint import of_data
from hookline.trained.finished_run import FinishedRun

if TYPE_CHECKING:
    from torch import Tensor

    from hookline.data.batches import Batches, Data
    from hookline.spec.objective.prediction import Prediction

SPLITS = ("validation", "test")
"""The splits to predict: the first one that the data has."""

MOST_ROWS = 200_000
"""The maximum number of rows to predict."""

MOST_COLUMNS = 12
"""The maximum number of labels or numbers of a target that are shown."""

THRESHOLD = 0.5
"""The probability from which a label counts as true, as for the metrics."""

Predicted = ClassPredictions | NumberPredictions


CHANGED = "The data has changed since the training: these are other rows than those of the final metrics."
"""What to say if the fingerprint of the data is another one."""


def gathered(finished: FinishedRun) -> tuple[list[Predicted], str]:
    """The predictions of the saved model, by target, and a sentence if they belong to other data.

    Raises:
        HooklineError: if there are none, for example because the data is gone.

    """
    import torch

    with finished.opened() as run:
        data = run.stages.prepare_data(run=run)
        split = next((split for split in SPLITS if split in data.splits()), None)
        if split is None:
            raise HooklineError("The data has neither a validation nor a test split.")
        batches = data.splits()[split]
        with torch.no_grad():
            targets = _predicted(run, finished, data, batches)
        found = [one for target in targets.values() for one in target.predictions(split, batches.rows)]
        if not found:
            raise HooklineError("There are no classes, labels or numbers to compare with true values.")
        note = "" if of_data(data) == finished.plan["data"] else CHANGED
        return [with_inputs(one, batches, data) for one in found], note


def _predicted(run: Run, finished: FinishedRun, data: "Data", batches: "Batches") -> "dict[str, _Target]":
    targets: dict[str, _Target] = {}
    seen = 0
    for batch in batches.epoch(max(1, run.epoch)):
        outputs = run.stages.forward(run=run, model=finished.model, batch=batch)
        predicted = run.stages.predict(run=run, criterion=finished.criterion, outputs=outputs, batch=batch)
        for key, prediction in predicted.items():
            if prediction.loss.offers in ("classes", "labels", "numbers"):
                targets.setdefault(key, _Target(key, data)).add(prediction)
        seen += batch.rows
        if seen >= MOST_ROWS:
            break
    return targets


@define
class _Target:
    """The predictions for a target, from all batches so far."""

    key: str
    data: "Data"
    first: "Prediction | None" = None
    name: str = ""
    scores: "list[Tensor]" = field(factory=list)
    """For classes, the score of the true class; otherwise the predictions."""
    truth: "list[Tensor]" = field(factory=list)
    predicted: "list[Tensor]" = field(factory=list)
    classes: int = 0

    def add(self, prediction: "Prediction") -> None:
        """Add the predictions for a batch."""
        predictions, truth, targets = prediction.predictions, prediction.truth, prediction.batch.targets
        if self.first is None:
            self.first = prediction
            # There may be more targets of the same loss, such as the variance.
            self.name = next((name for name, rows in targets.items() if rows is truth), next(iter(targets)))
        if prediction.loss.offers != "classes":
            self.scores.append(predictions.reshape(len(predictions), -1).cpu())
            self.truth.append(truth.reshape(len(truth), -1).cpu())
            return
        self.classes = predictions.shape[1]
        if truth.is_floating_point():
            truth = truth.argmax(dim=1)
        # Further dimensions, such as the pixels of an image, count as rows.
        predictions, truth = predictions.movedim(1, -1).reshape(-1, self.classes), truth.reshape(-1)
        if (ignored := prediction.loss.ignored_class) is not None:
            predictions, truth = predictions[truth != ignored], truth[truth != ignored]
        self.scores.append(predictions.gather(1, truth.unsqueeze(1)).squeeze(1).cpu())
        self.truth.append(truth.cpu())
        self.predicted.append(predictions.argmax(dim=1).cpu())

    def predictions(self, split: str, rows: int) -> Iterator[Predicted]:
        """The predictions for all batches, each label by itself."""
        import torch

        assert self.first is not None
        loss, known = self.first.loss, self.data.targets[self.name]
        scores, truth = torch.cat(self.scores), torch.cat(self.truth)
        common: dict[str, Any] = {"split": split, "is_whole": rows <= MOST_ROWS}
        scored_by = "probability" if loss.predicts == "probabilities" else "score"
        if loss.offers == "classes":
            names = tuple(map(str, known.classes or ()))
            names += tuple(map(str, range(len(names), self.classes)))  # There may be room for more classes.
            predicted = torch.cat(self.predicted)
            examples = worst_classes(truth, predicted, scores, names) if len(truth) == rows else []
            yield ClassPredictions(
                target=self.key,
                names=names,
                truth=truth.numpy(),
                predicted=predicted.numpy(),
                worst=examples,
                scored_by=scored_by,
                **common,
            )
            return
        columns = known.columns if len(known.columns) == truth.shape[1] else tuple(map(str, range(truth.shape[1])))
        if loss.offers == "numbers":
            if truth.shape[1] > MOST_COLUMNS:
                scores, truth, columns = scores.reshape(-1, 1), truth.reshape(-1, 1), ("all numbers",)
            examples = worst_numbers(truth, scores, columns) if len(truth) == rows else []
            yield NumberPredictions(
                target=self.key,
                columns=columns,
                truth=truth.double().numpy(),
                predicted=scores.double().numpy(),
                worst=examples,
                **common,
            )
            return
        names = _label_names(loss, known.classes, truth.shape[1])
        for index, column in enumerate(columns[:MOST_COLUMNS]):
            is_true, is_yes = (truth[:, index] >= THRESHOLD).long(), (scores[:, index] >= THRESHOLD).long()
            yes = scores[:, index]
            of_truth = torch.where(is_true.bool(), yes, 1 - yes)
            yield ClassPredictions(
                target=self.key if len(columns) == 1 else str(column),
                names=names,
                truth=is_true.numpy(),
                predicted=is_yes.numpy(),
                worst=worst_classes(is_true, is_yes, of_truth, names),
                scored_by=scored_by,
                **common,
            )


def _label_names(loss: Any, classes: Sequence[Any] | None, labels: int) -> tuple[str, str]:
    """The names of a label that is false, and of one that is true."""
    if labels == 1 and classes is not None and len(classes) == 2:
        return str(classes[0]), str(classes[1])
    return str(getattr(loss.encoding, "no", "0")), str(getattr(loss.encoding, "yes", "1"))
