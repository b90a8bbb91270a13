"""The predictions for a target as the columns of a table, and as short texts for pictures."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import frozen

from hookline_callbacks.plots.predicted import Predicted

if TYPE_CHECKING:
    from torch import Tensor


@frozen
class Texts:
    """The predictions for a target as texts."""

    columns: Mapping[str, Sequence[str]]
    """The columns of the table."""
    predicted: Sequence[str]
    """A short text of the prediction for each row."""
    true: Sequence[str]
    """A short text of the true value for each row."""
    is_right: Sequence[bool] | None
    """Whether they are equal, or the row is ignored for the target; `None` for numbers."""

    def is_right_in(self, row: int) -> bool:
        """Whether the prediction for a row is right; a number always is."""
        return self.is_right is None or self.is_right[row]


def texts_of(sample: Predicted, target: str, *, all_classes: bool) -> Texts:
    """Return the predictions for a target as texts. `target` is its name if there are several, otherwise empty."""
    if sample.kind == "classes":
        return _texts_of_classes(sample, target, all_classes=all_classes)
    if sample.kind == "labels":
        return _texts_of_labels(sample, target, all_classes=all_classes)
    return _texts_of_sequences(sample, target) if sample.kind == "sequences" else _texts_of_numbers(sample, target)


def _texts_of_classes(sample: Predicted, target: str, *, all_classes: bool) -> Texts:
    names, chosen = sample.names, sample.predictions.argmax(dim=1)
    predictions, true = ([names[index] for index in indices.tolist()] for indices in (chosen, sample.truth))
    what = "score" if sample.loss.predicts == "scores" else "probability"
    columns = {_head("truth", target): true, _head("prediction", target): predictions}
    columns[_head(what, target)] = _written(sample.predictions.gather(1, chosen.unsqueeze(1)).squeeze(1))
    if all_classes:
        for name, column in zip(names, sample.predictions.T, strict=True):
            columns[_head(what, target, name)] = _written(column)
    return Texts(columns, predictions, true, ((chosen == sample.truth) | sample.ignored).tolist())


def _texts_of_labels(sample: Predicted, target: str, *, all_classes: bool) -> Texts:
    is_yes, is_true, names = sample.is_yes(), sample.is_true(), sample.names
    columns: dict[str, list[str]] = {}
    for index, label in enumerate(sample.columns or ("",)):
        predictions, true = ([names[holds] for holds in holding[:, index].tolist()] for holding in (is_yes, is_true))
        probability = sample.predictions[:, index]
        columns |= {_head("truth", target, label): true, _head("prediction", target, label): predictions}
        if sample.columns:
            columns[_head("probability", target, label)] = _written(probability)
            continue
        columns[_head("probability", target)] = _written(probability.where(is_yes[:, index], 1 - probability))
        if all_classes:
            columns[_head("probability", target, names[0])] = _written(1 - probability)
            columns[_head("probability", target, names[1])] = _written(probability)
    if not sample.columns:
        return Texts(columns, predictions, true, (is_yes == is_true).all(dim=1).tolist())
    predictions, true = (
        [", ".join(label for label, holds in zip(sample.columns, row, strict=True) if holds) or "none" for row in rows]
        for rows in (is_yes.tolist(), is_true.tolist())
    )
    return Texts(columns, predictions, true, (is_yes == is_true).all(dim=1).tolist())


def _texts_of_numbers(sample: Predicted, target: str) -> Texts:
    columns: dict[str, list[str]] = {}
    for index, name in enumerate(sample.columns or ("",)):
        columns[_head("truth", target, name)] = _written(sample.truth[:, index])
        columns[_head("prediction", target, name)] = _written(sample.predictions[:, index])
    predictions, true = (
        [", ".join(f"{number:.4g}" for number in row) for row in rows.tolist()]
        for rows in (sample.predictions, sample.truth)
    )
    return Texts(columns, predictions, true, None)


def _texts_of_sequences(sample: Predicted, target: str) -> Texts:
    names = sample.names
    between = "" if all(len(name) <= 1 for name in names) else " "
    predictions, true = (
        [between.join(names[index] for index in row if index >= 0) for row in rows.tolist()]
        for rows in (sample.predictions, sample.truth)
    )
    columns = {_head("truth", target): true, _head("prediction", target): predictions}
    return Texts(columns, predictions, true, [one == other for one, other in zip(predictions, true, strict=True)])


def _head(what: str, *names: str) -> str:
    """Return the header of a column.

    >>> _head("truth", "", ""), _head("truth", "size", "length")
    ('truth', 'truth[size.length]')
    """
    inside = ".".join(name for name in names if name)
    return f"{what}[{inside}]" if inside else what


def _written(numbers: "Tensor") -> list[str]:
    """Return numbers as texts, with the fewest digits that identify them in their precision."""
    array: Any = numbers.float().numpy() if numbers.dtype.is_floating_point and numbers.dtype.itemsize < 4 else None
    return [str(number) for number in (numbers.numpy() if array is None else array)]
