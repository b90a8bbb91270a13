"""Which classes are taken for which."""

from collections.abc import Generator, Mapping, Sequence
from functools import partial
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
from hookline_callbacks.paced import Paced
from hookline_callbacks.predicted import THRESHOLD, Predicted, predicted, refuse_loss

if TYPE_CHECKING:
    from torch import Tensor, nn

Normalize = Literal["true", "pred", "all"]


@spec
class ConfusionMatrix(CallbackSpec):
    """Counts how often each class is taken for which, in the validation after each epoch and in the test at the end.

    A table and a picture of each are in `confusion_matrix` in the run directory: `epoch-0010.csv` and so on, and
    `test.csv`, with a row for each true class and a column for each predicted one; if the model in the end has other
    weights than those of the last epoch, `validation.csv` is of them. Of several labels, each has a matrix of its own.
    It is what the metrics are given, and nothing is computed a second time. Pictures are drawn as often as that takes
    up to 5 % of the time, and of the last epoch; `every = 1` draws one after each epoch, however long that takes.

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
        self._paced = Paced(spec)

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
        if self._spec.picture:
            when = split if run.is_trained else f"epoch {run.epoch}, {split}"
            draw = partial(self._draw, directory / f"{name}.png", counts, f"{run.spec.run.name}, {when}")
            if run.is_trained:
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
        self.seen: Predicted | None = None

    def listen(self, answer: "Tensor", run: Run, criterion: "nn.Module", outputs: Outputs, batch: Batch) -> None:
        """Count the rows of a batch."""
        import torch

        with torch.no_grad():
            heard = predicted(run.spec.loss, self._spec.target, self._data, criterion, outputs, batch)
            counts = counts_of(heard, self._spec.threshold, self._spec.ignore_index)
        self._counts = counts if self._counts is None else self._counts + counts
        self.seen = self.seen or heard

    def matrices(self) -> "Tensor":
        """Of each label, or of the classes, the counts: `(matrices, true, predicted)`."""
        assert self._counts is not None
        return self._counts.cpu()


def counts_of(heard: Predicted, threshold: float = THRESHOLD, ignore_index: int | None = None) -> "Tensor":
    """How often each class is taken for which: int64 `(1, classes, classes)`, or `(labels, 2, 2)`."""
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
    return torch.bincount(places.flatten(), minlength=columns * count * count).reshape(columns, count, count)


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
