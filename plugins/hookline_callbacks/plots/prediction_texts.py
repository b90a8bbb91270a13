"""The predictions for a target as the columns of a table, and as short texts for pictures."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import frozen

from hookline.spec import Part, Predicted, column_name, prediction_columns

if TYPE_CHECKING:
    import pyarrow


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
    parts: list[Part] = ["truth", "prediction", "probability"]
    if all_classes:
        parts.append("probabilities")
    columns = prediction_columns(sample, parts, target)
    if labels := sample.columns:  # The columns of a label, or of a number, are side by side.
        columns.sort(key=lambda column: labels.index(column.label))
    texts = {column.name: _written(column.values) for column in columns}
    if sample.kind == "numbers":
        predictions, true = (
            [", ".join(f"{number:.4g}" for number in row) for row in rows.tolist()]
            for rows in (sample.predictions, sample.truth)
        )
        return Texts(texts, predictions, true, None)
    if sample.columns:
        is_yes, is_true = sample.is_yes(), sample.is_true()
        predictions, true = (
            [", ".join(label for label, holds in zip(labels, row, strict=True) if holds) or "none" for row in rows]
            for rows in (is_yes.tolist(), is_true.tolist())
        )
        return Texts(texts, predictions, true, (is_yes == is_true).all(dim=1).tolist())
    predictions, true = (texts[column_name(what, target)] for what in ("prediction", "truth"))
    is_right = [one == other for one, other in zip(predictions, true, strict=True)]
    if sample.kind == "classes":
        is_right = [one or other for one, other in zip(is_right, sample.ignored.tolist(), strict=True)]
    return Texts(texts, predictions, true, is_right)


def _written(values: "pyarrow.Array[Any]") -> list[str]:
    """Return values as texts; numbers with the fewest digits that identify them in their precision."""
    return [str(value) for value in values.to_numpy(zero_copy_only=False)]
