"""Which classes are taken for which."""

from collections.abc import Generator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from hookline import Run, hookimpl
from hookline.data import Batch, Data, Outputs
from hookline.errors import MisfitError, OptionError, counted
from hookline.spec import CallbackSpec, LossSpec, WrapperSpec, option, spec
from hookline_callbacks.files import plain_name, refuse_another, write_table
from hookline_callbacks.paced import Paced
from hookline_callbacks.plots.confused_pairs import Pair, draw_pairs, pairs_of, write_pairs
from hookline_callbacks.plots.matrix_picture import draw_matrices
from hookline_callbacks.plots.predicted import THRESHOLD, Predicted, kind_of, predicted, refuse_loss

if TYPE_CHECKING:
    from torch import Tensor, nn

MOST_CLASSES = 100
"""Up to how many classes there is a matrix: of more, most fields are empty, and none is large enough to be seen."""

MOST_GATHERED = 2**20
"""How many rows are gathered before they are counted, if there are more classes."""

Normalize = Literal["true", "pred", "all"]


@spec
class ConfusionMatrix(CallbackSpec):
    """Counts how often each class is taken for which, in the validation after each epoch and in the test at the end.

    A table and a picture of each are in `confusion_matrix` in the run directory: `epoch-0010.csv` and so on, and
    `test.csv`, with a row for each true class and a column for each predicted one; if the model in the end has other
    weights than those of the last epoch, `validation.csv` is of them. Of several labels, each has a matrix of its own.
    Of more than 100 classes, the table has a row for each pair of a true and a predicted class that occurs, the most
    confused pairs first, and the picture shows these. In a cell that a spreadsheet would take for a formula, such as a
    class called "=a", a `'` stands before the text.
    It is what the metrics are given, and nothing is computed a second time. Pictures are drawn as often as that takes
    up to 5 % of the time, and of the last epoch; `every = 1` draws one after each epoch, however long that takes.

    Source: https://lightning.ai/docs/torchmetrics/stable/classification/confusion_matrix.html
    """

    logs = ()
    connects_to = ()

    normalize: Normalize | None = None
    """By what the numbers in the picture are divided: by those of the "true" class, of the predicted ("pred"), or by
    "all"; left out, they are counts, as they always are in the table."""
    threshold: float = option(default=THRESHOLD, minimum=0, maximum=1)
    """The probability from which on the second of two classes, or a label, is predicted to hold. Of a loss that has an
    output for each class the greatest decides, without a threshold."""
    ignore_index: int | None = option(default=None, minimum=0)
    """Rows whose target is the class with this index do not count. Classes are sorted and counted from 0; of a label, 0
    is that it does not hold. Left out, it is the class that the loss ignores, if it ignores one."""
    target: str | None = None
    """Which of several targets it is about; left out, the only one."""
    picture: bool = True
    """Whether there are pictures, too."""
    directory: str = option(default="confusion_matrix", validator=plain_name())
    """The name of the directory in the run directory."""

    def check(self, loss: LossSpec, callbacks: Sequence[WrapperSpec]) -> None:
        """Refuse a loss without classes, options that do not go with it, and the directory of another callback."""
        refuse_another(self, "directory", callbacks)
        part = refuse_loss(loss, self.target, ("classes", "labels"), "ConfusionMatrix counts classes")
        has_labels = kind_of(part) == "labels"
        if self.threshold != THRESHOLD and not has_labels:
            message = (
                f"{type(part).__name__} has an output for each class, of which the greatest decides: leave it out."
            )
            raise OptionError("threshold", message, against=[("loss", "type")])
        if self.ignore_index is not None and self.ignore_index > 1 and has_labels:
            message = f"{type(part).__name__} tells 0 and 1 apart, and `ignore_index` is {self.ignore_index}."
            raise OptionError("ignore_index", message, against=[("loss", "type")])

    @property
    def writes_to(self) -> tuple[str, ...]:  # type: ignore[override]
        """The tables and pictures."""
        return (f"{self.directory}/",)

    def build(self) -> object:
        """The callback, which counts."""
        return _ConfusionMatrix(self)


class _ConfusionMatrix:
    def __init__(self, spec: ConfusionMatrix):
        self._spec = spec
        self._data: Data | None = None
        self._paced = Paced(spec)

    @hookimpl(wrapper=True)
    def prepare_data(self, run: Run) -> Generator[None, Data, Data]:
        """Refuse data of which nothing is judged."""
        data = self._data = yield
        if data.validation is None and data.test is None:
            message = "The data has neither a validation nor a test split of which ConfusionMatrix could count rows."
            raise MisfitError(message, run.spec.place_of(self._spec))
        self._refuse_unknown_class(run, data)
        return data

    def _refuse_unknown_class(self, run: Run, data: Data) -> None:
        index, loss, target = self._spec.ignore_index, run.spec.loss, self._spec.target
        if index is None or kind_of(loss.of_target(target)) != "classes":
            return
        criterion: Any = None
        [name, *_] = loss.part(target, criterion, {}, data.example)[2].targets
        classes = data.targets[name].classes
        if classes is not None and index >= len(classes):
            message = (
                f"There are {len(classes)} classes, counted from 0 in sorted order, and `ignore_index` is {index}."
            )
            raise MisfitError(message, (*run.spec.place_of(self._spec), "ignore_index"))

    @hookimpl(wrapper=True)
    def evaluate(self, run: Run, split: str) -> Generator[None, Mapping[str, float], Mapping[str, float]]:
        """Listen to what is judged, and write how often each class is taken for which."""
        if split == "training":
            return (yield)
        assert self._data is not None
        counts = _Counts(self._spec, self._data)
        with run.stages.listening("loss", counts.listen):
            judged = yield
        if counts.seen is None:
            message = 'ConfusionMatrix has seen nothing: what answers "evaluate" does not ask the stage "loss".'
            raise MisfitError(message, run.spec.place_of(self._spec))
        assert run.directory is not None, "It is made before training begins."
        directory = run.directory / self._spec.directory
        name = split if run.is_trained else f"epoch-{run.epoch:04}"
        pairs = counts.pairs() if counts.is_sparse else None
        with self._paced.files:
            directory.mkdir(exist_ok=True)
            if pairs is None:
                _write(directory / f"{name}.csv", counts)
            else:
                write_pairs(directory / f"{name}.csv", pairs, counts.seen.names)
        if self._spec.picture:
            when = split if run.is_trained else f"epoch {run.epoch}, {split}"
            draw = partial(self._draw, directory / f"{name}.png", counts, pairs, f"{run.spec.run.name}, {when}")
            if run.is_trained:
                with self._paced.files:
                    draw()
            else:
                self._paced.do(draw)
        return judged

    @hookimpl(wrapper=True)
    def fit(self) -> "Generator[None, nn.Module, nn.Module]":
        """Draw the picture of the last epoch when the training ends, also by an error."""
        try:
            return (yield)
        finally:
            self._paced.finish()

    def _draw(self, path: Path, counts: "_Counts", pairs: list[Pair] | None, title: str) -> None:
        assert counts.seen is not None
        normalize = self._spec.normalize
        count = counts.rows() if pairs is None else sum(pair.rows for pair in pairs)
        rows = counted(count, "row") if count else "no rows"
        parts = {"true": "parts of each true class", "pred": "parts of each predicted class", "all": f"parts of {rows}"}
        title = f"{title}: {rows if normalize is None else parts[normalize]}"
        if pairs is not None:
            draw_pairs(path, pairs, counts.seen.names, title, normalize)
            return
        shown: Any = counts.matrices() if normalize is None else normalized(counts.matrices(), normalize)
        draw_matrices(path, shown.numpy(), counts.seen.names, counts.seen.columns or ("",), title)


class _Counts:
    """How often each class is taken for which, of one or several labels."""

    def __init__(self, spec: ConfusionMatrix, data: Data):
        self._spec, self._data = spec, data
        self._counts: Tensor | None = None
        self._gathered: list[Tensor] = []
        self._pairs: tuple[Tensor, Tensor] | None = None
        self.seen: Predicted | None = None
        self.is_sparse = False
        """Whether there are too many classes for a matrix."""

    def listen(self, answer: "Tensor", run: Run, criterion: "nn.Module", outputs: Outputs, batch: Batch) -> None:
        """Count the rows of a batch."""
        import torch

        with torch.no_grad():
            heard = predicted(run.spec.loss, self._spec.target, self._data, criterion, outputs, batch)
            self.is_sparse = heard.kind == "classes" and heard.predictions.shape[1] > MOST_CLASSES
            if self.is_sparse:
                self._gathered.append(places_of(heard, self._spec.threshold, self._spec.ignore_index)[0])
                if sum(map(len, self._gathered)) > MOST_GATHERED:
                    self._count_pairs()
            else:
                counts = counts_of(heard, self._spec.threshold, self._spec.ignore_index)
                self._counts = counts if self._counts is None else self._counts.add_(counts)
        self.seen = self.seen or heard

    def _count_pairs(self) -> None:
        """Count the pairs of classes that were gathered, so that memory grows with how many there are."""
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
        """The pairs of classes that occur, where there are too many classes for a matrix."""
        assert self.seen is not None
        self._count_pairs()
        assert self._pairs is not None
        places, counts = self._pairs
        return pairs_of(places, counts, self.seen.predictions.shape[1])

    def rows(self) -> int:
        """How many rows each matrix counts."""
        assert self._counts is not None
        return int(self._counts[0].sum()) if len(self._counts) else 0

    def matrices(self) -> "Tensor":
        """Of each label, or of the classes, the counts: `(matrices, true, predicted)`."""
        assert self._counts is not None
        return self._counts.cpu()


def counts_of(heard: Predicted, threshold: float = THRESHOLD, ignore_index: int | None = None) -> "Tensor":
    """How often each class is taken for which: int64 `(1, classes, classes)`, or `(labels, 2, 2)`."""
    import torch

    places, columns, count = places_of(heard, threshold, ignore_index)
    return torch.bincount(places, minlength=columns * count * count).reshape(columns, count, count)


def places_of(heard: Predicted, threshold: float, ignore_index: int | None) -> "tuple[Tensor, int, int]":
    """The place of each row in the matrices, int64; how many matrices there are, and how many rows each has."""
    import torch

    if heard.kind == "classes":
        # Rows may have places of their own, `(N, classes, …)`; each of them counts.
        said, meant = heard.predictions.argmax(dim=1).reshape(-1, 1), heard.truth.reshape(-1, 1)
        count = heard.predictions.shape[1]
        ignore_index = heard.loss.ignored_class if ignore_index is None else ignore_index
    else:
        said, meant = heard.is_yes(threshold).long(), heard.is_true().long()
        count = 2
    columns = said.shape[1]
    places = (torch.arange(columns, device=said.device) * count + meant) * count + said
    if ignore_index is not None:
        places = places[meant != ignore_index]
    return places.flatten(), columns, count


def normalized(counts: "Tensor", normalize: Normalize) -> "Tensor":
    """Counts of each matrix divided as torchmetrics does it; 0 where there is nothing to divide by."""
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
