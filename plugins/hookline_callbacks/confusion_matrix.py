"""Which classes are taken for which."""

from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from hookline import (
    Batch,
    CallbackSpec,
    Data,
    MisfitError,
    Outputs,
    Run,
    TrainingSpec,
    counted,
    hookimpl,
    option,
    spec,
)
from hookline_callbacks.files import plain_name, refuse_another, write_table
from hookline_callbacks.matrix_picture import draw_matrices
from hookline_callbacks.predicted import THRESHOLD, Predicted, predicted, refuse_loss

if TYPE_CHECKING:
    from torch import Tensor, nn

MOST_CLASSES = 1000
"""Up to how many classes the table is a matrix, and there is a picture of it."""

MOST_GATHERED = 2**20
"""How many rows are gathered before they are counted, if there are more classes."""

Normalize = Literal["true", "pred", "all"]


@spec
class ConfusionMatrix(CallbackSpec):
    """Counts how often each class is taken for which, in the validation after each epoch and in the test at the end.

    A table and a picture of each are in `confusion_matrix` in the run directory: `epoch-0010.csv` and so on, and
    `test.csv`, with a row for each true class and a column for each predicted one; if the model in the end has other
    weights than those of the last epoch, `validation.csv` is of them. Of several labels, each has a matrix of its own.
    Of more than 1,000 classes the tables have a row for each pair that occurs, the most frequent first, with `truth`,
    `prediction` and `count`, and there is no picture. In a cell that a spreadsheet would take for a formula, such as a
    class called "=a", a `'` stands before the text.
    It is what the metrics are given, and nothing is computed a second time. A picture takes some tenths of a second:
    `every = 10` leaves out what nobody looks at.

    Source: https://lightning.ai/docs/torchmetrics/stable/classification/confusion_matrix.html
    """

    logs = ()

    normalize: Normalize | None = None
    """By what the numbers in the picture are divided: by those of the "true" class, of the predicted ("pred"), or by
    "all"; left out, they are counts, as they always are in the table."""
    threshold: float = option(default=THRESHOLD, minimum=0, maximum=1)
    """The probability above which one of two classes, or a label, is predicted to hold."""
    ignore_index: int | None = option(default=None, unbounded=True)
    """Rows whose target is this one do not count."""
    target: str | None = None
    """Which of several targets it is about; left out, the only one."""
    picture: bool = True
    """Whether there are pictures, too."""
    directory: str = option(default="confusion_matrix", validator=plain_name())
    """The name of the directory in the run directory."""

    def check(self, spec: TrainingSpec) -> None:
        """Refuse a loss that tells no classes apart, a target that there is not, and the directory of another one."""
        refuse_another(self, "directory", spec)
        refuse_loss(spec, self.target, ("classes", "labels"), "ConfusionMatrix counts classes")

    def build(self) -> object:
        """The callback, which counts."""
        return _ConfusionMatrix(self)


class _ConfusionMatrix:
    def __init__(self, spec: ConfusionMatrix):
        self._spec = spec
        self._data: Data | None = None

    @hookimpl(wrapper=True)
    def prepare_data(self, run: Run) -> Generator[None, Data, Data]:
        """Refuse data of which nothing is judged."""
        data = self._data = yield
        if data.validation is None and data.test is None:
            message = "The data has neither a validation nor a test split of which ConfusionMatrix could count rows."
            raise MisfitError(message, run.spec.place_of(self._spec))
        return data

    @hookimpl(wrapper=True)
    def evaluate(self, run: Run, split: str) -> Generator[None, Mapping[str, float], Mapping[str, float]]:
        """Listen to what is judged, and write how often each class is taken for which."""
        assert self._data is not None
        counts = _Counts(self._spec, self._data)
        with run.stages.listening("loss", counts.listen):
            judged = yield
        if counts.seen is None:
            message = 'ConfusionMatrix has seen nothing: what answers "evaluate" does not ask the stage "loss".'
            raise MisfitError(message, run.spec.place_of(self._spec))
        assert run.directory is not None, "It is made before training begins."
        directory = run.directory / self._spec.directory
        directory.mkdir(exist_ok=True)
        name = split if run.is_trained else f"epoch-{run.epoch:04}"
        _write(directory / f"{name}.csv", counts)
        if self._spec.picture and not counts.is_sparse:
            when = split if run.is_trained else f"epoch {run.epoch}, {split}"
            self._draw(directory / f"{name}.png", counts, f"{run.spec.run.name}, {when}")
        return judged

    def _draw(self, path: Path, counts: "_Counts", title: str) -> None:
        assert counts.seen is not None
        matrices, normalize = counts.matrices().numpy(), self._spec.normalize
        rows = counted(int(matrices[0].sum()), "row") if len(matrices) else "no rows"
        parts = {"true": "parts of each true class", "pred": "parts of each predicted class", "all": f"parts of {rows}"}
        shown: Any = matrices if normalize is None else normalized(counts.matrices(), normalize).numpy()
        title = f"{title}: {rows if normalize is None else parts[normalize]}"
        draw_matrices(path, shown, counts.seen.names, counts.seen.columns or ("",), title)


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

    def pairs(self) -> list[tuple[int, int, int]]:
        """Each true class and what it is taken for, by their indices, and how often; the most frequent pairs first."""
        assert self.seen is not None
        self._count_pairs()
        assert self._pairs is not None
        places, counts = self._pairs
        order = counts.argsort(descending=True, stable=True)
        classes = self.seen.predictions.shape[1]
        listed = zip(places[order].tolist(), counts[order].tolist(), strict=True)
        return [(*divmod(place, classes), count) for place, count in listed]

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
        count, ignored = heard.predictions.shape[1], heard.truth.reshape(-1, 1)
    else:
        said, meant = heard.is_yes(threshold).long(), heard.is_true().long()
        count, ignored = 2, heard.truth
    columns = said.shape[1]
    places = (torch.arange(columns, device=said.device) * count + meant) * count + said
    if ignore_index is not None:
        places = places[ignored != ignore_index]
    return places.flatten(), columns, count


def normalized(counts: "Tensor", normalize: Normalize) -> "Tensor":
    """Counts of each matrix divided as torchmetrics does it; 0 where there is nothing to divide by."""
    dimensions = {"true": (-1,), "pred": (-2,), "all": (-2, -1)}[normalize]
    numbers = counts.float()
    return (numbers / numbers.sum(dim=dimensions, keepdim=True)).nan_to_num(0.0)


def _write(path: Path, counts: _Counts) -> None:
    assert counts.seen is not None
    names, labels = counts.seen.names, counts.seen.columns
    if counts.is_sparse:
        pairs = ((names[true], names[said], str(count)) for true, said, count in counts.pairs())
        write_table(path, ("truth", "prediction", "count"), pairs)
        return
    rows: list[Sequence[str]] = []
    for label, matrix in zip(labels or ("",), counts.matrices().tolist(), strict=True):
        before = [label] if labels else []
        rows += [[*before, name, *map(str, numbers)] for name, numbers in zip(names, matrix, strict=True)]
    write_table(path, (*(["label"] if labels else []), "truth", *names), rows)
