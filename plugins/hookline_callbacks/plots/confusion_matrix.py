"""Confusion matrices."""

from collections.abc import Generator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from hookline import Run, hookimpl
from hookline.data import Batches, Data
from hookline.errors import MismatchError, OptionError, counted
from hookline.files import write_table
from hookline.plots import Pair, draw_matrices, draw_pairs
from hookline.spec import THRESHOLD, Objective, WrapperSpec, option, spec
from hookline_callbacks.files import plain_name, refuse_another
from hookline_callbacks.plots.confusion_counts import Counts, Normalize, normalized
from hookline_callbacks.plots.evaluation_callback import Watching, WatchingSpec
from hookline_callbacks.plots.predicted import refuse_loss


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

    def _begin(self, run: Run, data: Data, split: str) -> Counts | None:
        if split == "training":
            return None
        spec = self._spec
        return Counts(data, run.objective, target=spec.target, threshold=spec.threshold, ignore_index=spec.ignore_index)

    def _write(self, run: Run, batches: Batches, split: str, gathered: Any) -> None:
        counts: Counts = gathered
        assert counts.seen is not None
        path = self._path(run, split)
        pairs = counts.pairs() if counts.is_sparse else None
        with self._paced.files:
            path.parent.mkdir(exist_ok=True)
            if pairs is None:
                _write(path.with_suffix(".csv"), counts)
            else:
                _write_pairs(path.with_suffix(".csv"), pairs, counts.seen.names)
        if self._spec.picture:
            when = split if run.is_trained else f"epoch {run.epoch}, {split}"
            title = f"{run.spec.run.name}, {when}"
            self._draw_later(run, partial(self._draw, path.with_suffix(".png"), counts, pairs, title))

    def _draw(self, path: Path, counts: Counts, pairs: list[Pair] | None, title: str) -> None:
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


def _write(path: Path, counts: Counts) -> None:
    assert counts.seen is not None
    names, labels = counts.seen.names, counts.seen.columns
    rows: list[Sequence[str]] = []
    for label, matrix in zip(labels or ("",), counts.matrices().tolist(), strict=True):
        before = [label] if labels else []
        rows += [[*before, name, *map(str, numbers)] for name, numbers in zip(names, matrix, strict=True)]
    write_table(path, (*(["label"] if labels else []), "truth", *names), rows)


def _write_pairs(path: Path, pairs: Sequence[Pair], names: Sequence[str]) -> None:
    rows = [(names[pair.truth], names[pair.predicted], str(pair.rows)) for pair in pairs]
    write_table(path, ("truth", "predicted", "rows"), rows)
