"""Confusion matrices."""

from collections.abc import Generator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from hookline import Run, hookimpl
from hookline.data import Batch, Batches, Data
from hookline.errors import MismatchError, OptionError, counted
from hookline.spec import Objective, Prediction, WrapperSpec, option, spec
from hookline_callbacks.files import plain_name, refuse_another, write_table
from hookline_callbacks.plots.confused_pairs import Pair, draw_pairs, pairs_of, write_pairs
from hookline_callbacks.plots.evaluation_callback import Watching, WatchingSpec
from hookline_callbacks.plots.matrix_picture import draw_matrices
from hookline_callbacks.plots.predicted import THRESHOLD, Predicted, predicted, refuse_loss

if TYPE_CHECKING:
    from torch import Tensor

MOST_CLASSES = 100
"""The maximum number of classes for a matrix: with more, most cells are empty, and too small to be visible."""

MOST_GATHERED = 2**20
"""The number of rows to gather before they are counted, if there are more classes."""

Normalize = Literal["true", "pred", "all"]


@spec
class ConfusionMatrix(WatchingSpec):
    """Count how often each class is predicted as each class, in the validation after each epoch and in the final test.

    The run directory contains tables and pictures in `confusion_matrix`: `epoch-0010.csv` and so on, and `test.csv`,
    with a row for each true class and a column for each predicted class. If the final model has other weights than
    those of the last epoch, `validation.csv` shows its results. With several labels, each label has its own matrix.
    With more than 100 classes, the table has a row for each pair of a true and a predicted class that occurs, the most
    confused pairs first, and the picture shows these pairs. A cell that a spreadsheet would interpret as a formula,
    such as a class "=a", is prefixed with `'`.

    The callback uses the predictions of the metrics, and computes nothing twice. Pictures are drawn between epochs
    within 5 % of the training time, and for the last epoch. `every = 1` draws one after each epoch, however long that
    takes.

    Source: https://lightning.ai/docs/torchmetrics/stable/classification/confusion_matrix.html
    """

    normalize: Normalize | None = None
    """Normalize the picture over the rows of each true class ("true"), of each predicted class ("pred"), or over all
    rows ("all"). Default: counts. The table always contains counts."""
    threshold: float = option(default=THRESHOLD, minimum=0, maximum=1)
    """The probability from which the second of two classes, or a label, is predicted. For a loss with one output per
    class, the largest output decides instead."""
    ignore_index: int | None = option(default=None, minimum=0)
    """The index of a class whose rows to ignore. Classes are sorted and counted from 0; for a label, 0 means false.
    Default: the class that the loss ignores, if any."""
    target: str | None = None
    """The target, if there are several. Default: the only one."""
    picture: bool = True
    """Draw pictures in addition to the tables."""
    directory: str = option(default="confusion_matrix", validator=plain_name())
    """The name of the directory in the run directory."""

    def check(self, objective: Objective, callbacks: Sequence[WrapperSpec]) -> None:
        """Refuse a loss without classes, options that do not fit it, and the directory of another callback."""
        refuse_another(self, "directory", callbacks)
        loss, path = refuse_loss(objective, self.target, ("classes", "labels"), "ConfusionMatrix counts classes")
        has_labels = loss.offers == "labels"
        if self.threshold != THRESHOLD and not has_labels:
            message = f"{type(loss).__name__} has one output per class, and the largest decides: remove `threshold`."
            raise OptionError("threshold", message, against=[path])
        if self.ignore_index is not None and self.ignore_index > 1 and has_labels:
            message = f"{type(loss).__name__} has the classes 0 and 1, but `ignore_index` is {self.ignore_index}."
            raise OptionError("ignore_index", message, against=[path])

    def build(self) -> object:
        """Return the callback."""
        return _ConfusionMatrix(self)


class _ConfusionMatrix(Watching):
    def __init__(self, spec: ConfusionMatrix):
        super().__init__(spec)
        self._spec = spec

    @hookimpl(wrapper=True)
    def prepare_data(self, run: Run) -> Generator[None, Data, Data]:
        """Refuse data without a split to evaluate."""
        data = self._data = yield
        if data.validation is None and data.test is None:
            message = "ConfusionMatrix needs a validation or test split, but the data has neither."
            raise MismatchError(message, run.spec.place_of(self._spec))
        self._refuse_unknown_class(run, data)
        return data

    def _refuse_unknown_class(self, run: Run, data: Data) -> None:
        index, named = self._spec.ignore_index, run.objective.named(self._spec.target)
        if index is None or named.loss.offers != "classes":
            return
        classes = named.data(data).target.classes
        if classes is not None and index >= len(classes):
            message = f"There are {len(classes)} classes, counted from 0 in sorted order, so there is no class {index}."
            raise MismatchError(message, (*run.spec.place_of(self._spec), "ignore_index"))

    def _begin(self, run: Run, data: Data, split: str) -> "_Counts | None":
        return None if split == "training" else _Counts(self._spec, data, run.objective.key(self._spec.target))

    def _write(self, run: Run, batches: Batches, split: str, gathered: Any) -> None:
        counts: _Counts = gathered
        assert counts.seen is not None
        path = self._path(run, split)
        pairs = counts.pairs() if counts.is_sparse else None
        with self._paced.files:
            path.parent.mkdir(exist_ok=True)
            if pairs is None:
                _write(path.with_suffix(".csv"), counts)
            else:
                write_pairs(path.with_suffix(".csv"), pairs, counts.seen.names)
        if self._spec.picture:
            when = split if run.is_trained else f"epoch {run.epoch}, {split}"
            title = f"{run.spec.run.name}, {when}"
            self._draw_later(run, partial(self._draw, path.with_suffix(".png"), counts, pairs, title))

    def _draw(self, path: Path, counts: "_Counts", pairs: list[Pair] | None, title: str) -> None:
        assert counts.seen is not None
        normalize = self._spec.normalize
        count = counts.rows() if pairs is None else sum(pair.rows for pair in pairs)
        rows = counted(count, "row") if count else "no rows"
        parts = {
            "true": "fractions of each true class",
            "pred": "fractions of each predicted class",
            "all": f"fractions of {rows}",
        }
        title = f"{title}: {rows if normalize is None else parts[normalize]}"
        if pairs is not None:
            draw_pairs(path, pairs, counts.seen.names, title, normalize)
            return
        shown: Any = counts.matrices() if normalize is None else normalized(counts.matrices(), normalize)
        draw_matrices(path, shown.numpy(), counts.seen.names, counts.seen.columns or ("",), title)


class _Counts:
    """The counts of true and predicted classes, or of one or several labels."""

    def __init__(self, spec: ConfusionMatrix, data: Data, key: str):
        self._spec, self._data, self._key = spec, data, key
        self._counts: Tensor | None = None
        self._gathered: list[Tensor] = []
        self._pairs: tuple[Tensor, Tensor] | None = None
        self.seen: Predicted | None = None
        self.is_sparse = False
        """Whether there are too many classes for a matrix."""

    @property
    def is_empty(self) -> bool:
        """Whether no batch has been counted."""
        return self.seen is None

    def add(self, several: Mapping[str, Prediction], batch: Batch) -> None:
        """Count the rows of a batch."""
        import torch

        with torch.no_grad():
            one = predicted(several[self._key], self._data)
            self.is_sparse = one.kind == "classes" and one.predictions.shape[1] > MOST_CLASSES
            if self.is_sparse:
                self._gathered.append(places_of(one, self._spec.threshold, self._spec.ignore_index)[0])
                if sum(map(len, self._gathered)) > MOST_GATHERED:
                    self._count_pairs()
            else:
                counts = counts_of(one, self._spec.threshold, self._spec.ignore_index)
                self._counts = counts if self._counts is None else self._counts.add_(counts)
        self.seen = self.seen or one

    def _count_pairs(self) -> None:
        """Count the gathered pairs of classes, so that memory grows only with the number of distinct pairs."""
        import torch

        if not self._gathered:
            return
        gathered = torch.cat(self._gathered).cpu()
        known, counts = (gathered[:0], gathered[:0]) if self._pairs is None else self._pairs
        places, which = torch.cat([known, gathered]).unique(return_inverse=True)
        added = torch.cat([counts, torch.ones_like(gathered)])
        self._pairs = places, torch.zeros_like(places).index_add_(0, which, added)
        self._gathered = []

    def pairs(self) -> list[Pair]:
        """Return the pairs of classes that occur, if there are too many classes for a matrix."""
        assert self.seen is not None
        self._count_pairs()
        assert self._pairs is not None
        places, counts = self._pairs
        return pairs_of(places, counts, self.seen.predictions.shape[1])

    def rows(self) -> int:
        """Return the number of rows in each matrix."""
        assert self._counts is not None
        return int(self._counts[0].sum()) if len(self._counts) else 0

    def matrices(self) -> "Tensor":
        """Return the counts of each label, or of the classes: `(matrices, true, predicted)`."""
        assert self._counts is not None
        return self._counts.cpu()


def counts_of(one: Predicted, threshold: float = THRESHOLD, ignore_index: int | None = None) -> "Tensor":
    """Return the confusion matrix of the classes, int64 `(1, classes, classes)`, or of each label, `(labels, 2, 2)`."""
    import torch

    places, columns, count = places_of(one, threshold, ignore_index)
    return torch.bincount(places, minlength=columns * count * count).reshape(columns, count, count)


def places_of(one: Predicted, threshold: float, ignore_index: int | None) -> "tuple[Tensor, int, int]":
    """Return the flat index of each row in the matrices, int64, the number of matrices, and the size of each."""
    import torch

    if one.kind == "classes":
        # Rows may have several positions, `(N, classes, …)`; each of them counts.
        chosen, truth = one.predictions.argmax(dim=1).reshape(-1, 1), one.truth.reshape(-1, 1)
        count = one.predictions.shape[1]
        ignore_index = one.loss.ignored_class if ignore_index is None else ignore_index
    else:
        chosen, truth = one.is_yes(threshold).long(), one.is_true().long()
        count = 2
    columns = chosen.shape[1]
    places = (torch.arange(columns, device=chosen.device) * count + truth) * count + chosen
    if ignore_index is not None:
        places = places[truth != ignore_index]
    return places.flatten(), columns, count


def normalized(counts: "Tensor", normalize: Normalize) -> "Tensor":
    """Return the counts of each matrix normalized like in torchmetrics, with 0 where the divisor is 0."""
    dimensions = {"true": (-1,), "pred": (-2,), "all": (-2, -1)}[normalize]
    numbers = counts.float()
    return (numbers / numbers.sum(dim=dimensions, keepdim=True)).nan_to_num(0.0)


def _write(path: Path, counts: _Counts) -> None:
    assert counts.seen is not None
    names, labels = counts.seen.names, counts.seen.columns
    rows: list[Sequence[str]] = []
    for label, matrix in zip(labels or ("",), counts.matrices().tolist(), strict=True):
        before = [label] if labels else []
        rows += [[*before, name, *map(str, numbers)] for name, numbers in zip(names, matrix, strict=True)]
    write_table(path, (*(["label"] if labels else []), "truth", *names), rows)
