"""The rows that a model predicted worst, with their inputs."""

import io
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import evolve

from hookline.errors.text import shortened
from hookline.report.evidence import AnyPredictions, DistancePredictions, Example
from hookline.runs.side_by_side.cells import number_text
from hookline.spec.families.data import DataSpec

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from hookline.data.batches import Batches
    from hookline.data.data import Data
    from hookline.trained.evaluation.sequences import SequenceDetails

MOST_EXAMPLES = 12
"""The maximum number of rows to show."""

MOST_INPUTS = 16
"""The maximum number of inputs to show of a row."""

MOST_VALUES = 40
"""The maximum size of a group of inputs that is shown; the values of larger ones mean little by themselves."""

LONGEST = 60
"""The maximum number of characters of an input."""

SMALLEST_IMAGE = 6
"""The smallest height and width of inputs that are shown as an image."""


def worst_classes(
    truth: "NDArray[Any]",
    predicted: "NDArray[Any]",
    scores: "NDArray[Any]",
    names: Sequence[str],
    rows: "NDArray[Any] | None",
) -> list[Example]:
    """The wrong rows whose true class is least probable.

    `scores` has the score of the true class of each row, and `rows` their numbers; `None` gives no examples.
    """
    if rows is None:
        return []
    wrong = (truth != predicted).nonzero()[0]
    order = scores[wrong].argsort(stable=True)
    return [
        Example(
            row=int(rows[place]),
            truth=names[int(truth[place])],
            predicted=names[int(predicted[place])],
            error=float(scores[place]),
        )
        for place in wrong[order][:MOST_EXAMPLES].tolist()
    ]


def worst_numbers(
    truth: "NDArray[Any]", predicted: "NDArray[Any]", columns: Sequence[str], rows: "NDArray[Any] | None"
) -> list[Example]:
    """The rows whose difference is largest. For several numbers, their differences are measured in deviations.

    `rows` has the numbers of the rows; `None` gives no examples.
    """
    import numpy

    if rows is None or not len(rows):
        return []
    difference = abs(predicted - truth)
    spread = truth.std(axis=0)
    spread[spread == 0] = 1
    sizes = numpy.nan_to_num(difference / spread, nan=numpy.inf).max(axis=1)
    order = (-sizes).argsort(stable=True)

    def shown(row: "NDArray[Any]") -> str:
        texts = [f"{value:.5g}" for value in row.tolist()]
        named = (f"{name} {text}" for name, text in zip(columns, texts, strict=True))
        return texts[0] if len(texts) == 1 else ", ".join(named)

    return [
        Example(
            row=int(rows[place]),
            truth=shown(truth[place]),
            predicted=shown(predicted[place]),
            error=float(difference[place].max()),
        )
        for place in order[:MOST_EXAMPLES].tolist()
    ]


def worst_sequences(details: "SequenceDetails") -> list[Example]:
    """The sequences with the most errors per true symbol."""
    return [
        Example(row=one.row, truth=one.truth, predicted=one.predicted, error=float(one.errors))
        for one in details.worst[:MOST_EXAMPLES]
    ]


def with_inputs(one: AnyPredictions, batches: "Batches", data: "Data", source: DataSpec) -> AnyPredictions:
    """The predictions with the inputs of the worst rows, and what identifies these. `source` knows what they mean."""
    if isinstance(one, DistancePredictions):
        return one
    wanted = {example.row for example in one.worst}
    found: dict[int, dict[str, Tensor]] = {}
    seen = 0
    for batch in batches.epoch(1) if wanted else ():
        for row in range(seen + 1, seen + batch.rows + 1):
            if row in wanted:
                found[row] = {name: group[row - seen - 1].cpu() for name, group in batch.inputs.items()}
                for name, lengths in batch.lengths.items():  # Without padding.
                    found[row][name] = found[row][name][: int(lengths[row - seen - 1])]
        seen += batch.rows
        if len(found) == len(wanted):
            break
    worst = [
        evolve(
            example,
            kept=_kept(data, one.split, example.row),
            inputs=_inputs(found[example.row], data.preparation, source),
            image=_image(found[example.row], data.example.lengths),
        )
        for example in one.worst
        if example.row in found
    ]
    return evolve(one, worst=worst)


def _kept(data: "Data", split: str, row: int) -> dict[str, str]:
    """What identifies a row of a split, counted from 1, as texts."""
    if split not in data.kept:
        return {}
    [kept] = data.kept[split].slice(row - 1, 1).to_pylist()
    return {name: "" if cell is None else str(cell) for name, cell in kept.items()}


def _inputs(groups: "Mapping[str, Tensor]", preparation: Mapping[str, Any], source: DataSpec) -> dict[str, str]:
    """The inputs of a row as texts, by column, as they stand in the data as far as that is known."""
    texts: dict[str, str] = {}
    for name, values in groups.items():
        if _is_image(values) or values.numel() > MOST_VALUES:
            continue
        prepared = preparation.get(name)
        prepared = prepared if isinstance(prepared, Mapping) else {}
        flat = values.reshape(-1).double()
        mean, std = (flat.new_tensor(prepared.get(key) or ()) for key in ("mean", "std"))
        if len(mean) == len(std) == len(flat):
            shift = flat * std
            # Where both cancel, only rounding errors of float32 remain.
            flat = (shift + mean).where((shift + mean).abs() > 1e-6 * (shift.abs() + mean.abs()), 0.0)
        cells = source.cells_of(name, flat.tolist(), prepared)
        if cells is None:
            columns = prepared.get("names", prepared.get("columns"))
            if not isinstance(columns, Sequence) or len(columns) != len(flat):
                columns = [name] if len(flat) == 1 else [f"{name}[{index}]" for index in range(len(flat))]
            cells = dict(zip(columns, flat.tolist(), strict=True))
        texts |= {
            str(column): shortened(cell, LONGEST) if isinstance(cell, str) else number_text(cell, 5)
            for column, cell in cells.items()
        }
    return dict(list(texts.items())[:MOST_INPUTS])


def _is_image(values: "Tensor") -> bool:
    shape = values.shape[1:] if values.dim() == 3 and values.shape[0] in (1, 3) else values.shape
    return len(shape) == 2 and min(shape) >= SMALLEST_IMAGE and values.is_floating_point()


def _image(groups: "Mapping[str, Tensor]", sequences: Collection[str]) -> bytes | None:
    """The first group of inputs that is an image, as a PNG file. The darkest value is black.

    The steps of `sequences` run from left to right.
    """
    for name, values in groups.items():
        if _is_image(values):
            from matplotlib.image import imsave

            pixels = values.double().nan_to_num(0.0)
            pixels = pixels.movedim(0, -1).squeeze(-1) if pixels.dim() == 3 else pixels
            pixels = pixels.T if name in sequences and pixels.dim() == 2 else pixels
            least, most = float(pixels.min()), float(pixels.max())
            scaled = ((pixels - least) / ((most - least) or 1.0)).numpy()
            written = io.BytesIO()
            imsave(written, scaled, cmap="gray", vmin=0, vmax=1, format="png", metadata={"Software": "Hookline"})
            return written.getvalue()
    return None
