"""Tables and pictures of sample predictions during training."""

from collections.abc import Generator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

from hookline import Run, hookimpl
from hookline.data import Batch, Batches, Data
from hookline.errors import MismatchError
from hookline.files import write_table
from hookline.spec import (
    Objective,
    Offers,
    Predicted,
    Prediction,
    WrapperSpec,
    join_predicted,
    option,
    predicted,
    spec,
)
from hookline_callbacks.files import plain_name, refuse_another
from hookline_callbacks.plots.evaluation_callback import Watching, WatchingSpec
from hookline_callbacks.plots.image_grid import Caption, draw_images, image_groups, images
from hookline_callbacks.plots.predicted import refuse_loss
from hookline_callbacks.plots.prediction_texts import Texts, texts_of

MOST_IMAGES = 64
"""The maximum number of images in a picture; the table has all rows."""


@spec
class Predictions(WatchingSpec):
    """Write the predictions and true values of the first rows of a split to a table after each epoch.

    The tables are `predictions/epoch-0010.csv` and so on in the run directory, and `test.csv` for the test. If the
    final model has other weights than those of the last epoch, `validation.csv` contains its predictions. For images,
    there is a picture for each table, with the predictions and, in parentheses, the true values; errors are red. The
    callback uses the predictions of the metrics, and computes nothing twice. Pictures are drawn between epochs within
    5 % of the training time, and for the last epoch. `every = 10` writes a table and draws a picture every ten epochs.

    A row of the table has the number of the row in the split, counted from 1, and the columns that the data source
    keeps for predictions, such as `id_columns` and the paths of images. For classes, it also has the probability
    of the predicted class (or its score, if the loss has no probabilities); for labels, the probability of each. Rows
    of a class that the loss ignores are skipped, as in metrics.
    """

    split: Literal["validation", "test"] = "validation"
    """The split of the rows: "validation" after each epoch, or "test" at the end."""
    rows: int = option(default=16, minimum=1)
    """The number of rows. A smaller split is written completely."""
    target: str | None = None
    """The target, if there are several. Default: all targets."""
    all_classes: bool = False
    """Write the probability of every class, and not only that of the predicted class."""
    picture: bool | None = None
    """Draw pictures. Default: if a row has the shape of an image, (1, H, W), (3, H, W) or (H, W)."""
    directory: str = option(default="predictions", validator=plain_name())
    """The name of the directory in the run directory."""

    def check(self, objective: Objective, callbacks: Sequence[WrapperSpec]) -> None:
        """Refuse a loss without true values, an unknown target, and the directory of another callback."""
        refuse_another(self, "directory", callbacks)
        targets: Sequence[str | None] = objective.names if self.target is None else ()
        for target in targets or (self.target,):
            kinds: tuple[Offers, ...] = ("classes", "labels", "sequences", "numbers")
            refuse_loss(objective, target, kinds, "Predictions compares predictions with targets")

    def build(self) -> object:
        """Return the callback."""
        return _Predictions(self)


class _Predictions(Watching):
    def __init__(self, spec: Predictions):
        super().__init__(spec)
        self._spec = spec
        self._draws = False

    @hookimpl(wrapper=True)
    def prepare_data(self, run: Run) -> Generator[None, Data, Data]:
        """Refuse a missing split, and pictures of rows that are not images."""
        data = self._data = yield
        place = run.spec.place_of(self._spec)
        if self._spec.split not in data.splits():
            message = f"The data has no {self._spec.split} split, whose rows Predictions should write."
            raise MismatchError(message, (*place, "split"))
        has_images = bool(image_groups(data.example))
        if self._spec.picture and not has_images:
            message = "There are no images to draw: images have shape (1, H, W), (3, H, W) or (H, W) for each row."
            raise MismatchError(message, (*place, "picture"))
        self._draws = has_images if self._spec.picture is None else self._spec.picture
        return data

    def _begin(self, run: Run, data: Data, split: str) -> "_Rows | None":
        return _Rows(self._spec, run, data) if split == self._spec.split else None

    def _write(self, run: Run, batches: Batches, split: str, gathered: Any) -> None:
        rows: _Rows = gathered
        texts, numbers, path = rows.texts(), rows.numbers, self._path(run, split)
        columns = rows.kept(split)
        number = "row" if "row" not in columns else "row number"
        for one in texts:
            columns |= one.columns
        lines = zip(map(str, numbers), *columns.values(), strict=True)
        with self._paced.files:
            path.parent.mkdir(exist_ok=True)
            write_table(path.with_suffix(".csv"), (number, *columns), lines)
        if self._draws and numbers:
            picture = path.with_suffix(".png")
            self._draw_later(run, partial(self._draw, run, picture, batches, split, texts, numbers, run.epoch))

    def _draw(
        self,
        run: Run,
        path: Path,
        batches: Batches,
        split: str,
        texts: Sequence[Texts],
        numbers: Sequence[int],
        epoch: int,
    ) -> None:
        assert self._data is not None
        count = min(len(texts[0].predicted), MOST_IMAGES)
        captions = [
            Caption(
                [one.predicted[row] for one in texts],
                [one.true[row] for one in texts],
                None if all(one.is_right is None for one in texts) else all(one.is_right_in(row) for one in texts),
            )
            for row in range(count)
        ]
        # Read the images again, since a layer with `inplace` may have overwritten the inputs of the model.
        first = images(batches.epoch(epoch), numbers[count - 1], self._data.preparation)
        drawn = [first[number - 1] for number in numbers[:count]]
        when = split if run.is_trained else f"epoch {epoch}, {split}"
        shown = "" if count == len(texts[0].predicted) else f", {count} of {len(texts[0].predicted)} rows"
        draw_images(path, drawn, captions, f"{run.spec.run.name}, {when}: predicted (true){shown}")


class _Rows:
    """The predictions for the first rows of a split."""

    def __init__(self, spec: Predictions, run: Run, data: Data):
        self._spec, self._run, self._data = spec, run, data
        targets: Sequence[str | None] = run.objective.names if spec.target is None else ()
        wanted = targets or (spec.target,)
        self._losses = {run.objective.key(target): run.objective.named(target) for target in wanted}
        self._batches: dict[str, list[Predicted]] = {key: [] for key in self._losses}
        self._seen = 0
        self.numbers: list[int] = []
        """The numbers of the rows in the split, counted from 1."""

    @property
    def is_empty(self) -> bool:
        """Whether no batch has been seen."""
        return not self._seen

    def add(self, several: Mapping[str, Prediction], batch: Batch) -> None:
        """Keep the predictions for a batch, until there are enough rows."""
        import torch

        left = self._spec.rows - len(self.numbers)
        if not left:
            return
        with torch.no_grad():
            added = [predicted(named, several[key], self._data.targets).cpu() for key, named in self._losses.items()]
        for one in added:
            self._refuse_other_shapes(one)
        # Keep a row unless all of its targets are ignored.
        rows = (~torch.stack([one.ignored for one in added]).all(dim=0)).nonzero()[:left, 0]
        for batches, one in zip(self._batches.values(), added, strict=True):
            batches.append(one.at(rows))
        self.numbers += (rows + self._seen + 1).tolist()
        self._seen += batch.rows

    def _refuse_other_shapes(self, sample: Predicted) -> None:
        shape = tuple(sample.predictions.shape[1:])
        is_like_truth = sample.kind not in ("labels", "numbers") or sample.predictions.shape == sample.truth.shape
        if len(shape) != 1 or not is_like_truth:
            message = f"Predictions writes one line per row, but a prediction has shape {shape}."
            raise MismatchError(message, self._run.spec.place_of(self._spec))

    def kept(self, split: str) -> dict[str, Sequence[str]]:
        """Return the columns that identify the rows, as texts."""
        kept = self._data.kept.get(split)
        if kept is None:
            return {}
        places = [number - 1 for number in self.numbers]
        return {
            name: ["" if cell is None else str(cell) for cell in column.take(places).to_pylist()]
            for name, column in zip(kept.column_names, kept.columns, strict=True)
        }

    def texts(self) -> list[Texts]:
        """Return the texts of all rows, for each target."""
        return [
            texts_of(
                join_predicted(batches), name if len(self._batches) > 1 else "", all_classes=self._spec.all_classes
            )
            for name, batches in self._batches.items()
        ]
