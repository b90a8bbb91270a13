"""Rows whose cells do not fit what was learned from the training rows, all of them at once."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from attrs import frozen

from hookline.errors.exceptions import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray


@frozen(eq=False)
class UnfitCells:
    """Cells that do not fit, such as those with a category that does not occur in the training split."""

    is_unfit: "NDArray[Any]"
    """Whether the cell of each row is unfit: `(rows,)`."""
    explain: Callable[[int], str]
    """Returns what is wrong with the cell of a row, in a sentence."""


class UnfitTargetsError(DataError):
    """Raised when the targets of some rows cannot be encoded. Says which rows, so that others can be used."""

    def __init__(self, message: str, unfit: Mapping[str | None, UnfitCells]):
        """Create the error from a message about all rows, and the unfit cells by column.

        The column `None` stands for several that do not fit one another. At least one cell is unfit.
        """
        self.unfit = dict(unfit)
        super().__init__(message, columns=[column for column in unfit if column is not None])
