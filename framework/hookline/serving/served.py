"""The interface of a model that is served."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from hookline.data.json_rows.row_field import RowField
from hookline.spec.objective.prediction_columns import PredictionColumn


class Served(Protocol):
    """A model that predicts rows of JSON. Only one thread may use it at a time."""

    name: str
    """The name of the model, such as that of the run."""
    about: str
    """A sentence about the model."""
    titles: Mapping[str, str]
    """The columns of each target, to be shown."""
    fields: Sequence[RowField]
    """The cells of a row."""
    example: Mapping[str, Any] | None
    """A row that can be predicted, if one is known."""
    outputs: Sequence[PredictionColumn]
    """The columns of the predictions, for any row."""
    batch_size: int
    """The number of rows to which the model is applied at once."""
    are_alike: bool
    """Whether a row is prepared in the same way beside any others."""

    def few(self, rows: Sequence[Mapping[str, Any]]) -> Sequence[Any] | None:
        """Return few rows, of any requests, in blocks, faster than `prepared`; `None` if they need `prepared`."""

    def prepared(self, rows: Sequence[Mapping[str, Any]]) -> Sequence[Any]:
        """Return rows in blocks, prepared for the model.

        Raises:
            DataError: If they cannot be read; an `UnreadableRowsError` lists single ones.

        """

    def predicted(self, blocks: Sequence[Any], joined_rows: int) -> list[list[str]]:
        """Return the predictions for each block as JSON: an object for each row.

        Args:
            blocks: prepared rows.
            joined_rows: the largest number of rows of different blocks to which the model is applied at once.

        """

    def close(self) -> None:
        """Close the resources of the model."""
